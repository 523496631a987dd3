//! The kernel's own words about a refusal (extended acknowledgement, `NETLINK_EXT_ACK`,
//! Documentation/userspace-api/netlink/intro.rst).

use netlink_packet_core::NlasIterator;

/// `NLM_F_ACK_TLVS` (linux/netlink.h): attributes follow the error code.
const HAS_ATTRIBUTES: u16 = 0x200;
/// `NLM_F_CAPPED` (linux/netlink.h): of the request only the header is repeated.
const IS_CAPPED: u16 = 0x100;
/// `NLMSGERR_ATTR_MSG` (linux/netlink.h)
const MESSAGE: u16 = 1;

/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Bytes of the error code.
const CODE: usize = 4;

/// In an `NLMSG_ERROR` with these flags: behind the error code and the repeated request.
pub fn of_error(message: &[u8], flags: u16) -> Option<String> {
    let request = message.get(HEADER + CODE..)?;
    let repeated = match flags & IS_CAPPED {
        0 => u32::from_ne_bytes(request.get(..4)?.try_into().ok()?) as usize,
        _ => HEADER,
    };
    text(request.get(repeated.next_multiple_of(4)..)?, flags)
}

/// In an `NLMSG_DONE` with these flags, the end of a dump: right behind the error code.
pub fn of_end(message: &[u8], flags: u16) -> Option<String> {
    text(message.get(HEADER + CODE..)?, flags)
}

fn text(attributes: &[u8], flags: u16) -> Option<String> {
    if flags & HAS_ATTRIBUTES == 0 {
        return None;
    }
    let message = NlasIterator::new(attributes)
        .map_while(Result::ok)
        .find(|attribute| attribute.kind() == MESSAGE)?;
    let text = message.value().split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(text).into_owned())
}
