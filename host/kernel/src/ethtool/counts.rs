//! Rings and channels: four kinds each, of which the driver says how many there can be (`struct ethtool_ringparam`,
//! `struct ethtool_channels`, linux/ethtool.h).

use super::{Device, GROUPS, Group};
use crate::{Error, Result};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Packets that rings hold: receive, mini, jumbo, transmit.
    Rings,
    /// Queues: receive, transmit, other, combined.
    Channels,
}

/// The numbers of a netdev, in the order of the kernel's structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// The largest that the driver takes.
    pub most: [u32; 4],
    /// What there is.
    pub now: [u32; 4],
}

impl Counted {
    fn group(self) -> Result<&'static Group> {
        let name = match self {
            Self::Rings => "rings",
            Self::Channels => "channels",
        };
        let mut groups = GROUPS.iter();
        groups
            .find(|group| group.name == name)
            .ok_or_else(|| Error::Decode {
                what: format!("look for the group {name}"),
                reason: "it is unknown".into(),
            })
    }

    /// Reads those of the netdev of this name in the namespace of this thread; none where its driver has no such thing.
    pub fn read(self, name: &str) -> Result<Option<Counts>> {
        let device = Device::open(name)?;
        let words = device.group(self.group()?);
        Ok(words.and_then(|words| {
            Some(Counts {
                most: words.get(..4)?.try_into().ok()?,
                now: words.get(4..)?.try_into().ok()?,
            })
        }))
    }

    /// Sets those of the netdev of this name in the namespace of this thread.
    pub fn set(self, name: &str, numbers: [u32; 4]) -> Result<()> {
        let device = Device::open(name)?;
        let group = self.group()?;
        // The kernel asks the driver for the maxima itself.
        let mut words = vec![group.set, 0, 0, 0, 0];
        words.extend(numbers);
        device.ask(&mut words, || format!("set the {} of {name}", group.name))
    }
}
