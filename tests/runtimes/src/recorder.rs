//! Writes down how a runtime calls plumb.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use cni_harness::Delegate;

use crate::Host;
use crate::host::PLUGINS;

/// Puts a recording script in the place of the plugin `macvlan`; it hands the call over to plumb.
#[track_caller]
pub fn install(host: &Host) -> Delegate {
    let recorder = Delegate::new(host.node(), "macvlan");
    for verb in ["ADD", "DEL", "CHECK", "VERSION", "STATUS", "GC"] {
        recorder.answers(verb, &format!("exec {PLUGINS}/plumb < \"$call/stdin\""));
    }
    let plugin = Path::new(PLUGINS).join("macvlan");
    fs::remove_file(&plugin).expect("plumb is installed under the name macvlan");
    symlink(Path::new(&recorder.path()).join("macvlan"), &plugin).expect("link the recorder");
    recorder
}
