//! The files of the holds.

use std::path::PathBuf;

use super::*;
use crate::kernel::Sysfs;
use crate::kernel::netns::Identity;

fn hold(container_id: &str) -> Hold {
    Hold {
        owner: Attachment {
            network: "rail0".into(),
            container_id: container_id.into(),
            interface_name: "net1".into(),
            plugin: None,
        },
        boot: "boot".into(),
        netns: PodNetns {
            path: PathBuf::from("/run/netns/pod"),
            identity: Identity {
                device: 4,
                inode: 7,
                cookie: Some(9),
            },
            number: Some(1 << 30),
            numbered_in: Some(1),
        },
        original: Original::default(),
    }
}

const ADDRESS: &str = "0000:3b:00.2";

#[test]
fn a_function_has_one_holder_at_a_time() {
    let state = tempfile::tempdir().unwrap();
    let holds = Holds::new(&StateFolder::new(state.path()));
    assert_eq!(holds.take(ADDRESS, &hold("first")).unwrap(), None);
    assert_eq!(
        holds.take(ADDRESS, &hold("second")).unwrap(),
        Some(hold("first"))
    );
    assert_eq!(holds.list().unwrap(), [(ADDRESS.to_owned(), hold("first"))]);

    holds.release(ADDRESS).unwrap();
    holds.release(ADDRESS).unwrap();
    assert_eq!(holds.read(ADDRESS).unwrap(), None);
    assert_eq!(holds.take(ADDRESS, &hold("second")).unwrap(), None);
}

/// A process that is killed drops nothing.
#[test]
fn the_mark_of_a_killed_process_stays_until_the_function_is_whole() {
    let state = tempfile::tempdir().unwrap();
    let holds = Holds::new(&StateFolder::new(state.path()));
    holds.take(ADDRESS, &hold("first")).unwrap();
    drop(RdmaLock::take(&StateFolder::new(state.path()), ADDRESS).unwrap());
    assert!(!holds.was_interrupted(ADDRESS).unwrap());

    let mark = holds.set_mark(ADDRESS).unwrap();
    assert!(mark.is_some());
    drop(RdmaLock::take(&StateFolder::new(state.path()), ADDRESS).unwrap());
    assert!(holds.was_interrupted(ADDRESS).unwrap());
    assert_eq!(holds.list().unwrap(), [(ADDRESS.to_owned(), hold("first"))]);

    holds.release(ADDRESS).unwrap();
    assert!(!holds.was_interrupted(ADDRESS).unwrap());
    assert!(!state.path().join("functions").exists());
}

#[test]
fn nothing_is_left_of_the_folder_when_the_last_one_is_released() {
    let state = tempfile::tempdir().unwrap();
    let holds = Holds::new(&StateFolder::new(state.path()));
    holds.take(ADDRESS, &hold("first")).unwrap();
    holds.release(ADDRESS).unwrap();
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_cannot_be_understood_is_set_aside() {
    let state = tempfile::tempdir().unwrap();
    let holds = Holds::new(&StateFolder::new(state.path()));
    std::fs::create_dir(state.path().join("functions")).unwrap();
    std::fs::write(state.path().join("functions").join(ADDRESS), "{").unwrap();
    assert_eq!(holds.take(ADDRESS, &hold("first")).unwrap(), None);
    let aside = std::fs::read_dir(state.path().join("corrupt")).unwrap();
    assert_eq!(aside.count(), 1);
}

#[test]
fn one_process_at_a_time_restores_a_function() {
    let state = tempfile::tempdir().unwrap();
    let holds = Holds::new(&StateFolder::new(state.path()));
    assert!(holds.lock(ADDRESS).unwrap().is_none());
    holds.take(ADDRESS, &hold("first")).unwrap();
    let locked = holds.lock(ADDRESS).unwrap().unwrap();
    assert_eq!(locked.hold, hold("first"));

    // Who waits meanwhile finds the next holder, not the one that was released.
    let waiting = std::thread::spawn({
        let holds = holds.clone();
        move || {
            loop {
                // Between the two holders there is none for a moment.
                if let Some(locked) = holds.lock(ADDRESS).unwrap() {
                    return locked.hold;
                }
            }
        }
    });
    holds.release(ADDRESS).unwrap();
    holds.take(ADDRESS, &hold("second")).unwrap();
    drop(locked);
    assert_eq!(waiting.join().unwrap(), hold("second"));
}

/// As long as it is the same device: virtual functions that are made anew are fresh.
#[test]
fn a_function_that_is_not_clean_stays_so_until_it_is_another_or_somebody_looked() {
    let (state, devices) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let holds = Holds::new(&StateFolder::new(state.path()));
    let folder = devices.path().join("bus/pci/devices").join(ADDRESS);
    let sysfs = Sysfs::at(devices.path().to_owned());
    let make = || std::fs::create_dir_all(&folder).unwrap();
    make();
    let mark = || {
        Unclean::of(&sysfs, ADDRESS, "its vlan".into())
            .unwrap()
            .unwrap()
    };

    assert_eq!(holds.unclean(&sysfs, ADDRESS).unwrap(), None);
    holds.keep_note(ADDRESS, &mark()).unwrap();
    assert_eq!(holds.unclean(&sysfs, ADDRESS).unwrap(), Some(mark()));
    assert_eq!(
        holds.all_unclean(&sysfs).unwrap(),
        [(ADDRESS.to_owned(), mark())]
    );
    // It is no hold.
    assert!(holds.list().unwrap().is_empty());

    holds.take_for_clean(ADDRESS).unwrap();
    assert_eq!(holds.unclean(&sysfs, ADDRESS).unwrap(), None);

    holds.keep_note(ADDRESS, &mark()).unwrap();
    // The next inode is taken before the old one is free.
    std::fs::rename(&folder, devices.path().join("gone")).unwrap();
    make();
    assert!(holds.all_unclean(&sysfs).unwrap().is_empty());
    assert_eq!(holds.unclean(&sysfs, ADDRESS).unwrap(), None);
    assert!(!state.path().join("functions").exists());
}
