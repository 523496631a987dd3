//! A lease store that is not what was written: each call goes on, and no pod loses its address.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use cni_harness::{Call, Outcome, result};
use plumb_leases::{Leases, Store};
use plumb_tests::binaries;
use plumb_tests::configuration::{pool, with};
use plumb_tests::state::{STATE_FOLDER, leases, records};
use serde_json::{Value, json};

const STORE: &str = "/run/plumb/leases.db";
/// SQLite's page size, unless it is told another.
const PAGE: usize = 4096;

/// Numbers that look random and are the same in every run (xorshift64).
struct Noise(u64);

impl Noise {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        let bytes = self.page();
        let number = bytes[..8]
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
        (number % limit as u64) as usize
    }

    fn page(&mut self) -> Vec<u8> {
        let mut byte = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 32) as u8
        };
        (0..PAGE).map(|_| byte()).collect()
    }
}

fn overwrite(page: usize, bytes: &[u8]) {
    OpenOptions::new()
        .write(true)
        .open(STORE)
        .and_then(|file| file.write_all_at(bytes, (page * PAGE) as u64))
        .expect("overwrite a page of the store");
}

/// How many damaged stores were put away.
fn set_aside() -> usize {
    let entries = fs::read_dir(STATE_FOLDER).expect("list the state folder");
    entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with("leases.db.corrupt-") && !name.ends_with("-journal"))
        .count()
}

/// The addresses that a listing has, which must be there without an error.
fn addresses() -> Vec<String> {
    let text = |lease: &Value| lease["address"].as_str().expect("an address").to_owned();
    leases(STATE_FOLDER).iter().map(text).collect()
}

#[track_caller]
fn address(outcome: &Outcome) -> String {
    result::address(&outcome.expect_result()).to_string()
}

/// What a call says when it met the damage.
#[track_caller]
fn expect_report(outcome: &Outcome) {
    assert!(
        outcome.stderr.contains("the lease store was damaged") && outcome.stderr.contains(STORE),
        "the store was set aside without a word\n{outcome}"
    );
}

/// Each page in turn, by itself: ADD succeeds, and gives the pod that runs no companion.
#[test]
fn garbage_in_any_page_stops_no_add_and_gives_no_address_twice() {
    let node = plumb_tests::node();
    let (one, two) = (node.pod(), node.pod());
    let held = address(&Call::add(&node, &one, &pool()).run());
    let sound = fs::read(STORE).expect("read the store");
    let pages = sound.len() / PAGE;
    let mut noise = Noise(0x5eed_0005);
    let mut noticed = 0;
    for page in 0..pages {
        for garbage in [noise.page(), vec![0; PAGE], vec![0xff; PAGE]] {
            fs::write(STORE, &sound).expect("put the sound store in its place");
            overwrite(page, &garbage);
            let before = set_aside();
            let add = Call::add(&node, &two, &pool()).run();
            assert_ne!(address(&add), held, "page {page}: given out twice\n{add}");
            if set_aside() > before {
                noticed += 1;
                expect_report(&add);
                assert!(addresses().contains(&held), "page {page}: {held} is lost");
            }
            node.delete(&two, &pool());
        }
    }
    assert!(noticed > pages, "{noticed} of {} were noticed", 3 * pages);
    node.delete(&one, &pool());
    assert!(records().is_empty(), "{:?}", records());
    assert!(addresses().is_empty(), "{:?}", addresses());
}

