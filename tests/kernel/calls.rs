//! What plumb leaves of its calls, for an agent that counts them.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::Instant;

use cni_harness::{Call, Node, Pod};
use nix::libc;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use plumb_protocol::{CALLS, CALLS_LIMIT, Call as Line};
use plumb_tests::configuration::{pool, with};
use plumb_tests::policy;
use plumb_tests::state::STATE_FOLDER;
use serde_json::{Value, json};

/// Makes an empty file of calls, as an agent does.
fn begin(state_folder: &str) -> PathBuf {
    fs::create_dir_all(state_folder).expect("make the state folder");
    let path = Path::new(state_folder).join(CALLS);
    fs::write(&path, "").expect("make the file of calls");
    path
}

fn lines(path: &Path) -> Vec<Line> {
    let text = fs::read_to_string(path).expect("the file of calls");
    assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a call"))
        .collect()
}

/// `VERB NETWORK CODE` of each line.
fn told(path: &Path) -> Vec<String> {
    lines(path)
        .iter()
        .map(|line| format!("{} {} {}", line.verb, line.network, line.code))
        .collect()
}

fn attach_and_detach(node: &Node, pod: &Pod, network: &Value) {
    let added = Call::add(node, pod, network).run();
    added.expect_result();
    assert!(added.stderr.is_empty(), "{added}");
    Call::delete(node, pod, network).run().expect_silence();
}

#[test]
fn each_call_leaves_a_line_where_an_agent_has_made_the_file_and_none_elsewhere() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let network = with(pool(), json!({"name": "rail1"}));
    Call::status(&node, &network).run().expect_silence();
    attach_and_detach(&node, &pod, &network);
    assert!(!Path::new(STATE_FOLDER).join(CALLS).exists());

    let path = begin(STATE_FOLDER);
    let start = Instant::now();
    let added = Call::add(&node, &pod, &network).run().expect_result();
    let took = start.elapsed().as_micros() as u64;
    let line = lines(&path).pop().expect("a line");
    assert!((100..took).contains(&line.microseconds), "{line:?}");
    Call::check(&node, &pod, &network, &added)
        .run()
        .expect_silence();
    Call::delete(&node, &pod, &network).run().expect_silence();
    Call::status(&node, &network).run().expect_silence();
    let wrong = with(network.clone(), json!({"mtu": "large"}));
    Call::add(&node, &pod, &wrong).run().expect_error(7, "mtu");
    let call = Call::add(&node, &pod, &network);
    call.stdin(b"{").run().expect_failure();
    let expected = [
        "ADD rail1 0",
        "CHECK rail1 0",
        "DEL rail1 0",
        "STATUS rail1 0",
        "ADD rail1 7",
        "ADD  6",
    ];
    assert_eq!(told(&path), expected);

    // Where the administrator keeps things elsewhere the agent is elsewhere as well.
    policy::write("[folders]\nstate = \"/run/other\"");
    let other = begin("/run/other");
    attach_and_detach(&node, &pod, &network);
    assert_eq!(told(&other), ["ADD rail1 0", "DEL rail1 0"]);
    assert_eq!(told(&path), expected);
}

#[test]
fn what_somebody_put_in_the_place_of_the_file_harms_no_call() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let network = pool();
    let path = begin(STATE_FOLDER);
    let again = || fs::remove_file(&path).expect("remove what is there");
    let calls = || attach_and_detach(&node, &pod, &network);

    again();
    let precious = Path::new(STATE_FOLDER).join("precious");
    fs::write(&precious, "").expect("write");
    symlink(&precious, &path).expect("a link");
    calls();
    assert_eq!(fs::read(&precious).expect("read"), b"");

    // Without a reader opening it would wait for one, and with one writing would end the process or wait.
    again();
    mkfifo(&path, Mode::S_IRWXU).expect("a named pipe");
    calls();
    let mut reader = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(&path)
        .expect("read the pipe");
    calls();
    let read = reader.read(&mut [0; 16]);
    let is_empty = matches!(&read, Ok(0))
        || read
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    assert!(is_empty, "{read:?}");

    again();
    fs::create_dir(&path).expect("a folder");
    calls();
    fs::remove_dir(&path).expect("remove the folder");

    let full = vec![b'\n'; CALLS_LIMIT as usize - 10];
    fs::write(&path, &full).expect("fill it");
    calls();
    assert_eq!(fs::read(&path).expect("read"), full);

    again();
    begin(STATE_FOLDER);
    chown(&path, Some(1), None).expect("give it away");
    calls();
    chown(&path, Some(0), None).expect("take it back");
    fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("let all write");
    calls();
    assert_eq!(told(&path), [""; 0]);

    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("root's again");
    fs::write(&path, "\u{0}[[[\n").expect("garbage");
    calls();
    let text = fs::read_to_string(&path).expect("read");
    assert_eq!(text.lines().count(), 3, "{text}");
}
