//! What a flavour may record of the settings of an interface and of the pod: MTU, hardware address, sysctls.

use plumb_values::Family;
use plumb_values::arguments::{
    SYSCTL_SCOPES, check_child_mtu, check_mtu, check_pod_sysctl, check_sysctl, check_unicast,
    check_word,
};

use super::PodLinkHandle;
use super::authority::Authority;
use super::operations::Answer;
use crate::operations::{
    Operation, SetLinkSysctl, SetMac, SetMtu, SetNeighbourSysctl, SetPodSysctl, SetUp,
};

/// Each is the operation of the same name in the contract.
///
/// # Errors
///
/// A refusal without a grant, and for an argument that is out of range.
impl Authority {
    pub(super) fn set_mtu(&mut self, link: PodLinkHandle, mtu: u32) -> Answer<()> {
        check_mtu(mtu)?;
        if let Some((kind, parent, most)) = self.child_of.get(&link.number) {
            check_child_mtu(kind, mtu, parent, *most)?;
        }
        let operation = SetMtu {
            link: link.number,
            mtu,
            before: None,
        };
        self.add("set-mtu", Operation::SetMtu(operation))
    }

    pub(super) fn set_mac(&mut self, link: PodLinkHandle, mac: Vec<u8>) -> Answer<()> {
        check_unicast(&mac)?;
        let operation = SetMac {
            link: link.number,
            mac,
            before: None,
        };
        self.add("set-mac", Operation::SetMac(operation))
    }

    pub(super) fn set_link_sysctl(
        &mut self,
        link: PodLinkHandle,
        family: Family,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        check_sysctl(&name, &value)?;
        let operation = SetLinkSysctl {
            link: link.number,
            family: folder_of(family),
            name,
            value,
            required,
            kept: false,
            before: None,
            after: None,
        };
        self.add("set-link-sysctl", Operation::SetLinkSysctl(operation))
    }

    pub(super) fn set_neighbour_sysctl(
        &mut self,
        link: PodLinkHandle,
        family: Family,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        check_sysctl(&name, &value)?;
        let operation = SetNeighbourSysctl {
            link: link.number,
            family: folder_of(family),
            name,
            value,
            required,
            before: None,
            after: None,
        };
        self.add("set-neighbour-sysctl", operation.into())
    }

    pub(super) fn set_pod_sysctl(
        &mut self,
        scope: String,
        family: Family,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        check_word("scope of a sysctl", &scope, &SYSCTL_SCOPES)?;
        check_pod_sysctl(family, &name, &value)?;
        let operation = SetPodSysctl {
            scope,
            family: folder_of(family),
            name,
            value,
            required,
            before: None,
            after: None,
        };
        self.add("set-pod-sysctl", operation.into())
    }

    pub(super) fn set_up(&mut self, link: PodLinkHandle) -> Answer<()> {
        let operation = SetUp {
            link: link.number,
            before: false,
        };
        self.add("set-up", Operation::SetUp(operation))
    }
}

/// The folder of a family below `net`.
fn folder_of(family: Family) -> String {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
    .to_owned()
}
