use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use serde_json::{Value, json};

use super::*;

/// A folder with the socket of an agent that treats one caller so.
fn agent(
    treat: impl FnOnce(UnixStream, Value) + Send + 'static,
) -> (tempfile::TempDir, Agent, thread::JoinHandle<()>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let thread = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "{line}");
        treat(stream, serde_json::from_str(&line).unwrap());
    });
    (folder, Agent::new(&path), thread)
}

fn take() -> Take {
    Take {
        space: String::new(),
        network: "rail0".to_owned(),
        interface: "net1".to_owned(),
        pod: None,
        keep: false,
        requested: false,
        claims: Vec::new(),
    }
}

#[test]
fn an_answer_is_a_line() {
    let (_folder, agent, thread) = agent(|mut stream, question| {
        assert_eq!(question["take"]["network"], "rail0");
        // In pieces, with something behind it, and the connection stays open.
        for part in ["{\"taken\": [[\"10.0", ".0.8\", \"10.0.0.9\"]]}", "\nmore"] {
            stream.write_all(part.as_bytes()).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(Duration::from_millis(200));
    });
    agent.take(take()).unwrap();
    thread.join().unwrap();
}

#[test]
fn what_is_no_answer_is_shown_and_not_asked_for_again() {
    for (answer, part) in [
        ("", "it hung up without an answer"),
        ("hello\n", "it answered what is no answer, \"hello\""),
        (
            "{\"taken\": [[\"10.0.0.8\"]]}\n",
            "it answered what is no answer",
        ),
        ("{\"taken\": []", "it answered what is no answer"),
    ] {
        let (_folder, agent, thread) = agent(|mut stream, _| {
            stream.write_all(answer.as_bytes()).unwrap();
        });
        for _ in 0..2 {
            let error = agent.take(take()).unwrap_err();
            assert_eq!(error.code, Code::TRY_AGAIN_LATER);
            for part in [part, "agent.sock", "plumb-agent"] {
                assert!(error.message.contains(part), "{error}");
            }
        }
        thread.join().unwrap();
    }
    let (_folder, agent, thread) = agent(|mut stream, _| {
        stream.write_all(b"{\"pod\": {}}\n").unwrap();
    });
    let error = agent.take(take()).unwrap_err();
    assert!(error.message.contains("another question"), "{error}");
    thread.join().unwrap();
}

#[test]
fn an_answer_without_an_end_ends() {
    let (_folder, agent, thread) = agent(|mut stream, _| {
        let part = [b' '; 64 * 1024];
        while stream.write_all(&part).is_ok() {}
    });
    let error = agent.take(take()).unwrap_err();
    assert!(error.message.contains("more than 1048576 bytes"), "{error}");
    thread.join().unwrap();
}

/// A byte now and then is no answer either.
#[test]
fn an_agent_that_is_slow_is_waited_for_and_not_for_ever() {
    let (_folder, agent, thread) = agent(|mut stream, _| {
        while stream.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let begin = Instant::now();
    let error = agent.take(take()).unwrap_err();
    let took = begin.elapsed();
    assert!(error.message.contains("within 4 s"), "{error}");
    assert!(
        took >= PATIENCE && took < PATIENCE + Duration::from_secs(2),
        "{took:?}"
    );
    thread.join().unwrap();
}

#[test]
fn a_refusal_has_the_words_of_the_agent_and_a_code_that_fits() {
    for (code, expected) in [(101, 101), (102, 102), (11, 11), (50, 50), (0, 11), (7, 11)] {
        let (_folder, agent, thread) = agent(move |mut stream, _| {
            let answer = json!({"refused": {"code": code, "message": "21 of 21 in use: node a 12, node b 9"}});
            writeln!(stream, "{answer}").unwrap();
        });
        let error = agent.take(take()).unwrap_err();
        assert_eq!(error.code, Code(expected), "{code}");
        assert_eq!(error.message, "21 of 21 in use: node a 12, node b 9");
        thread.join().unwrap();
    }
}

#[test]
fn nobody_but_root_is_taken_for_the_agent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let agent = || Agent::new(&path);
    let refused = |part: &str| {
        for error in [agent().take(take()), agent().listens()] {
            let error = error.unwrap_err();
            assert!(error.message.contains(part), "{error}");
        }
    };
    refused("No such file");
    std::fs::write(&path, "").unwrap();
    refused("is not a socket");
    std::fs::remove_file(&path).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    agent().listens().unwrap();
    chown(&path, Some(1), None).unwrap();
    refused("belongs to user 1");
    chown(&path, Some(0), None).unwrap();
    let shared = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(folder.path(), shared).unwrap();
    refused("with mode 777");
    let own = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), own).unwrap();
    agent().listens().unwrap();
    drop(listener);
    refused("nobody listens there");
}

/// As many as may wait are let in by the kernel, and nobody takes them up.
#[test]
fn a_full_queue_is_waited_for_and_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let end = || Instant::now() + Duration::from_millis(100);
    let mut waiting = Vec::new();
    let error = loop {
        match line::connect(&path, end()) {
            Ok(stream) => waiting.push(stream),
            Err(error) => break error,
        }
        assert!(waiting.len() < 10_000, "the queue has no end");
    };
    assert_eq!(error, "it lets nobody in");
}
