//! `plumbctl component inspect`: what a file is, without executing anything of it, as any user.

use std::path::PathBuf;

use serde_json::json;

use super::words;
use crate::{Failure, compile, print_json};

/// Arguments of `plumbctl component inspect`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A component (.wasm or .wat), or a core module that a compiler made of one's source
    file: PathBuf,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Prints what the file is.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let bytes = compile::read(&arguments.file)?;
    let about = compile::inspect(&bytes, &arguments.file)?.about;
    if arguments.json {
        let mut value = json!(about);
        value["file"] = json!(arguments.file);
        return print_json(&value);
    }
    println!("{}: {}", arguments.file.display(), about.form);
    words::print(&words::rows(&about));
    Ok(())
}
