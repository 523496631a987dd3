//! plumb on the node: the binary, and the names of the plugins that it replaces, in the folder where runtimes look.
//!
//! `plumbctl install` does it, as an administrator would: what is in the image is what is installed. This module calls it
//! at start and whenever something it installed is not as it left it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::options::Options;

/// Copying and syncing a binary takes a second on a slow disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is on the node since the last call.
#[derive(Debug, Default)]
pub struct Installed {
    /// The binary, and where it came from.
    binary: Option<(PathBuf, PathBuf)>,
    /// Links to it.
    links: Vec<PathBuf>,
    /// The names were left out, because plugins of other makers have some of them.
    pub lacks_names: Option<String>,
}

impl Installed {
    /// Whether all is as it was left.
    fn is_current(&self) -> bool {
        let Some((installed, source)) = &self.binary else {
            return false;
        };
        let same = match (fs::read(installed), fs::read(source)) {
            (Ok(installed), Ok(source)) => installed == source,
            _ => false,
        };
        same && self
            .links
            .iter()
            .all(|link| fs::read_link(link).ok().as_deref() == Some(Path::new("plumb")))
    }
}

/// Installs what is missing or other than in the image. A plugin of another maker stays, unless it is to be replaced: then
/// plumb is installed under its own name alone, and what is returned says so.
///
/// # Errors
///
/// Why plumb is not installed: what `plumbctl install` said.
pub async fn keep(options: &Options, before: Installed) -> Result<Installed, String> {
    let Some(folder) = &options.cni_bin_folder else {
        return Ok(before);
    };
    if before.is_current() {
        return Ok(before);
    }
    match call(options, folder, options.only_plumb).await {
        Ok(installed) => Ok(installed),
        Err(refusal) if !options.only_plumb && !options.replace_plugins => {
            let installed = call(options, folder, true).await?;
            Ok(Installed {
                lacks_names: Some(refusal),
                ..installed
            })
        }
        Err(refusal) => Err(refusal),
    }
}

async fn call(options: &Options, folder: &Path, only_plumb: bool) -> Result<Installed, String> {
    let plumbctl = &options.plumbctl;
    let mut command = Command::new(plumbctl);
    command.arg("install").arg("--bin-dir").arg(folder);
    if only_plumb {
        command.arg("--only-plumb");
    }
    if options.replace_plugins {
        command.arg("--replace");
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    let failed = |what: String| format!("{} install: {what}", plumbctl.display());
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| failed(format!("no end after {} s", PATIENCE.as_secs())))?
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(Installed {
        binary: Some((folder.join("plumb"), plumbctl.with_file_name("plumb"))),
        links: said.lines().filter_map(link).collect(),
        lacks_names: None,
    })
}

/// The path in `installed PATH -> plumb`.
fn link(line: &str) -> Option<PathBuf> {
    let path = line.strip_prefix("installed ")?.strip_suffix(" -> plumb")?;
    Some(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use clap::Parser;

    use super::*;

    /// A plumbctl that installs as the real one does, and refuses in the same way.
    const PLUMBCTL: &str = r#"#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
case "$*" in
  *--replace*) rm -f "$3/macvlan" ;;
esac
case "$*" in
  *--only-plumb*) ;;
  *) [ ! -e "$3/macvlan" ] || [ -L "$3/macvlan" ] || { echo "$3/macvlan is another plugin" >&2; exit 1; } ;;
esac
cp "$(dirname "$0")/plumb" "$3/plumb"; echo "installed $3/plumb"
case "$*" in
  *--only-plumb*) ;;
  *) ln -sf plumb "$3/macvlan"; echo "installed $3/macvlan -> plumb" ;;
esac
"#;

    struct Node {
        folder: tempfile::TempDir,
        options: Options,
    }

    fn node(more: &[&str]) -> Node {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let plumbctl = folder.path().join("plumbctl");
        fs::write(&plumbctl, PLUMBCTL).unwrap();
        fs::set_permissions(&plumbctl, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("plumb"), "first release").unwrap();
        let mut words = vec![
            "plumb-agent".to_owned(),
            "--node-name=a".to_owned(),
            format!("--cni-bin-folder={}", bin.display()),
            format!("--plumbctl={}", plumbctl.display()),
        ];
        words.extend(more.iter().map(|word| (*word).to_owned()));
        let options = Options::parse_from(words);
        Node { folder, options }
    }

    impl Node {
        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.folder.path().join(name)).unwrap()
        }

        fn calls(&self) -> usize {
            self.read("calls").lines().count()
        }
    }

    #[tokio::test]
    async fn what_is_as_it_was_left_is_left_alone_and_what_is_not_is_put_back() {
        let node = node(&[]);
        let installed = keep(&node.options, Installed::default()).await.unwrap();
        assert_eq!(node.read("bin/macvlan"), "first release");
        let installed = keep(&node.options, installed).await.unwrap();
        assert_eq!(node.calls(), 1);

        fs::write(node.folder.path().join("bin/plumb"), "of somebody").unwrap();
        let installed = keep(&node.options, installed).await.unwrap();
        assert_eq!(node.read("bin/plumb"), "first release");

        let link = node.folder.path().join("bin/macvlan");
        fs::remove_file(&link).unwrap();
        symlink("elsewhere", &link).unwrap();
        keep(&node.options, installed).await.unwrap();
        assert_eq!(node.read("bin/macvlan"), "first release");
        assert_eq!(node.calls(), 3);
    }

    #[tokio::test]
    async fn a_plugin_of_another_maker_stays_unless_it_is_to_be_replaced() {
        let careful = node(&[]);
        fs::write(careful.folder.path().join("bin/macvlan"), "theirs").unwrap();
        let installed = keep(&careful.options, Installed::default()).await.unwrap();
        assert!(installed.lacks_names.unwrap().contains("is another plugin"));
        assert_eq!(careful.read("bin/macvlan"), "theirs");
        assert_eq!(careful.read("bin/plumb"), "first release");

        let bold = node(&["--replace-plugins"]);
        fs::write(bold.folder.path().join("bin/macvlan"), "theirs").unwrap();
        let installed = keep(&bold.options, Installed::default()).await.unwrap();
        assert_eq!(installed.lacks_names, None);
        assert_eq!(bold.read("bin/macvlan"), "first release");
    }
}
