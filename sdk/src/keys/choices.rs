//! Keys that are words of the contract.

use std::str::FromStr;

use plumb_values::arguments::{IPOIB_MODES, IPVLAN_MODES, LINK_STATES, MACVLAN_MODES};

use super::{Fault, Reader, Schema, Value};
use crate::operations::{IpoibMode, IpvlanMode, MacvlanMode, VirtualFunctionLinkState};

macro_rules! choice {
    ($choice:ident, $words:ident, $expected:literal, [$($variant:ident),*]) => {
        impl Value for $choice {
            const EXPECTED: &'static str = $expected;
            const SCHEMA: Schema = Schema::Words(&$words);

            fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
                let at = reader.one_of(&$words, Self::EXPECTED)?;
                // In the order of the words.
                Ok(at.and_then(|at| [$(Self::$variant),*].into_iter().nth(at)))
            }
        }

        impl FromStr for $choice {
            type Err = Fault;

            fn from_str(text: &str) -> Result<Self, Fault> {
                let at = $words.iter().position(|word| *word == text);
                let choice = at.and_then(|at| [$(Self::$variant),*].into_iter().nth(at));
                choice.ok_or_else(|| Fault::mismatch(&format!("{text:?}"), &Self::EXPECTED))
            }
        }
    };
}

choice!(
    MacvlanMode,
    MACVLAN_MODES,
    "a macvlan mode, \"private\", \"vepa\", \"bridge\" or \"passthru\"",
    [Private, Vepa, Bridge, Passthru]
);
choice!(
    IpvlanMode,
    IPVLAN_MODES,
    "an ipvlan mode, \"l2\", \"l3\" or \"l3s\"",
    [L2, L3, L3s]
);
choice!(
    IpoibMode,
    IPOIB_MODES,
    "an ipoib mode, \"datagram\" or \"connected\"",
    [Datagram, Connected]
);
choice!(
    VirtualFunctionLinkState,
    LINK_STATES,
    "a link state, \"auto\" (as the physical function), \"enable\" or \"disable\"",
    [Auto, Enable, Disable]
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Each word is the variant of the contract's word.
    #[track_caller]
    fn assert_words<T: FromStr<Err: std::fmt::Debug> + Value + Copy>(
        words: &[&str],
        word_of: fn(T) -> &'static str,
    ) {
        for word in words {
            assert_eq!(word_of(word.parse().unwrap()), *word);
            let read = crate::keys::read::<T>(&format!("{word:?}")).unwrap();
            assert_eq!(word_of(read), *word);
        }
    }

    #[test]
    fn every_word_of_the_contract_is_read() {
        assert_words(&MACVLAN_MODES, MacvlanMode::word);
        assert_words(&IPVLAN_MODES, IpvlanMode::word);
        assert_words(&IPOIB_MODES, IpoibMode::word);
        assert_words(&LINK_STATES, VirtualFunctionLinkState::word);
        let fault = "up".parse::<VirtualFunctionLinkState>().unwrap_err();
        assert!(fault.to_string().contains("\"auto\""), "{fault}");
    }
}
