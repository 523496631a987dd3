//! What the kernel must have for each flavour.

use plumb::kernel::module::{Module, module};

use super::finding::Finding;
use super::node::Node;

/// Modules, and what fails without them. None is needed by all nodes.
const MODULES: [(&str, &str); 9] = [
    ("macvlan", "networks of type macvlan"),
    ("ipvlan", "networks of type ipvlan"),
    ("8021q", "ifacer with VLANs"),
    ("bonding", "ifacer with bonds"),
    ("veth", "coordinator with a way to the node"),
    ("nf_tables", "coordinator's marks of connections"),
    ("ib_core", "RDMA devices"),
    ("ib_ipoib", "networks of type ipoib"),
    ("ib_uverbs", "RDMA in pods"),
];

/// Those that are missing; those that are there in one line.
pub fn look(node: &Node) -> Vec<Finding> {
    let release = match nix::sys::utsname::uname() {
        Ok(name) => name.release().to_string_lossy().into_owned(),
        Err(error) => return vec![Finding::unseen("the kernel's release", error)],
    };
    let folder = node.modules.join(&release);
    let mut findings = Vec::new();
    let (mut present, mut unknown) = (Vec::new(), Vec::new());
    for (name, purpose) in MODULES {
        match module(&node.sysfs, &folder, name) {
            Ok(Module::Present | Module::Loadable) => present.push(name),
            Ok(Module::Unknown) => unknown.push(name),
            Ok(Module::Missing) => findings.push(Finding::warn(
                format!("module {name}"),
                format!("kernel {release} does not have it, so these fail: {purpose}"),
                "install the package of the kernel's further modules where the node needs them",
            )),
            Err(error) => findings.push(Finding::unseen(format!("module {name}"), error)),
        }
    }
    if !unknown.is_empty() {
        findings.push(Finding::warn(
            folder.display(),
            format!(
                "not there, so it is not known whether there are {}",
                unknown.join(", ")
            ),
            "run this on the node itself, not in a container",
        ));
    }
    if !present.is_empty() {
        let says = format!("has {}", present.join(", "));
        findings.push(Finding::ok(format!("kernel {release}"), says));
    }
    findings
}
