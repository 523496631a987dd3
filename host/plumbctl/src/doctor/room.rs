//! Whether a file system has room.

use std::path::Path;

use nix::sys::statvfs::{FsFlags, statvfs};

use super::finding::Finding;

/// Bytes, and files, below which the next pod may fail: a record is a few thousand bytes.
const BYTES: u64 = 1 << 20;
const FILES: u64 = 16;

/// One part in this many left is worth a word.
const PART: u64 = 50;

/// What is wrong with the file system below `folder`, which exists, for one who writes there.
pub fn look(folder: &Path) -> Option<Finding> {
    let room = match statvfs(folder) {
        Ok(room) => room,
        Err(error) => return Some(Finding::unseen(folder.display(), error)),
    };
    let free = room.blocks_available() * room.fragment_size();
    let all = room.blocks() * room.fragment_size();
    let object = folder.display();
    if room.flags().contains(FsFlags::ST_RDONLY) {
        let remedy = "mount it for writing, or name another folder in the policy";
        return Some(Finding::wrong(
            object,
            "it is on a read-only file system",
            remedy,
        ));
    }
    let is_out_of_files = room.files() > 0 && room.files_available() < FILES;
    if is_out_of_files {
        let says = format!(
            "its file system has room for {} more files",
            room.files_available()
        );
        return Some(Finding::wrong(object, says, "remove some"));
    }
    let says = format!("its file system has {free} of {all} bytes left");
    match free {
        _ if free < BYTES => Some(Finding::wrong(object, says, "free some space there")),
        _ if free < all / PART => Some(Finding::warn(object, says, "free some space there")),
        _ => None,
    }
}
