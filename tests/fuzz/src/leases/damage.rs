//! A filled store whose file is not what was written, and what each call makes of it.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::OnceLock;

use plumb::leases::{Candidate, ClaimError, Error, FILE_NAME, Lease, Leases, Owner, Pod, Store};

/// SQLite's page size, unless it is told another.
const PAGE: usize = 4096;
/// How many containers claim, some of which release again.
const FILLED: u8 = 48;

/// Runs changes and calls of four bytes each: what, and three numbers.
///
/// | what | change of one page, which the first number of the first change chooses |
/// |---|---|
/// | `b` | a bit: where (two numbers, of the page) |
/// | `w` | a byte: where, and the third number is its value |
/// | `f` | bytes from the place on: all of the third number |
/// | `n` | the same, bytes that look random |
/// | `t` | the file ends at the place |
/// | `j` | 512 bytes that look random, or the page, are put behind the journal; the first number chooses |
///
/// The other bytes are calls, by what `what` leaves when it is divided: claim, release, the rest.
///
/// # Panics
///
/// When a call panics, fails for another reason than damage, or gives an address to two.
pub fn run(folder: &Path, data: &[u8]) {
    static SOUND: OnceLock<(Vec<u8>, Vec<Lease>)> = OnceLock::new();
    let (sound, known) = SOUND.get_or_init(|| filled(folder));
    let (steps, _) = data.as_chunks::<4>();
    let mut bytes = sound.clone();
    let mut journal = Vec::new();
    let pages = sound.len() / PAGE;
    let page = steps.first().map_or(0, |step| usize::from(step[3]) % pages) * PAGE;
    let is_change = |step: &&[u8; 4]| b"bwfntj".contains(&step[0]);
    for [what, high, low, value] in steps.iter().filter(is_change) {
        let at = page + usize::from(u16::from_be_bytes([*high, *low])) % PAGE;
        let Some(rest) = bytes.get_mut(at..) else {
            continue;
        };
        let rest_of_page = PAGE - at % PAGE;
        let length = rest.len().min(rest_of_page);
        let rest = &mut rest[..length];
        match (what, rest.first_mut()) {
            (b'b', Some(byte)) => *byte ^= 1 << (value % 8),
            (b'w', Some(byte)) => *byte = *value,
            (b'f', Some(_)) => rest.fill(*value),
            (b'n', Some(_)) => noise(rest, u64::from(*value) + 1),
            (b't', Some(_)) => bytes.truncate(at),
            (b'j', Some(_)) if high.is_multiple_of(2) => journal.extend_from_slice(rest),
            (b'j', Some(_)) => {
                let begin = journal.len();
                journal.resize(begin + 512, 0);
                noise(&mut journal[begin..], u64::from(*value) + 1);
            }
            _ => {}
        }
    }
    fs::write(folder.join(FILE_NAME), &bytes).expect("write");
    if !journal.is_empty() {
        let path = folder.join(format!("{FILE_NAME}-journal"));
        fs::write(path, &journal).expect("write");
    }
    let mut node = Node::open(folder, known);
    for [what, who, which, how] in steps.iter().filter(|step| !is_change(step)) {
        let owner = owner(u16::from(*who));
        match what % 3 {
            0 => node.claim(&owner, *which, *how),
            1 => {
                node.ask(|store| store.release(&owner));
                node.holders.retain(|_, holder| *holder != owner);
            }
            _ => {
                node.ask(Leases::leases);
                node.ask(Leases::owners);
                node.ask(Leases::count);
                node.ask(|store| store.held_by(&owner));
                let usage = node.ask(|store| store.usage("", &[range()]));
                assert!(usage.taken <= usage.size, "{usage:?}");
            }
        }
    }
    // A claim at least, by one that nobody has seen.
    node.claim(&self::owner(1000), 0, 0);
    node.ask(|store| store.restore(&[]));
    // Finds what no call has met.
    node.ask(Store::check);
    node.claim(&self::owner(1001), 0, 1);
    node.ask(Store::check);
}

