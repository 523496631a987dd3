//! Why the API server did not do what was asked of it, for the person who reads the log.

use std::error::Error;

use kube::runtime::watcher;

/// The code of the answer; none where there was none.
pub fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// What was tried on what, what became of it, and what would help.
pub fn sentence(tried: &str, plural: &str, error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => match status.code {
            code @ (401 | 403) => {
                let why = plumb_service::denied(status, "controller");
                format!(
                    "{tried} {plural}: {}",
                    why.unwrap_or_else(|| code.to_string())
                )
            }
            404 if ["list", "watch"].contains(&tried) => {
                let whose = match plural {
                    "network-attachment-definitions" => "install Multus, which brings it",
                    _ => "apply deploy/plumb-crds.yaml",
                };
                format!(
                    "{plural} are not served by the API server: their CustomResourceDefinition is missing: {whose}"
                )
            }
            code => format!("{tried} {plural}: {} ({code})", status.message),
        },
        other => format!(
            "{tried} {plural}: no answer of the API server: {}",
            chain(other)
        ),
    }
}

/// As [`sentence`], of a watch.
pub fn of_watch(plural: &str, error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(error) => sentence("list", plural, error),
        watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => {
            sentence("watch", plural, error)
        }
        watcher::Error::WatchError(status) => {
            sentence("watch", plural, &kube::Error::Api(status.clone()))
        }
        watcher::Error::NoResourceVersion => {
            format!("watch {plural}: the API server's list has no resourceVersion")
        }
    }
}

/// Whether the kind is not served at all.
pub fn is_missing(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => code(error) == Some(404),
        watcher::Error::WatchError(status) => status.code == 404,
        watcher::Error::NoResourceVersion => false,
    }
}

/// An error and what caused it, each once: the last one has what the kernel or TLS said.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn refused(code: u16) -> kube::Error {
        let status = Status {
            code,
            message: "it is so".into(),
            ..Status::default()
        };
        kube::Error::Api(status.boxed())
    }

    #[test]
    fn what_would_help_is_said() {
        for (code, plural, expected) in [
            (401, "nodes", "does not accept the token (401)"),
            (403, "nodes", "deploy/chart/plumb/rbac/controller.yaml"),
            (404, "network-attachment-definitions", "install Multus"),
            (404, "spiderippools", "apply deploy/plumb-crds.yaml"),
            (500, "nodes", "list nodes: it is so (500)"),
        ] {
            let said = sentence("list", plural, &refused(code));
            assert!(said.contains(expected), "{said}");
        }
    }
}
