//! The plugin's own pool: the addresses of one subnet, of which the first is the gateway.
//! Taken is what a record of the network has.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::error::{CONFIGURATION, EXHAUSTED, Error};
use crate::request::Request;
use crate::{defects, ipam, json as go, record};

/// A pool whose lock is held: nobody else takes an address.
pub struct Pool {
    network: Ipv4Addr,
    length: u32,
    folder: PathBuf,
    name: String,
    _lock: Option<File>,
}

impl Pool {
    /// The pool as it is now.
    pub fn look(request: &Request) -> Result<Self, Error> {
        let ipam = go::get(&request.configuration, "ipam");
        let subnet = go::get(ipam, "subnet").as_str().unwrap_or_default();
        let parsed = subnet.split_once('/').and_then(|(network, length)| {
            let length = length
                .parse()
                .ok()
                .filter(|length| (8..=30).contains(length))?;
            Some((network.parse().ok()?, length))
        });
        let (network, length) = parsed.ok_or_else(|| {
            Error::new(
                CONFIGURATION,
                format!("ipam.subnet {subnet:?} is no IPv4 subnet of 8 to 30 bits"),
            )
        })?;
        Ok(Self {
            network,
            length,
            folder: record::folder(&request.network),
            name: request.network.clone(),
            _lock: None,
        })
    }

    /// The pool for an ADD, which has made the network's folder.
    pub fn hold(request: &Request) -> Result<Self, Error> {
        let mut pool = Self::look(request)?;
        let path = pool.folder.join("lock");
        let file = defects::lock_of_the_pool(&path)
            .map_err(|error| record::wrong("create", &path, &error))?;
        if !defects::has("chooses-without-the-lock") {
            record::lock(&file, &path)?;
        }
        pool._lock = Some(file);
        Ok(pool)
    }

    /// The first address that is free.
    pub fn free(&self) -> Result<Ipv4Addr, Error> {
        let taken: BTreeSet<Ipv4Addr> = record::all(&self.name)
            .into_iter()
            .filter_map(|(path, _, _)| record::read(&path)?.address)
            .collect();
        let first = self.network.to_bits();
        let size = 1_u32 << (32 - self.length);
        // Without the network's, the gateway's and the one for broadcasts.
        (first + 2..first + size - 1)
            .map(Ipv4Addr::from_bits)
            .find(|address| !taken.contains(address))
            .ok_or_else(|| {
                Error::new(
                    EXHAUSTED,
                    format!("network {} has no address left", self.name),
                )
            })
    }

    /// What an IPAM plugin would answer with this address.
    pub fn answer(&self, address: Ipv4Addr, configuration: &Value) -> Value {
        json!({
            "ips": [{
                "address": format!("{address}/{}", self.length),
                "gateway": Ipv4Addr::from_bits(self.network.to_bits() + 1).to_string(),
            }],
            "routes": ipam::routes(configuration),
        })
    }
}
