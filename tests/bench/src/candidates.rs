//! Who is measured: CNI plugins, called as libcni calls them, and the `ip` commands
//! that make the same end state.

use std::cell::Cell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::end_state::{self, Attached};
use crate::error::Error;
use crate::launch::{Finished, Invocation, run};
use crate::node::{Node, PARENT, Pod};
use crate::statistics::Sample;

/// `CNI_IFNAME` of every call.
pub const INTERFACE: &str = "net1";

/// Gateways of the measured networks, IPv4 first.
pub const GATEWAYS: [&str; 2] = ["10.64.0.1", "fd64::1"];

/// Something that can attach a pod.
pub trait Candidate {
    /// Name in the report.
    fn label(&self) -> &'static str;

    /// Attaches the pod. Returns the cost and what later calls need.
    fn add(&self, pod: &Pod) -> Result<(Sample, Value), Error>;

    /// Compares the attachment with the kernel; none when this candidate cannot.
    fn check(&self, pod: &Pod, result: &Value) -> Result<Option<Sample>, Error>;

    /// Takes the attachment away.
    fn delete(&self, pod: &Pod, result: &Value) -> Result<Sample, Error>;

    /// Address families of the network, 1 or 2.
    fn families(&self) -> usize {
        1
    }

    /// Adds and verifies the end state.
    fn attach(&self, node: &Node, pod: &Pod) -> Result<(Sample, Value, Attached), Error> {
        node.quiet();
        let (sample, result) = self.add(pod)?;
        let attached = self.verify(node, pod, &result)?;
        Ok((sample, result, attached))
    }

    /// Whether kernel and result agree after ADD.
    fn verify(&self, node: &Node, pod: &Pod, result: &Value) -> Result<Attached, Error> {
        let wrong = |what| Error::EndState {
            candidate: self.label(),
            call: "ADD",
            what,
        };
        let attached = end_state::attached(node, pod, &GATEWAYS[..self.families()])
            .map_err(|error| wrong(error.to_string()))?;
        let mut reported: Vec<_> = result["ips"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|ip| ip["address"].as_str())
            .collect();
        reported.sort_unstable();
        if reported != attached.addresses {
            return Err(wrong(format!(
                "{reported:?} in the result, {:?} in the pod",
                attached.addresses
            )));
        }
        Ok(attached)
    }

    /// Deletes and verifies the end state.
    fn detach(&self, node: &Node, pod: &Pod, result: &Value) -> Result<Sample, Error> {
        node.quiet();
        let sample = self.delete(pod, result)?;
        end_state::detached(node, pod).map_err(|error| Error::EndState {
            candidate: self.label(),
            call: "DEL",
            what: error.to_string(),
        })?;
        Ok(sample)
    }
}

/// A CNI plugin with a network.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// Name in the report.
    pub label: &'static str,
    /// The executable.
    pub program: PathBuf,
    /// `CNI_PATH`, where it finds an IPAM plugin.
    pub folder: PathBuf,
    /// What it is called with.
    pub arguments: Vec<OsString>,
    /// The network configuration.
    pub configuration: Value,
}

impl Plugin {
    /// A call as libcni makes it: all six variables, the result of ADD on stdin.
    pub fn invocation(&self, verb: &str, pod: &Pod, result: Option<&Value>) -> Invocation {
        let mut configuration = self.configuration.clone();
        if let Some(result) = result {
            configuration["prevResult"] = result.clone();
        }
        let name = &pod.name;
        Invocation {
            program: self.program.clone(),
            arguments: self.arguments.clone(),
            environment: vec![
                ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin".into()),
                ("CNI_COMMAND", verb.into()),
                ("CNI_CONTAINERID", format!("bench-{name}")),
                ("CNI_NETNS", pod.path.display().to_string()),
                ("CNI_IFNAME", INTERFACE.into()),
                (
                    "CNI_ARGS",
                    format!("IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME={name}"),
                ),
                ("CNI_PATH", self.folder.display().to_string()),
            ],
            stdin: configuration.to_string().into_bytes(),
        }
    }

    /// The same plugin with other address management.
    pub fn with_ipam(&self, ipam: Value) -> Self {
        let mut other = self.clone();
        other.configuration["ipam"] = ipam;
        other
    }

    /// What ADD printed.
    pub fn result(&self, finished: &Finished) -> Result<Value, Error> {
        serde_json::from_slice(&finished.stdout).map_err(|_| Error::Form {
            what: format!("result of ADD by {}", self.label),
            text: String::from_utf8_lossy(&finished.stdout).into_owned(),
        })
    }
}

