//! How the adapter of the machine is to be before a test.

/// What the functions of the adapter are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkLayer {
    /// Each function has an InfiniBand port, and the kernel's IPoIB a netdev on it.
    InfiniBand,
    /// Each function has an Ethernet netdev and a RoCE device.
    Ethernet,
}

/// Who drives the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adapter {
    /// `ibvsim` on the NVMe controller: 16 virtual functions, every setting, IPoIB traffic,
    /// Ethernet traffic, RDMA devices that can be moved.
    Simulated(LinkLayer),
    /// The kernel's own igb on the first of the two emulated cards: 7 virtual functions and what a real
    /// driver refuses. With `siw`, an RDMA device with a data path on each of them.
    Igb,
}

/// A set-up. Two tests of one set-up share the adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// What the functions are, and who drives them.
    pub adapter: Adapter,
    /// `ib_core netns_mode=0`; for the life of the machine, see ib_core's parameter.
    pub exclusive: bool,
    /// `sriov_numvfs`
    pub functions: usize,
    /// Scalable functions of the simulated adapter, which needs Ethernet for them.
    pub scalable: usize,
    /// A virtual function's GUID is zero until its physical function sets one, as on a
    /// card that was just started.
    pub guid_zero: bool,
}

impl Setup {
    /// InfiniBand in exclusive mode.
    pub const INFINIBAND: Self = Self {
        adapter: Adapter::Simulated(LinkLayer::InfiniBand),
        exclusive: true,
        functions: 3,
        scalable: 0,
        guid_zero: false,
    };

    /// RoCE in exclusive mode.
    pub const ETHERNET: Self = Self {
        adapter: Adapter::Simulated(LinkLayer::Ethernet),
        ..Self::INFINIBAND
    };

    /// igb in exclusive mode.
    pub const IGB: Self = Self {
        adapter: Adapter::Igb,
        ..Self::INFINIBAND
    };

    /// With another number of virtual functions.
    pub const fn with_functions(self, functions: usize) -> Self {
        Self { functions, ..self }
    }

    /// With scalable functions.
    pub const fn with_scalable(self, scalable: usize) -> Self {
        Self { scalable, ..self }
    }

    /// In shared mode.
    pub const fn shared(self) -> Self {
        Self {
            exclusive: false,
            ..self
        }
    }
}
