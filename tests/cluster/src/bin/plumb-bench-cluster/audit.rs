//! Who asked the API server for what, from its audit log.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

use plumb_cluster_tests::Cluster;
use serde_json::Value;

/// Calls of an account since the last look.
pub struct Audit {
    file: PathBuf,
    user: String,
    offset: u64,
}

/// How often what was called: verb, resource, HTTP code.
pub type Calls = BTreeMap<(String, String, u64), usize>;

impl Audit {
    /// The calls of a service account, from now on.
    pub fn of(cluster: &Cluster, namespace: &str, account: &str) -> Self {
        let mut audit = Self {
            file: cluster.folder().join("audit.log"),
            user: format!("system:serviceaccount:{namespace}:{account}"),
            offset: 0,
        };
        audit.calls();
        audit
    }

    /// The calls since the last look, without watches, and without events, which nobody waits for.
    pub fn calls(&mut self) -> Calls {
        let mut calls = Calls::new();
        let mut file = File::open(&self.file).expect("open the audit log");
        file.seek(SeekFrom::Start(self.offset))
            .expect("seek in the audit log");
        let mut lines = BufReader::new(file);
        loop {
            let mut line = String::new();
            let length = lines.read_line(&mut line).expect("read the audit log");
            // What is being written comes with the next look.
            if !line.ends_with('\n') {
                return calls;
            }
            self.offset += length as u64;
            let entry: Value =
                serde_json::from_str(&line).expect("a line of the audit log is JSON");
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (verb, resource) = (text(&entry["verb"]), text(&entry["objectRef"]["resource"]));
            if entry["user"]["username"] != self.user.as_str()
                || verb == "watch"
                || resource == "events"
            {
                continue;
            }
            let code = entry["responseStatus"]["code"].as_u64().unwrap_or_default();
            *calls.entry((verb, resource, code)).or_default() += 1;
        }
    }
}

/// How many calls.
pub fn count(calls: &Calls) -> usize {
    calls.values().sum()
}

/// How many calls failed because somebody else had been faster.
pub fn conflicts(calls: &Calls) -> usize {
    let conflicts = calls.iter().filter(|((_, _, code), _)| *code == 409);
    conflicts.map(|(_, count)| count).sum()
}
