//! `plumbctl component build`: from a project's source to its component.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plumb::replace::{self, Lasting};
use plumb_compiler::Declaration;

use super::project::Project;
use super::{names, words};
use crate::{Failure, compile};

/// Arguments of `plumbctl component build`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The project's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// Runs the project's commands, puts the declaration in, wraps the module as a component, and checks it as `install`
/// will.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let project = Project::read(&arguments.folder)?;
    for command in &project.build.commands {
        execute(command, &project.folder)?;
    }
    let path = project.folder.join(&project.build.module);
    let module = compile::read(&path).map_err(|error| {
        format!("{error}; component.toml says that its commands make this file")
    })?;
    let module = declared(module, &project)?;
    let compiled = compile::inspect(&module, &path)?;
    let about = &compiled.about;
    if about.world != project.world.as_str() {
        return Err(format!(
            "{}: is {}, and component.toml says {}",
            path.display(),
            names::in_words(&about.world),
            project.world.as_str()
        )
        .into());
    }
    let target = project.component();
    write(&target, &compiled.component)?;
    println!(
        "{}: {} of plumb:cni {}, {} bytes, {}",
        target.display(),
        about.world,
        about.contract,
        about.size,
        about.digest
    );
    let told = ["WASI", "parts"];
    let rows = words::rows(about);
    words::print(rows.iter().filter(|(name, _)| told.contains(name)));
    Ok(())
}

/// The module with the project's declaration, where it has a file of it.
fn declared(module: Vec<u8>, project: &Project) -> Result<Vec<u8>, Failure> {
    let path = project.declaration();
    if !path.exists() {
        return Ok(module);
    }
    let document =
        fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Declaration::embed(&document, &module)
        .map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Runs a command of the project's, with its output where ours is. In PLUMBCTL it has the program that it is built by,
/// which writes bindings, wherever that lies.
fn execute(command: &[String], folder: &Path) -> Result<(), Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("component.toml has a command without a program".into());
    };
    let shown = command.join(" ");
    let plumbctl = std::env::current_exe().unwrap_or_else(|_| "plumbctl".into());
    let status = Command::new(program)
        .args(arguments)
        .env("PLUMBCTL", plumbctl)
        .current_dir(folder)
        .status()
        .map_err(|error| {
            format!("cannot run {program:?}, which the project is built by ({shown}): {error}")
        })?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{shown}: {status}").into()),
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| -> Failure {
        format!("cannot write {}: {error}", path.display()).into()
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let draft = path.with_extension("wasm.new");
    replace::file(path, &draft, content, 0o644, Lasting::UntilBoot).map_err(failed)
}
