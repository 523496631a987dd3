//! Lists the files of the templates of `plumbctl component new`, which are part of the program.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=templates");
    let templates =
        PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("templates");
    let mut files = Vec::new();
    collect(&templates, &mut files)?;
    files.sort();
    let entries = files.iter().map(|file| {
        let below = file.strip_prefix(&templates).expect("it was found there");
        format!("({:?}, include_bytes!({:?})),", text(below), text(file))
    });
    let list = format!("&[{}]", entries.collect::<String>());
    let target = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(target.join("templates.rs"), list)
}

fn text(path: &Path) -> &str {
    path.to_str()
        .expect("the repository lies at a path in UTF-8")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => collect(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}
