//! Calls that go wrong at a step of the tests' choice.

use cni_harness::Call;

use crate::binaries;

/// Calls of a build of plumb that understands faults.
pub trait Faults {
    /// Injects a fault: `kill:STEP:MOMENT`, `stop:STEP:MOMENT` or `fail:STEP` (`tests/fault`).
    #[must_use]
    fn fault(self, fault: &str) -> Self;
}

impl Faults for Call {
    fn fault(self, fault: &str) -> Self {
        self.program(binaries::plumb_with_faults())
            .variable("PLUMB_FAULT", fault)
    }
}
