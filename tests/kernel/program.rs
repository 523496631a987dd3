//! The binary itself.

use std::fs;
use std::process::Command;

use plumb_tests::binaries;

fn contains(path: &std::path::Path, words: &[u8]) -> bool {
    let bytes = fs::read(path).expect("a binary");
    bytes.windows(words.len()).any(|window| window == words)
}

/// Compilers leave their source paths in panic messages.
#[test]
fn the_program_holds_no_compiler() {
    let compiler = b"cranelift-codegen-";
    assert!(!contains(&binaries::plumb(), compiler));
    assert!(contains(&binaries::plumbctl(), compiler));
}

#[test]
fn help_teaches_and_names_every_type() {
    let output = Command::new(binaries::plumb())
        .arg("--help")
        .output()
        .expect("plumb runs");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    for words in [
        "CNI_COMMAND=ADD",
        "\"type\": \"macvlan\"",
        "logLevel",
        "macvlan, ipvlan, sriov, rdma, ib-sriov, ipoib",
        "plumbctl --help",
    ] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
}
