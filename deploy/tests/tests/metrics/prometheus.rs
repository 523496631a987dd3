//! A Prometheus of the test's own.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::targets::get;

/// How long something may take to be scraped.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program of Prometheus: in `PROMETHEUS_BIN`, else in the path.
pub fn program(name: &str) -> PathBuf {
    match std::env::var_os("PROMETHEUS_BIN") {
        Some(folder) => PathBuf::from(folder).join(name),
        None => name.into(),
    }
}

/// It runs until it is dropped.
pub struct Prometheus {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// Starts one that scrapes these every second.
    #[track_caller]
    pub fn start(agents: &[String], controllers: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let job = |name: &str, targets: &[String]| {
            format!(
                "  - job_name: {name}\n    static_configs: [{{targets: {targets:?}, labels: {{node: gpu-17}}}}]\n"
            )
        };
        let text = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{}{}",
            job("plumb-agent", agents),
            job("plumb-controller", controllers)
        );
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, text).expect("a configuration");
        // Free a moment ago; nobody else draws ports here.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        drop(listener);
        let process = Command::new(program("prometheus"))
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus runs: install the package prometheus, or set PROMETHEUS_BIN to its folder");
        Self {
            process,
            address,
            _folder: folder,
        }
    }

    /// What a query finds now.
    #[track_caller]
    pub fn query(&self, query: &str) -> Vec<Value> {
        let text = get(
            &self.address,
            &format!("/api/v1/query?query={}", encoded(query)),
        );
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(answer["status"], "success", "{query}: {text}");
        answer["data"]["result"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Whether a query finds something after some scrapes. No number is one.
    pub fn until_found(&self, query: &str) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE / 4 {
            let found = self.query(query);
            if found.iter().any(|sample| sample["value"][1] != "NaN") {
                return true;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        false
    }

    /// Waits until a query finds something.
    #[track_caller]
    pub fn wait_for(&self, query: &str) {
        let begin = Instant::now();
        loop {
            let path = format!("/api/v1/query?query={}", encoded(query));
            let answer: Value =
                serde_json::from_str(&get(&self.address, &path)).unwrap_or_default();
            let result = answer["data"]["result"].as_array();
            if result.is_some_and(|result| !result.is_empty()) {
                return;
            }
            assert!(
                begin.elapsed() < PATIENCE,
                "{query} finds nothing: {answer}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Every byte as `%2F`.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
