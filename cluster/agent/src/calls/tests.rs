use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::*;

fn line(verb: &str, network: &str, code: u32) -> String {
    format!(
        "{{\"verb\":\"{verb}\",\"network\":\"{network}\",\"code\":{code},\"microseconds\":4100}}\n"
    )
}

/// As plumb does it.
fn append(folder: &Path, text: &str) {
    let opened = OpenOptions::new().append(true).open(folder.join(CALLS));
    opened.unwrap().write_all(text.as_bytes()).unwrap();
}

/// What a look of the agent counts: `NETWORK/CODE` of each call.
fn look(folder: &Path) -> Vec<String> {
    let taken = count(folder).unwrap();
    take(folder).unwrap();
    let name = |call: &Call| format!("{}/{}", call.network, call.code);
    taken.calls.iter().map(name).collect()
}

#[test]
fn every_line_is_counted_once_also_one_that_comes_while_the_file_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(look(folder).is_empty());
    let mode = fs::metadata(folder.join(CALLS))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    append(folder, &line("ADD", "rail1", 0));
    let mut late = OpenOptions::new()
        .append(true)
        .open(folder.join(CALLS))
        .unwrap();
    assert!(look(folder).is_empty());
    late.write_all(line("ADD", "late", 11).as_bytes()).unwrap();
    append(folder, &line("DEL", "rail2", 0));
    assert_eq!(look(folder), ["rail1/0", "late/11"]);
    // What an agent that has ended left is the next one's.
    assert_eq!(look(folder), ["rail2/0"]);
    assert!(look(folder).is_empty());
    assert!(!folder.join(TAKEN).exists());
}

#[test]
fn an_agent_that_died_while_it_took_the_file_has_nothing_counted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    look(folder);
    append(folder, &line("ADD", "rail1", 0));
    fs::hard_link(folder.join(CALLS), folder.join(TAKEN)).unwrap();
    assert!(look(folder).is_empty());
    assert_eq!(look(folder), ["rail1/0"]);
    assert!(look(folder).is_empty());
}

#[test]
fn lines_that_plumb_does_not_write_count_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let strange = [
        line("EAT", "rail1", 0),
        line("ADD", "../rail1", 0),
        line("ADD", &"n".repeat(300), 0),
        line("ADD", "rail1", 10_000),
        line("ADD", "rail1", 0).replace("4100", "86400000001"),
        line("ADD", "rail1", 0).replace("4100", "-1"),
        "{\"verb\":\"ADD\"}\n\u{0}\u{0}\n[[[[\n".to_owned(),
    ];
    let text = format!(
        "{}{}{}",
        strange.concat(),
        line("GC", "", 7),
        "{\"verb\":\"A"
    );
    fs::write(folder.join(TAKEN), text).unwrap();
    let taken = count(folder).unwrap();
    assert_eq!((taken.calls.len(), taken.strange), (1, 10));
    assert!(!taken.is_full);
    assert_eq!(taken.calls[0].code, 7);
}

#[test]
fn a_file_that_is_none_of_plumbs_is_written_over_and_never_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let precious = folder.join("precious");
    fs::write(&precious, line("ADD", "rail1", 0)).unwrap();
    for name in [CALLS, TAKEN] {
        symlink(&precious, folder.join(name)).unwrap();
        assert!(look(folder).is_empty());
        assert!(fs::symlink_metadata(folder.join(CALLS)).unwrap().is_file());
        fs::remove_file(folder.join(CALLS)).unwrap();
        mkfifo(&folder.join(name), Mode::S_IRWXU).unwrap();
        assert!(look(folder).is_empty());
        assert!(!folder.join(TAKEN).exists());
        fs::remove_file(folder.join(CALLS)).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&precious).unwrap(),
        line("ADD", "rail1", 0)
    );
    // Nothing is counted again and again.
    fs::create_dir(folder.join(TAKEN)).unwrap();
    let refusal = count(folder).unwrap_err();
    assert!(refusal.contains("calls.taken"), "{refusal}");
}

#[test]
fn of_a_huge_file_as_much_is_read_as_plumb_writes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let lines = line("ADD", "rail1", 0).repeat(40_000);
    assert!(lines.len() as u64 > 2 * CALLS_LIMIT);
    fs::write(folder.join(TAKEN), &lines).unwrap();
    let taken = count(folder).unwrap();
    let most = READ_LIMIT as usize / line("ADD", "rail1", 0).len();
    assert!(taken.is_full);
    assert_eq!((taken.calls.len(), taken.strange), (most, 1));
}
