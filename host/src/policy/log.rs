//! How much is written into a trace, and where.

use serde::{Deserialize, Serialize};

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// What failed.
    Error,
    /// What is wrong but did not stop the call. The default.
    Warning,
    /// The request, the plan, each operation and the result.
    Info,
    /// The facts that were read and what components say.
    Debug,
}

impl Level {
    const NAMES: [(&'static str, Self); 4] = [
        ("error", Self::Error),
        ("warning", Self::Warning),
        ("info", Self::Info),
        ("debug", Self::Debug),
    ];

    /// The level of this name.
    pub fn named(text: &str) -> Option<Self> {
        Self::NAMES
            .into_iter()
            .find_map(|(name, level)| (name == text).then_some(level))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .into_iter()
            .find_map(|(name, level)| (level == self).then_some(name))
            .unwrap_or_default()
    }
}

/// Where the trace goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The level of networks that ask for none, and the most that one gets. When left out: warning, and debug.
    pub level: Option<Level>,
    /// A file in the log folder for networks that name none; standard error when left out.
    pub file: Option<String>,
    /// Bytes after which a file is renamed to NAME.1, over the one before.
    pub size_limit: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: None,
            file: None,
            size_limit: 16 << 20,
        }
    }
}

impl Log {
    /// Whether a text can be the name of a log.
    pub(super) fn is_file_name(text: &str) -> bool {
        file_name(text) == Some(text)
    }

    /// The level of a network that asks for `asked`.
    pub fn level_for(&self, asked: Option<Level>) -> Level {
        let highest = self.level.unwrap_or(Level::Debug);
        match asked {
            Some(asked) => asked.min(highest),
            None => self.level.unwrap_or(Level::Warning),
        }
    }
}

/// Most bytes of a file's name: `NAME_MAX` (linux/limits.h) less what a full file gets behind it.
const NAME_BYTES: usize = 200;

/// The file of the log folder that a network means by a path: its last part, if that is a plain name.
pub fn file_name(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (!name.is_empty()
        && name.len() <= NAME_BYTES
        && !name.starts_with('.')
        && name.bytes().all(is_plain))
    .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_file_of_the_folder_and_nothing_else() {
        assert_eq!(file_name("/etc/cron.d/job"), Some("job"));
        assert_eq!(file_name("sriov.log"), Some("sriov.log"));
        for text in [
            "",
            "/",
            "/var/log/",
            "..",
            ".hidden",
            "a b",
            "a\nb",
            &"n".repeat(201),
        ] {
            assert_eq!(file_name(text), None, "{text:?}");
        }
    }
}
