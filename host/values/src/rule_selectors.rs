//! What routing rules select packets by, beside networks.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

/// Consecutive ports of TCP, UDP or another protocol that has them, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRange {
    /// The lowest.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

/// What a routing rule selects packets by beside the networks that they come from and go to, and which routes it leaves
/// alone (ip-rule(8)). None: it makes no difference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSelectors {
    /// The interface that they come in by (`FRA_IIFNAME`); `lo` has those that the pod sends itself.
    pub input_interface: Option<String>,
    /// The interface that a program has bound its socket to (`FRA_OIFNAME`).
    pub output_interface: Option<String>,
    /// Their mark (`FRA_FWMARK`).
    pub mark: Option<u32>,
    /// The bits of the mark that are compared (`FRA_FWMASK`); none: all of them.
    pub mask: Option<u32>,
    /// Number of their protocol (`FRA_IP_PROTO`): 6 is TCP, 17 UDP.
    pub ip_protocol: Option<u8>,
    /// The ports that they come from (`FRA_SPORT_RANGE`).
    pub source_ports: Option<PortRange>,
    /// The ports that they go to (`FRA_DPORT_RANGE`).
    pub destination_ports: Option<PortRange>,
    /// Routes with a prefix of this length or a shorter one do not count (`FRA_SUPPRESS_PREFIXLEN`): with 0 the default
    /// route does not.
    pub suppress_prefix_length: Option<u32>,
}

impl RuleSelectors {
    /// Those of a rule for packets with this mark.
    pub fn of_mark(mark: u32) -> Self {
        Self {
            mark: Some(mark),
            ..Self::default()
        }
    }

    /// Whether a rule selects by networks alone, and takes any route.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(formatter, "{}", self.first),
            false => write!(formatter, "{}-{}", self.first, self.last),
        }
    }
}

/// The selectors, in the words of ip-rule(8), each with a space behind it.
impl fmt::Display for RuleSelectors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.mark, self.mask) {
            (None, _) => {}
            (Some(mark), None) => write!(formatter, "fwmark {mark:#x} ")?,
            (Some(mark), Some(mask)) => write!(formatter, "fwmark {mark:#x}/{mask:#x} ")?,
        }
        if let Some(name) = &self.input_interface {
            write!(formatter, "iif {name} ")?;
        }
        if let Some(name) = &self.output_interface {
            write!(formatter, "oif {name} ")?;
        }
        if let Some(number) = self.ip_protocol {
            write!(formatter, "ipproto {number} ")?;
        }
        if let Some(ports) = self.source_ports {
            write!(formatter, "sport {ports} ")?;
        }
        if let Some(ports) = self.destination_ports {
            write!(formatter, "dport {ports} ")?;
        }
        if let Some(length) = self.suppress_prefix_length {
            write!(formatter, "suppress_prefixlength {length} ")?;
        }
        Ok(())
    }
}
