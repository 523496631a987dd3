//! TLS with an authority that is not the system's.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::docker_registry::Registry;
use crate::user::{User, specimen};

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .expect("openssl runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {error}");
}

/// The certificate of an authority, and by it one of this machine's loopback with its key.
fn authority(user: &User, name: &str) -> [PathBuf; 3] {
    let folder = user.home();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(
        folder,
        &format!(
            "req -x509 {key} -keyout {name}-ca.key -out {name}-ca.pem -days 1 -subj /CN={name}"
        ),
    );
    let server =
        "-subj /CN=registry -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE";
    openssl(
        folder,
        &format!(
            "req -x509 {key} -CA {name}-ca.pem -CAkey {name}-ca.key -keyout {name}.key -out {name}.pem -days 1 {server}"
        ),
    );
    ["-ca.pem", ".pem", ".key"].map(|ending| folder.join(format!("{name}{ending}")))
}

#[test]
fn a_registry_is_trusted_by_its_authority_and_by_no_other() {
    let user = User::new();
    let [own, certificate, key] = authority(&user, "own");
    let [other, ..] = authority(&user, "other");
    let registry =
        Registry::start(json!({"http": {"tls": {"certificate": certificate, "key": key}}}));
    let reference = format!("{}/acme/flavour:1", registry.address);
    let with = |certificate: &Path| format!("--certificate={}", certificate.display());
    user.component(&["push", &specimen(), &reference, &with(&own)])
        .expect("it is pushed");
    user.is_refused(
        &["pull", &reference, &with(&other)],
        &["does not trust", "--certificate"],
    );
    user.is_refused(
        &["push", &specimen(), &reference, &with(&other)],
        &["does not trust"],
    );
    user.is_refused(&["pull", &reference], &["HTTP request to an HTTPS server"]);
    user.is_refused(
        &["pull", &reference, &with(&key)],
        &["cannot take certificates", "own.key"],
    );
    user.is_refused(
        &["pull", &reference, "--certificate=none"],
        &["cannot take certificates", "none"],
    );
    user.component(&["pull", &reference, &with(&own)])
        .expect("it is pulled");
}

/// oci-client panics there.
#[test]
fn a_machine_without_authorities_is_told_what_it_lacks() {
    let user = User::new().with("SSL_CERT_FILE", "/dev/null");
    let user = user.with("SSL_CERT_DIR", "/nonexistent");
    let words = ["No CA certificates", "ca-certificates"];
    user.is_refused(&["pull", "127.0.0.1:1/acme/flavour:1"], &words);
}

#[test]
fn one_without_tls_is_said_to_have_none() {
    let user = User::new();
    let [own, ..] = authority(&user, "own");
    let registry = Registry::start(json!({}));
    let reference = format!("{}/acme/flavour:1", registry.address);
    let with = format!("--certificate={}", own.display());
    user.is_refused(
        &["pull", &reference, &with],
        &["does not speak TLS", "--plain-http"],
    );
}
