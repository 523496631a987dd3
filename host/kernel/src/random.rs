//! What is drawn at random (getrandom(2)).

use plumb_values::Mac;
use rustix::rand::{GetRandomFlags, getrandom};

use super::{Error, Result};

/// Random bytes, up to 256, which the kernel gives at once.
pub fn bytes<const LENGTH: usize>() -> Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    let failed = |source| Error::Io {
        what: "draw random bytes".into(),
        source,
    };
    match getrandom(&mut bytes, GetRandomFlags::empty()) {
        Ok(length) if length == LENGTH => Ok(bytes),
        Ok(_) => Err(failed(std::io::ErrorKind::UnexpectedEof.into())),
        Err(errno) => Err(failed(errno.into())),
    }
}

/// A random unicast hardware address of the locally administered range.
pub fn mac() -> Result<Mac> {
    bytes().map(Mac::local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_local_and_differ() {
        let (first, second) = (mac().expect("one"), mac().expect("another"));
        assert_eq!(first.bytes()[0] & 3, 2);
        assert_ne!(first, second);
    }
}
