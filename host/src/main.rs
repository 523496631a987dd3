//! The CNI binary: the environment and standard input in, standard output and the exit
//! code out.

#![cfg_attr(not(test), no_main)]

mod arena;
mod streams;

use std::ffi::{c_char, c_int};
use std::io::Write;

use plumb::cni::{Version, output};
use plumb::trace::Trace;
use plumb::watch::Nobody;
use plumb::{Code, Error, policy, program, types};

#[global_allocator]
static ALLOCATOR: arena::Arena = arena::Arena::new();

/// Where the C library begins, in the place of the standard library's own beginning: that reads the map of the
/// process's memory to tell an overflow of the stack from other faults, which takes 0.05 ms of each start. What else it
/// does for plumb, [`streams::begin`] does.
// SAFETY: no other function of the program is called so, and this is what the C library expects of it (C17, 5.1.2.2.1).
#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn main(_count: c_int, _arguments: *const *const c_char) -> c_int {
    streams::begin();
    c_int::from(!run())
}

/// Answers a runtime or a person; whether it went well.
fn run() -> bool {
    let mut policy = policy::Reader::default();
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (None, _) => {}
        // Whoever can give a plugin arguments can run anything else as well.
        (Some(flag), Some(file)) if flag == "--policy" => policy.file = Some(file.into()),
        (Some(argument), _) => return explain(&argument.to_string_lossy()),
    }
    report_panics();
    let mut input = streams::Input::standard();
    let outcome = program::run(|name| std::env::var_os(name), &mut input, &policy, &Nobody);
    match streams::print(&outcome.output) {
        Ok(()) => outcome.success,
        Err(error) => {
            let trace = Trace::early();
            trace.error(format_args!("cannot write to standard output: {error}"));
            if outcome.success && std::env::var_os(VERB).is_some_and(|verb| verb == "ADD") {
                take_back(&input.text, &policy, &trace);
            }
            false
        }
    }
}

/// The variable that says what is to be done.
const VERB: &str = "CNI_COMMAND";

/// Undoes an ADD whose result nobody got: the runtime takes it for a failure, after which nothing may be left.
fn take_back(configuration: &[u8], policy: &policy::Reader, trace: &Trace) {
    let get = |name: &str| match name {
        VERB => Some("DEL".into()),
        _ => std::env::var_os(name),
    };
    let outcome = program::run(get, &mut &*configuration, policy, &Nobody);
    if !outcome.success {
        trace.error(format_args!("undoing the ADD: {}", outcome.output));
    }
}

/// A fault in plumb reaches the runtime as an error object like any other.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(|location| format!(" at {}:{}", location.file(), location.line()))
            .unwrap_or_default();
        let reason = panic.payload_as_str().unwrap_or("no reason given");
        let error = Error::new(Code::INTERNAL, format!("a fault in plumb{place}: {reason}"))
            .with_details("DEL undoes what the journal says was begun");
        let _ = std::io::stdout().write_all(output::error(Version::NEWEST, &error).as_bytes());
        std::process::exit(1);
    }));
}

/// What the program says to a person; whether it was asked something that it knows.
fn explain(argument: &str) -> bool {
    match argument {
        "--version" | "-V" | "-v" => {
            println!(
                "plumb {} (CNI {})",
                env!("CARGO_PKG_VERSION"),
                Version::names().join(", ")
            );
            true
        }
        "--help" | "-h" => {
            print!("{}", help());
            true
        }
        other => {
            eprintln!(
                "plumb: unknown argument {other:?}; a container runtime calls plumb without any, `plumb --help` explains"
            );
            false
        }
    }
}

fn help() -> String {
    let types: Vec<_> = types::types().collect();
    format!(
        r#"plumb {version}: attaches pods to RDMA networks (CNI {versions})

A container runtime calls plumb: the verb and the pod come in CNI_* variables, the network
configuration as JSON on standard input, and the answer is JSON on standard output. To see
what a configuration would do, without doing it, use `plumbctl plan`.

A configuration for /etc/cni/net.d or a NetworkAttachmentDefinition:

  {{"cniVersion": "1.0.0", "name": "rail0", "plugins": [{{
     "type": "macvlan", "master": "ens6f0np0", "mtu": 9000,
     "ipam": {{"type": "pool", "pools": [{{
       "subnet": "172.81.0.0/16", "ips": ["172.81.0.100-172.81.0.120"], "gateway": "172.81.0.1"
     }}]}}
  }}]}}

Try it by hand:

  CNI_COMMAND=ADD CNI_CONTAINERID=try CNI_IFNAME=net1 CNI_NETNS=/run/netns/try plumb < rail0.json
  CNI_COMMAND=DEL CNI_CONTAINERID=try CNI_IFNAME=net1 CNI_NETNS=/run/netns/try plumb < rail0.json

Keys that every network has:

  type          {types}, or plumb with "flavour"
  ipam          "type" is pool (also: spiderpool, with pools in "poolFolder"), or the name of an
                IPAM plugin in CNI_PATH such as host-local; leave it out for an interface without address
  logLevel      error, warning (default), info: each operation with its time, debug
  logFile       name of a file in /var/log/plumb for the trace; standard error without it

What networks may use of the node, and where plumb keeps things, is the administrator's to say, in
/etc/plumb/plumb.toml. `plumb --policy FILE` reads another file; `plumbctl policy` shows what holds.

`plumbctl --help`: policy, plan, attachments, functions, leases, pools, components, install.
"#,
        version = env!("CARGO_PKG_VERSION"),
        versions = Version::names().join(", "),
        types = types.join(", "),
    )
}