/// What a node does: asks the store, and makes it again from the journal when it is damaged.
struct Node<'a> {
    store: Option<Store>,
    /// What the journal knows.
    holders: BTreeMap<IpAddr, Owner>,
    /// For what else is in a lease.
    pattern: &'a Lease,
}

impl<'a> Node<'a> {
    fn open(folder: &Path, known: &'a [Lease]) -> Self {
        let mut node = Self {
            store: None,
            holders: known
                .iter()
                .map(|lease| (lease.address, lease.owner.clone()))
                .collect(),
            pattern: &known[0],
        };
        let opened = match Store::open(folder, || Ok(node.known())) {
            // Both of the numbers that name the layout were changed, and in the same way.
            Err(Error::Layout { .. }) => {
                fs::remove_file(folder.join(FILE_NAME)).expect("remove");
                Store::open(folder, || Ok(node.known()))
            }
            opened => opened,
        };
        node.store = Some(opened.expect("open").0);
        node
    }

    fn known(&self) -> Vec<Lease> {
        let leases = self.holders.iter().map(|(address, owner)| Lease {
            address: *address,
            owner: owner.clone(),
            ..self.pattern.clone()
        });
        leases.collect()
    }

    fn ask<T>(&mut self, ask: impl Fn(&Store) -> Result<T, Error>) -> T {
        let store = self.store.take().expect("a store");
        let (store, answer) = match ask(&store) {
            Err(Error::Corrupt { reason, .. }) => {
                let (store, _) = store
                    .replace(&reason, || Ok(self.known()))
                    .expect("replace");
                let answer = ask(&store).expect("a sound store answers");
                (store, answer)
            }
            answer => (store, answer.expect("damage is called damage")),
        };
        self.store = Some(store);
        answer
    }

    fn claim(&mut self, owner: &Owner, which: u8, how: u8) {
        let pod = pod(which);
        let claimed = self.ask(|store| {
            match store.claim(
                "",
                owner,
                Some(&pod),
                &[vec![blue()]],
                how.is_multiple_of(2),
            ) {
                Ok(claimed) => Ok(claimed),
                Err(ClaimError::Store(error)) => Err(error),
                Err(_) => Ok(Vec::new()),
            }
        });
        for claimed in claimed {
            let (first, last) = range();
            assert!(first <= claimed.address && claimed.address <= last);
            let holder = self.holders.insert(claimed.address, owner.clone());
            assert_eq!(holder, None, "{} given to {owner:?}", claimed.address);
        }
    }
}

/// The file of a store in which containers have claimed and released, and its leases.
fn filled(folder: &Path) -> (Vec<u8>, Vec<Lease>) {
    let (store, _) = Store::open(folder, || Ok(Vec::new())).expect("make a store");
    for who in 0..FILLED {
        let (owner, pod) = (owner(who.into()), pod(who));
        store
            .claim("", &owner, Some(&pod), &[vec![blue()]], who % 3 != 0)
            .expect("claim");
        if who % 5 == 0 {
            store.release(&owner).expect("release");
        }
    }
    let known = store.leases().expect("leases");
    let path = store.path().to_owned();
    drop(store);
    let bytes = fs::read(&path).expect("read");
    for entry in fs::read_dir(folder).expect("list") {
        fs::remove_file(entry.expect("entry").path()).expect("remove");
    }
    (bytes, known)
}

/// Bytes that look random (xorshift64).
fn noise(bytes: &mut [u8], mut number: u64) {
    for byte in bytes {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        *byte = (number >> 32) as u8;
    }
}

fn range() -> (IpAddr, IpAddr) {
    ([10, 0, 0, 1].into(), [10, 0, 0, 250].into())
}

fn blue() -> Candidate {
    Candidate {
        pool: "blue".to_owned(),
        ranges: vec![range()],
        shared: false,
    }
}

fn owner(who: u16) -> Owner {
    Owner {
        network: "rail0".to_owned(),
        container_id: format!("{who:064x}"),
        interface_name: "net1".to_owned(),
    }
}

fn pod(which: u8) -> Pod {
    Pod {
        namespace: "training".to_owned(),
        name: format!("worker-{which}"),
    }
}
