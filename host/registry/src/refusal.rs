//! What a registry's answer, or its silence, means to a person.

use std::error::Error;
use std::io;
use std::iter::successors;

use oci_client::RegistryOperation;
use oci_client::errors::OciDistributionError;
use plumb_values::text::{printable, shorten};
use reqwest::StatusCode;
use serde_json::Value;

use crate::registry::Registry;

/// Most bytes that are shown of a registry's own words.
const SAID_BYTES: usize = 300;

impl Registry {
    /// Why there is no answer, or no whole one.
    pub fn unanswered(&self, error: &reqwest::Error) -> String {
        let host = self.host();
        let reason = cause(error);
        match causes(error).find_map(of_tls) {
            Some(rustls::Error::InvalidCertificate(_)) => format!(
                "this machine does not trust {host}: {reason}; --certificate names a file with its authority's certificate"
            ),
            Some(rustls::Error::InvalidMessage(_)) => {
                format!("{host} does not speak TLS: {reason}; --plain-http asks it without")
            }
            Some(_) => format!("cannot speak TLS with {host}: {reason}"),
            None if error.is_timeout() => format!("{host} does not answer in time: {reason}"),
            None if error.is_redirect() => format!("{host} sends elsewhere: {reason}"),
            None if error.is_connect() => format!("cannot reach {host}: {reason}"),
            None => format!("{host} broke off: {reason}"),
        }
    }

    /// What an answer means that is no success.
    pub fn refused(&self, operation: RegistryOperation, status: StatusCode, said: &[u8]) -> String {
        let (host, said) = (self.host(), message(said));
        let what = self.reference.whole();
        let does = match operation {
            RegistryOperation::Pull => "pull from",
            RegistryOperation::Push => "push to",
        };
        match (status, &self.user.shown) {
            (StatusCode::UNAUTHORIZED, Some(user)) => {
                format!("{host} does not accept the credentials of {user} (401){said}")
            }
            (StatusCode::UNAUTHORIZED, None) => format!(
                "{host} wants to know who asks (401){said}; `docker login {host}` or `podman login {host}` remembers that, \
                 --username and --password-stdin say it"
            ),
            (StatusCode::FORBIDDEN, user) => format!(
                "{host} does not let {} {does} {} (403){said}",
                user.as_deref().unwrap_or("anybody"),
                self.reference.repository()
            ),
            (StatusCode::NOT_FOUND, _) if operation == RegistryOperation::Pull => {
                format!("there is no {what} (404){said}")
            }
            (status, _) => format!("{host} answers {status} to {what}{said}"),
        }
    }

    /// The same of what oci-client was told.
    pub fn failed(&self, operation: RegistryOperation, error: OciDistributionError) -> String {
        let unauthorized = StatusCode::UNAUTHORIZED;
        match error {
            OciDistributionError::RequestError(error) => self.unanswered(&error),
            OciDistributionError::ServerError { code, message, .. } => {
                let status = StatusCode::from_u16(code).unwrap_or_default();
                self.refused(operation, status, message.as_bytes())
            }
            OciDistributionError::AuthenticationFailure(reason) => {
                self.refused(operation, unauthorized, reason.as_bytes())
            }
            OciDistributionError::UnauthorizedError { .. } => {
                self.refused(operation, unauthorized, b"")
            }
            other => format!("{}: {}", self.host(), text(&other.to_string())),
        }
    }
}

/// What an error is because of, in the end.
pub fn cause(error: &(dyn Error + 'static)) -> String {
    let last = causes(error).last().map(ToString::to_string);
    text(&last.unwrap_or_default())
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| error.source())
}

/// An error of TLS, as deep as it may be inside of errors of input and output: these name the cause of what they have inside
/// as theirs, and not that itself.
fn of_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let inside = || of_tls(error.downcast_ref::<io::Error>()?.get_ref()?);
    error.downcast_ref().or_else(inside)
}

/// A registry's own words (OCI distribution specification, "Error Codes"), ready to follow ours.
fn message(said: &[u8]) -> String {
    let parsed: Option<Value> = serde_json::from_slice(said).ok();
    let first = |value: &Value| Some(value["errors"][0]["message"].as_str()?.to_owned());
    let words = parsed.as_ref().and_then(first);
    let words = words.unwrap_or_else(|| String::from_utf8_lossy(said).into_owned());
    match words.trim() {
        "" => String::new(),
        words => format!(": {}", text(words)),
    }
}

fn text(written: &str) -> String {
    printable(&shorten(written, SAID_BYTES), false).into_owned()
}
