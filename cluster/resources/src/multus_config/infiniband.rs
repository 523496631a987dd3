//! The blocks `ibsriov` and `ipoib`.

use plumb_values::names::link_name_problem;

use super::network::{Network, Pools, renamed_flag, resource_name};
use super::partition_key;
use crate::fields::Fields;

/// The block `ibsriov`.
pub(super) fn virtual_function(
    fields: &Fields<'_>,
    notes: &mut Vec<String>,
) -> (Network, Option<Pools>) {
    fields.only(&[
        "resourceName",
        "pkey",
        "linkState",
        "rdmaIsolation",
        "enableRdma",
        "enableIbKubernetes",
        "ibKubernetesEnabled",
        "ippools",
    ]);
    let partition_key = partition_key::read(fields, notes);
    let ib_kubernetes =
        renamed_flag(fields, "enableIbKubernetes", "ibKubernetesEnabled").unwrap_or(false);
    if !partition_key.is_empty() && !ib_kubernetes {
        notes.push(format!(
            "{} asks for partition {partition_key}, and {} is not true: a pod starts when the subnet manager has put the \
             port into the partition, whoever asks for that",
            fields.name("pkey"),
            fields.name("enableIbKubernetes")
        ));
    }
    let network = Network::InfinibandSriov {
        resource: resource_name(fields),
        partition_key,
        link_state: fields
            .word("linkState", &["enable", "disable", "auto"])
            .unwrap_or("enable"),
        isolation: renamed_flag(fields, "rdmaIsolation", "enableRdma").unwrap_or(true),
        ib_kubernetes,
    };
    (network, Some(Pools::read(fields, false)))
}

/// The block `ipoib`.
pub(super) fn child(fields: &Fields<'_>) -> (Network, Option<Pools>) {
    fields.only(&["master", "ippools", "rdmaResourceName"]);
    let master = fields.required_text("master", "the name of the node's IPoIB interface");
    if let Some(problem) = link_name_problem(&master).filter(|_| !master.is_empty()) {
        fields.problems.add(format!(
            "{} is {master:?}, which is no name of an interface: {problem}",
            fields.name("master")
        ));
    }
    (Network::Ipoib { master }, Some(Pools::read(fields, false)))
}
