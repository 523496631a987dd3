//! Whatever a registry answers: one sentence, and no file.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::liar::{Answer, Liar, digest, manifest};
use crate::user::{User, specimen};

fn component() -> Vec<u8> {
    fs::read(specimen()).expect("a file")
}

/// Pulls from a registry with this manifest and this for its component.
#[track_caller]
fn is_refused(manifest: Value, blob: &[u8], words: &[&str]) {
    let liar = Liar::with(manifest, blob);
    User::new().is_refused(&["pull", &liar.reference()], words);
}

/// Changes a manifest's layer.
fn layer(changes: Value) -> Value {
    let mut manifest = manifest(&component());
    let layer = manifest["layers"][0].as_object_mut().expect("a layer");
    layer.extend(changes.as_object().expect("an object").clone());
    manifest
}

#[test]
fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let reference = format!("{address}/acme/flavour:1");
    let words = ["cannot reach", "Connection refused"];
    User::new().is_refused(&["pull", &reference], &words);
    User::new().is_refused(&["push", &specimen(), &reference], &words);
}

#[test]
fn something_else_than_its_digest_says() {
    let liar = Liar::with(manifest(&component()), &component());
    let wanted = digest(b"another manifest");
    let pinned = format!("{}@{wanted}", liar.reference());
    let found = digest(manifest(&component()).to_string().as_bytes());
    User::new().is_refused(&["pull", &pinned], &["something else", &wanted, &found]);

    let mut other = component();
    other[100] ^= 1;
    is_refused(
        manifest(&component()),
        &other,
        &["something else", &digest(&component()), &digest(&other)],
    );
    is_refused(
        manifest(&component()),
        &component()[1..],
        &["something else as the component"],
    );
}

#[test]
fn less_than_it_promised() {
    let user = User::new();
    for part in ["/manifests/", "/blobs/"] {
        let liar = Liar::start(move |_, path| {
            let content = match path.contains("/manifests/") {
                true => manifest(&component()).to_string().into_bytes(),
                false => component(),
            };
            let whole = content.len();
            let half = content[..whole / 2].to_owned();
            match path {
                path if path.contains(part) => {
                    Answer(format!("200 OK\r\nContent-Length: {whole}"), half)
                }
                "/v2/" => Answer::of(""),
                _ => Answer::of(content),
            }
        });
        user.is_refused(&["pull", &liar.reference()], &["ended after", "broke off"]);
    }
}

#[test]
fn more_than_is_read() {
    let mut large = manifest(&component());
    large["annotations"]["description"] = json!("x".repeat(64 << 10));
    is_refused(
        large,
        b"",
        &["more than 65536 bytes as /v2/acme/flavour/manifests/1"],
    );
    let bytes = (32 << 20) + 1;
    is_refused(
        layer(json!({"size": bytes})),
        b"",
        &["33554433 bytes", "33554432 are accepted"],
    );
    is_refused(layer(json!({"size": -1})), b"", &["-1 bytes"]);
    is_refused(
        layer(json!({"size": 1000})),
        &component(),
        &["more than 1000 bytes as /v2/acme/flavour/blobs"],
    );
    // Without a length, and without an end.
    let liar = Liar::start(|_, path| match path {
        "/v2/" => Answer::of(""),
        _ => Answer("200 OK".to_owned(), vec![b' '; 1 << 20]),
    });
    User::new().is_refused(&["pull", &liar.reference()], &["more than 65536 bytes"]);
}

#[test]
fn no_component() {
    is_refused(json!({"errors": []}), b"", &["no manifest"]);
    is_refused(
        json!({"schemaVersion": 2, "manifests": []}),
        b"",
        &["an index of several manifests"],
    );
    let image = json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"});
    is_refused(layer(image), b"", &["no component", "layer.v1.tar+gzip"]);
    let mut two = manifest(&component());
    two["layers"] = json!([two["layers"][0], two["layers"][0]]);
    is_refused(two, b"", &["2 layers"]);
    is_refused(
        layer(json!({"digest": "sha256:../../x"})),
        b"",
        &["no digest of SHA-256"],
    );
    is_refused(
        manifest(b"text"),
        b"text",
        &["127.0.0.1:", "/acme/flavour:1: "],
    );
}

#[test]
fn what_came_before_the_layout_is_understood() {
    let mut manifest = layer(json!({"mediaType": "application/vnd.wasm.content.layer.v1+wasm"}));
    manifest["config"]["mediaType"] = json!("application/vnd.wasm.config.v1+json");
    let liar = Liar::with(manifest, &component());
    User::new()
        .component(&["pull", &liar.reference()])
        .expect("it is pulled");
}

