//! Files that cannot be understood: kept for a person to look at, the newest of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Error, StateFolder, create_folder, entries};

/// Most bytes of the name under which a file is set aside: `NAME_MAX` (linux/limits.h) less a
/// moment and a process.
const NAME_BYTES: usize = 200;

/// How many files are kept. A broken disk damages many, and `/run` is memory.
const KEPT: usize = 100;

impl StateFolder {
    /// Moves a file that cannot be understood to [`Self::corrupt`], as `name` with the
    /// moment and the process behind it; where it is now. A long name is cut: the parts of an
    /// attachment together may be longer than a file's name. The oldest files are removed when there are too many.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the folder cannot be made or the file not be moved.
    pub fn set_aside(&self, file: &Path, name: &str) -> Result<PathBuf, Error> {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| elapsed.as_secs());
        let folder = self.corrupt();
        let name = &name[..name.floor_char_boundary(NAME_BYTES)];
        let name = format!("{name}.{seconds}-{}", std::process::id());
        let aside = match create_folder(&folder) {
            // A file that is there can be moved on a full file system as well.
            Err(error) if error.is_full() => self.path.join(format!("corrupt~{name}")),
            made => made.map(|()| folder.join(&name))?,
        };
        fs::rename(file, &aside).map_err(Error::io("set aside", file))?;
        remove_oldest(&folder);
        Ok(aside)
    }
}

/// Removes what is too much. That it fails is no reason to keep a call from its work.
fn remove_oldest(folder: &Path) {
    let Ok(mut names) = entries(folder) else {
        return;
    };
    let many = names.len().saturating_sub(KEPT);
    names.sort_by_key(|name| moment_of(name));
    for name in names.iter().take(many) {
        let _ = fs::remove_file(folder.join(name));
    }
}

/// The second at which a file was set aside, by its name. One that somebody else has put there is older than all.
fn moment_of(name: &str) -> u64 {
    let moment = name
        .rsplit_once('.')
        .and_then(|(_, end)| end.split('-').next());
    moment.and_then(|moment| moment.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_set_aside_however_long_its_name_would_be() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::new(folder.path());
        for name in ["n".repeat(400), "ü".repeat(200)] {
            let file = folder.path().join("broken");
            fs::write(&file, "{").unwrap();
            let aside = state.set_aside(&file, &name).unwrap();
            assert_eq!(fs::read(aside).unwrap(), b"{");
            assert!(!file.exists());
        }
    }

    #[test]
    fn the_newest_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::new(folder.path());
        fs::create_dir_all(state.corrupt()).unwrap();
        for second in 1_700_000_000..1_700_000_000 + 2 * KEPT {
            fs::write(
                state.corrupt().join(format!("rail0~pod~net1.{second}-17")),
                "{",
            )
            .unwrap();
        }
        let file = folder.path().join("broken");
        fs::write(&file, "{").unwrap();
        let aside = state.set_aside(&file, "rail0~pod~net1").unwrap();
        assert!(aside.exists());
        let kept = entries(&state.corrupt()).unwrap();
        assert_eq!(kept.len(), KEPT);
        let last = 1_700_000_000 + 2 * KEPT - 1;
        assert!(kept.contains(&format!("rail0~pod~net1.{last}-17")));
        assert!(!kept.contains(&"rail0~pod~net1.1700000000-17".to_owned()));
    }
}
