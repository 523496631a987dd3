//! The JSON reader that every component has inside (`sdk/src/json`), beside serde_json.
//!
//! The host hands over text that serde_json wrote, so that much must be understood the same
//! way. Other text is refused or understood, but never a panic, and a text that was cut is
//! never taken for a whole one.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use plumb_sdk::testing;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// What a component of the kind that vendors write reads. All is optional, so that a text is
/// refused for what is in it.
#[derive(Debug, PartialEq, Deserialize)]
struct Typed {
    master: Option<String>,
    mtu: Option<u32>,
    offset: Option<i8>,
    vlan: Option<u16>,
    trust: Option<bool>,
    mode: Option<Mode>,
    pools: Option<Vec<String>>,
    ipam: Option<Box<Typed>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Bridge,
    Private,
    Fixed(u8),
    Between { low: u8, high: u8 },
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    // serde_json ends at 128; a component's stack is its own and a trap ends only its call,
    // but the fuzzer's stack is this process's.
    if text.bytes().filter(|byte| b"[{".contains(byte)).count() > 120 {
        return Corpus::Reject;
    }
    let ours = read::<Value>(text);
    let _ = read::<Typed>(text);
    let _ = read::<IgnoredAny>(text);
    match serde_json::from_str::<Value>(text) {
        Ok(value) => {
            let handed_over = value.to_string();
            // What was written is what counts: numbers that no component has use for, such as
            // -0 and those above 64 bits, are floating point by then.
            let expected: Value = serde_json::from_str(&handed_over).expect("its own text");
            let ours = read(&handed_over).expect("what serde_json wrote is read");
            assert!(same(&ours, &expected), "{handed_over} became {ours}");
            read::<IgnoredAny>(&handed_over).expect("a value that nobody wants is passed over");
            assert_eq!(
                read::<Typed>(&handed_over).ok(),
                serde_json::from_str::<Typed>(&handed_over).ok(),
                "{handed_over}"
            );
        }
        Err(error) => assert!(
            ours.is_err(),
            "{text:?} is no JSON ({error}) and became {ours:?}"
        ),
    }
    Corpus::Keep
});

/// Whether both are the same value. serde_json, in its quick mode, gets the last
/// digit of some floating point numbers wrong.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) if ours.is_f64() && theirs.is_f64() => {
            let (ours, theirs) = (ours.as_f64(), theirs.as_f64());
            ours.zip(theirs)
                .is_some_and(|(ours, theirs)| (ours - theirs).abs() <= ours.abs() * 1e-15)
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(a, b))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|((a, ours), (b, theirs))| a == b && same(ours, theirs))
        }
        _ => ours == theirs,
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let request = testing::request("{}").with_configuration_text(text);
    request.configuration().map_err(|error| {
        assert!(!error.message.is_empty());
        error.message
    })
}
