//! Debian's `docker-registry`, the CNCF's Distribution, on the loopback.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// It runs until it is dropped.
pub struct Registry {
    process: Child,
    /// `127.0.0.1:PORT`
    pub address: String,
    _folder: TempDir,
}

impl Registry {
    /// Starts one, with more in its configuration.
    #[track_caller]
    pub fn start(more: Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut configuration = json!({
            "version": "0.1",
            "log": {"formatter": "text"},
            "storage": {"filesystem": {"rootdirectory": folder.path().join("data")}},
            "http": {"addr": "127.0.0.1:0"},
        });
        for (key, value) in more.as_object().expect("an object") {
            match (&mut configuration[key], value) {
                (Value::Object(there), Value::Object(more)) => there.extend(more.clone()),
                (there, more) => *there = more.clone(),
            }
        }
        // JSON is YAML.
        let file = folder.path().join("config.yml");
        fs::write(&file, configuration.to_string()).expect("a file");
        let mut process = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker-registry runs: install the package docker-registry");
        let mut log = BufReader::new(process.stderr.take().expect("a pipe"));
        let mut told = String::new();
        let address = loop {
            let begun = told.len();
            let length = log.read_line(&mut told).expect("its log");
            assert!(length > 0, "docker-registry ended: {told}");
            let line = &told[begun..];
            if let Some((_, rest)) = line.split_once("listening on ") {
                let end = rest.find([',', '"']).unwrap_or(rest.len());
                break rest[..end].to_owned();
            }
        };
        // It would stop at a pipe that nobody reads.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self {
            process,
            address,
            _folder: folder,
        }
    }

    /// What a path below `/v2/` has.
    #[track_caller]
    pub fn get(&self, path: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).expect("the registry listens");
        let accept = "application/vnd.oci.image.manifest.v1+json";
        write!(
            stream,
            "GET /v2/{path} HTTP/1.0\r\nHost: {}\r\nAccept: {accept}\r\n\r\n",
            self.address
        )
        .expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let content = answer.split_off(head.expect("a head") + 4);
        let head = String::from_utf8_lossy(&answer);
        assert!(head.contains(" 200 OK"), "{path}: {head}");
        content
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
