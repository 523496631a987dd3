//! CHECK after something was changed behind plumb's back.

use plumb_tests::Pod;
use serde_json::Value;

use crate::Bed;
use crate::program::run;

/// The code of a CHECK that found a difference.
const DIFFERENT: u64 = 110;

/// Something done by hand to what plumb has set up, what CHECK must say then, and the way back.
/// Both are command lines for the host.
pub struct Damage {
    /// What is done.
    pub does: String,
    /// A part of the message.
    pub says: String,
    /// What mends it.
    pub undo: String,
}

impl Damage {
    /// A damage.
    pub fn new(does: String, says: &str, undo: String) -> Self {
        Self {
            does,
            says: says.to_owned(),
            undo,
        }
    }
}

/// CHECK is green, red after each of the damages, and green again when it is mended.
#[track_caller]
pub fn assert_finds(
    bed: &Bed,
    pod: &Pod,
    configuration: &Value,
    result: &Value,
    damages: &[Damage],
) {
    bed.check(pod, configuration, result).expect_silence();
    let mut unseen = Vec::new();
    for damage in damages {
        run(&damage.does);
        let outcome = bed.check(pod, configuration, result);
        if outcome.succeeded() {
            unseen.push(damage.does.as_str());
        } else {
            outcome.expect_error(DIFFERENT, &damage.says);
        }
        run(&damage.undo);
    }
    assert!(unseen.is_empty(), "CHECK is green after {unseen:?}");
    bed.check(pod, configuration, result).expect_silence();
}
