//! Has the templates of `plumbctl component new` looked at again when a file was added to them, which the macro that
//! takes them in does not notice.

fn main() {
    println!("cargo::rerun-if-changed=templates");
}
