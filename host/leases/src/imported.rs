//! Leases that another product has given, taken up while its pods run: one file for each, beside the store.
//!
//! plumb attached none of these pods, so its journal knows nothing of them. What a damaged store is made again from is here,
//! and what the end of such a pod is recognised by, where its container or its network is not known. A file is there before
//! the lease is, and goes after it: what is left by a kill between the two is a file too many, which whoever looks after
//! the pods of the node removes when its pod is gone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::libc;
use serde::{Deserialize, Serialize};

use crate::lease::{Lease, Owner, Pod};

/// The folder of the files, beside the store.
pub const FOLDER: &str = "imported";

/// What stands for a network, or an interface, that is not known. It is no name that CNI allows (CNI specification 1.1,
/// section 1), so that no call is ever about it.
pub const UNKNOWN: &str = "?";

/// Largest file that is read: a hundred times what is written.
const LIMIT: u64 = 64 * 1024;

/// A lease that another product gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Imported {
    /// The lease. Its owner has [`UNKNOWN`] for what is not known, and [`Imported::unknown_container`].
    pub lease: Lease,
    /// The pod's UID; empty where it is not known.
    pub uid: String,
    /// Where the pod's network namespace is, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub netns: Option<PathBuf>,
}

/// What a call says of the attachment that ends.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// The attachment.
    pub owner: &'a Owner,
    /// Its pod, where the runtime names one.
    pub pod: Option<&'a Pod>,
    /// The pod's UID; empty where the runtime does not tell it.
    pub uid: &'a str,
    /// The addresses that its ADD reported; none where the runtime sends no result.
    pub addresses: &'a [IpAddr],
}

impl Imported {
    /// What stands for a container that is not known: different for each pod, because an owner's leases end together.
    #[must_use]
    pub fn unknown_container(pod: Option<&Pod>, uid: &str) -> String {
        match pod {
            _ if !uid.is_empty() => format!("{UNKNOWN}{uid}"),
            Some(pod) => format!("{UNKNOWN}{}_{}", pod.namespace, pod.name),
            None => UNKNOWN.to_owned(),
        }
    }

    /// Whether the lease is that of an attachment that ends.
    ///
    /// A container that is known decides alone. Without it the pod does, by UID where both sides have one: a pod of the same
    /// name that was made again is another one. Where the runtime tells which addresses the attachment had, no other ends:
    /// the late DEL of an earlier sandbox of a pod says nothing about the sandbox that runs.
    #[must_use]
    pub fn is_of(&self, ended: &Ended<'_>) -> bool {
        let (own, owner) = (&self.lease.owner, ended.owner);
        let is = |known: &str, is: &str| known == UNKNOWN || known == is;
        if !is(&own.network, &owner.network) || !is(&own.interface_name, &owner.interface_name) {
            return false;
        }
        if !own.container_id.starts_with(UNKNOWN) {
            return own.container_id == owner.container_id;
        }
        let is_same_pod = self.lease.pod.is_some() && self.lease.pod.as_ref() == ended.pod;
        let is_same_uid = self.uid.is_empty() || ended.uid.is_empty() || self.uid == ended.uid;
        let has_it = ended.addresses.contains(&self.lease.address)
            || (ended.addresses.is_empty() && own.interface_name != UNKNOWN);
        is_same_pod && is_same_uid && has_it
    }
}

/// All that were taken up and have not ended. One whose file cannot be understood is a lease of nobody known, because its
/// address stands in the file's name.
///
/// # Errors
///
/// The folder or a file of it cannot be read: then it is not known which addresses are free.
pub fn all(folder: &Path) -> io::Result<Vec<Imported>> {
    let entries = match fs::read_dir(folder.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut imported = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(address) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        match read(&entry.path()) {
            Ok(Some(found)) if found.lease.address == address => imported.push(found),
            Ok(_) => imported.push(unreadable(address)),
            // Ended meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    imported.sort_by_key(|one| one.lease.address);
    Ok(imported)
}

fn read(path: &Path) -> io::Result<Option<Imported>> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    let reader = io::Read::take(file, LIMIT);
    let text = io::read_to_string(reader);
    Ok(text.ok().and_then(|text| serde_json::from_str(&text).ok()))
}

fn unreadable(address: IpAddr) -> Imported {
    let unknown = || UNKNOWN.to_owned();
    Imported {
        lease: Lease {
            space: String::new(),
            address,
            pool: unknown(),
            owner: Owner {
                network: unknown(),
                container_id: format!("{UNKNOWN}{address}"),
                interface_name: unknown(),
            },
            pod: None,
            since: 0,
        },
        uid: String::new(),
        netns: None,
    }
}

/// Writes one down. It is there whole or not at all.
///
/// # Errors
///
/// What the kernel said; what was there before is there still.
pub fn write(folder: &Path, imported: &Imported) -> io::Result<()> {
    let folder = folder.join(FOLDER);
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(&folder)?;
    let draft = folder.join(format!(".{}", imported.lease.address));
    let path = folder.join(imported.lease.address.to_string());
    let text = serde_json::to_vec(imported)?;
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&draft)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(&folder)?.sync_all()
    };
    write().inspect_err(|_| drop(fs::remove_file(&draft)))
}

