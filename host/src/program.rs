//! One call from standard input to standard output.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use plumb_protocol::Call;
use plumb_values::text::{printable, shorten};

use crate::agent::Agent;
use crate::cni::configuration::MAXIMAL_SIZE;
use crate::cni::{
    AddRequest, Configuration, Environment, Request, Verb, Version, configuration, output,
};
use crate::components::wall;
use crate::kernel::Kernel;
use crate::node::Node;
use crate::policy::{self, Folders};
use crate::recovery::NodeLeases;
use crate::state::StateFolder;
use crate::trace::Trace;
use crate::watch::Watcher;
use crate::{Code, Error, Result, calls, ipam_keys, ipam_plugin, network_keys, owned, verbs};

/// What a call printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Standard output: nothing, one result or one error object.
    pub output: String,
    /// Whether it succeeded.
    pub success: bool,
}

/// Runs one call: the environment through `get`, the configuration from `input`, what the node allows from `policy`.
pub fn run(
    get: impl Fn(&str) -> Option<OsString>,
    input: &mut dyn Read,
    policy: &policy::Reader,
    watcher: &dyn Watcher,
) -> Outcome {
    let mut known = Known {
        begin: Instant::now(),
        version: Version::NEWEST,
        state_folder: Folders::default().state,
        verb: None,
        network: String::new(),
    };
    let answer = answer(&get, input, policy, watcher, &mut known);
    wall::reap();
    let version = known.version;
    known.leave_a_line(answer.as_ref().map_or_else(|error| error.code, |_| Code(0)));
    match answer {
        Ok(output) => Outcome {
            output,
            success: true,
        },
        Err(error) => {
            let mut error = fit_to_read(error);
            if get("CNI_COMMAND").is_some_and(|verb| verb == Verb::Del.as_str()) {
                error = without_words_of_success(error);
            }
            Outcome {
                output: output::error(version, &error),
                success: false,
            }
        }
    }
}

/// What is known of a call, however far it came.
struct Known {
    begin: Instant,
    /// In which an error is written as well.
    version: Version,
    /// plumb's own until the node's policy is read. What a network chooses is no place where an agent looks.
    state_folder: PathBuf,
    /// None of a call that is not counted.
    verb: Option<Verb>,
    /// Checked, and so short and without letters that JSON escapes.
    network: String,
}

impl Known {
    /// Tells the agent that the call has ended, with which code.
    fn leave_a_line(self, code: Code) {
        let Some(verb) = self.verb else {
            return;
        };
        let call = Call {
            verb: verb.as_str().to_owned(),
            network: self.network,
            code: code.0,
            microseconds: self.begin.elapsed().as_micros() as u64,
        };
        calls::append(&self.state_folder, &call);
    }
}

/// Most bytes of an error's message and of its details. A value that it quotes may have megabytes.
const MESSAGE_BYTES: usize = 32 * 1024;
const DETAILS_BYTES: usize = 64 * 1024;

/// An error that quotes what somebody wrote into a configuration, an answer or a record: without what would deceive
/// the person who reads it, and cut.
fn fit_to_read(error: Error) -> Error {
    let fit = |text: &str, limit| printable(&shorten(text, limit), false).into_owned();
    Error {
        code: error.code,
        message: fit(&error.message, MESSAGE_BYTES),
        details: error.details.map(|details| fit(&details, DETAILS_BYTES)),
    }
}

/// What containerd searches a DEL's error for, and what is said instead. With the first
/// anywhere in it, or the second and an empty `CNI_NETNS`, the DEL counts as a success
/// (`Remove`, cni.go of containerd/go-cni): it never comes again, and what is left is lost.
const WORDS_OF_SUCCESS: [(&str, &str); 2] = [
    ("not found", "missing"),
    ("no such file or directory", "no file or directory there"),
];

/// A DEL's error, whoever worded it, in words that nobody treats as a success.
fn without_words_of_success(error: Error) -> Error {
    Error {
        code: error.code,
        message: replace_words(&error.message),
        details: error.details.map(|details| replace_words(&details)),
    }
}

fn replace_words(text: &str) -> String {
    let mut replaced = text.to_owned();
    for (words, instead) in WORDS_OF_SUCCESS {
        while let Some(start) = replaced.to_ascii_lowercase().find(words) {
            replaced.replace_range(start..start + words.len(), instead);
        }
    }
    replaced
}

