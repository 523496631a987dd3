//! The kinds of devices that a grant can be about.

/// What an operation is about, beside the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// A link of the host: one on which an interface is made, a bridge that gets a port or is shared, one that is
    /// moved.
    Parent,
    /// A PCI function.
    Function,
}

impl DeviceKind {
    /// What an operation is about, by its name in the contract.
    pub fn of(operation: &str) -> Option<Self> {
        match operation {
            "create-macvlan" | "create-ipvlan" | "create-ipoib" | "create-vlan" | "create-veth"
            | "move-netdev" | "share-bridge" => Some(Self::Parent),
            "move-link" | "set-virtual-function" | "move-rdma-device" | "report-function" => {
                Some(Self::Function)
            }
            _ => None,
        }
    }

    /// The option of `plumbctl component grant`.
    pub fn option(self) -> &'static str {
        match self {
            Self::Parent => "--parent",
            Self::Function => "--function",
        }
    }
}
