//! The specimen as a runtime calls it.

use std::process::ExitCode;

fn main() -> ExitCode {
    cni_specimen::main()
}
