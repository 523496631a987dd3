//! Reading the administrator's file.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::{Policy, read};
use crate::{Code, Error, Result, owned};

/// Where the file is.
pub const DEFAULT_FILE: &str = "/etc/plumb/plumb.toml";

/// Most bytes of it: a thousand lines.
const MAXIMAL_SIZE: u64 = 64 * 1024;

/// Reads the policy.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    /// A file that must exist, in place of [`DEFAULT_FILE`], which need not.
    pub file: Option<PathBuf>,
}

impl Reader {
    /// The policy. Without a file everything has its default.
    ///
    /// # Errors
    ///
    /// [`Code::POLICY`] for a file that cannot be read, that somebody other than root may have written, or that says
    /// something that plumb does not know: a rule with a typing error must not be a rule that is missing.
    pub fn read(&self) -> Result<Policy> {
        let Some((file, text)) = self.text()? else {
            return Ok(Policy::default());
        };
        let policy = read::policy(&text).map_err(|mistake| wrong(&file, &mistake))?;
        Ok(Policy {
            file: Some(file),
            ..policy
        })
    }

    /// The policy for DEL and GC: of a file with a mistake in it the folders, as far as they are understood. No pod's
    /// deletion waits for a rule to be corrected.
    ///
    /// # Errors
    ///
    /// [`Code::POLICY`] when the file cannot be read or is not TOML: where the records are is not known then.
    pub fn read_for_removal(&self) -> Result<Policy> {
        self.read().or_else(|_| self.read_folders())
    }

    fn read_folders(&self) -> Result<Policy> {
        let Some((file, text)) = self.text()? else {
            return Ok(Policy::default());
        };
        let folders = read::folders_alone(&text).map_err(|mistake| wrong(&file, &mistake))?;
        Ok(Policy {
            folders,
            file: Some(file),
            ..Policy::default()
        })
    }

    /// The file and what is in it.
    fn text(&self) -> Result<Option<(PathBuf, String)>> {
        let path = self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        let failed = |what: String| {
            Error::new(
                Code::POLICY,
                format!("the node's policy {}: {what}", path.display()),
            )
        };
        let opened = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && self.file.is_none() => {
                return Ok(None);
            }
            opened => opened.map_err(|error| failed(format!("cannot open it: {error}")))?,
        };
        let metadata = opened
            .metadata()
            .map_err(|error| failed(format!("cannot look at it: {error}")))?;
        if !metadata.is_file() {
            return Err(failed("it is not a regular file".into()));
        }
        owned::check_open(&opened, path).map_err(|error| failed(error.to_string()))?;
        let mut text = String::new();
        opened
            .take(MAXIMAL_SIZE + 1)
            .read_to_string(&mut text)
            .map_err(|error| failed(format!("cannot read it: {error}")))?;
        if text.len() as u64 > MAXIMAL_SIZE {
            return Err(failed(format!("it is larger than {MAXIMAL_SIZE} bytes")));
        }
        Ok(Some((path.to_owned(), text)))
    }
}

fn wrong(file: &Path, mistake: &str) -> Error {
    Error::new(
        Code::POLICY,
        format!("the node's policy {}: {mistake}", file.display()),
    )
}
