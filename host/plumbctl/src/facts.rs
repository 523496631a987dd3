//! `plumbctl facts`: what a plan is made of, as a file for `plumbctl plan --facts`.

use std::path::PathBuf;
use std::rc::Rc;

use plumb::facts::{KernelFacts, RecordedFacts};
use plumb::kernel::{Kernel, Netns, pci};
use serde_json::Value;

use crate::{Failure, print_json};

/// Arguments of `plumbctl facts`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A pod's namespace, to write down what it has as well
    #[arg(long)]
    netns: Option<PathBuf>,
}

/// Prints this machine.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let netns = match &arguments.netns {
        Some(path) => Some(Rc::new(Netns::open(path).map_err(plumb::Error::from)?)),
        None => None,
    };
    let kernel = Rc::new(Kernel::open().map_err(plumb::Error::from)?);
    let functions = pci::network_functions(&kernel.sysfs).map_err(plumb::Error::from)?;
    let facts = KernelFacts::new(kernel, netns);
    let recorded = RecordedFacts::record(&facts, &functions, arguments.netns.is_some())?;
    let mut document = serde_json::to_value(recorded)?;
    leave_out_nothing(&mut document);
    print_json(&document)
}

/// Takes out of a document what says that there is nothing: reading it makes no difference.
fn leave_out_nothing(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(leave_out_nothing);
            members.retain(|_, value| !is_nothing(value));
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_nothing),
        _ => {}
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
