//! GUIDs of InfiniBand nodes and ports (IBA specification, section 4.1): eight bytes, here
//! always in network byte order.

/// A GUID.
pub type Guid = [u8; 8];

/// What a GUID is set to so that the firmware gives the port one of its own.
pub const UNSET: Guid = [0xff; 8];

/// Parses four groups of sixteen bits, as sysfs writes a GUID: `0200:0000:0000:0001`.
pub fn parse_groups(text: &str) -> Option<Guid> {
    let groups: Vec<u16> = text
        .split(':')
        .map(|group| u16::from_str_radix(group, 16).ok())
        .collect::<Option<_>>()?;
    let groups: [u16; 4] = groups.try_into().ok()?;
    let mut guid = [0; 8];
    for (bytes, group) in guid.chunks_exact_mut(2).zip(groups) {
        bytes.copy_from_slice(&group.to_be_bytes());
    }
    Some(guid)
}

/// The port GUID in the hardware address of an IPoIB netdev (RFC 4391, section 9.1.1): the
/// last eight of its twenty bytes. None for other hardware addresses.
pub fn of_hardware_address(mac: &[u8]) -> Option<Guid> {
    (mac.len() == 20)
        .then(|| mac[12..].try_into().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_of_sysfs_are_eight_bytes() {
        assert_eq!(
            parse_groups("0211:2233:4455:6677"),
            Some([0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77])
        );
        assert_eq!(parse_groups("0211:2233:4455"), None);
    }

    #[test]
    fn only_an_ipoib_address_has_a_guid() {
        let mut mac = [0; 20];
        mac[12..].copy_from_slice(&[2, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(of_hardware_address(&mac), Some([2, 0, 0, 0, 0, 0, 0, 9]));
        assert_eq!(of_hardware_address(&[2, 0, 0, 0, 0, 9]), None);
    }
}
