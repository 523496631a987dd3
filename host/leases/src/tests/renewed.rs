//! Stores that are made from what is known of leases.

use std::fs;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::keys::Kind;
use crate::{Error, Lease, Leases, Renewed, Store, entries};

use super::damage::overwrite;
use super::{Folder, change, claim_one, ip, owner, pod, pool};

fn lease(address: &str, container: &str) -> Lease {
    Lease {
        space: String::new(),
        address: ip(address),
        pool: "blue".to_owned(),
        owner: owner(container),
        pod: None,
        since: 1,
    }
}

#[test]
fn a_missing_store_is_made_with_what_is_known() {
    let folder = Folder::new();
    let known = [
        lease("10.0.0.1", "a"),
        lease("10.0.0.2", "b"),
        lease("10.0.0.2", "c"),
    ];
    let (store, renewed) = Store::open(folder.path(), || Ok(known.to_vec())).expect("open");
    let expected = Renewed {
        restored: 2,
        refused: vec![known[2].clone()],
        ..Renewed::default()
    };
    assert_eq!(renewed, Some(expected));
    let blue = pool("blue", &[("10.0.0.1", "10.0.0.9")]);
    assert_eq!(claim_one(&store, "d", &blue), ip("10.0.0.3"));
    drop(store);
    let again = Store::open(folder.path(), || panic!("it is there"));
    assert_eq!(again.expect("open").1, None);
}

/// What a killed process left behind must not be taken for the new store's.
#[test]
fn the_journal_of_another_store_is_not_played_back() {
    let folder = Folder::new();
    let journal = folder.path().join("leases.db-journal");
    let hot = {
        let store = folder.store();
        claim_one(&store, "a", &pool("blue", &[("10.0.0.1", "10.0.0.9")]));
        let db = &store.connection;
        db.execute_batch("PRAGMA cache_size=1; BEGIN; DELETE FROM entries; CREATE TABLE more(x)")
            .expect("change");
        for _ in 0..200 {
            db.execute_batch("INSERT INTO more VALUES(zeroblob(3000))")
                .expect("change");
        }
        fs::read(&journal).expect("a journal")
    };
    assert!(hot.len() > 4096, "{} bytes", hot.len());
    fs::remove_file(folder.file()).expect("remove");
    fs::write(&journal, &hot).expect("write");
    let known = [lease("10.0.0.7", "b")];
    let (store, _) = Store::open(folder.path(), || Ok(known.to_vec())).expect("open");
    assert_eq!(store.leases().expect("leases"), known);
    assert_eq!(store.check().expect("a sound store"), 1);
    drop(store);

    // With a damaged one it goes along.
    fs::write(folder.file(), [0xa5; 8192]).expect("damage");
    fs::write(&journal, &hot).expect("write");
    let (store, renewed) = Store::open(folder.path(), || Ok(known.to_vec())).expect("open");
    assert_eq!(store.leases().expect("leases"), known);
    let set_aside = renewed.and_then(|renewed| renewed.set_aside);
    let mut aside = set_aside.expect("a report").path.into_os_string();
    aside.push("-journal");
    assert_eq!(fs::read(aside).expect("the journal"), hot);
}

#[test]
fn the_store_of_an_earlier_release_is_removed_once_nobody_uses_it() {
    let folder = Folder::new();
    let names = ["leases.mdb", "leases.mdb-lock"].map(|name| folder.path().join(name));
    for name in &names {
        fs::write(name, "x").expect("write");
    }
    // As that release does while a call has the store open.
    let file = fs::File::open(&names[0]).expect("open");
    let range = libc::flock {
        l_type: libc::F_RDLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 1,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_OFD_SETLK(&range)).expect("lock");
    let known = [lease("10.0.0.7", "b")];
    let error = Store::open(folder.path(), || Ok(known.to_vec())).expect_err("it is in use");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert!(names.iter().all(|name| name.exists()));
    drop(file);
    let (store, renewed) = Store::open(folder.path(), || Ok(known.to_vec())).expect("open");
    assert!(renewed.expect("a report").former);
    assert_eq!(store.leases().expect("leases"), known);
    assert!(!names.iter().any(|name| name.exists()));
}

