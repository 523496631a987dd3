//! Finds the precompiled built-in components, which `plugins/build` makes.

use std::path::PathBuf;

fn main() {
    let manifest = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let components = std::env::var_os("PLUMB_COMPONENTS")
        .map_or_else(|| manifest.join("../target/components"), PathBuf::from);
    println!("cargo::rerun-if-env-changed=PLUMB_COMPONENTS");
    for name in ["macvlan-shared", "sriov-rdma", "ib-sriov", "ipoib", "pool"] {
        let file = components.join(name).with_extension("cwasm");
        println!("cargo::rerun-if-changed={}", file.display());
        assert!(
            file.exists(),
            "{} is missing: run `make components` first, which builds the built-in components",
            file.display()
        );
    }
    println!("cargo::rustc-env=PLUMB_COMPONENTS={}", components.display());
}
