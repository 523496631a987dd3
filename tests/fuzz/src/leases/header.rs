//! The store's file with another header.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use plumb::leases::{Error, FILE_NAME, Leases, Owner, Store};

/// LMDB's page size here, which is the machine's.
const PAGE: u64 = 4096;

/// What is checked in each of the two headers before LMDB gets to see them: offset and length,
/// as `MDB_page` and `MDB_meta` (LMDB's `mdb.c`) have them.
const FIELDS: [(u64, usize); 8] = [
    (10, 2),  // flags of the page
    (16, 4),  // magic number
    (20, 4),  // data format
    (32, 8),  // size of the map
    (40, 4),  // page size
    (80, 8),  // root of the free list
    (128, 8), // root of the tables
    (136, 8), // last page
];

/// Writes `over` into the header of a store, or in place of the whole file, and looks whether
/// that is recognised: byte 0 chooses the header, byte 1 the field, the others are its value.
///
/// # Panics
///
/// When a damaged store is taken for a sound one, or is not replaced.
pub fn damage(folder: &Path, over: &[u8]) {
    let [header, field, value @ ..] = over else {
        return;
    };
    let (store, _) = Store::open(folder).expect("make a store");
    drop(store);
    let path = folder.join(FILE_NAME);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .expect("open the file");
    let length = file.metadata().expect("its length").len();
    let must_be_recognised = match FIELDS.get(usize::from(*field)) {
        Some(&(offset, width)) => {
            let mut new = [0; 8];
            let given = value.len().min(width);
            new[..given].copy_from_slice(&value[..given]);
            let at = u64::from(header % 2) * PAGE + offset;
            file.write_all_at(&new[..width], at).expect("write");
            match is_damage(*field, u64::from_ne_bytes(new), length) {
                Some(damage) => damage,
                // LMDB would follow it into the pages behind.
                None => return,
            }
        }
        None => {
            fs::write(&path, value).expect("write");
            true
        }
    };
    let opened = Store::open_existing(folder);
    if !must_be_recognised {
        let store = opened.expect("a sound store").expect("it is there");
        assert_eq!(store.check().expect("it is sound"), 0);
        return;
    }
    match opened {
        Err(Error::Corrupt { reason, .. }) => assert!(!reason.is_empty()),
        other => panic!("field {field} with {value:?} passes: {other:?}"),
    }
    assert!(path.exists(), "looking leaves it where it is");
    let (store, aside) = Store::open(folder).expect("make a new one");
    assert!(aside.expect("the old one is set aside").path.exists());
    let owner = Owner {
        network: "rail0".into(),
        container_id: "pod-a".into(),
        interface_name: "net1".into(),
    };
    assert_eq!(store.release(&owner).expect("DEL can work"), []);
}

/// Whether a value makes the header a damaged one; none where only LMDB could know.
fn is_damage(field: u8, value: u64, length: u64) -> Option<bool> {
    match field {
        0 => Some(value & 0x08 == 0),
        1 => Some(value != 0xbeef_c0de),
        2 => Some(value != 1),
        3 => Some(value != length),
        4 => Some(value != PAGE),
        _ => (value != u64::MAX && value >= length / PAGE).then_some(true),
    }
}
