//! plumb's own form: one plugin, which does what a list of plugins does. It costs one process for each interface, and is the only
//! form for runtimes that run one plugin and no list.

use serde::Serialize;

use super::entries::{self, Main};
use crate::coordinator::Coordinator;
use crate::multus_config::{FORM_ANNOTATION, MultusConfig, Network};

/// A configuration of one plugin.
#[derive(Serialize)]
pub(super) struct Single<'a> {
    #[serde(rename = "cniVersion")]
    version: &'a str,
    name: &'a str,
    #[serde(flatten)]
    main: Main<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtu: Option<i64>,
    #[serde(rename = "rdmaIsolation", skip_serializing_if = "std::ops::Not::not")]
    isolation: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rails: Option<Rails>,
}

#[derive(Serialize)]
struct Rails {
    #[serde(rename = "rpFilter", skip_serializing_if = "Option::is_none")]
    reverse_path_filter: Option<i64>,
}

impl Single<'_> {
    /// `type`
    pub(super) fn kind(&self) -> String {
        self.main.device.kind().to_owned()
    }
}

pub(super) fn configuration<'a>(
    network: &'a MultusConfig,
    coordinator: Option<&'a Coordinator>,
) -> Result<Single<'a>, Vec<String>> {
    let main = entries::main(network, coordinator);
    let problems: Vec<String> = unsaid(network, coordinator)
        .into_iter()
        .map(|what| {
            format!(
                "the annotation {FORM_ANNOTATION} is single, and {what}: take the annotation out for a list of plugins"
            )
        })
        .collect();
    let Some(main) = main.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let (mtu, isolation) = match network.network {
        Network::Sriov { mtu, isolation, .. } => ((mtu != 0).then_some(mtu), isolation),
        _ => (None, false),
    };
    Ok(Single {
        version: network.version,
        name: &network.network_name,
        main,
        mtu,
        isolation,
        rails: coordinator
            .filter(|coordinator| !is_disabled(coordinator))
            .map(|coordinator| Rails {
                reverse_path_filter: coordinator
                    .reverse_path_filter
                    .filter(|filter| *filter >= 0),
            }),
    })
}

fn is_disabled(coordinator: &Coordinator) -> bool {
    matches!(coordinator.mode, Some("disable" | "disabled"))
        || coordinator.tunes_routes == Some(false)
}

/// What one plugin has no word for.
fn unsaid(network: &MultusConfig, coordinator: Option<&Coordinator>) -> Vec<String> {
    let mut unsaid = Vec::new();
    match &network.network {
        Network::Child { parent, vlan, .. } if *vlan != 0 || parent.is_bond() => {
            unsaid.push("a plugin of its own must make the VLAN or bond".to_owned());
        }
        Network::Vlan { .. } | Network::Ovs(_) => {
            unsaid.push("the plugin of this cniType is another maker's".to_owned());
        }
        Network::Custom(_) => unsaid.push("a custom network is as it is written".to_owned()),
        _ => {}
    }
    if !network.chained.is_empty() {
        unsaid.push("spec.chainCNIJsonData has plugins behind it".to_owned());
    }
    let Some(coordinator) = coordinator.filter(|coordinator| !is_disabled(coordinator)) else {
        return unsaid;
    };
    if coordinator.mode == Some("underlay") {
        unsaid.push(
            "coordinator mode underlay makes a second interface, for which it is a plugin of its own"
                .to_owned(),
        );
    }
    let keys = [
        ("podMACPrefix", coordinator.mac_prefix.is_some()),
        (
            "podDefaultRouteNIC",
            coordinator.default_route_interface.is_some(),
        ),
        ("txQueueLen", coordinator.queue_length.is_some()),
        ("policyRoutes", !coordinator.policy_routes.is_empty()),
    ];
    for (key, _) in keys.into_iter().filter(|(_, written)| *written) {
        unsaid.push(format!(
            "one plugin has no {key}, which the coordinator has"
        ));
    }
    unsaid
}