/// Some bytes at some place, which one verb after the other is the first to meet. Nothing that follows fails either.
#[test]
fn garbage_anywhere_stops_no_call() {
    const ROUNDS: usize = 220;
    let node = plumb_tests::node();
    let [one, two, three] = [node.pod(), node.pod(), node.pod()];
    let added = node.add(&one, &pool());
    let held = result::address(&added).to_string();
    let sound = fs::read(STORE).expect("read the store");
    let mut noise = Noise(0x5eed_0220);
    let mut noticed = 0;
    for round in 0..ROUNDS {
        let mut bytes = sound.clone();
        let begin = noise.below(bytes.len());
        let most = [4, 64, PAGE, 4 * PAGE][round % 4];
        let length = 1 + noise.below(most);
        let garbage: Vec<u8> = (0..4).flat_map(|_| noise.page()).take(length).collect();
        for (byte, garbage) in bytes.iter_mut().skip(begin).zip(garbage) {
            *byte = garbage;
        }
        fs::write(STORE, &bytes).expect("damage the store");
        let what = format!("round {round}: {length} bytes from {begin} on");
        let verb = ["ADD", "STATUS", "CHECK", "GC", "DEL"][round % 5];
        let first = match verb {
            "ADD" => Call::add(&node, &two, &pool()),
            "STATUS" => Call::status(&node, &pool()),
            "CHECK" => Call::check(&node, &one, &pool(), &added),
            "GC" => Call::gc(&node, &pool(), &[(&one, "eth0")]),
            _ => Call::delete(&node, &two, &pool()),
        };
        let first = first.run();
        assert!(first.succeeded(), "{what}, {verb}\n{first}");
        node.delete(&two, &pool());
        let adds = [&two, &three].map(|pod| Call::add(&node, pod, &pool()).run());
        let mut addresses: Vec<_> = adds
            .iter()
            .map(|add| {
                assert!(add.succeeded(), "{what}, ADD after {verb}\n{add}");
                address(add)
            })
            .collect();
        addresses.extend([held.clone()]);
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), 3, "{what}: given out twice: {addresses:?}");
        let check = Call::check(&node, &one, &pool(), &added).run();
        assert!(check.succeeded(), "{what}, CHECK after {verb}\n{check}");
        for pod in [&two, &three] {
            node.delete(pod, &pool());
        }
        noticed += set_aside();
        remove_set_aside();
    }
    assert!(noticed > ROUNDS / 4, "{noticed} of {ROUNDS} were noticed");
    node.delete(&one, &pool());
    assert!(records().is_empty(), "{:?}", records());
}

/// The file system of a test's node is small.
fn remove_set_aside() {
    for entry in fs::read_dir(STATE_FOLDER).expect("list the state folder") {
        let path = entry.expect("an entry").path();
        if path.to_string_lossy().contains("leases.db.corrupt-") {
            fs::remove_file(path).expect("remove a damaged store");
        }
    }
}

/// What becomes of the whole file, for each verb: it goes on as if nothing had been.
#[test]
fn a_damaged_store_stops_no_call() {
    let damages: [fn(&Path); 4] = [
        |path| fs::write(path, [b'x'; 65536]).expect("overwrite"),
        |path| fs::write(path, "").expect("empty"),
        |path| {
            let bytes = fs::read(path).expect("read");
            fs::write(path, &bytes[..bytes.len() / 2]).expect("halve");
        },
        // All that is behind the header.
        |path| {
            for page in 1..fs::metadata(path).expect("look").len() as usize / PAGE {
                overwrite(page, &[0xa5; PAGE]);
            }
        },
    ];
    let node = plumb_tests::node();
    let pod = node.pod();
    for damage in damages {
        let result = node.add(&pod, &pool());
        let calls = [
            Call::check(&node, &pod, &pool(), &result),
            Call::status(&node, &pool()),
            Call::gc(&node, &pool(), &[(&pod, "eth0")]),
            Call::delete(&node, &pod, &pool()),
        ];
        for call in calls {
            damage(Path::new(STORE));
            let outcome = call.run();
            outcome.expect_silence();
            expect_report(&outcome);
        }
        assert!(pod.link("eth0").is_none(), "eth0 stayed");
        assert!(addresses().is_empty(), "{:?}", addresses());
    }
}

#[test]
fn plumbctl_lists_the_leases_of_a_damaged_store() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let held = address(&Call::add(&node, &pod, &pool()).run());
    fs::write(STORE, [b'x'; 65536]).expect("overwrite the store");
    let output = Command::new(binaries::plumbctl())
        .args(["leases", "--state-folder", STATE_FOLDER])
        .output()
        .expect("run plumbctl");
    let (text, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{errors}");
    assert!(text.contains(&held), "{text}{errors}");
    assert!(errors.contains("the lease store was damaged"), "{errors}");
    node.delete(&pod, &pool());
}

/// The rollback journal is a file as well.
#[test]
fn garbage_as_rollback_journal_stops_no_add() {
    let node = plumb_tests::node();
    let (one, two) = (node.pod(), node.pod());
    let held = address(&Call::add(&node, &one, &pool()).run());
    let mut noise = Noise(0x5eed_0006);
    for _ in 0..8 {
        fs::write(format!("{STORE}-journal"), noise.page()).expect("write");
        let add = Call::add(&node, &two, &pool()).run();
        assert_ne!(address(&add), held, "given out twice\n{add}");
        assert!(addresses().contains(&held), "{held} is lost");
        node.delete(&two, &pool());
    }
}

/// As the first builds left it: of another name and in another format.
fn make_first_format() {
    fs::remove_file(STORE).expect("remove the store");
    let _ = fs::remove_file(format!("{STORE}-journal"));
    for name in ["leases.mdb", "leases.mdb-lock"] {
        fs::write(Path::new(STATE_FOLDER).join(name), [0; PAGE]).expect("write");
    }
}

