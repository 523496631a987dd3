//! The life of one attachment, with all that was seen of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, fs};

use cni_harness::{Node, Outcome, ip, wait};
use plumb_tests::state::STATE_FOLDER;
use serde_json::Value;

use super::attachment::{Attachment, Plugin, Release};
use super::cases::{Case, RESOLV_CONF};
use super::result;
use super::state::{Cards, State};
use super::sysctls;

/// The versions that both plugins speak, oldest first.
pub const VERSIONS: [&str; 5] = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

const PATIENCE: Duration = Duration::from_secs(2);

/// Lines of what was seen.
pub type Seen = BTreeMap<String, String>;

/// Who does what, and how the pod ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Course {
    /// Who is called for ADD.
    pub attached_by: Plugin,
    /// Who is called for CHECK and DEL.
    pub detached_by: Plugin,
    /// How the pod ends.
    pub end: End,
    /// Whether ADD comes again before the end.
    pub repeats: bool,
}

impl fmt::Display for Course {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "attached by {:?}, detached by {:?}, {:?}{}",
            self.attached_by,
            self.detached_by,
            self.end,
            if self.repeats { ", ADD again" } else { "" }
        )
    }
}

/// How a pod ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// DEL, DEL again, the namespace goes, and one more DEL without it.
    Deleted,
    /// DEL does not name the namespace, which is still there.
    Unnamed,
    /// The namespace goes, then DEL names what is no more, then nothing.
    GoneBefore,
}

/// Most courses at a time. The reference waits long for IPv6 addresses, so there are more
/// than processors; with many more, time-outs would be about this machine.
const MOST: usize = 6;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// The right to run beside other courses.
struct Turn;

impl Turn {
    fn wait() -> Self {
        let running = ENDED.wait_while(count(), |running| *running >= MOST);
        *running.unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *count() -= 1;
        ENDED.notify_one();
    }
}

fn count() -> MutexGuard<'static, usize> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lives through a case in each of the versions, on a node of its own that belongs to the
/// calling thread.
#[track_caller]
pub fn live(case: &Case, course: Course, release: Release, versions: &[&str]) -> Vec<Seen> {
    release.folder();
    let _turn = Turn::wait();
    let node = plumb_tests::node();
    ip::batch(None, case.node);
    let cards = Cards::look();
    fs::write(node.scratch().join("resolv.conf"), RESOLV_CONF).expect("write resolv.conf");
    versions
        .iter()
        .map(|version| {
            let seen = live_in(&node, &cards, case, version, course, release);
            // host-local goes on after the address that it gave last, and the reference
            // knows nothing of plumb's records.
            clear(Path::new("/var/lib/cni"));
            clear(Path::new(STATE_FOLDER));
            seen
        })
        .collect()
}

#[track_caller]
fn live_in(
    node: &Node,
    cards: &Cards,
    case: &Case,
    version: &str,
    course: Course,
    release: Release,
) -> Seen {
    let pod = node.pod();
    ip::batch(Some(pod.name()), case.pod);
    let attachment = Attachment {
        node,
        pod: &pod,
        case,
        version,
        release,
    };
    let before = State::look(cards, Some(&pod));
    let now = |pod| State::look(cards, pod);
    let mut seen = Seen::new();

    let added = attachment.add(course.attached_by);
    seen.insert("ADD".into(), answer(&added));
    let mut reported = Value::Null;
    if added.succeeded() {
        reported = added.expect_result();
        seen.extend(result::lines(&reported, &pod, cards));
        note(
            &mut seen,
            "attached",
            now(Some(&pod)).changes_since(&before),
        );
        note(&mut seen, "attached", sysctls::look(&pod));
        let checked = attachment.check(course.detached_by, &reported);
        seen.insert("CHECK".into(), answer(&checked));
        if course.repeats {
            let attached = now(Some(&pod));
            let again = attachment.add(course.attached_by);
            seen.insert("ADD again".into(), answer(&again));
            let changed = now(Some(&pod)).changes_since(&attached);
            note(&mut seen, "changed by ADD again", changed);
        }
    } else {
        note(
            &mut seen,
            "left by ADD",
            now(Some(&pod)).left_since(&before),
        );
    }

    let named = || attachment.delete(course.detached_by, &reported);
    let unnamed = || attachment.delete_without_namespace(course.detached_by, &reported);
    let first = match course.end {
        End::Deleted => Some(named()),
        End::Unnamed => Some(unnamed()),
        End::GoneBefore => None,
    };
    let mut answers: Vec<String> = first.iter().map(answer).collect();
    if first.is_some() {
        note(
            &mut seen,
            "left by DEL",
            now(Some(&pod)).left_since(&before),
        );
        answers.push(answer(&named()));
    }
    pod.remove();
    if course.end != End::Deleted {
        answers.push(answer(&named()));
    }
    answers.push(answer(&unnamed()));
    for (number, answer) in answers.into_iter().enumerate() {
        seen.insert(format!("DEL {}", number + 1), answer);
    }

    // The kernel takes a namespace apart when nobody waits for it.
    let before = before.of_node();
    let mut left = Seen::new();
    wait::settled(PATIENCE, || {
        left = now(None).left_since(&before);
        left.keys().cloned().collect()
    });
    note(&mut seen, "left after the pod", left);
    seen
}

fn note(seen: &mut Seen, moment: &str, lines: Seen) {
    for (key, value) in lines {
        seen.insert(format!("{moment}: {key}"), value);
    }
}

/// A success, or the code of the failure.
fn answer(outcome: &Outcome) -> String {
    if outcome.succeeded() {
        return "accepted".into();
    }
    let error: Value = serde_json::from_slice(&outcome.stdout).unwrap_or_default();
    match error["code"].as_u64() {
        Some(code) => format!("refused, code {code}"),
        None => format!("no answer: {outcome}"),
    }
}

fn clear(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("clear the folder");
    }
    fs::create_dir_all(folder).expect("make the folder");
}
