//! Many processes at one store.
//!
//! A second process is this test program again, told to run [`child`] and nothing else.

mod full;
mod killed;
mod replaced;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::Leases;

use super::{Folder, claim_one, open, owner, pod, pool};

const TASK: &str = "PLUMB_LEASES_TEST_TASK";
const FOLDER: &str = "PLUMB_LEASES_TEST_FOLDER";
/// Far more than anything here takes; what does not end by then hangs.
const LONG: Duration = Duration::from_secs(60);

/// What a second process does. Without a task there is nothing to do.
#[test]
#[ignore = "the other tests start it in a process of its own"]
fn child() {
    let (Ok(task), Ok(folder)) = (std::env::var(TASK), std::env::var(FOLDER)) else {
        return;
    };
    let folder = Path::new(&folder);
    let me = std::process::id();
    match task.as_str() {
        "claim" => {
            for round in 0..4 {
                let (store, set_aside) = open(folder);
                assert_eq!(set_aside, None);
                let address = claim_one(&store, format!("{me}-{round}"), &blue());
                println!("claimed {address}");
            }
        }
        "write" => {
            let (store, _) = open(folder);
            let written = store.write("test", |db| {
                // More than SQLite keeps in memory: a part is in the file before the transaction ends.
                db.execute_batch("PRAGMA cache_size=1; PRAGMA cache_spill=1; DELETE FROM entries")?;
                let mut insert =
                    db.prepare("INSERT INTO entries VALUES('half done' || ?1, zeroblob(1000))")?;
                for row in 0..1_000 {
                    insert.execute([row])?;
                }
                println!("inside");
                std::thread::sleep(LONG);
                Ok(())
            });
            panic!("not killed in time: {written:?}");
        }
        "open" => {
            let (store, set_aside) = open(folder);
            claim_one(&store, me, &blue());
            println!("opened, set aside: {}", set_aside.is_some());
        }
        "replace" => {
            let (store, _) = open(folder);
            wait_for_word();
            let (store, report) = store.replace("tried", || Ok(Vec::new())).expect("replace");
            claim_one(&store, me, &blue());
            println!("set aside: {}", report.is_some());
        }
        "hold" => {
            let _store = open(folder);
            wait_for_word();
        }
        "churn" => churn(folder, me),
        "fill" => full::fill(folder),
        other => panic!("no task {other:?}"),
    }
}

/// Says that it is ready and waits until it may go on.
fn wait_for_word() {
    println!("ready");
    std::io::stdin()
        .read_line(&mut String::new())
        .expect("read");
}

fn blue() -> super::Candidate {
    pool("blue", &[("10.0.0.0", "10.0.255.255")])
}

/// Claims and releases until killed.
fn churn(folder: &Path, me: u32) {
    println!("begins");
    for round in 0.. {
        let (store, set_aside) = open(folder);
        assert_eq!(set_aside, None, "a kill damaged the store");
        let name = pod(&format!("worker-{}", round % 7));
        let who = owner(format!("{me}-{round}"));
        store
            .claim("", &who, Some(&name), &[vec![blue()]], round % 2 == 0)
            .expect("claim");
        if round % 3 != 0 {
            store.release(&who).expect("release");
        }
    }
}

fn start(task: &str, folder: &Path) -> Child {
    command(
        &std::env::current_exe().expect("own path").into_os_string(),
        &[],
        task,
        folder,
    )
}

fn command(program: &OsStr, before: &[&OsStr], task: &str, folder: &Path) -> Child {
    let (_, module) = module_path!()
        .split_once("::")
        .expect("a module path begins with the crate");
    Command::new(program)
        .args(before)
        .args([
            "--exact",
            &format!("{module}::child"),
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(TASK, task)
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start a second process")
}

/// Waits for a line that contains `text`.
fn wait_for(child: &mut Child, text: &str) {
    let mut lines = BufReader::new(child.stdout.as_mut().expect("stdout is piped")).lines();
    let found = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(text)));
    assert!(found.is_some(), "the process ended without {text:?}");
}

/// Lets it go on from `wait_for_word`.
fn give_word(child: &mut Child) {
    drop(child.stdin.take());
}

/// What it printed, if it ended well.
fn output(mut child: Child) -> String {
    let (mut text, mut errors) = (String::new(), String::new());
    child
        .stdout
        .take()
        .expect("stdout is piped")
        .read_to_string(&mut text)
        .expect("read");
    child
        .stderr
        .take()
        .expect("stderr is piped")
        .read_to_string(&mut errors)
        .expect("read");
    let status = child.wait().expect("wait");
    assert!(status.success(), "{status}: {text}{errors}");
    text
}

fn kill(mut child: Child) {
    child.kill().expect("kill");
    child.wait().expect("wait");
}

/// Runs `work` and fails, instead of waiting for ever, when it hangs.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(LONG / 2).expect("blocked")
}

#[test]
fn fifty_processes_never_get_the_same_address() {
    let folder = Folder::new();
    // No store yet: they also race to make it.
    let children: Vec<_> = (0..50).map(|_| start("claim", folder.path())).collect();
    let mut seen = BTreeSet::new();
    for child in children {
        for line in output(child)
            .lines()
            .filter_map(|line| line.split("claimed ").nth(1))
        {
            assert!(seen.insert(line.to_owned()), "{line} was given twice");
        }
    }
    assert_eq!(seen.len(), 200);
    assert_eq!(folder.store().check().expect("a sound store"), 200);
}
