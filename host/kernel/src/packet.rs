//! Packets by one interface, below IP (packet(7)): for what is asked on the wire before the interface has an address.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::link::{ETHERNET, INFINIBAND, Link};
use super::{Error, Result};

/// Bytes of an Ethernet address.
const MAC: usize = 6;
/// Bytes of a header of Ethernet: destination, sender, protocol (IEEE 802.3).
const ETHERNET_HEADER: usize = 14;
/// Bytes of a header as the kernel has it on an IPoIB link: the destination's address, which goes into no packet, then
/// the protocol and two bytes of zeroes (RFC 4391, section 6; drivers/infiniband/ulp/ipoib).
const INFINIBAND_HEADER: usize = 24;
/// More than a packet of what is asked for here has.
const BUFFER: usize = 2048;

/// A socket for the packets of one protocol on one interface.
pub struct PacketSocket {
    file: File,
    name: String,
    own: Vec<u8>,
    is_ethernet: bool,
    protocol: u16,
}

/// A packet that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Who sent it; none on InfiniBand, whose packets do not say.
    pub sender: Option<Vec<u8>>,
    /// What is behind the header.
    pub payload: Vec<u8>,
}

impl PacketSocket {
    /// Opens a socket in the current network namespace, which is that of the interface. `protocol` is an `ETH_P_*`
    /// (linux/if_ether.h). None for a link that is neither Ethernet nor InfiniBand.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn open(link: &Link, protocol: u16) -> Result<Option<Self>> {
        let is_ethernet = match link.hardware_type {
            ETHERNET => true,
            INFINIBAND => false,
            _ => return Ok(None),
        };
        let failed = |source| Error::Io {
            what: format!("open a packet socket on {}", link.name),
            source,
        };
        // SAFETY: socket(2) takes no pointers. No protocol yet: nothing is received before it is bound to the interface.
        let number =
            unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        if number < 0 {
            return Err(failed(io::Error::last_os_error()));
        }
        // SAFETY: the number is that of an open file, which nobody else has.
        let socket = unsafe { OwnedFd::from_raw_fd(number) };
        let address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as _,
            sll_protocol: protocol.to_be(),
            sll_ifindex: link.index.cast_signed(),
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        // SAFETY: the kernel reads `address`, which is as long as it says, and keeps no pointer to it.
        let bound = unsafe {
            libc::bind(
                socket.as_raw_fd(),
                (&raw const address).cast(),
                size_of_val(&address) as _,
            )
        };
        if bound < 0 {
            return Err(failed(io::Error::last_os_error()));
        }
        Ok(Some(Self {
            file: File::from(socket),
            name: link.name.clone(),
            own: link.mac.to_vec(),
            is_ethernet,
            protocol,
        }))
    }

    /// Sends a packet to a hardware address: six bytes, on InfiniBand twenty.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn send(&self, destination: &[u8], payload: &[u8]) -> Result<()> {
        let mut packet = destination.to_vec();
        if self.is_ethernet {
            packet.extend_from_slice(&self.own);
        }
        packet.extend_from_slice(&self.protocol.to_be_bytes());
        if !self.is_ethernet {
            packet.extend_from_slice(&[0, 0]);
        }
        packet.extend_from_slice(payload);
        let sent = (&self.file).write(&packet);
        sent.map(drop).map_err(self.failed("send a packet by"))
    }

    /// The next packet; none when none comes in time.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn receive(&self, patience: Duration) -> Result<Option<Packet>> {
        let end = Instant::now() + patience;
        let mut buffer = [0; BUFFER];
        loop {
            let left = end.saturating_duration_since(Instant::now());
            // Up, or the last fraction of a millisecond would be spent in a loop.
            let milliseconds = left.as_micros().div_ceil(1000).min(i32::MAX as u128) as i32;
            let timeout = PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX);
            let mut wanted = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
            match poll(&mut wanted, timeout) {
                Ok(0) => return Ok(None),
                Err(Errno::EINTR) => continue,
                polled => {
                    polled.map_err(|errno| self.failed("wait for a packet on")(errno.into()))?
                }
            };
            let read = (&self.file).read(&mut buffer);
            let length = read.map_err(self.failed("receive a packet on"))?;
            if let Some(packet) = self.unpack(&buffer[..length]) {
                return Ok(Some(packet));
            }
        }
    }

    fn unpack(&self, packet: &[u8]) -> Option<Packet> {
        let header = match self.is_ethernet {
            true => ETHERNET_HEADER,
            false => INFINIBAND_HEADER,
        };
        let (header, payload) = packet.split_at_checked(header)?;
        let sender = self.is_ethernet.then(|| header[MAC..2 * MAC].to_vec());
        Some(Packet {
            sender,
            payload: payload.to_vec(),
        })
    }

    fn failed(&self, doing: &'static str) -> impl Fn(io::Error) -> Error {
        move |source| Error::Io {
            what: format!("{doing} {}", self.name),
            source,
        }
    }
}
