//! What a specimen of another name does wrong: each defect is one that real plugins have or
//! had, and just wide enough for one case.
//!
//! A defect is asked for by its name, where a correct plugin would go on another way; what
//! would take more than a line there is in `slips`.

mod slips;
mod table;

use std::sync::OnceLock;

use crate::error::{CONFIGURATION, Error};

pub use slips::*;
pub use table::DEFECTS;

/// A way to be wrong.
#[derive(Debug, Clone, Copy)]
pub struct Defect {
    /// The plugin with the defect is called `specimen-NAME`.
    pub name: &'static str,
    /// What it does wrong.
    pub wrong: &'static str,
    /// Number of the case that has to find it.
    pub case: u16,
    /// Other cases that cannot but find it as well, and why.
    pub company: Option<Company>,
    /// Versions with which it shows; the newest one unless there are some.
    pub versions: &'static [&'static str],
    /// Whether the addresses come from the reference plugin host-local.
    pub host_local: bool,
}

/// Cases that find a defect beside its own one.
#[derive(Debug, Clone, Copy)]
pub struct Company {
    /// These find it each time.
    pub always: &'static [u16],
    /// Whether these find it is a matter of time.
    pub sometimes: &'static [u16],
    /// Why that cannot be otherwise.
    pub reason: &'static str,
}

impl Defect {
    const fn new(case: u16, name: &'static str, wrong: &'static str) -> Self {
        Self {
            name,
            wrong,
            case,
            company: None,
            versions: &[],
            host_local: false,
        }
    }

    const fn with(mut self, always: &'static [u16], reason: &'static str) -> Self {
        self.company = Some(Company {
            always,
            sometimes: &[],
            reason,
        });
        self
    }

    const fn perhaps_with(mut self, sometimes: &'static [u16], reason: &'static str) -> Self {
        self.company = Some(Company {
            always: &[],
            sometimes,
            reason,
        });
        self
    }

    const fn in_versions(mut self, versions: &'static [&'static str]) -> Self {
        self.versions = versions;
        self
    }

    const fn with_host_local(mut self) -> Self {
        self.host_local = true;
        self
    }
}

/// Whether this process has the defect.
pub fn has(name: &str) -> bool {
    debug_assert!(
        DEFECTS.iter().any(|defect| defect.name == name),
        "{name} is not in the table"
    );
    own() == Some(name)
}

/// Refuses a name that promises a defect which is in no table.
pub fn known() -> Result<(), Error> {
    match own() {
        Some(name) if !DEFECTS.iter().any(|defect| defect.name == name) => Err(Error::new(
            CONFIGURATION,
            format!("there is no defect {name:?}"),
        )),
        _ => Ok(()),
    }
}

/// By the name of the program.
fn own() -> Option<&'static str> {
    static OWN: OnceLock<Option<String>> = OnceLock::new();
    OWN.get_or_init(|| {
        let program = std::env::args_os().next()?;
        let name = std::path::Path::new(&program).file_name()?.to_str()?;
        name.strip_prefix("specimen-").map(str::to_owned)
    })
    .as_deref()
}
