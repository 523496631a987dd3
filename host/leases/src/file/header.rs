//! Whether a file can be a store at all.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::MAP_SIZE;

/// What is wrong with the file, as far as its length and LMDB's two header pages show. LMDB itself trusts
/// what it maps, so this comes before.
///
/// The layout of a header page is that of `MDB_page` and `MDB_meta` in LMDB's `mdb.c`, data format 1, in the
/// machine's byte order.
pub(in super::super) fn damage(file: &File) -> Option<String> {
    let length = match file.metadata() {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(_) => return Some("it is not a regular file".to_owned()),
        Err(error) => return Some(format!("its length cannot be read: {error}")),
    };
    if length != MAP_SIZE {
        return Some(format!("it has {length} bytes instead of {MAP_SIZE}"));
    }
    let first = match header_page(file, 0) {
        Ok(page) => page,
        Err(reason) => return Some(reason),
    };
    header_page(file, first.page_size).err()
}

struct HeaderPage {
    page_size: u64,
}

fn header_page(file: &File, at: u64) -> Result<HeaderPage, String> {
    const META_FLAG: u16 = 0x08;
    const MAGIC: u32 = 0xBEEF_C0DE;
    const FORMAT: u32 = 1;
    let mut page = [0; 152];
    file.read_exact_at(&mut page, at)
        .map_err(|error| format!("its header at {at} cannot be read: {error}"))?;
    let flags = u16::from_ne_bytes([page[10], page[11]]);
    let word = |at: usize| u32::from_ne_bytes([page[at], page[at + 1], page[at + 2], page[at + 3]]);
    let long = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&page[at..at + 8]);
        u64::from_ne_bytes(bytes)
    };
    if flags & META_FLAG == 0 || word(16) != MAGIC {
        return Err(format!("there is no LMDB header at {at}"));
    }
    if word(20) != FORMAT {
        return Err(format!("its LMDB format is {}, not {FORMAT}", word(20)));
    }
    let page_size = u64::from(word(40));
    if !page_size.is_power_of_two() || !(512..=65_536).contains(&page_size) {
        return Err(format!("its page size is {page_size}"));
    }
    // Root pages of the free list and of the tables, both absent in an empty tree, and the last page in use.
    for (name, page) in [
        ("free list", long(80)),
        ("tables", long(128)),
        ("end", long(136)),
    ] {
        if page != u64::MAX && page >= MAP_SIZE / page_size {
            return Err(format!(
                "its header at {at} puts the {name} at page {page}, behind the file's end"
            ));
        }
    }
    if long(32) != MAP_SIZE {
        return Err(format!(
            "its header at {at} gives the size {} instead of {MAP_SIZE}",
            long(32)
        ));
    }
    Ok(HeaderPage { page_size })
}
