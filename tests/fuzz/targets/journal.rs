//! Records: files that a killed process, a full disk or a stranger may have left in any state.

#![no_main]

use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use plumb::attachment::Attachment;
use plumb::journal::{Header, LAYOUT, State, Step};
use plumb::kernel::PodNetns;
use plumb::kernel::netns::Identity;
use plumb::operations::{Journal, Operation, Record, Records, Reversible, SetUp};
use plumb::state::{Error, StateFolder};
use plumb_fuzz::Scratch;
use plumb_values::names::{check_link_name, is_identifier};
use serde::Deserialize;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let scratch = Scratch::new();
    let records = Records::new(&StateFolder::new(scratch.path()));
    let attachment = attachment(data);
    let path = records.path(&attachment);
    put(&path, data);
    let shown = records.read(&attachment);
    match records.open(&attachment) {
        Ok(Some(journal)) => {
            let record = journal.record().cloned();
            assert_eq!(
                shown.ok(),
                Some(record.clone()),
                "show and DEL read the same"
            );
            sound(&path, data, record.as_ref());
            continued(&records, &attachment, journal, record);
            torn(&records, &attachment, whole_lines(data));
        }
        Err(Error::Corrupt { aside, reason, .. }) => {
            assert!(shown.is_err() && !reason.is_empty());
            assert_eq!(fs::read(aside).expect("it is set aside"), data);
            put(&path, whole_lines(data));
            assert!(
                records.read(&attachment).is_err(),
                "it is the piece of a line at the end that was called damage"
            );
            put(&path, b"");
            let empty = records.open(&attachment).expect("open").expect("a file");
            empty.remove(&records).expect("remove");
        }
        other => panic!("neither a record nor a corrupt one: {other:?}"),
    }
    // Whatever there was: DEL, which opens what there is, finds nothing more the next time.
    assert!(records.open(&attachment).expect("no record").is_none());
    assert_eq!(records.list(None).expect("list"), []);
});

/// A record is what the whole lines say; a piece of one at the end is cut off.
fn sound(path: &Path, data: &[u8], record: Option<&Record>) {
    let whole = whole_lines(data);
    assert_eq!(fs::read(path).expect("it stays"), whole);
    let Some(record) = record else {
        assert!(whole.is_empty(), "a file with a whole line is a record");
        return;
    };
    assert!((1..=LAYOUT).contains(&record.header.layout));
    let lines = whole.iter().filter(|byte| **byte == b'\n').count();
    assert!(record.steps.len() < lines, "each step has a line");
    for step in &record.steps {
        // What undoing a step begins with.
        step.operation.describe();
        step.operation.lifetime();
        step.operation.function();
    }
    let text = serde_json::to_string(record).expect("a record can be shown");
    let again: Record = serde_json::from_str(&text).expect("and read");
    assert_eq!(&again, record);
}

/// What is appended to a record is read with it, and removing leaves nothing.
fn continued(
    records: &Records,
    attachment: &Attachment,
    mut journal: Journal,
    record: Option<Record>,
) {
    let mut expected = match record {
        Some(record) => record,
        None => {
            journal.begin(header(attachment)).expect("begin");
            Record {
                header: header(attachment),
                steps: Vec::new(),
                complete: false,
                ended: false,
            }
        }
    };
    let operation = Operation::SetUp(SetUp::default());
    let number = journal.intend(&operation).expect("intend");
    assert_eq!(number, expected.steps.len());
    let state = State::Stuck("device busy\n\"x\"".to_owned());
    journal.note(number, state.clone());
    expected.steps.push(Step { operation, state });
    if let Some(first) = expected.steps.first_mut() {
        journal.note(0, State::Undone);
        first.state = State::Undone;
    }
    drop(journal);
    let journal = records.open(attachment).expect("open").expect("a record");
    assert_eq!(journal.record(), Some(&expected));
    journal.remove(records).expect("remove");
}

/// A record whose writer was killed within its last line is the record without this line.
fn torn(records: &Records, attachment: &Attachment, lines: &[u8]) {
    let Some(all_but_newline) = lines.strip_suffix(b"\n") else {
        return;
    };
    let path = records.path(attachment);
    let kept = whole_lines(all_but_newline);
    put(&path, kept);
    let expected = records.read(attachment).expect("a record with fewer lines");
    for end in [all_but_newline.len(), (kept.len() + lines.len()) / 2] {
        put(&path, &lines[..end]);
        let journal = records.open(attachment).expect("open").expect("a file");
        assert_eq!(journal.record(), expected.as_ref(), "cut at {end}");
        assert_eq!(fs::read(&path).expect("it stays"), kept);
        journal.remove(records).expect("remove");
    }
}

/// Up to the last line break.
fn whole_lines(data: &[u8]) -> &[u8] {
    match data.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => &data[..=end],
        None => &[],
    }
}

fn put(path: &Path, data: &[u8]) {
    let folder = path.parent().expect("a folder of records");
    fs::create_dir_all(folder).expect("make the folder");
    fs::write(path, data).expect("write the record");
}

/// Whose record the first line says that it is, where the names are such as a runtime may give: a record in another's
/// place is none. Most inputs have no such line.
fn attachment(data: &[u8]) -> Attachment {
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let named = serde_json::from_slice::<Value>(line)
        .ok()
        .and_then(|line| Attachment::deserialize(line.get("header")?.get("attachment")?).ok());
    let is_safe = |attachment: &Attachment| {
        is_identifier(&attachment.network)
            && is_identifier(&attachment.container_id)
            && check_link_name(&attachment.interface_name).is_ok()
            && attachment
                .plugin
                .as_deref()
                .is_none_or(|plugin| is_identifier(plugin) && plugin.len() < 64)
    };
    named.filter(is_safe).unwrap_or_else(|| Attachment {
        network: "rail0".into(),
        container_id: "pod-a".into(),
        interface_name: "net1".into(),
        plugin: None,
    })
}

fn header(attachment: &Attachment) -> Header {
    Header {
        layout: LAYOUT,
        boot: "5c31".into(),
        attachment: attachment.clone(),
        netns: PodNetns {
            path: "/run/netns/pod-a".into(),
            identity: Identity {
                device: 4,
                inode: 17,
                cookie: Some(5),
            },
            number: Some(1 << 30),
            numbered_in: Some(1),
        },
        pod: None,
        since: 1,
        uptime: None,
        configuration: "{}".into(),
        arguments: String::new(),
        path: Vec::new(),
        components: Vec::new(),
    }
}
