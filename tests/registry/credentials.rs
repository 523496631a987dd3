//! Who asks: on the command line, in the files of container tools, and by their helpers.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::docker_registry::Registry;
use crate::user::{User, specimen};

/// `acme` with the password `secret`, by bcrypt as `htpasswd -B` does.
const HTPASSWD: &str = "acme:$2y$05$plumbplumbplumbplumbpu7JloB/bntPi65QWi1rx.WpNTbUBNhkW\n";

/// `acme:secret` in Base64, as `docker login` writes it.
const REMEMBERED: &str = "YWNtZTpzZWNyZXQ=";

const WRONG: &str = "YWNtZTp3cm9uZw==";

fn registry(user: &User) -> Registry {
    let file = user.write("htpasswd", HTPASSWD);
    Registry::start(json!({"auth": {"htpasswd": {"realm": "acme", "path": file}}}))
}

#[test]
fn on_the_command_line() {
    let user = User::new();
    let registry = registry(&user);
    let reference = format!("{}/acme/flavour:1", registry.address);
    let specimen = specimen();
    let push = ["push", &specimen, &reference];
    let login = format!("docker login {}", registry.address);
    user.is_refused(
        &push,
        &["wants to know who asks", &login, "--password-stdin"],
    );
    user.is_refused(&["pull", &reference], &["wants to know who asks"]);
    let refusal = user.as_acme(&push, "wrong\n").expect_err("it is wrong");
    assert!(
        refusal.contains("does not accept the credentials of acme"),
        "{refusal}"
    );
    assert!(!refusal.contains("wrong"), "{refusal}");
    user.as_acme(&push, "secret\n").expect("it is pushed");
    user.as_acme(&["pull", &reference], "secret")
        .expect("it is pulled");
}

#[test]
fn in_the_files_of_container_tools() {
    let user = User::new();
    let registry = registry(&user);
    let host = &registry.address;
    let reference = format!("{host}/acme/flavour:1");
    let remembered = |auth: &str| json!({"auths": {host.as_str(): {"auth": auth}}}).to_string();
    let docker = user.write(".docker/config.json", remembered(WRONG));
    let refusal = user.is_refused(&["pull", &reference], &["the credentials of acme in"]);
    assert!(
        refusal.contains(docker.to_str().expect("text")),
        "{refusal}"
    );
    user.write(".docker/config.json", remembered(REMEMBERED));
    user.component(&["push", &specimen(), &reference])
        .expect("it is pushed");

    for (file, variable, value) in [
        ("docker/config.json", "DOCKER_CONFIG", "docker"),
        ("auth.json", "REGISTRY_AUTH_FILE", "auth.json"),
        ("run/containers/auth.json", "XDG_RUNTIME_DIR", "run"),
    ] {
        let user = User::new();
        user.write(file, remembered(REMEMBERED));
        let value = user.home().join(value);
        let user = user.with(variable, value);
        user.component(&["pull", &reference]).expect(variable);
    }
    // Of another registry nothing is told to this one.
    let user = User::new();
    user.write(
        ".docker/config.json",
        remembered(REMEMBERED).replace(host.as_str(), "registry.example"),
    );
    user.is_refused(&["pull", &reference], &["wants to know who asks"]);
    user.write(".docker/config.json", "{");
    user.is_refused(
        &["pull", &reference],
        &["cannot take the credentials", ".docker/config.json"],
    );
    let token = json!({"auths": {host.as_str(): {"identitytoken": "t"}}});
    user.write(".docker/config.json", token.to_string());
    user.is_refused(&["pull", &reference], &["identity token"]);
}

#[test]
fn by_a_helper() {
    let user = User::new();
    let registry = registry(&user);
    let host = &registry.address;
    let reference = format!("{host}/acme/flavour:1");
    user.write(
        ".docker/config.json",
        json!({"credsStore": "acme"}).to_string(),
    );
    user.is_refused(
        &["pull", &reference],
        &["cannot take the credentials", "credential helper"],
    );
    for (script, words) in [
        (
            "echo 'credentials not found in native keychain'; exit 1",
            "wants to know who asks",
        ),
        (
            r#"echo '{"Username": "acme", "Secret": "secret"}'"#,
            "there is no ",
        ),
    ] {
        let helper = user.write(
            "bin/docker-credential-acme",
            format!("#!/bin/sh\n[ \"$1 $(cat)\" = \"get {host}\" ] || exit 2\n{script}\n"),
        );
        fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).expect("it is ours");
        user.is_refused(&["pull", &reference], &[words]);
    }
}
