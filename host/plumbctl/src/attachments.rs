//! `plumbctl attachments`: the records of the journal, for people and programs.

use plumb::journal::State as StepState;
use plumb::operations::{Record, Records, Reversible};
use plumb::policy::Reader;
use plumb_values::Utc;
use serde_json::{Value, json};

use crate::{Failure, State, print_json};

/// Arguments of `plumbctl attachments`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    state: State,
    /// Only those of this network
    #[arg(long)]
    network: Option<String>,
    /// Also each step that was done
    #[arg(long, short)]
    verbose: bool,
}

/// Lists the attachments, a line each, and with `--verbose` what was done for each.
pub fn run(arguments: &Arguments, policy: &Reader) -> Result<(), Failure> {
    let records = Records::new(&arguments.state.folder(policy)?);
    let mut items = Vec::new();
    for attachment in records.list(arguments.network.as_deref())? {
        match records.read(&attachment) {
            Ok(Some(record)) if arguments.state.json => items.push(as_json(&record)),
            Ok(Some(record)) => print(&record, arguments.verbose),
            // Removed since it was listed, or begun but not written to yet.
            Ok(None) => {}
            Err(reason) => eprintln!(
                "plumbctl: the record {} cannot be read: {reason}",
                records.path(&attachment).display()
            ),
        }
    }
    if arguments.state.json {
        print_json(&items)?;
    }
    Ok(())
}

/// When its ADD began.
pub fn since(record: &Record) -> String {
    let since = Utc(std::time::Duration::from_millis(record.header.since));
    format!("{since:.3}")
}

fn state(state: &StepState) -> String {
    match state {
        StepState::Intended => "intended".into(),
        StepState::Done => "done".into(),
        StepState::Undone => "undone".into(),
        StepState::Stuck(reason) => format!("stuck: {reason}"),
    }
}

/// What has become of it, in a word or two.
pub fn condition(record: &Record) -> &'static str {
    let is_stuck = record
        .steps
        .iter()
        .any(|step| matches!(step.state, StepState::Stuck(_)));
    match record.complete {
        _ if is_stuck => "stuck",
        // The next GC takes it away, or an ADD that needs what it holds.
        _ if is_gone(record) => "pod gone",
        true => "attached",
        false => "incomplete",
    }
}

/// Whether the pod's namespace has ended. Where nobody says so, it is taken to be there.
fn is_gone(record: &Record) -> bool {
    matches!(record.header.live_netns(), Ok(None))
}

fn print(record: &Record, verbose: bool) {
    let header = &record.header;
    let pod = header
        .pod
        .as_ref()
        .map_or_else(String::new, |pod| format!("  pod {pod}"));
    println!(
        "{}  {}  since {}{pod}",
        header.attachment,
        condition(record),
        since(record)
    );
    if !verbose {
        return;
    }
    println!("    netns {}", header.netns.path.display());
    for (number, step) in record.steps.iter().enumerate() {
        println!(
            "    {:>2} {} ({})",
            number + 1,
            step.operation.describe(),
            state(&step.state)
        );
    }
}

/// Hardware addresses and GUIDs as people write them: a record has their bytes, six, eight or twenty.
fn with_text(value: Value) -> Value {
    match value {
        Value::Array(items) => match octets(&items) {
            Some(octets) => octets.into(),
            None => items.into_iter().map(with_text).collect(),
        },
        Value::Object(keys) => keys
            .into_iter()
            .map(|(key, value)| (key, with_text(value)))
            .collect(),
        other => other,
    }
}

fn octets(items: &[Value]) -> Option<String> {
    let byte = |item: &Value| u8::try_from(item.as_u64()?).ok();
    let octets: Vec<u8> = items.iter().map(byte).collect::<Option<_>>()?;
    matches!(octets.len(), 6 | 8 | 20).then(|| plumb_values::octets::text(&octets))
}

fn as_json(record: &Record) -> Value {
    let header = &record.header;
    let steps: Vec<_> = record
        .steps
        .iter()
        .map(|step| {
            json!({
                "description": step.operation.describe(),
                "operation": with_text(json!(step.operation)),
                "state": step.state,
            })
        })
        .collect();
    json!({
        "network": header.attachment.network,
        "containerID": header.attachment.container_id,
        "ifname": header.attachment.interface_name,
        "plugin": header.attachment.plugin,
        "condition": condition(record),
        "since": since(record),
        "netns": header.netns.path,
        "pod": header.pod,
        "steps": steps,
    })
}
