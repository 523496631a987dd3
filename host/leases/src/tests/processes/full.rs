//! A full file system.

use std::ffi::OsStr;
use std::path::Path;

use nix::mount::{MsFlags, mount};
use nix::unistd::geteuid;

use crate::{ClaimError, Error, Leases, Store};

use super::super::{Folder, claim_one, open, owner};
use super::{blue, command, output};

/// Claims until the file system is full; the last words tell how it went.
pub(super) fn fill(folder: &Path) {
    // In a mount namespace of its own, where `folder` can become a small file system.
    let none: Option<&str> = None;
    mount(
        Some("tmpfs"),
        folder,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("size=512k"),
    )
    .expect("mount");
    let (store, _) = open(folder);
    let mut claimed = 0;
    let error = loop {
        match store.claim("", &owner(claimed), None, &[vec![blue()]], false) {
            Ok(_) => claimed += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, ClaimError::Store(Error::FolderFull { .. })),
        "{error:?}"
    );
    println!("refused with: {error}");
    // In the middle of a run, which becomes two.
    for number in (claimed / 2..claimed / 2 + 40).step_by(2) {
        let released = store
            .release(&owner(number))
            .expect("release on a full file system");
        assert_eq!(released.len(), 1);
    }
    claimed -= 20;
    drop(store);
    let (store, set_aside) = open(folder);
    assert_eq!(set_aside, None);
    assert_eq!(store.check().expect("a sound store"), claimed);
    drop(store);
    mount(none, folder, none, MsFlags::MS_REMOUNT, Some("size=1m")).expect("enlarge");
    claim_one(&open(folder).0, "later", &blue());

    let second = folder.join("second");
    std::fs::create_dir(&second).expect("make a folder");
    std::fs::write(folder.join("ballast"), vec![1; 1024 * 1024]).expect_err("it does not fit");
    let error = Store::open(&second, || Ok(Vec::new())).expect_err("no room for a new store");
    println!("not made: {error}");
    assert_eq!(
        std::fs::read_dir(&second).expect("list").count(),
        0,
        "half a store was left"
    );
}

#[test]
fn a_full_file_system_is_named_and_does_no_harm() {
    let folder = Folder::new();
    let own = std::env::current_exe().expect("own path").into_os_string();
    // Whoever is not root may mount in a user namespace.
    let apart: &str = if geteuid().is_root() { "-m" } else { "-Urm" };
    let before: [&OsStr; 3] = [apart.as_ref(), "--".as_ref(), &own];
    let text = output(command("unshare".as_ref(), &before, "fill", folder.path()));
    let file = folder.file();
    let full = "the file system of the state folder is full: free some space there";
    assert!(
        text.contains(&format!(
            "refused with: claim an address in {}: {full}",
            file.display()
        )),
        "{text}"
    );
    assert!(
        text.contains("not made: create ") && text.matches(full).count() == 2,
        "{text}"
    );
}