/// What `PRAGMA user_version` and `application_id` say, of which the first is the layout's number.
fn set_layout(folder: &Folder, number: u8) {
    for (at, word) in [(60, [0, 0, 0, number]), (68, [b'p', b'l', b'b', number])] {
        overwrite(&folder.file(), at, &word);
    }
}

#[test]
fn a_store_of_an_earlier_layout_is_made_again_once_nobody_uses_it() {
    let folder = Folder::new();
    claim_one(
        &folder.store(),
        "a",
        &pool("blue", &[("10.0.0.1", "10.0.0.9")]),
    );
    set_layout(&folder, 1);
    let journal = folder.path().join("leases.db-journal");
    fs::write(&journal, [0xa5; 4096]).expect("write");
    let former = fs::read(folder.file()).expect("read");
    let looked = Store::open_existing(folder.path()).expect("look");
    assert!(looked.is_none(), "what it knows is in the journal");

    // As the earlier build does while a call uses the store.
    let user = fs::File::open(folder.path()).expect("open");
    user.try_lock_shared().expect("lock");
    let known = [lease("10.0.0.7", "b")];
    let error = Store::open(folder.path(), || Ok(known.to_vec())).expect_err("it is in use");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert!(
        fs::read(folder.file()).expect("read") == former,
        "it was changed all the same"
    );
    drop(user);
    let (store, renewed) = Store::open(folder.path(), || Ok(known.to_vec())).expect("open");
    let expected = Renewed {
        former: true,
        restored: 1,
        ..Renewed::default()
    };
    assert_eq!(renewed, Some(expected));
    assert_eq!(store.leases().expect("leases"), known);
    assert_eq!(store.check().expect("a sound store"), 1);
    drop(store);
    let names = fs::read_dir(folder.path()).expect("list");
    let names: Vec<_> = names
        .map(|entry| entry.expect("entry").file_name())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| name == "leases.db" || name == "leases.db-journal"),
        "{names:?}"
    );
    let again = Store::open(folder.path(), || panic!("it is there"));
    assert_eq!(again.expect("open").1, None);
}

/// What that layout did not know is added to it, and nothing is lost.
#[test]
fn a_store_from_before_pools_were_shared_is_opened_as_it_is() {
    let folder = Folder::new();
    let blue = pool("blue", &[("10.0.0.1", "10.0.0.9")]);
    let claims = [vec![blue.clone()]];
    let store = folder.store();
    let claim = |store: &Store, container: &str| {
        store
            .claim("", &owner(container), Some(&pod("w")), &claims, true)
            .expect("claim")
            .remove(0)
            .address
    };
    let kept = claim(&store, "a");
    store.release(&owner("a")).expect("release");
    claim_one(&store, "b", &blue);
    change(&store, |db| entries::delete(db, &Kind::Held.marker()));
    drop(store);
    set_layout(&folder, 2);
    let opens: [&dyn Fn() -> Store; 2] = [
        &|| {
            let opened = Store::open(folder.path(), || panic!("nothing is made again"));
            let (store, renewed) = opened.expect("open");
            assert_eq!(renewed, None);
            store
        },
        &|| {
            let opened = Store::open_existing(folder.path()).expect("open");
            opened.expect("a store")
        },
    ];
    let former = fs::read(folder.file()).expect("read");
    for open in opens {
        fs::write(folder.file(), &former).expect("write");
        let store = open();
        assert_eq!(store.all_held().expect("held"), []);
        assert_eq!(store.check().expect("a sound store"), 1);
        drop(store);
        let store = folder.store();
        assert_eq!(claim(&store, "c"), kept);
        let held = [(ip("10.0.0.1"), ip("10.0.0.4"))];
        store.hold("", &held, &[]).expect("hold");
        assert_eq!(store.check().expect("a sound store"), 2);
    }
}

/// A record of another attachment must not keep all from having a store.
#[test]
fn what_the_store_refuses_is_not_taken_up() {
    let folder = Folder::new();
    let known = [lease("10.0.0.1", "a\0b"), lease("10.0.0.2", "c")];
    let (store, renewed) = Store::open(folder.path(), || Ok(known.to_vec())).expect("open");
    assert_eq!(renewed.expect("a report").restored, 1);
    assert_eq!(store.leases().expect("leases"), known[1..]);
}
