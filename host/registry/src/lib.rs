//! Components in OCI registries: what `plumb-registry` does for `plumbctl component push` and `pull`.
//!
//! It carries bytes and compares digests; what a component is, plumbctl knows. A registry is whoever answers there: of what it
//! sends no more is read than a limit allows, and what counts is the digest.

mod credentials;
mod layout;
mod pull;
mod push;
mod reference;
mod refusal;
mod registry;

use std::io::{BufRead, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use nix::sys::resource::{Resource, setrlimit};
use plumb_protocol::registry::{Done, LINE_LIMIT, Order, Reply, Task};

use registry::Registry;

/// For all of an order: a component of the largest size over a line of 1 Mbit/s takes half of it.
const TIME: Duration = Duration::from_secs(600);

/// Memory of the process: a component twice, as it grows, and what TLS needs. oci-client reads some answers whatever their
/// size (those of the server that gives tokens): one without an end ends here, and not at the node's.
const DATA_BYTES: u64 = 256 << 20;

/// Carries out the order on standard input, and answers it on standard output.
pub async fn run() -> ExitCode {
    let (reply, component): (Reply, Vec<u8>) = match carry_out().await {
        Ok((done, component)) => (Ok(done), component),
        Err(sentence) => (Err(sentence), Vec::new()),
    };
    match (write(&reply, &component), reply) {
        (Ok(()), Ok(_)) => ExitCode::SUCCESS,
        (Ok(()), Err(_)) => ExitCode::FAILURE,
        (Err(error), _) => {
            eprintln!("plumb-registry: cannot answer: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out() -> Result<(Done, Vec<u8>), String> {
    setrlimit(Resource::RLIMIT_DATA, DATA_BYTES, DATA_BYTES)
        .map_err(|error| format!("cannot limit its own memory: {error}"))?;
    let (order, component) = read(std::io::stdin().lock())?;
    let registry = Registry::of(&order)?;
    let work = async {
        match &order.task {
            Task::Pull { most } => pull::run(&registry, *most).await,
            Task::Push(described) => push::run(&registry, described, component).await,
        }
    };
    tokio::time::timeout(TIME, work).await.unwrap_or_else(|_| {
        Err(format!(
            "{} did not come to an end with {} within {} minutes",
            registry.host(),
            order.reference,
            TIME.as_secs() / 60
        ))
    })
}

/// The order, and what follows it.
fn read(mut input: impl BufRead) -> Result<(Order, Vec<u8>), String> {
    let no_order = |error: &dyn std::fmt::Display| {
        format!(
            "standard input has no order: {error}; plumbctl component push and pull start this program"
        )
    };
    let mut line = Vec::new();
    let mut component = Vec::new();
    (&mut input)
        .take(LINE_LIMIT as u64)
        .read_until(b'\n', &mut line)
        .and_then(|_| input.read_to_end(&mut component))
        .map_err(|error| no_order(&error))?;
    let order = serde_json::from_slice(&line).map_err(|error| no_order(&error))?;
    Ok((order, component))
}

fn write(reply: &Reply, component: &[u8]) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut output = std::io::stdout().lock();
    output.write_all(&line)?;
    output.write_all(component)?;
    output.flush()
}