#[test]
fn refusals_of_its_own() {
    let user = User::new();
    for (head, said, words) in [
        (
            "401 Unauthorized",
            "",
            ["wants to know who asks (401)", "docker login"],
        ),
        (
            "403 Forbidden",
            r#"{"errors": [{"code": "DENIED", "message": "no acme"}]}"#,
            ["let anybody", "(403): no acme"],
        ),
        (
            "404 Not Found",
            "",
            ["there is no ", "/acme/flavour:1 (404)"],
        ),
        (
            "429 Too Many Requests",
            "later",
            ["429 Too Many Requests", ": later"],
        ),
        (
            "500 Internal Server Error",
            "\u{1b}[2Jgone\nto lunch",
            ["500", "\\u{1b}[2Jgone\\nto lunch"],
        ),
    ] {
        let (head, said) = (head.to_owned(), said.to_owned());
        let liar = Liar::start(move |_, path| match path {
            "/v2/" => Answer::of(""),
            _ => Answer::status(&head, &said),
        });
        user.is_refused(&["pull", &liar.reference()], &words);
        if !words[0].contains("there is no") {
            user.is_refused(&["push", &specimen(), &liar.reference()], &words[1..]);
        }
    }
}

/// As registries have it that keep blobs elsewhere; the one that keeps them learns nothing.
#[test]
fn a_redirect_is_followed_without_credentials() {
    let elsewhere = Liar::with(json!({}), &component());
    let address = elsewhere.address.clone();
    let liar = Liar::start(move |_, path| match path {
        "/v2/" => Answer::of(""),
        path if path.contains("/blobs/") => Answer::status(
            &format!("307 Temporary Redirect\r\nLocation: http://{address}/blobs/x"),
            "",
        ),
        _ => Answer::of(manifest(&component()).to_string()),
    });
    let user = User::new();
    user.as_acme(&["pull", &liar.reference()], "secret")
        .expect("it is pulled");
    let tells = |request: &Vec<String>| {
        request
            .iter()
            .any(|line| line.to_lowercase().starts_with("authorization: basic"))
    };
    assert!(liar.requests().iter().any(tells));
    let [request] = &elsewhere.requests()[..] else {
        panic!("{:?}", elsewhere.requests());
    };
    assert!(!tells(request), "{request:?}");
}

#[test]
fn a_redirect_without_an_end_is_not() {
    let liar = Liar::start(|_, path| match path {
        "/v2/" => Answer::of(""),
        path => Answer::status(
            &format!("307 Temporary Redirect\r\nLocation: {path}/again"),
            "",
        ),
    });
    User::new().is_refused(&["pull", &liar.reference()], &["redirected 5 times"]);
}

/// As the large registries have it: a server of theirs gives a token for name and password.
fn with_tokens(token: impl Fn() -> Answer + Send + 'static) -> Liar {
    let answer = move |request: &Vec<String>, path: &str| {
        let header = |name: &str| {
            let lines = request.iter().filter_map(|line| line.split_once(": "));
            let mut values = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            values.next().map(|(_, value)| value.to_owned())
        };
        let (host, proof) = (header("host").unwrap_or_default(), header("authorization"));
        match path {
            "/v2/" => Answer::status(
                &format!(
                    "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"acme\""
                ),
                "",
            ),
            path if path.starts_with("/token") => match proof.as_deref() {
                // acme:secret
                Some("Basic YWNtZTpzZWNyZXQ=")
                    if path.contains("repository%3Aacme%2Fflavour%3Apull") =>
                {
                    token()
                }
                _ => Answer::status("401 Unauthorized", r#"{"errors": [{"message": "who?"}]}"#),
            },
            _ if proof.as_deref() != Some("Bearer proof") => Answer::status("401 Unauthorized", ""),
            path if path.contains("/manifests/") => Answer::of(manifest(&component()).to_string()),
            _ => Answer::of(component()),
        }
    };
    Liar::start(answer)
}

#[test]
fn a_token_is_asked_for_and_shown() {
    let liar = with_tokens(|| Answer::of(r#"{"token": "proof"}"#));
    let user = User::new();
    user.is_refused(
        &["pull", &liar.reference()],
        &["wants to know who asks (401): who?"],
    );
    let refusal = user
        .as_acme(&["pull", &liar.reference()], "wrong")
        .expect_err("it is wrong");
    assert!(
        refusal.contains("credentials of acme (401): who?"),
        "{refusal}"
    );
    user.as_acme(&["pull", &liar.reference()], "secret")
        .expect("it is pulled");
}

/// Nothing reads a token with a limit: the program's own memory is one.
#[test]
fn a_token_without_an_end_costs_the_program_and_not_the_node() {
    let liar = with_tokens(|| Answer("200 OK".to_owned(), vec![b' '; 300 << 20]));
    let user = User::new();
    let refusal = user
        .as_acme(&["pull", &liar.reference()], "secret")
        .expect_err("it is too much");
    assert!(refusal.contains("gave no answer"), "{refusal}");
}
