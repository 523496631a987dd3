//! The right to make namespaces: root, or a user namespace in which one is root.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Mutex;

/// Makes sure that this process may make mount and network namespaces. Another user
/// than root is started again inside a user namespace: exec replaces the whole
/// process, the other test threads included.
///
/// # Panics
///
/// When neither is possible.
pub(super) fn acquire() {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    if nix::unistd::geteuid().is_root() {
        return;
    }
    let _guard = ONE_AT_A_TIME.lock();
    let probe = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--net", "true"])
        .output();
    match probe {
        Ok(output) if output.status.success() => {}
        other => panic!(
            "the kernel tests need root, or a kernel that lets a user make user namespaces: {other:?}"
        ),
    }
    let error = Command::new("unshare")
        .args(["--user", "--map-root-user", "--"])
        .args(std::env::current_exe().ok())
        .args(std::env::args_os().skip(1))
        .exec();
    panic!("start the tests again in a user namespace: {error}");
}
