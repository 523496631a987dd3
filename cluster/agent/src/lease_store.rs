//! The node's lease store, as claims need it: that of `plumb-leases`, opened for each call as CNI calls do, so that a
//! damaged one can be replaced meanwhile.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use plumb_blocks::{BoundTo, GaveBack, Leased, Range, Seen, StoreError};
use plumb_leases::{FileId, Kept, Lease, Pod, Store};
use plumb_resources::BlockPod;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::replace::{self, Lasting};

/// Where plumb keeps a record of each attachment, below the state folder.
pub const RECORDS: &str = "attachments";

/// Where what was last known of the API server is kept, below the state folder.
const SEEN: &str = "agent-seen.json";

/// The lease store in plumb's state folder.
#[derive(Debug, Clone)]
pub struct LeaseStore {
    folder: PathBuf,
    /// The file that was last opened.
    known: Arc<Mutex<Option<FileId>>>,
    /// Told when there is another file than before: it holds nothing.
    renewed: Arc<Notify>,
}

impl LeaseStore {
    /// In this folder.
    pub fn new(folder: PathBuf, renewed: Arc<Notify>) -> Self {
        Self {
            folder,
            known: Arc::default(),
            renewed,
        }
    }

    /// The store, if there is one.
    ///
    /// # Errors
    ///
    /// It is damaged or cannot be opened. A damaged one is plumb's to make again, from its records.
    pub fn existing(&self) -> Result<Option<Store>, StoreError> {
        let store = Store::open_existing(&self.folder).map_err(failed)?;
        if let Some(store) = &store {
            let id = store.id();
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.replace(id).is_some_and(|before| before != id) {
                self.renewed.notify_one();
            }
        }
        Ok(store)
    }

    /// The store. One is made only where plumb has no record yet: then nobody has an address.
    fn store(&self) -> Result<Store, StoreError> {
        if let Some(store) = self.existing()? {
            return Ok(store);
        }
        let records = self.folder.join(RECORDS);
        let none = || match has_files(&records)? {
            false => {
                let imported = plumb_leases::imported::all(&self.folder)?;
                Ok(imported.into_iter().map(|one| one.lease).collect())
            }
            true => Err(io::Error::other(format!(
                "there is no lease store in {} and there are records in {}: the next CNI call makes one of them",
                self.folder.display(),
                records.display()
            ))),
        };
        replace::folder(&self.folder).map_err(StoreError)?;
        let (store, _) = Store::open(&self.folder, none).map_err(failed)?;
        Ok(store)
    }

    fn seen_file(&self) -> PathBuf {
        self.folder.join(SEEN)
    }
}

/// Whether there is a file in a folder or below it.
fn has_files(folder: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_type()?.is_dir() || has_files(&entry.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn failed(error: plumb_leases::Error) -> StoreError {
    StoreError(error.to_string())
}

impl plumb_blocks::Store for LeaseStore {
    fn hold(&self, space: &str, range: Range) -> Result<(), StoreError> {
        self.store()?.hold(space, &[range], &[]).map_err(failed)
    }

    fn give_back(&self, space: &str, range: Range) -> Result<GaveBack, StoreError> {
        let Some(store) = self.existing()? else {
            return Ok(GaveBack::GaveBack);
        };
        Ok(match store.give_back(space, range).map_err(failed)? {
            None => GaveBack::GaveBack,
            Some(lease) => GaveBack::Leased(lease.address),
        })
    }

    fn withdraw(&self, space: &str, range: Range) -> Result<(), StoreError> {
        match self.existing()? {
            Some(store) => store.withdraw(space, range).map_err(failed),
            None => Ok(()),
        }
    }

    fn held(&self) -> Result<Vec<(String, Range)>, StoreError> {
        match self.existing()? {
            Some(store) => store.all_held().map_err(failed),
            None => Ok(Vec::new()),
        }
    }

    fn leases(&self, space: &str, range: Range) -> Result<Vec<Leased>, StoreError> {
        let Some(store) = self.existing()? else {
            return Ok(Vec::new());
        };
        let leases = store.leases_within(space, range).map_err(failed)?;
        let remembered = store.remembered_within(space, range).map_err(failed)?;
        let leased = |lease: Lease| Leased {
            address: lease.address,
            holder: holder(&lease),
            kept_for: match remembered.contains(&lease.address) {
                true => kept_for(&lease),
                false => None,
            },
        };
        Ok(leases.into_iter().map(leased).collect())
    }

    fn remember(
        &self,
        space: &str,
        address: std::net::IpAddr,
        bound: &BoundTo,
    ) -> Result<(), StoreError> {
        let kept = Kept {
            address,
            network: bound.network.clone(),
            interface: bound.interface.clone(),
            pod: Pod {
                namespace: bound.pod.namespace.clone(),
                name: bound.pod.name.clone(),
            },
            ordinal: 0,
        };
        self.store()?.hold(space, &[], &[kept]).map_err(failed)
    }

    fn seen(&self) -> Result<Option<Seen>, StoreError> {
        let path = self.seen_file();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError(format!("read {}: {error}", path.display()))),
        };
        // What is no such file is as one that is missing: it says only what to be careful about.
        Ok(serde_json::from_str::<SeenFile>(&text)
            .ok()
            .map(|file| Seen {
                cluster: file.cluster,
                resource_version: file.resource_version,
            }))
    }

    fn set_seen(&self, seen: &Seen) -> Result<(), StoreError> {
        let file = SeenFile {
            cluster: seen.cluster.clone(),
            resource_version: seen.resource_version,
        };
        let text = serde_json::to_vec(&file).map_err(|error| StoreError(error.to_string()))?;
        replace::folder(&self.folder).map_err(StoreError)?;
        replace::file(&self.seen_file(), &text, 0o600, Lasting::UntilBoot).map_err(StoreError)
    }
}

