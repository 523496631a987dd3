//! Go: a package for each interface, the exports as a main package, and what both stand on.

use wit_bindgen_go::{Format, Opts};

use crate::{File, contract};

/// Where the generator expects what its code stands on. Ours is small, and needs no module from a network.
const FOREIGN: &str = "go.bytecodealliance.org/pkg/wit";

/// What the generated code stands on.
const OWN: [(&str, &str); 3] = [
    ("wit/runtime/runtime.go", include_str!("go/runtime.go")),
    ("wit/types/types.go", include_str!("go/types.go")),
    // Functions without a body are only allowed beside a file in assembler.
    ("wit/runtime/empty.s", ""),
];

/// The files: `main.go` exports the functions of the world, which are those of the package `implementation`.
pub fn generate(world: &str, bindings: &str, implementation: &str) -> Result<Vec<File>, String> {
    let options = Opts {
        format: Format::False,
        pkg_name: Some(bindings.to_owned()),
        ..Opts::default()
    };
    let mut files = contract::generate(options.build(), world)?;
    for file in &mut files {
        rewrite(file, bindings, implementation)?;
    }
    files.extend(OWN.map(|(path, text)| File {
        path: path.to_owned(),
        content: text.as_bytes().to_vec(),
    }));
    Ok(files)
}

fn rewrite(file: &mut File, bindings: &str, implementation: &str) -> Result<(), String> {
    let text = std::str::from_utf8(&file.content).map_err(|error| error.to_string())?;
    let mut text = text.replace(FOREIGN, &format!("{bindings}/wit")).replace(
        &format!("\"{bindings}/export_wit_world\""),
        &format!("export_wit_world \"{implementation}\""),
    );
    if file.path == "wit_exports/wit_exports.go" {
        file.path = "main.go".to_owned();
        text = text
            .replace("package wit_exports", "package main")
            .replacen(
                "import (\n",
                "import (\n        \"fmt\"\n        \"os\"\n",
                1,
            );
        text = calls(&text)?;
        text.push_str(include_str!("go/main.go"));
    }
    file.content = text.into_bytes();
    Ok(())
}

/// What each export does beside calling its function. The request is lent for a call, and must be given back before it
/// returns, which the generator leaves to the author of a component.
fn calls(text: &str) -> Result<String, String> {
    const LENT: &str = "plumb_cni_requests.RequestFromBorrowHandle(int32(uintptr(arg0)))";
    let exports = text.matches("func wasm_export_wit_world_").count();
    if text.matches(LENT).count() != exports {
        return Err("the generator of Go does not lend requests any more as it did".to_owned());
    }
    let mut lines = Vec::new();
    for line in text.replace(LENT, "request").lines() {
        lines.push(line.to_owned());
        if line.starts_with("func wasm_export_wit_world_") {
            lines.push(
                "        request := plumb_cni_requests.RequestFromBorrowHandle(arg0)".to_owned(),
            );
            lines.push("        defer request.Drop()".to_owned());
            lines.push("        defer endAtPanic()".to_owned());
        }
    }
    Ok(lines.join("\n"))
}
