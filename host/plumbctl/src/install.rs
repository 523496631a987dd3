//! `plumbctl install`: puts plumb where runtimes look for plugins.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use plumb::replace::{self, Lasting};
use plumb::types;

use crate::Failure;

/// Arguments of `plumbctl install`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where runtimes look for plugins, such as /opt/cni/bin
    #[arg(long)]
    bin_dir: PathBuf,
    /// The plumb binary; the one beside plumbctl when left out
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Install only the name plumb, and leave macvlan, sriov and the like as they are
    #[arg(long)]
    only_plumb: bool,
    /// Replace plugins of other makers that have one of the names
    #[arg(long)]
    replace: bool,
}

/// Installs the binary by a temporary file and a rename, so that a runtime finds the
/// old one or the new one and never a half; then the names, as links to it.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let source = match &arguments.binary {
        Some(binary) => binary.clone(),
        None => std::env::current_exe()?.with_file_name("plumb"),
    };
    let folder = &arguments.bin_dir;
    let names: Vec<_> = types::types().filter(|_| !arguments.only_plumb).collect();
    for name in &names {
        let path = folder.join(name);
        if !arguments.replace && is_of_another_maker(&path) {
            return Err(format!(
                "{} is another plugin: use --replace to put plumb in its place, or --only-plumb to \
                 leave it and use \"type\": \"plumb\"",
                path.display()
            )
            .into());
        }
    }
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let content =
        fs::read(&source).map_err(|error| format!("cannot read {}: {error}", source.display()))?;
    // Runtimes that find a plugin still open for writing fail with ETXTBSY.
    install(folder, "plumb", |path, draft| {
        replace::file(path, draft, &content, 0o755, Lasting::Forever)
    })?;
    println!("installed {}", folder.join("plumb").display());
    install_notices(&source, folder)?;
    for name in &names {
        install(folder, name, |path, draft| {
            replace::link(path, draft, Path::new("plumb"), Lasting::Forever)
        })?;
        println!("installed {} -> plumb", folder.join(name).display());
    }
    Ok(())
}

/// The notices that the licences of what is linked in ask for, where they lie beside the binary.
const NOTICES: &str = "NOTICES.txt";

/// Copies the notices along with the binary.
fn install_notices(binary: &Path, folder: &Path) -> Result<(), Failure> {
    let notices = match fs::read(binary.with_file_name(NOTICES)) {
        Ok(notices) => notices,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(format!("cannot read {NOTICES} beside the binary: {error}").into());
        }
    };
    let name = format!("plumb.{NOTICES}");
    install(folder, &name, |path, draft| {
        replace::file(path, draft, &notices, 0o644, Lasting::Forever)
    })?;
    println!("installed {}", folder.join(name).display());
    Ok(())
}

/// Whether there is a plugin that is not a link to plumb.
fn is_of_another_maker(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(_) => fs::read_link(path).ok().as_deref() != Some(Path::new("plumb")),
        Err(_) => false,
    }
}

/// Puts a name into the folder by `put`, which is given its path and that of a draft.
fn install(
    folder: &Path,
    name: &str,
    put: impl FnOnce(&Path, &Path) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let path = folder.join(name);
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    put(&path, &draft).map_err(|error| format!("cannot install {}: {error}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn arguments(folder: &Path, replace: bool) -> Arguments {
        let binary = folder.join("built");
        fs::write(&binary, "the binary").unwrap();
        Arguments {
            bin_dir: folder.join("bin"),
            binary: Some(binary),
            only_plumb: false,
            replace,
        }
    }

    #[test]
    fn the_notices_go_with_the_binary() {
        let folder = tempfile::tempdir().unwrap();
        let arguments = arguments(folder.path(), false);
        fs::write(folder.path().join("NOTICES.txt"), "whose it is").unwrap();
        run(&arguments).unwrap();
        let installed = folder.path().join("bin/plumb.NOTICES.txt");
        assert_eq!(fs::read(installed).unwrap(), b"whose it is");
    }

    #[test]
    fn the_binary_and_its_names_are_installed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        run(&arguments(folder.path(), false)).unwrap();
        let bin = folder.path().join("bin");
        assert_eq!(fs::read(bin.join("plumb")).unwrap(), b"the binary");
        assert_eq!(
            fs::metadata(bin.join("plumb"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o755
        );
        assert_eq!(fs::read(bin.join("macvlan")).unwrap(), b"the binary");
        assert_eq!(
            fs::read_dir(&bin).unwrap().count(),
            1 + types::types().count()
        );
        run(&arguments(folder.path(), false)).unwrap();
    }

    #[test]
    fn another_makers_plugin_stays_unless_it_is_to_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        fs::write(bin.join("macvlan"), "theirs").unwrap();
        let failure = run(&arguments(folder.path(), false)).unwrap_err();
        assert!(failure.to_string().contains("--replace"), "{failure}");
        assert_eq!(fs::read(bin.join("macvlan")).unwrap(), b"theirs");
        assert!(!bin.join("plumb").exists());
        run(&arguments(folder.path(), true)).unwrap();
        assert_eq!(fs::read(bin.join("macvlan")).unwrap(), b"the binary");
    }
}
