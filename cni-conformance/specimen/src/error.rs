//! The error object (specification, section 5, "Error").

use serde_json::{Value, json};

use crate::defects;

/// The version is not supported.
pub const INCOMPATIBLE: u64 = 1;
/// A variable of the environment is missing or wrong.
pub const ENVIRONMENT: u64 = 4;
/// Reading or writing went wrong.
pub const INPUT_OUTPUT: u64 = 5;
/// The input is no JSON.
pub const DECODE: u64 = 6;
/// The configuration is wrong.
pub const CONFIGURATION: u64 = 7;
/// Another call of the same attachment is not through.
pub const TRY_AGAIN: u64 = 11;
/// STATUS: an ADD would fail.
pub const NOT_AVAILABLE: u64 = 50;
/// ip(8) or the kernel refused.
pub const KERNEL: u64 = 100;
/// The attachment is there already.
pub const EXISTS: u64 = 101;
/// CHECK found something else than it should have.
pub const DIFFERENT: u64 = 102;
/// Another plugin did not do its part, and had no error of its own.
pub const DELEGATE: u64 = 103;
/// The pool has no address left.
pub const EXHAUSTED: u64 = 104;
/// `CNI_NETNS` is not the namespace of a pod.
pub const NAMESPACE: u64 = 105;

/// Why a call failed.
#[derive(Debug, Clone)]
pub struct Error {
    /// One of the constants of this module, or a delegate's own code.
    pub code: u64,
    /// A sentence.
    pub message: String,
    /// More of it; often nothing.
    pub details: String,
}

impl Error {
    /// An error without details.
    pub fn new(code: u64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: String::new(),
        }
    }

    /// Whether it is about the version.
    pub fn is_incompatible(&self) -> bool {
        self.code == INCOMPATIBLE
    }

    /// The object for standard output.
    pub fn json(&self, version: &str) -> Value {
        let mut object = json!({
            "cniVersion": version,
            "code": self.code,
            "msg": self.message,
            "details": self.details,
        });
        if defects::has("errors-without-version") {
            object["cniVersion"] = Value::Null;
        }
        if defects::has("undefined-code") && self.code == NAMESPACE {
            object["code"] = 8.into();
        }
        if defects::has("empty-message") && self.is_incompatible() {
            object["msg"] = "".into();
        }
        object
    }
}
