//! What has to be installed. A test without it has failed, and says what to install.

use std::path::Path;

use crate::host;

/// Makes sure that a program of a Debian package is there.
///
/// # Panics
///
/// With the name of the package, when it is not.
#[track_caller]
pub fn require(program: &str, package: &str) {
    let mut folders = host::PATH.split(':').map(Path::new);
    let found = folders.any(|folder| folder.join(program).is_file());
    assert!(
        found,
        "there is no program {program}, which this test runs: install the Debian package \
         {package}, or run `.ci/setup runtimes cluster`"
    );
}

/// Makes sure that busybox is there, and needs no shared library: the image holds nothing else.
///
/// # Panics
///
/// With the name of the package, when it is not, or is the other package's.
#[track_caller]
pub fn require_static_busybox(busybox: &Path) {
    let program = std::fs::read(busybox).unwrap_or_default();
    let loader = b"/ld-linux";
    let is_static =
        !program.is_empty() && !program.windows(loader.len()).any(|part| part == loader);
    assert!(
        is_static,
        "there is no busybox without shared libraries at {}, which the image of the \
         containers is made of: install the Debian package busybox-static, or run \
         `.ci/setup runtimes cluster`",
        busybox.display()
    );
}
