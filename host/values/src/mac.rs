//! Hardware addresses as text, and random ones.

#[cfg(unix)]
use rustix::io::Errno;
#[cfg(unix)]
use rustix::rand::GetRandomFlags;

/// `02:00:5e:10:00:01`; twenty parts for InfiniBand.
pub fn text(mac: &[u8]) -> String {
    let parts: Vec<_> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    parts.join(":")
}

/// Parses parts separated by `:` or `-`. The number of parts is the caller's business.
pub fn parse(text: &str) -> Option<Vec<u8>> {
    let separator = if text.contains(':') { ':' } else { '-' };
    text.split(separator)
        .map(|part| {
            // from_str_radix takes a sign, too.
            let is_byte = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_byte.then(|| u8::from_str_radix(part, 16).ok()).flatten()
        })
        .collect()
}

/// A random unicast address of the locally administered range (IEEE 802, bit 1 of the
/// first byte set, bit 0 clear).
#[cfg(unix)]
pub fn random() -> Result<[u8; 6], Errno> {
    let mut mac = [0; 6];
    random_bytes(&mut mac)?;
    mac[0] = (mac[0] & 0xfc) | 0x02;
    Ok(mac)
}

/// Fills a short buffer with random bytes (getrandom(2), which gives up to 256 bytes at
/// once).
#[cfg(unix)]
pub fn random_bytes(bytes: &mut [u8]) -> Result<(), Errno> {
    match rustix::rand::getrandom(&mut *bytes, GetRandomFlags::empty())? {
        length if length == bytes.len() => Ok(()),
        _ => Err(Errno::IO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_parse_are_inverse() {
        let mac = parse("02:00:5E:10:00:fF").unwrap();
        assert_eq!(mac, [0x02, 0, 0x5e, 0x10, 0, 0xff]);
        assert_eq!(text(&mac), "02:00:5e:10:00:ff");
        assert_eq!(parse("02-00-5e-10-00-ff").unwrap(), mac);
    }

    #[test]
    fn what_is_no_hardware_address_is_refused() {
        for text in [
            "",
            "02",
            "2:0:5e:10:0:1",
            "0200:5e",
            "zz:00:00:00:00:00",
            "+1:00:00:00:00:00",
        ] {
            let parsed = parse(text);
            let accepted = parsed.is_some_and(|mac| matches!(mac.len(), 6 | 8 | 20));
            assert!(!accepted, "{text:?}");
        }
    }

    #[test]
    fn random_addresses_are_unicast_and_local() {
        for _ in 0..64 {
            assert_eq!(random().unwrap()[0] & 3, 2);
        }
    }
}
