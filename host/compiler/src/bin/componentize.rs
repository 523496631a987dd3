//! `componentize CORE.wasm OUT.wasm OUT.cwasm`: wraps what `cargo build` made for
//! wasm32-unknown-unknown as a component, checks it and compiles it. The build of the
//! built-in components uses it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use plumb_compiler::{compile, componentize};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [core, component, code] = arguments.as_slice() else {
        eprintln!("usage: componentize CORE.wasm OUT.wasm OUT.cwasm");
        return ExitCode::from(2);
    };
    match run(core, component, code) {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("componentize: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(core: &Path, component: &Path, code: &Path) -> Result<String, String> {
    let module =
        std::fs::read(core).map_err(|error| format!("read {}: {error}", core.display()))?;
    let refused = |error| format!("{} {error}", core.display());
    let compiled = compile(&componentize(&module).map_err(refused)?).map_err(refused)?;
    let inspected = &compiled.inspected;
    write(component, &inspected.component)?;
    write(code, &compiled.cwasm)?;
    Ok(format!(
        "{}: {}, core module {} bytes, component {} bytes, native code {} bytes, sha256 {}",
        component.display(),
        inspected.world,
        module.len(),
        inspected.component.len(),
        compiled.cwasm.len(),
        inspected.digest
    ))
}

/// By way of a new file, so that a build that is interrupted leaves no half one behind.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("write {}: {error}", path.display());
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    std::fs::write(&new, bytes).map_err(failed)?;
    std::fs::rename(&new, path).map_err(failed)
}
