//! What of others is in plumb: the notices that their licences ask for, a bill of materials, and a list of their
//! unsafe code that must be looked at again when it changes.
//!
//! ```text
//! plumb-supply notices FILE     the licences of all that is linked in
//! plumb-supply bill FILE        CycloneDX 1.5
//! plumb-supply unsafe           compares with supply/unsafe.json
//! ```

mod bill;
mod linked;
mod notices;
mod unsafe_code;

use std::process::ExitCode;

use linked::Linked;

/// What went wrong, as a sentence.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["notices", file] => write(file, notices::of),
        ["bill", file] => write(file, bill::of),
        ["unsafe"] => unsafe_code::check(),
        _ => Err("usage: plumb-supply notices FILE | bill FILE | unsafe".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plumb-supply: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(file: &str, text: fn(&Linked) -> Result<String, Failure>) -> Result<(), Failure> {
    let text = text(&Linked::everything()?)?;
    std::fs::write(file, text).map_err(|error| format!("cannot write {file}: {error}").into())
}
