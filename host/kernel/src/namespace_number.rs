//! The numbers by which one network namespace knows others (`RTM_NEWNSID`, `RTM_GETNSID`, net/core/net_namespace.c).
//!
//! A number lives as long as the namespace that it stands for, whoever keeps that: a process, a mount, a descriptor or
//! nothing but an open socket. So it shows what no look at /proc can, that a namespace has ended.

use std::os::fd::{AsFd, AsRawFd};

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::nsid::{NsidAttribute, NsidMessage};
use nix::errno::Errno;

use super::route_answer::RouteAnswer;
use super::{Error, Netns, Result, RouteSocket, random};

impl RouteSocket {
    /// The number of `netns` in this socket's namespace; it gets one where it has none. One that is drawn here is large,
    /// and the kernel, which takes the lowest that is free, gives it to no other namespace.
    pub fn number_namespace(&self, netns: &Netns) -> Result<u32> {
        let what = || {
            format!(
                "give the network namespace {} a number",
                netns.path().display()
            )
        };
        // Positive as an i32, and far from those that the kernel gives.
        let number = u32::from_ne_bytes(random::bytes()?) >> 1 | 1 << 30;
        let mut message = NsidMessage::default();
        message.attributes = vec![
            NsidAttribute::Fd(netns.as_fd().as_raw_fd() as u32),
            NsidAttribute::Id(number as i32),
        ];
        match self.change(what, RouteNetlinkMessage::NewNsId(message), 0) {
            Ok(()) => Ok(number),
            Err(error) if error.errno() == Some(Errno::EEXIST) => {
                self.namespace_number(netns)?.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The number of `netns` in this socket's namespace, if it has one.
    pub fn namespace_number(&self, netns: &Netns) -> Result<Option<u32>> {
        let descriptor = NsidAttribute::Fd(netns.as_fd().as_raw_fd() as u32);
        self.ask_number(descriptor, || {
            format!(
                "ask for the number of the network namespace {}",
                netns.path().display()
            )
        })
    }

    /// Whether the namespace of this number is still there.
    pub fn has_namespace(&self, number: u32) -> Result<bool> {
        let what = || format!("look for the network namespace of number {number}");
        match self.ask_number(NsidAttribute::Id(number as i32), what) {
            Ok(_) => Ok(true),
            Err(error) if error.errno() == Some(Errno::ENOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn ask_number(
        &self,
        namespace: NsidAttribute,
        what: impl Fn() -> String,
    ) -> Result<Option<u32>> {
        let mut message = NsidMessage::default();
        message.attributes.push(namespace);
        let answers = self.get(&what, RouteNetlinkMessage::GetNsId(message))?;
        let number = answers.into_iter().find_map(|answer| match answer {
            RouteAnswer::NamespaceNumber(message) => {
                message
                    .attributes
                    .into_iter()
                    .find_map(|attribute| match attribute {
                        NsidAttribute::Id(number) => Some(number),
                        _ => None,
                    })
            }
            _ => None,
        });
        let number = number.ok_or_else(|| Error::Decode {
            what: what(),
            reason: "it has no number".into(),
        })?;
        // NETNSA_NSID_NOT_ASSIGNED (linux/net_namespace.h) is -1.
        Ok(u32::try_from(number).ok())
    }
}
