//! What the programs of a cluster have written, for the message of a failure.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// How many lines of each log.
const LINES: usize = 15;

/// How many characters of a line: some quote whole objects.
const WIDTH: usize = 400;

/// The last lines of all logs of a cluster, the nodes' last.
pub fn tails(folder: &Path) -> String {
    let mut folders = vec![folder.join("log")];
    let mut entries: Vec<_> = paths(folder);
    entries.retain(|path| path.join("log").is_dir());
    folders.extend(entries.iter().map(|path| path.join("log")));
    let mut text = String::new();
    for file in folders.iter().flat_map(|folder| paths(folder)) {
        let log = fs::read(&file).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        if lines.is_empty() {
            continue;
        }
        let name = file.strip_prefix(folder).unwrap_or(&file).display();
        let _ = writeln!(text, "--- the end of {name}:");
        for line in &lines[lines.len().saturating_sub(LINES)..] {
            let line: String = line.chars().take(WIDTH).collect();
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn paths(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
