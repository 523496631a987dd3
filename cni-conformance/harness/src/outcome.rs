//! What a call gave back, and what a runtime expects of it.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::Call;

/// Everything that a runtime sees of a finished call.
#[derive(Debug)]
pub struct Outcome {
    /// The call itself.
    pub call: Call,
    /// Exit code, if it ended by itself.
    pub code: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// All of stdout.
    pub stdout: Vec<u8>,
    /// All of stderr, with what is not UTF-8 replaced.
    pub stderr: String,
    /// From the start of the process to its end.
    pub elapsed: Duration,
}

/// The error object of a failed call (CNI specification, section 5).
#[derive(Debug, Clone)]
pub struct CniError {
    /// `cniVersion`
    pub version: String,
    /// `code`
    pub code: u64,
    /// `msg`
    pub message: String,
    /// `details`, empty when absent.
    pub details: String,
}

impl Outcome {
    /// Whether SIGKILL ended it.
    pub fn was_killed(&self) -> bool {
        self.signal == Some(9)
    }

    /// Whether it ended with exit code 0.
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// A success with exactly one JSON object on stdout.
    #[track_caller]
    pub fn expect_result(&self) -> Value {
        assert!(self.succeeded(), "expected success\n{self}");
        self.object()
    }

    /// A success that prints nothing on stdout (specification: "no output on success").
    #[track_caller]
    pub fn expect_silence(&self) {
        assert!(self.succeeded(), "expected success\n{self}");
        assert!(
            self.stdout.is_empty(),
            "expected no output on stdout\n{self}"
        );
        self.assert_no_panic();
    }

    /// A failure with exactly one error object on stdout, which has this code and
    /// says `text` (in any letter case).
    #[track_caller]
    pub fn expect_error(&self, code: u64, text: &str) -> CniError {
        self.expect_one_of(&[code], text)
    }

    /// As [`Self::expect_error`], where the specification leaves a choice of codes.
    #[track_caller]
    pub fn expect_one_of(&self, codes: &[u64], text: &str) -> CniError {
        let error = self.expect_failure();
        assert!(
            codes.contains(&error.code),
            "expected error code {codes:?}, got {}\n{self}",
            error.code
        );
        assert!(
            error.message.to_lowercase().contains(&text.to_lowercase()),
            "expected a message that says {text:?}\n{self}"
        );
        error
    }

    /// A failure, in one well-formed error object.
    #[track_caller]
    pub fn expect_failure(&self) -> CniError {
        assert!(
            self.signal.is_none(),
            "expected an error, not a death by a signal\n{self}"
        );
        assert!(!self.succeeded(), "expected a failure\n{self}");
        let object = self.object();
        for key in object
            .as_object()
            .into_iter()
            .flat_map(|object| object.keys())
        {
            assert!(
                ["cniVersion", "code", "msg", "details"].contains(&key.as_str()),
                "an error object has no key {key:?}\n{self}"
            );
        }
        let text = |key: &str| object[key].as_str().map(str::to_owned);
        let error = CniError {
            version: text("cniVersion")
                .unwrap_or_else(|| panic!("the error has no cniVersion\n{self}")),
            code: object["code"]
                .as_u64()
                .unwrap_or_else(|| panic!("the error has no code\n{self}")),
            message: text("msg").unwrap_or_else(|| panic!("the error has no msg\n{self}")),
            details: text("details").unwrap_or_default(),
        };
        self.assert_sentence(&error.message);
        error
    }

    /// Exactly one JSON object on stdout.
    #[track_caller]
    fn object(&self) -> Value {
        self.assert_no_panic();
        let value: Value = serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not one JSON document: {error}\n{self}"));
        assert!(value.is_object(), "stdout is not a JSON object\n{self}");
        value
    }

    #[track_caller]
    fn assert_sentence(&self, message: &str) {
        assert!(!message.trim().is_empty(), "the message is empty\n{self}");
        assert!(
            !message.ends_with('.'),
            "the message ends with a full stop\n{self}"
        );
        // Names such as CNI_IFNAME or IPv6 may open a message, a sentence may not.
        let mut letters = message.chars();
        let capital = letters.next().is_some_and(char::is_uppercase);
        let lower = letters.next().is_some_and(char::is_lowercase);
        assert!(
            !(capital && lower),
            "the message starts with a capital letter\n{self}"
        );
        assert!(
            !message.contains('\n'),
            "the message has more than one line\n{self}"
        );
    }

    #[track_caller]
    fn assert_no_panic(&self) {
        for trace in ["panicked at", "RUST_BACKTRACE", "stack backtrace"] {
            assert!(!self.stderr.contains(trace), "the plugin panicked\n{self}");
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let environment = self.call.environment();
        for (name, value) in environment.iter().filter(|(name, _)| *name != "PATH") {
            writeln!(formatter, "  {name}={value}")?;
        }
        writeln!(
            formatter,
            "  stdin: {}",
            shorten(&String::from_utf8_lossy(self.call.input()))
        )?;
        writeln!(
            formatter,
            "  exit code {:?}, signal {:?}, after {:?}",
            self.code, self.signal, self.elapsed
        )?;
        writeln!(
            formatter,
            "  stdout: {}",
            shorten(&String::from_utf8_lossy(&self.stdout))
        )?;
        write!(formatter, "  stderr: {}", shorten(&self.stderr))
    }
}

/// Enough for a person; a configuration of a megabyte is not.
fn shorten(text: &str) -> String {
    const LIMIT: usize = 4000;
    if text.len() <= LIMIT {
        return text.trim_end().to_owned();
    }
    let end = (0..=LIMIT)
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    format!("{} ... ({} bytes)", &text[..end], text.len())
}
