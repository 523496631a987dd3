//! What opening and claiming cost, printed and not judged:
//! `cargo test --release -p plumb-leases tests::timing -- --ignored --nocapture`, with `TMPDIR` for another
//! file system than that in memory.

use std::time::{Duration, Instant};

use super::super::claim::{Request, claim};
use super::super::{Leases, Store};
use super::{Folder, owner, pod, pool};

const SAMPLES: u32 = 300;

/// Each step as a short process does it: open, one call, drop.
#[test]
#[ignore = "prints measurements and proves nothing"]
fn cost_does_not_grow_with_the_number_of_leases() {
    let folder = Folder::new();
    let claims = [
        vec![pool("blue", &[("10.0.0.0", "10.255.255.255")])],
        vec![pool("six", &[("fd00::", "fd00::ffff:ffff:ffff:ffff")])],
    ];
    println!(
        "in {}, median (and 99 of 100) of {SAMPLES}",
        folder.path().display()
    );
    let mut filled = 0;
    for count in [0, 1_000, 20_000, 100_000] {
        let store = folder.store();
        while filled < count {
            store
                .write("fill", |tables, txn| {
                    for _ in 0..1_000 {
                        let (who, name) = (
                            owner(format!("{filled:064x}")),
                            pod(&format!("worker-{filled}")),
                        );
                        let (owner, pod) = (&who, Some(&name));
                        let request = Request {
                            space: "",
                            owner,
                            pod,
                            claims: &claims[..1],
                            keep: true,
                        };
                        claim(tables, txn, &request)?.expect("claim");
                        filled += 1;
                    }
                    Ok(())
                })
                .expect("fill");
        }
        drop(store);
        let mut spent: [Vec<Duration>; 6] = Default::default();
        for sample in 0..SAMPLES {
            let (who, name) = (
                owner(format!("sample-{sample:057x}")),
                pod(&format!("sample-{sample}")),
            );
            let mut steps = spent.iter_mut();
            let mut step = |from: Instant| steps.next().expect("a step").push(from.elapsed());
            let start = Instant::now();
            let store = folder.store();
            step(start);
            let start = Instant::now();
            store
                .claim("", &who, Some(&name), &claims[..1], false)
                .expect("claim");
            step(start);
            let start = Instant::now();
            store.release(&who).expect("release");
            step(start);
            let start = Instant::now();
            store
                .claim("", &who, Some(&name), &claims, true)
                .expect("claim");
            step(start);
            let start = Instant::now();
            store.release(&who).expect("release");
            step(start);
            let start = Instant::now();
            drop(store);
            step(start);
        }
        let names = [
            "open",
            "claim",
            "release",
            "claim two, keep",
            "release two",
            "close",
        ];
        print!("{count:>7} leases:");
        for (name, mut times) in names.into_iter().zip(spent) {
            times.sort_unstable();
            let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
            print!("  {name} {:.3} ({:.3}) ms", at(50), at(99));
        }
        println!();
        report(&folder);
    }
}

fn report(folder: &Folder) {
    use std::os::unix::fs::MetadataExt;
    let (store, _) = Store::open(folder.path()).expect("open");
    let start = Instant::now();
    let leases = store.leases().expect("leases").len();
    let listed = start.elapsed();
    let start = Instant::now();
    store.check().expect("a sound store");
    let blocks = std::fs::metadata(folder.file()).expect("metadata").blocks();
    println!(
        "{:>15} {leases} listed in {listed:?}, checked in {:?}, {} KiB on disk",
        "",
        start.elapsed(),
        blocks / 2
    );
}
