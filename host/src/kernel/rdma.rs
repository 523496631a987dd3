//! RDMA devices and namespaces (`NETLINK_RDMA`, rdma/rdma_netlink.h).

use netlink_sys::protocols::NETLINK_RDMA;
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::{Error, Result};

/// `RDMA_NL_NLDEV`: the client of the RDMA netlink family that manages devices.
const CLIENT_NLDEV: u16 = 5;
/// `RDMA_NLDEV_CMD_SYS_GET`
const COMMAND_SYS_GET: u16 = 6;
/// `RDMA_NLDEV_SYS_ATTR_NETNS_MODE`: one byte, 0 exclusive, 1 shared.
const ATTRIBUTE_NETNS_MODE: u16 = 66;
/// `NLM_F_REQUEST`
const REQUEST: u16 = 1;
/// `NLMSG_ERROR`
const ERROR: u16 = 2;
/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;

/// How RDMA devices relate to network namespaces (`rdma system`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamespaceMode {
    /// Every device is visible in every namespace.
    Shared,
    /// A device belongs to one namespace.
    Exclusive,
    /// The kernel has no RDMA subsystem, or its module is not loaded.
    None,
}

/// The node's mode.
pub fn namespace_mode() -> Result<NamespaceMode> {
    let io = |source| Error::Io {
        what: "ask for the rdma namespace mode".into(),
        source,
    };
    let socket = match Socket::new(NETLINK_RDMA) {
        Ok(socket) => socket,
        // ib_core registers the family; without it there is no RDMA device either.
        Err(error) if error.raw_os_error() == Some(Errno::EPROTONOSUPPORT as i32) => {
            return Ok(NamespaceMode::None);
        }
        Err(error) => return Err(io(error)),
    };
    socket.connect(&SocketAddr::new(0, 0)).map_err(io)?;
    let mut request = Vec::with_capacity(HEADER);
    request.extend((HEADER as u32).to_ne_bytes());
    request.extend(((CLIENT_NLDEV << 10) | COMMAND_SYS_GET).to_ne_bytes());
    request.extend(REQUEST.to_ne_bytes());
    request.extend([0; 8]);
    match socket.send(&request, 0) {
        // The family exists, but nobody listens: ib_core was unloaded.
        Err(error) if error.raw_os_error() == Some(Errno::ECONNREFUSED as i32) => {
            return Ok(NamespaceMode::None);
        }
        result => result.map_err(io)?,
    };
    let mut answer = Vec::with_capacity(4096);
    socket.recv(&mut answer, 0).map_err(io)?;
    decode(&answer)
}

fn decode(answer: &[u8]) -> Result<NamespaceMode> {
    let short = || Error::Decode {
        what: "ask for the rdma namespace mode".into(),
        reason: format!("{} bytes without the mode", answer.len()),
    };
    let kind = u16::from_ne_bytes(
        answer
            .get(4..6)
            .ok_or_else(short)?
            .try_into()
            .map_err(|_| short())?,
    );
    let mut rest = answer.get(HEADER..).ok_or_else(short)?;
    if kind == ERROR {
        let code = i32::from_ne_bytes(
            rest.get(..4)
                .ok_or_else(short)?
                .try_into()
                .map_err(|_| short())?,
        );
        return match Errno::from_raw(-code) {
            // Kernels before 5.2 do not know the command: all devices are shared.
            Errno::EINVAL | Errno::EOPNOTSUPP => Ok(NamespaceMode::Shared),
            errno => Err(Error::Netlink {
                what: "ask for the rdma namespace mode".into(),
                errno,
                explanation: None,
            }),
        };
    }
    while rest.len() > 4 {
        let length = usize::from(u16::from_ne_bytes([rest[0], rest[1]]));
        let kind = u16::from_ne_bytes([rest[2], rest[3]]);
        if kind == ATTRIBUTE_NETNS_MODE {
            return Ok(match rest[4] {
                0 => NamespaceMode::Exclusive,
                _ => NamespaceMode::Shared,
            });
        }
        rest = rest
            .get(length.max(4).next_multiple_of(4)..)
            .unwrap_or_default();
    }
    // Kernels before 5.3 answer without the mode: all devices are shared.
    Ok(NamespaceMode::Shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(((HEADER + payload.len()) as u32).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn the_mode_is_found_behind_other_attributes() {
        let mut payload = vec![8, 0, 1, 0, 9, 9, 9, 9];
        payload.extend([5, 0, 66, 0, 0, 0, 0, 0]);
        let mode = decode(&message((5 << 10) | 6, &payload)).unwrap();
        assert_eq!(mode, NamespaceMode::Exclusive);
        payload[12] = 1;
        let mode = decode(&message((5 << 10) | 6, &payload)).unwrap();
        assert_eq!(mode, NamespaceMode::Shared);
    }

    #[test]
    fn a_refusal_is_reported_with_the_kernels_answer() {
        let mut payload = (-(Errno::EPERM as i32)).to_ne_bytes().to_vec();
        payload.extend([0; 16]);
        let error = decode(&message(ERROR, &payload)).unwrap_err();
        assert!(error.to_string().contains("EPERM"), "{error}");
    }

    #[test]
    fn a_cut_answer_is_an_error() {
        assert!(decode(&[1, 2, 3]).is_err());
    }
}