/// Removes the one of an address; nothing where there is none.
///
/// # Errors
///
/// What the kernel said.
pub fn remove(folder: &Path, address: IpAddr) -> io::Result<()> {
    match fs::remove_file(folder.join(FOLDER).join(address.to_string())) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(network: &str, container: &str, interface: &str) -> Owner {
        Owner {
            network: network.to_owned(),
            container_id: container.to_owned(),
            interface_name: interface.to_owned(),
        }
    }

    fn pod(name: &str) -> Pod {
        Pod {
            namespace: "team-a".to_owned(),
            name: name.to_owned(),
        }
    }

    fn imported(owner: Owner, uid: &str) -> Imported {
        Imported {
            lease: Lease {
                space: String::new(),
                address: "10.0.0.5".parse().unwrap(),
                pool: "gpu1".to_owned(),
                owner,
                pod: Some(pod("web-0")),
                since: 7,
            },
            uid: uid.to_owned(),
            netns: Some("/run/netns/a".into()),
        }
    }

    /// Whether a lease without a container is that of a DEL of `web-0`.
    fn ends(known: &Imported, name: &str, uid: &str, interface: &str, addresses: &[&str]) -> bool {
        let addresses: Vec<IpAddr> = addresses.iter().map(|one| one.parse().unwrap()).collect();
        known.is_of(&Ended {
            owner: &owner("rail1", "c1", interface),
            pod: Some(&pod(name)),
            uid,
            addresses: &addresses,
        })
    }

    #[test]
    fn a_pod_whose_container_is_not_known_ends_by_its_name_uid_interface_and_address() {
        let container = Imported::unknown_container(Some(&pod("web-0")), "u1");
        let known = imported(owner(UNKNOWN, &container, "net1"), "u1");
        assert!(ends(&known, "web-0", "u1", "net1", &["10.0.0.5"]));
        assert!(ends(&known, "web-0", "", "net1", &[]), "an old runtime");
        assert!(!ends(&known, "web-1", "u1", "net1", &[]), "another pod");
        assert!(!ends(&known, "web-0", "u0", "net1", &[]), "made again");
        assert!(
            !ends(&known, "web-0", "u1", "net2", &[]),
            "another interface"
        );
        let earlier = ["10.0.0.6"];
        assert!(
            !ends(&known, "web-0", "u1", "net1", &earlier),
            "an earlier sandbox"
        );
        // Where not even the interface is known, only the address tells which one it is.
        let known = imported(owner(UNKNOWN, &container, UNKNOWN), "u1");
        assert!(!ends(&known, "web-0", "u1", "net1", &[]));
        assert!(ends(&known, "web-0", "u1", "net1", &["10.0.0.5"]));
    }

    #[test]
    fn a_container_that_is_known_decides_alone() {
        let known = imported(owner(UNKNOWN, "c1", "net1"), "u1");
        assert!(ends(&known, "web-9", "u9", "net1", &["10.0.0.9"]));
        let known = imported(owner(UNKNOWN, "c2", "net1"), "u1");
        assert!(!ends(&known, "web-0", "u1", "net1", &["10.0.0.5"]));
        let known = imported(owner("rail2", "c1", "net1"), "u1");
        assert!(
            !ends(&known, "web-0", "u1", "net1", &["10.0.0.5"]),
            "another network"
        );
    }

    #[test]
    fn what_is_written_is_read_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(all(folder.path()).unwrap(), []);
        let one = imported(owner("rail1", "c1", "net1"), "u1");
        write(folder.path(), &one).unwrap();
        write(folder.path(), &one).unwrap();
        assert_eq!(
            all(folder.path()).unwrap().as_slice(),
            std::slice::from_ref(&one)
        );
        remove(folder.path(), one.lease.address).unwrap();
        remove(folder.path(), one.lease.address).unwrap();
        assert_eq!(all(folder.path()).unwrap(), []);
    }

    #[test]
    fn the_address_of_a_damaged_file_is_nobodys_but_taken() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(FOLDER)).unwrap();
        for (name, text) in [
            ("10.0.0.5", "{"),
            ("fd00::5", "\u{fffd}"),
            (".10.0.0.6", "{}"),
            ("notes", "x"),
        ] {
            fs::write(folder.path().join(FOLDER).join(name), text).unwrap();
        }
        let found = all(folder.path()).unwrap();
        let addresses: Vec<String> = found
            .iter()
            .map(|one| one.lease.address.to_string())
            .collect();
        assert_eq!(addresses, ["10.0.0.5", "fd00::5"]);
        assert_ne!(
            found[0].lease.owner, found[1].lease.owner,
            "one owner's leases end together"
        );
    }
}
