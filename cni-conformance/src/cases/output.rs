//! 401 to 408: exit code and outputs (specification, section 2 and section 5).

use cni_harness::{Outcome, Pod};
use serde_json::json;

use super::ON_INTERFACE;
use crate::case::failed;
use crate::scene::unchanged;
use crate::{Case, Scene, Verdict, expect};

pub(super) const CASES: &[Case] = &[
    Case::must(
        401,
        "exit-code",
        "section 2: exit code",
        "the exit code is 0 on success and another one on failure",
        exit_code,
    ),
    Case::should(
        402,
        "error-object",
        "section 5, Error",
        "a failure is one JSON object with code and msg on standard output, and nothing else",
        error_object,
    ),
    Case::should(
        403,
        "error-version",
        "section 5, Error: cniVersion",
        "the error object has the cniVersion of the input",
        error_version,
    )
    .each_version(),
    Case::must(
        404,
        "error-codes",
        "section 5, Error: 0 to 99 are reserved",
        "an error has a code of the specification, or one from 100 on",
        error_codes,
    ),
    Case::must(
        405,
        "silence-on-success",
        "section 2: no output on success",
        "DEL and CHECK, and from 1.1.0 on STATUS and GC, print nothing when they succeed",
        silence_on_success,
    )
    .each_version(),
    Case::relied(
        406,
        "clean-output",
        "runtimes parse standard output as one document",
        "variables for logging and backtraces change nothing on standard output",
        clean_output,
    ),
    Case::must(
        407,
        "stderr-is-free",
        "section 5: standard error is unstructured",
        "a closed, discarded or full standard error changes nothing",
        stderr_is_free,
    ),
    Case::relied(
        408,
        "chatty-delegate",
        "the reference library captures a delegate's output",
        "what a delegate writes to standard error does not reach standard output",
        chatty_delegate,
    )
    .kinds(ON_INTERFACE)
    .delegating(),
];

/// Failures that every plugin can be brought to.
fn failures(scene: &Scene, pod: &Pod) -> Vec<Outcome> {
    let mut future = scene.configuration(pod);
    future["cniVersion"] = "99.0.0".into();
    let mut nameless = scene.configuration(pod);
    nameless["name"] = "".into();
    vec![
        scene.pod_call("ADD", pod).stdin("{").run(),
        scene
            .pod_call("ADD", pod)
            .variable("CNI_CONTAINERID", "")
            .run(),
        scene
            .pod_call("ADD", pod)
            .variable("CNI_COMMAND", "FOO")
            .run(),
        scene.call_with("ADD", pod, &future).run(),
        scene.call_with("ADD", pod, &nameless).run(),
    ]
}

fn exit_code(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    for outcome in failures(scene, &pod) {
        expect::failure(&outcome)?;
    }
    expect::success(&scene.pod_call("ADD", &pod).run())?;
    expect::success(&scene.pod_call("DEL", &pod).run())
}

fn error_object(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    for outcome in failures(scene, &pod) {
        let refusal = expect::refusal(&outcome)?;
        if refusal.text.trim().is_empty() {
            return Err(failed("the error says nothing", &outcome));
        }
    }
    Ok(())
}

fn error_version(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let outcome = scene
        .pod_call("ADD", &pod)
        .variable("CNI_NETNS", "/run/netns/none")
        .run();
    // Some plugins have no use for the namespace: an interface name of none does it there.
    let outcome = match outcome.succeeded() {
        true => scene.pod_call("ADD", &pod).interface("a/b").run(),
        false => outcome,
    };
    match expect::refusal(&outcome)?.version.as_deref() == Some(scene.version.as_str()) {
        true => Ok(()),
        false => Err(failed(
            format!("expected cniVersion {}", scene.version),
            &outcome,
        )),
    }
}

fn error_codes(scene: &Scene) -> Verdict {
    const DEFINED: [u64; 10] = [1, 2, 3, 4, 5, 6, 7, 11, 50, 51];
    let pod = scene.pod();
    let mut outcomes = failures(scene, &pod);
    outcomes.push(
        scene
            .pod_call("ADD", &pod)
            .variable("CNI_NETNS", "/run/netns/none")
            .run(),
    );
    outcomes.push(
        scene
            .pod_call("ADD", &pod)
            .variable("CNI_NETNS", "/proc/self/ns/net")
            .run(),
    );
    for outcome in outcomes.iter().filter(|outcome| !outcome.succeeded()) {
        let code = expect::refusal(outcome)?.code;
        if !DEFINED.contains(&code) && code < 100 {
            return Err(failed(
                format!("the specification has no code {code}"),
                outcome,
            ));
        }
    }
    Ok(())
}

fn silence_on_success(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let result = scene.add(&pod)?;
    if scene.version.has_check() {
        expect::silence(&scene.check_call(&pod, &result).run())?;
    }
    if scene.version.has_status() {
        expect::silence(&scene.call("STATUS", &scene.configuration(&pod)).run())?;
        let valid = json!([Scene::attachment(&pod, "eth0")]);
        expect::silence(&scene.gc_call(&pod, valid).run())?;
    }
    expect::silence(&scene.pod_call("DEL", &pod).run())
}

fn clean_output(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let noisy = |verb| {
        scene
            .pod_call(verb, &pod)
            .variable("RUST_LOG", "trace")
            .variable("RUST_BACKTRACE", "full")
            .variable("GODEBUG", "gctrace=1")
            .variable("DEBUG", "1")
    };
    expect::result(&noisy("ADD").run())?;
    expect::silence(&noisy("DEL").run())?;
    expect::refusal(&noisy("ADD").stdin("{").run()).map(|_| ())
}

fn stderr_is_free(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.rehearsed(std::slice::from_ref(&pod));
    for redirection in ["2>&-", "2>/dev/null", "2>/dev/full"] {
        expect::result(&scene.pod_call("ADD", &pod).by_shell(redirection).run())?;
        expect::silence(&scene.pod_call("DEL", &pod).by_shell(redirection).run())?;
        let outcome = scene
            .pod_call("ADD", &pod)
            .stdin("{")
            .by_shell(redirection)
            .run();
        expect::refusal(&outcome)?;
    }
    unchanged(&oracle)
}

fn chatty_delegate(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    let answer = scene.address("10.9.0.5/24");
    delegate.answers("ADD", &format!("echo '{{\"a\": 1}}' >&2; echo '{answer}'"));
    delegate.answers("DEL", "echo 'going' >&2");
    let call = |verb| {
        scene
            .call_with(verb, &pod, &scene.delegating(&pod))
            .path(&delegate.path())
    };
    expect::result(&call("ADD").run())?;
    expect::silence(&call("DEL").run())
}
