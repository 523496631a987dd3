//! plumb and its names where the runtime looks for plugins.

use std::fs;
use std::path::Path;
use std::process::Command;

use plumb::types;

use super::finding::Finding;
use super::node::Node;

/// The version of this plumbctl, which is that of its release.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The program, its version, and that each name leads to it.
pub fn look(node: &Node) -> Vec<Finding> {
    let folder = &node.plugins;
    let program = folder.join("plumb");
    let install = format!("`plumbctl install --bin-dir {}`", folder.display());
    if !program.is_file() {
        return vec![Finding::wrong(
            program.display(),
            "there is no such program",
            format!("run {install}"),
        )];
    }
    let mut findings = vec![match version(&program) {
        Ok(version) if version == VERSION => {
            Finding::ok(program.display(), format!("plumb {version}"))
        }
        Ok(version) => Finding::wrong(
            program.display(),
            format!("plumb {version}, and this plumbctl is of {VERSION}"),
            format!("run {install} with the plumbctl of the release that the node is to have"),
        ),
        Err(reason) => Finding::wrong(program.display(), reason, format!("run {install} again")),
    }];
    let mut ours = Vec::new();
    for name in types::types() {
        let path = folder.join(name);
        match fs::read_link(&path) {
            Ok(target) if target == Path::new("plumb") => ours.push(name),
            _ if fs::symlink_metadata(&path).is_ok() => findings.push(Finding::warn(
                path.display(),
                "another maker's plugin, so networks of this type are not plumb's",
                format!("run {install} --replace if they should be"),
            )),
            _ => findings.push(Finding::warn(
                path.display(),
                "there is no such name, so networks of this type fail",
                format!("run {install} if there are any"),
            )),
        }
    }
    if !ours.is_empty() {
        findings.push(Finding::ok(
            folder.display(),
            format!("{} are plumb", ours.join(", ")),
        ));
    }
    findings
}

/// What the program says of itself: `plumb 0.1.0 (CNI 1.0.0, 1.1.0)`.
fn version(program: &Path) -> Result<String, String> {
    let output = Command::new(program)
        .arg("--version")
        .env_clear()
        .output()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let words = text.trim().strip_prefix("plumb ");
    match words.and_then(|words| words.split(' ').next()) {
        Some(version) if output.status.success() => Ok(version.to_owned()),
        _ => Err("it does not say `plumb VERSION` when asked for its version".to_owned()),
    }
}