/// As the builds after them left it: the header of SQLite's file says that its layout is number 1.
fn make_layout_1() {
    set_layout(1);
}

/// Writes the numbers that are called user version and application ID ("Database File Format", "The Database Header").
fn set_layout(number: u8) {
    let file = OpenOptions::new().write(true).open(STORE).expect("open");
    for (word, at) in [([0, 0, 0, number], 60), ([b'p', b'l', b'b', number], 68)] {
        file.write_all_at(&word, at).expect("write");
    }
}

/// Each of its pods keeps its address; the first call may be any.
fn upgrade(age: fn()) {
    let node = plumb_tests::node();
    let former = Path::new(STATE_FOLDER).join("leases.mdb");
    let pods = [node.pod(), node.pod()];
    let mut held = Vec::new();
    let mut added = Vec::new();
    for pod in &pods {
        let add = Call::add(&node, pod, &pool()).run();
        held.push(address(&add));
        added.push(add.expect_result());
    }
    age();
    let check = Call::check(&node, &pods[0], &pool(), &added[0]).run();
    check.expect_silence();
    let said = format!("made {STORE} in place of the lease store of an earlier release");
    assert!(check.stderr.contains(&said), "{check}");
    assert!(!former.exists(), "the former store is still there\n{check}");
    assert_eq!(addresses(), held);
    age();
    let third = node.pod();
    let add = Call::add(&node, &third, &pool()).run();
    assert!(!held.contains(&address(&add)), "given out twice\n{add}");
    age();
    for pod in pods.iter().chain([&third]) {
        node.delete(pod, &pool());
    }
    assert_eq!(set_aside(), 0, "an earlier store is not a damaged one");
    assert!(addresses().is_empty(), "{:?}", addresses());
    assert!(records().is_empty(), "{:?}", records());
}

#[test]
fn the_leases_of_running_pods_outlive_the_store_of_an_earlier_build() {
    upgrade(make_first_format);
}

#[test]
fn the_leases_of_running_pods_outlive_a_store_of_an_earlier_layout() {
    upgrade(make_layout_1);
}

/// A node that goes back to an earlier build: the store stays for the later one.
#[test]
fn the_store_of_a_later_build_is_refused_and_stays() {
    let node = plumb_tests::node();
    let (one, two) = (node.pod(), node.pod());
    let held = address(&Call::add(&node, &one, &pool()).run());
    set_layout(4);
    let later = fs::read(STORE).expect("read the store");
    let add = Call::add(&node, &two, &pool()).run();
    add.expect_error(107, "has layout 4, this version reads layout 3");
    assert!(fs::read(STORE).expect("read the store") == later);
    assert!(two.link("eth0").is_none(), "eth0 stayed");
    set_layout(3);
    assert_eq!(addresses(), [held]);
    node.delete(&one, &pool());
    node.delete(&two, &pool());
    assert!(addresses().is_empty(), "{:?}", addresses());
}

/// The agent of the node made an address free whose pod was gone, and it was given out again. The first pod's record, whose
/// DEL is still to come, speaks of it as well.
#[test]
fn an_address_of_two_records_is_the_newer_ones() {
    let node = plumb_tests::node();
    let one_address = with(
        pool(),
        json!({"ipam": {"type": "pool", "sticky": false, "pools": [
            {"name": "p", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10"]},
        ]}}),
    );
    // The names of containers are drawn: one of some pairs is in the other order.
    for _ in 0..4 {
        let (gone, now) = (node.pod(), node.pod());
        let added = node.add(&gone, &one_address);
        gone.remove();
        let (store, _) =
            Store::open(Path::new(STATE_FOLDER), || Ok(Vec::new())).expect("the store");
        let owner = store.owners().expect("list owners").remove(0);
        assert_eq!(store.release(&owner).expect("release").len(), 1);
        drop(store);
        let added_again = node.add(&now, &one_address);
        assert_eq!(result::address(&added_again), result::address(&added));
        overwrite(0, &[0xff; PAGE]);
        let check = Call::check(&node, &now, &one_address, &added_again).run();
        check.expect_silence();
        expect_report(&check);
        assert_eq!(addresses(), ["10.1.0.10"]);
        node.delete(&gone, &one_address);
        assert_eq!(
            addresses(),
            ["10.1.0.10"],
            "the DEL of another one released it"
        );
        node.delete(&now, &one_address);
        assert!(records().is_empty(), "{:?}", records());
    }
}