/// What is found out goes into `known` at once: an error needs it as well.
fn answer(
    get: &impl Fn(&str) -> Option<OsString>,
    input: &mut dyn Read,
    policy: &policy::Reader,
    watcher: &dyn Watcher,
    known: &mut Known,
) -> Result<String> {
    let environment = Environment::read(get);
    let text = read(input);
    if let Some(version) = text
        .as_ref()
        .ok()
        .and_then(|text| configuration::version_of(text))
    {
        known.version = version;
    }
    let environment = environment?;
    let verb = environment.verb;
    if verb == Verb::Version {
        return Ok(output::result(&verbs::version::version(known.version)));
    }
    if let Some(name) = get(ipam_plugin::CALLED_AS) {
        return called_as_ipam_plugin(verb, &name.to_string_lossy());
    }
    known.verb = Some(verb);
    let configuration = Configuration::parse(verb, text?)?;
    known.network.clone_from(&configuration.network);
    let policy = match verb {
        Verb::Del | Verb::Gc => policy.read_for_removal()?,
        _ => policy.read()?,
    };
    known.state_folder.clone_from(&policy.folders.state);
    let request = Request::new(environment, configuration, policy)?;
    let trace = Trace::new(&request);
    trace.info(format_args!("request: {}", request.describe()));
    for folder in &request.unused_folders {
        trace.warning(format_args!(
            "{folder} is left out of account: the node's policy does not let networks choose folders"
        ));
    }
    if verb == Verb::Add {
        for warning in network_keys::unknown(&request) {
            trace.warning(warning);
        }
        warn_of_ipam_keys(&request, &trace);
    }
    let outcome = perform(request, &trace, watcher);
    let took = known.begin.elapsed().as_micros();
    match &outcome {
        Ok(result) if result.is_empty() => trace.info(format_args!("success, {took} us in all")),
        Ok(result) => trace.info(format_args!(
            "success, {took} us in all\n{}",
            result.trim_end()
        )),
        Err(error) => trace.error(format_args!(
            "code {}: {error}, {took} us in all",
            error.code.0
        )),
    }
    outcome
}

/// Says which keys of `ipam` decide nothing.
fn warn_of_ipam_keys(request: &Request, trace: &Trace) {
    let unused = request.configuration.unused_ipam_keys();
    if !unused.is_empty() {
        trace.warning(format_args!(
            "\"ipam\" has no \"type\", so the interface gets no address, and {} mean nothing: use \"pool\" or the name of \
             an ipam plugin",
            unused.join(", ")
        ));
    }
    let meaningless = ipam_keys::meaningless(request);
    if !meaningless.is_empty() {
        trace.warning(format_args!(
            "{} of \"ipam\" mean nothing to plumb's pools",
            meaningless.join(", ")
        ));
    }
}

/// A copy of plumb, or a script that runs plumb, has the name of an IPAM plugin. The plumb that called it hears of it
/// where a pod would depend on addresses; what is taken apart goes on.
fn called_as_ipam_plugin(verb: Verb, name: &str) -> Result<String> {
    match verb {
        Verb::Add | Verb::Status => Err(ipam_plugin::Error::Itself {
            name: name.to_owned(),
        }
        .into()),
        Verb::Del | Verb::Check | Verb::Gc | Verb::Version => Ok(String::new()),
    }
}

/// The verb, on this node. What it prints.
fn perform(request: Request, trace: &Trace, watcher: &dyn Watcher) -> Result<String> {
    owned::check(&request.folders.state)?;
    let state = StateFolder::new(&request.folders.state);
    let leases = NodeLeases::new(&state, trace);
    let node = Node {
        kernel: Rc::new(Kernel::open()?),
        state,
        leases: &leases,
        agent: Agent::new(request.policy.agent_socket()),
        trace,
        watcher,
    };
    let nothing = |()| String::new();
    match request.environment.verb {
        Verb::Add => {
            let result = verbs::add::add(AddRequest::of(request)?, &node)?;
            Ok(output::result(&result))
        }
        Verb::Del => verbs::del::del(&request, &node).map(nothing),
        Verb::Check => verbs::check::check(&request, &node).map(nothing),
        Verb::Gc => verbs::gc::gc(&request, &node).map(nothing),
        Verb::Status => verbs::status::status(request, &node).map(nothing),
        Verb::Version => unreachable!("answered before the configuration is read"),
    }
}

fn read(input: &mut dyn Read) -> Result<Vec<u8>> {
    // As large as most of them, so that few calls of the kernel read it.
    let mut text = Vec::with_capacity(8 * 1024);
    input
        .take(MAXIMAL_SIZE as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|error| {
            Error::new(
                Code::IO,
                format!("cannot read the network configuration from standard input: {error}"),
            )
        })?;
    if text.len() > MAXIMAL_SIZE {
        return Err(Error::new(
            Code::DECODE,
            format!(
                "the network configuration on standard input is larger than {MAXIMAL_SIZE} bytes"
            ),
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_count_as_success_do_not_leave_in_the_error_of_a_del() {
        let error = Error::new(Code::KERNEL, "nic0: Not Found; also: lease not found")
            .with_details("open /run/x: No such file or directory (os error 2)");
        assert_eq!(
            without_words_of_success(error).to_string(),
            "nic0: missing; also: lease missing (open /run/x: no file or directory there \
             (os error 2))"
        );
    }
}