impl Candidate for Plugin {
    fn label(&self) -> &'static str {
        self.label
    }

    fn add(&self, pod: &Pod) -> Result<(Sample, Value), Error> {
        let finished = run(&self.invocation("ADD", pod, None))?;
        Ok((finished.sample, self.result(&finished)?))
    }

    fn check(&self, pod: &Pod, result: &Value) -> Result<Option<Sample>, Error> {
        run(&self.invocation("CHECK", pod, Some(result))).map(|finished| Some(finished.sample))
    }

    fn delete(&self, pod: &Pod, result: &Value) -> Result<Sample, Error> {
        run(&self.invocation("DEL", pod, Some(result))).map(|finished| finished.sample)
    }

    fn families(&self) -> usize {
        let ipam = &self.configuration["ipam"];
        ["pools", "ranges"]
            .iter()
            .filter_map(|key| ipam[key].as_array())
            .map(Vec::len)
            .sum()
    }
}

/// A network on the parent link, with this address management.
pub fn network(name: &str, ipam: Value) -> Value {
    json!({
        "cniVersion": "1.0.0", "name": name, "type": "macvlan",
        "master": PARENT, "mode": "bridge", "ipam": ipam,
    })
}

/// plumb's pools, for the first or for both families.
pub fn pools(families: usize) -> Value {
    let pools = [
        json!({ "name": "p", "subnet": "10.64.0.0/14", "gateway": GATEWAYS[0] }),
        json!({ "name": "p6", "subnet": "fd64::/64", "gateway": GATEWAYS[1] }),
    ];
    json!({ "type": "pool", "pools": pools[..families] })
}

/// The same for host-local. A pool's gateway makes a default route, here it is written
/// out; with its `gw`, because macvlan 1.1.1 fails CHECK for a route without.
pub fn ranges(families: usize) -> Value {
    let ranges = [
        json!([{ "subnet": "10.64.0.0/14", "gateway": GATEWAYS[0] }]),
        json!([{ "subnet": "fd64::/64", "gateway": GATEWAYS[1] }]),
    ];
    let routes = [
        json!({ "dst": "0.0.0.0/0", "gw": GATEWAYS[0] }),
        json!({ "dst": "::/0", "gw": GATEWAYS[1] }),
    ];
    json!({ "type": "host-local", "ranges": ranges[..families], "routes": routes[..families] })
}

/// iproute2: what the kernel costs when nothing is decided, allocated, recorded or
/// reported, and no sysctl is written.
///
/// The fastest way found: the link is made inside the pod under its final name, and all
/// that happens inside is one batch. Two processes are needed, since a batch cannot
/// change namespaces between lines; `ip -n` is faster than `nsenter` and `ip`. Their
/// times are added, the gap between them is not.
#[derive(Debug)]
pub struct Iproute {
    program: PathBuf,
    next: Cell<u8>,
}

impl Iproute {
    /// With this `ip`.
    pub fn new(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
            next: Cell::new(0),
        }
    }

    fn batch(&self, arguments: &[&str], lines: String) -> Result<Sample, Error> {
        let invocation = Invocation {
            program: self.program.clone(),
            arguments: arguments.iter().map(Into::into).collect(),
            environment: Vec::new(),
            stdin: lines.into_bytes(),
        };
        run(&invocation).map(|finished| finished.sample)
    }
}

impl Candidate for Iproute {
    fn label(&self) -> &'static str {
        "iproute2"
    }

    fn add(&self, pod: &Pod) -> Result<(Sample, Value), Error> {
        let name = &pod.name;
        self.next.set(self.next.get().wrapping_add(1));
        let address = format!("10.67.1.{}/14", self.next.get());
        let outside = self.batch(
            &["-batch", "-"],
            format!(
                "link add link {PARENT} name {INTERFACE} netns {name} type macvlan mode bridge\n"
            ),
        )?;
        let inside = self.batch(
            &["-n", name, "-batch", "-"],
            format!(
                "address add {address} dev {INTERFACE}\n\
                 link set {INTERFACE} up\n\
                 route add default via {} dev {INTERFACE}\n",
                GATEWAYS[0],
            ),
        )?;
        Ok((
            outside.and(inside),
            json!({ "ips": [{ "address": address }] }),
        ))
    }

    fn check(&self, _: &Pod, _: &Value) -> Result<Option<Sample>, Error> {
        Ok(None)
    }

    fn delete(&self, pod: &Pod, _: &Value) -> Result<Sample, Error> {
        self.batch(&["-n", &pod.name, "link", "del", INTERFACE], String::new())
    }
}
