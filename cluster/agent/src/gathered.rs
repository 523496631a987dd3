//! What is looked up on the node when somebody asks for metrics: leases, held addresses, pools, records, RDMA devices.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use plumb_leases::{Lease, Leases, Usage};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::desk::Known;
use crate::infiniband;
use crate::lease_store::{LeaseStore, RECORDS};
use crate::metrics::Labels;
use crate::view::View;

type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// Where things are looked up.
#[derive(Clone)]
pub struct Sources {
    /// The node's leases.
    pub leases: LeaseStore,
    /// The pools.
    pub known: Known,
    /// The node's pods.
    pub view: View,
    /// plumb's state folder.
    pub state_folder: PathBuf,
    /// The kernel's folder of RDMA devices.
    pub rdma_devices: PathBuf,
}

impl Sources {
    /// All of it. What cannot be looked up is missing, and the log says why.
    pub fn gather(&self) -> Registry {
        let mut registry = Registry::with_prefix("plumb");
        self.pools(&mut registry);
        if let Err(error) = self.leases(&mut registry) {
            tracing::warn!("metrics of leases: {error}");
        }
        let records = records(&self.state_folder.join(RECORDS));
        let attachments = gauges(
            &mut registry,
            "attachments",
            "Interfaces that plumb has a record of, by network",
        );
        for record in &records {
            add(&attachments, vec![("network", record.network.clone())], 1.0);
        }
        infiniband::gather(&self.rdma_devices, &records, &mut registry);
        infiniband::gather_moved(&records, &mut registry);
        registry
    }

    fn pools(&self, registry: &mut Registry) {
        let known = self.known.get();
        let sizes = gauges(
            registry,
            "pool_addresses",
            "Addresses that a pool of the cluster gives out on all nodes together",
        );
        let wrong = gauges(
            registry,
            "pools_wrong",
            "Pools and reservations of the cluster with something wrong: see their events",
        );
        for pool in &known.pools {
            let size: u128 = pool.usable().iter().map(|range| range.size()).sum();
            set(&sizes, vec![("pool", pool.name.clone())], size as f64);
        }
        set(&wrong, Vec::new(), known.wrong as f64);
    }

    fn leases(&self, registry: &mut Registry) -> Result<(), String> {
        let leased = gauges(
            registry,
            "leases",
            "Addresses that pods of this node have, by pool",
        );
        let set_aside = gauges(
            registry,
            "leases_set_aside",
            "Addresses that somebody on the wire was found to have",
        );
        let held = gauges(
            registry,
            "held_addresses",
            "Addresses of a pool of the cluster that this node may give out without asking",
        );
        let without_pod = gauges(
            registry,
            "leases_without_pod",
            "Addresses of pods that the API server has not on this node, and whose network namespaces may be alive",
        );
        // Nothing yet is 0: of a metric without values a panel shows nothing, and an alert cannot tell.
        let known = self.known.get();
        for pool in &known.pools {
            for gauges in [&leased, &set_aside] {
                set(gauges, vec![("pool", pool.name.clone())], 0.0);
            }
        }
        let store = self.leases.existing().map_err(|error| error.to_string())?;
        let leases = match &store {
            Some(store) => store.leases().map_err(|error| error.to_string())?,
            None => Vec::new(),
        };
        for lease in &leases {
            match lease.in_use_by().is_some() {
                true => add(&set_aside, vec![("pool", lease.pool.clone())], 1.0),
                false => add(&leased, vec![("pool", lease.pool.clone())], 1.0),
            }
        }
        for pool in &known.pools {
            let ranges: Vec<_> = pool
                .usable()
                .iter()
                .map(|range| (range.first, range.last))
                .collect();
            let usage = match &store {
                Some(store) => store
                    .usage("", &ranges)
                    .map_err(|error| error.to_string())?,
                None => Usage::none_of(&ranges),
            };
            set(&held, vec![("pool", pool.name.clone())], usage.held as f64);
        }
        set(&without_pod, Vec::new(), self.without_pod(&leases) as f64);
        Ok(())
    }

    /// How many leases are of pods that are not on this node any more.
    fn without_pod(&self, leases: &[Lease]) -> usize {
        // Of pods that are not known yet nothing is known to be gone.
        let Some(pods) = self.view.pod_names() else {
            return 0;
        };
        let is_gone = |lease: &&Lease| lease.pod.as_ref().is_some_and(|pod| !pods.contains(pod));
        leases.iter().filter(is_gone).count()
    }
}

/// A record of plumb, as far as it is counted.
#[derive(Debug)]
pub struct Record {
    /// The network's name.
    pub network: String,
    /// The file.
    pub file: PathBuf,
}

/// `NETWORK/CONTAINER/INTERFACE` below the folder of records.
fn records(folder: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    for network in entries(folder) {
        for file in entries(&network)
            .iter()
            .flat_map(|container| entries(container))
        {
            let name = network.file_name().unwrap_or_default();
            records.push(Record {
                network: name.to_string_lossy().into_owned(),
                file,
            });
        }
    }
    records
}

/// None of a folder that is gone, or is none.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

/// Values of a name, none yet.
pub fn gauges(registry: &mut Registry, name: &str, help: &str) -> Gauges {
    let gauges = Gauges::default();
    registry.register(name, help, gauges.clone());
    gauges
}

fn add(gauges: &Gauges, labels: Labels, value: f64) {
    gauges.get_or_create(&labels).inc_by(value);
}

/// Sets the value of some labels.
pub fn set(gauges: &Gauges, labels: Labels, value: f64) {
    gauges.get_or_create(&labels).set(value);
}

/// Counters whose values somebody else has counted.
pub fn counters(registry: &mut Registry, name: &str, help: &str, values: BTreeMap<Labels, u64>) {
    registry.register_collector(Box::new(Counters {
        name: name.to_owned(),
        help: help.to_owned(),
        values,
    }));
}

#[derive(Debug)]
struct Counters {
    name: String,
    help: String,
    values: BTreeMap<Labels, u64>,
}

impl prometheus_client::collector::Collector for Counters {
    fn encode(
        &self,
        mut encoder: prometheus_client::encoding::DescriptorEncoder<'_>,
    ) -> Result<(), std::fmt::Error> {
        use prometheus_client::encoding::EncodeMetric;
        use prometheus_client::metrics::MetricType;
        let mut encoder =
            encoder.encode_descriptor(&self.name, &self.help, None, MetricType::Counter)?;
        for (labels, value) in &self.values {
            let counter = ConstCounter::new(*value);
            counter.encode(encoder.encode_family(labels)?)?;
        }
        Ok(())
    }
}
