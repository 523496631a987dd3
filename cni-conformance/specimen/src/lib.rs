//! The specimen: a small CNI plugin that does everything right, by which the conformance
//! suite is tested.
//!
//! It gives a pod a macvlan interface on `master`, by ip(8), and an address from a pool of
//! its own or from another plugin. Called by the name `specimen-DEFECT` it has exactly one
//! of the [`defects`], which exactly one case of the suite has to find.
//!
//! All it keeps is one file for each attachment ([`record`]), which is written before
//! anything is done and removed after everything is undone.

mod add;
mod check;
pub mod defects;
mod del;
mod delegate;
mod error;
mod gc;
mod ip;
mod ipam;
mod json;
mod namespace;
mod network;
mod pool;
mod record;
mod request;
mod result;
mod status;
mod version;

use std::process::ExitCode;

use serde_json::Value;

use crate::error::Error;
use crate::request::{Request, Verb};

/// Does what the environment and standard input say; 0 or 1.
pub fn main() -> ExitCode {
    // What an error says of the version before the input is read.
    let mut asked_version = version::newest().to_owned();
    let (output, code) = match serve(&mut asked_version) {
        Ok(None) => return ExitCode::SUCCESS,
        Ok(Some(result)) => (result, ExitCode::SUCCESS),
        Err(error)
            if defects::has("exit-0-for-a-future-version")
                && error.is_incompatible()
                && asked_version.as_str() > version::newest() =>
        {
            (error.json(&asked_version), ExitCode::SUCCESS)
        }
        Err(error) => (error.json(&asked_version), ExitCode::FAILURE),
    };
    println!("{output}");
    code
}

fn serve(asked_version: &mut String) -> Result<Option<Value>, Error> {
    defects::known()?;
    let request = match Request::read(asked_version)? {
        request::Asked::Version(input) => return version::answer(&input).map(Some),
        request::Asked::Nothing => return Ok(None),
        request::Asked::Work(request) => *request,
    };
    match request.verb {
        Verb::Add => add::add(&request).map(Some),
        Verb::Delete => del::delete(&request),
        Verb::Check => check::check(&request),
        Verb::Status => status::status(&request),
        Verb::Collect => gc::collect(&request),
    }
}
