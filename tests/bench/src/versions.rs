//! Which programs were measured.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Error;

/// What a program says of itself.
///
/// Errors: `System` when it cannot be started.
pub fn version(program: &Path, arguments: &[&str]) -> Result<String, Error> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let line = first_line(program.to_owned(), arguments)?;
    let line = if line.contains(&*name) {
        line
    } else {
        format!("{name}: {line}")
    };
    // Debian builds the CNI plugins without their version.
    let package = line
        .contains("unknown")
        .then(|| package_version(program))
        .flatten();
    Ok(match package {
        Some(package) => format!("{line}, package {package}"),
        None => line,
    })
}

/// `name version` of the Debian package that a file belongs to.
fn package_version(program: &Path) -> Option<String> {
    let owner = first_line("dpkg-query".into(), &["--search", program.to_str()?]).ok()?;
    let (package, _) = owner.split_once(':')?;
    let format = "--showformat=${Package} ${Version}";
    first_line("dpkg-query".into(), &["--show", format, package])
        .ok()
        .filter(|line| line.starts_with(package))
}

/// The first line of stdout, else of stderr, where CNI plugins write it.
pub fn first_line(program: PathBuf, arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new(&program)
        .args(arguments)
        .env_remove("CNI_COMMAND")
        .stdin(Stdio::null())
        .output()
        .map_err(Error::system(format!("start {program:?}")))?;
    let text = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&text)
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned())
}
