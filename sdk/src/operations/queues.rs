//! Rings and channels of an interface. What is not set stays as it is. What passes them is inlined for the reason that
//! `operations` gives.

use crate::contract::operations;

/// How many packets an adapter's rings hold (`ethtool -G`).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct RingSizes {
    /// Packets.
    pub receive: Option<u32>,
    /// Packets.
    pub transmit: Option<u32>,
}

impl RingSizes {
    #[inline(always)]
    pub(super) fn build(&self) -> operations::RingSizes {
        let sizes = operations::RingSizes::new();
        if let Some(packets) = self.receive {
            sizes.set_receive(packets);
        }
        if let Some(packets) = self.transmit {
            sizes.set_transmit(packets);
        }
        sizes
    }
}

/// How many queues an interface has (`ethtool -L`).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ChannelCounts {
    /// Those that only receive.
    pub receive: Option<u32>,
    /// Those that only transmit.
    pub transmit: Option<u32>,
    /// Those that do both.
    pub combined: Option<u32>,
}

impl ChannelCounts {
    #[inline(always)]
    pub(super) fn build(&self) -> operations::ChannelCounts {
        let counts = operations::ChannelCounts::new();
        if let Some(count) = self.receive {
            counts.set_receive(count);
        }
        if let Some(count) = self.transmit {
            counts.set_transmit(count);
        }
        if let Some(count) = self.combined {
            counts.set_combined(count);
        }
        counts
    }
}