/// The file of what was last known of the API server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct SeenFile {
    cluster: String,
    resource_version: u64,
}

fn holder(lease: &Lease) -> String {
    let interface = &lease.owner.interface_name;
    match &lease.pod {
        Some(pod) => format!("{pod} {interface}"),
        None => format!("container {} {interface}", lease.owner.container_id),
    }
}

/// Whom an address is kept for that is leased and remembered: then it is remembered for its holder.
fn kept_for(lease: &Lease) -> Option<BoundTo> {
    let pod = lease.pod.as_ref()?;
    lease.in_use_by().is_none().then(|| BoundTo {
        pod: BlockPod {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
        },
        network: lease.owner.network.clone(),
        interface: lease.owner.interface_name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use plumb_blocks::Store as _;
    use plumb_leases::{Candidate, Leases, Owner, Request};

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn bound() -> BoundTo {
        BoundTo {
            pod: BlockPod {
                namespace: "team-a".to_owned(),
                name: "web-0".to_owned(),
            },
            network: "rail1".to_owned(),
            interface: "net1".to_owned(),
        }
    }

    #[test]
    fn what_is_held_is_given_out_and_not_given_back_while_a_pod_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let leases = LeaseStore::new(folder.path().to_owned(), Arc::default());
        assert_eq!(leases.held().unwrap(), []);
        let range = (ip("10.0.0.4"), ip("10.0.0.5"));
        leases.hold("", range).unwrap();
        leases.remember("", ip("10.0.0.5"), &bound()).unwrap();
        let owner = Owner {
            network: "rail1".to_owned(),
            container_id: "c".to_owned(),
            interface_name: "net1".to_owned(),
        };
        let candidate = Candidate {
            pool: "p".to_owned(),
            ranges: vec![(ip("10.0.0.0"), ip("10.0.0.255"))],
            shared: true,
        };
        let pod = Pod {
            namespace: "team-a".to_owned(),
            name: "web-0".to_owned(),
        };
        let request = Request {
            space: "",
            owner: &owner,
            pod: Some(&pod),
            claims: &[vec![candidate]],
            keep: true,
            asked: true,
        };
        let claimed = leases.store().unwrap().fulfil(&request).unwrap();
        assert_eq!(claimed[0].address, ip("10.0.0.5"));
        assert_eq!(
            leases.give_back("", range).unwrap(),
            GaveBack::Leased(ip("10.0.0.5"))
        );
        let leased = leases.leases("", range).unwrap();
        assert_eq!(leased[0].holder, "team-a/web-0 net1");
        assert_eq!(leased[0].kept_for, Some(bound()));
        leases.store().unwrap().release(&owner).unwrap();
        assert_eq!(leases.give_back("", range).unwrap(), GaveBack::GaveBack);
        assert_eq!(leases.held().unwrap(), []);
    }

    #[test]
    fn no_store_is_made_where_plumb_has_records() {
        let folder = tempfile::tempdir().unwrap();
        let leases = LeaseStore::new(folder.path().to_owned(), Arc::default());
        let record = folder.path().join("attachments/rail1/c");
        fs::create_dir_all(&record).unwrap();
        fs::write(record.join("net1"), "{}").unwrap();
        let range = (ip("10.0.0.4"), ip("10.0.0.5"));
        let error = leases.hold("", range).unwrap_err();
        assert!(error.to_string().contains("there are records"), "{error}");
        assert!(leases.existing().unwrap().is_none());
    }

    #[test]
    fn a_damaged_store_stays_for_plumb_to_make_again() {
        let folder = tempfile::tempdir().unwrap();
        let leases = LeaseStore::new(folder.path().to_owned(), Arc::default());
        let file = folder.path().join(plumb_leases::FILE_NAME);
        fs::write(
            &file,
            "no database, and long enough to be looked at".repeat(8),
        )
        .unwrap();
        let error = leases
            .hold("", (ip("10.0.0.4"), ip("10.0.0.5")))
            .unwrap_err();
        assert!(error.to_string().contains("is damaged"), "{error}");
        assert!(
            fs::read_to_string(&file)
                .unwrap()
                .starts_with("no database")
        );
    }

    #[test]
    fn whoever_finds_another_store_than_before_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let renewed = Arc::new(Notify::new());
        let leases = LeaseStore::new(folder.path().to_owned(), renewed.clone());
        let range = (ip("10.0.0.4"), ip("10.0.0.5"));
        leases.hold("", range).unwrap();
        leases.held().unwrap();
        let told = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build();
            let wait = async {
                tokio::time::timeout(std::time::Duration::from_millis(1), renewed.notified()).await
            };
            runtime.unwrap().block_on(wait).is_ok()
        };
        assert!(!told());
        let file = folder.path().join(plumb_leases::FILE_NAME);
        // The number of a removed file may be used again at once.
        fs::rename(&file, folder.path().join("aside")).unwrap();
        leases.hold("", range).unwrap();
        leases.held().unwrap();
        assert!(told());
    }

    #[test]
    fn what_was_seen_of_the_api_server_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let leases = LeaseStore::new(folder.path().to_owned(), Arc::default());
        assert_eq!(leases.seen().unwrap(), None);
        let seen = Seen {
            cluster: "c".to_owned(),
            resource_version: 7,
        };
        leases.set_seen(&seen).unwrap();
        assert_eq!(leases.seen().unwrap(), Some(seen));
        fs::write(folder.path().join(SEEN), "{").unwrap();
        assert_eq!(leases.seen().unwrap(), None);
    }
}
