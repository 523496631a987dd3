//! What a call left behind, and what a test may ask of it.

use plumb_values::Family;

use super::Operation;
use crate::{Error, ErrorCode};

/// What a call left behind.
#[derive(Debug)]
pub struct Outcome<T> {
    /// What it returned.
    pub result: Result<T, Error>,
    /// The operations that it recorded, in order; also when it then failed.
    pub plan: Vec<Operation>,
    /// The lines that it logged, such as `warning: no carrier`.
    pub log: Vec<String>,
}

impl<T: std::fmt::Debug> Outcome<T> {
    /// Checks that the call failed with this code, and that its message has all of `words`:
    /// the object, the offending value, and those that would be right.
    ///
    /// # Panics
    ///
    /// When it is not so.
    #[track_caller]
    pub fn assert_refused(&self, code: ErrorCode, words: &[&str]) {
        match &self.result {
            Ok(value) => panic!("expected a refusal, got {value:?} and {:?}", self.plan),
            Err(error) => error.assert_says(code, words),
        }
    }
}

impl Error {
    /// Checks the code, and that the message has all of `words`.
    ///
    /// # Panics
    ///
    /// When it is not so.
    #[track_caller]
    pub fn assert_says(&self, code: ErrorCode, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.message);
        for word in words {
            assert!(
                self.message.contains(word),
                "{word:?} in {:?}",
                self.message
            );
        }
    }
}

/// The steps by which [`bring_up`](crate::operations::bring_up) has an interface announce its
/// addresses.
pub fn announcement() -> [Operation; 2] {
    [(Family::Ipv4, "arp_notify"), (Family::Ipv6, "ndisc_notify")].map(|(family, name)| {
        Operation::SetLinkSysctl {
            family,
            name: name.to_owned(),
            value: "1".to_owned(),
            required: false,
        }
    })
}
