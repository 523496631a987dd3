//! The worlds of `wit/`.

/// What a component is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Attaches a pod to a network.
    Flavour,
    /// Chooses the pools of an interface's addresses.
    AddressPolicy,
}

impl World {
    /// Its name in `wit/`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flavour => "flavour",
            Self::AddressPolicy => "address-policy",
        }
    }
}
