//! As much of Kubernetes' protobuf encoding as a pod's annotations need: Multus writes
//! objects in it, though it reads JSON as well.

use std::collections::BTreeMap;

/// What opens every object in this encoding.
const MAGIC: &[u8] = b"k8s\0";

/// `runtime.Unknown.raw`
const RAW: u64 = 2;
/// `Pod.metadata`
const METADATA: u64 = 1;
/// `ObjectMeta.resourceVersion`
const RESOURCE_VERSION: u64 = 6;
/// `ObjectMeta.annotations`
const ANNOTATIONS: u64 = 12;
/// Key and value of an entry of a map.
const KEY: u64 = 1;
const VALUE: u64 = 2;

/// What a client writes of a pod.
#[derive(Debug, PartialEq)]
pub(super) struct Metadata {
    pub resource_version: String,
    pub annotations: BTreeMap<String, String>,
}

/// The metadata of an encoded object; none when it is not one.
pub(super) fn metadata(object: &[u8]) -> Option<Metadata> {
    let raw = one(object.strip_prefix(MAGIC)?, RAW)?;
    let metadata = one(raw, METADATA)?;
    let mut annotations = BTreeMap::new();
    for (number, entry) in fields(metadata)? {
        if number == ANNOTATIONS {
            annotations.insert(text(one(entry, KEY)?)?, text(one(entry, VALUE)?)?);
        }
    }
    Some(Metadata {
        resource_version: text(one(metadata, RESOURCE_VERSION)?)?,
        annotations,
    })
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// The field with this number.
fn one(message: &[u8], number: u64) -> Option<&[u8]> {
    fields(message)?
        .into_iter()
        .find_map(|(found, bytes)| (found == number).then_some(bytes))
}

/// All fields of a message that have a length; the others are passed over.
fn fields(mut message: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = number(&mut message)?;
        let length = match tag & 7 {
            0 => {
                number(&mut message)?;
                continue;
            }
            1 => 8,
            2 => usize::try_from(number(&mut message)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (bytes, rest) = message.split_at_checked(length)?;
        if tag & 7 == 2 {
            fields.push((tag >> 3, bytes));
        }
        message = rest;
    }
    Some(fields)
}

/// Seven bits in each byte, the lowest first; the eighth says that more follow.
fn number(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pod with resourceVersion `7`, a number and one annotation, written by hand.
    const POD: &[u8] =
        b"k8s\0\x0a\x05\x0a\x03Pod\x12\x10\x0a\x0e\x32\x017\x38\x96\x01\x62\x06\x0a\x01a\x12\x01b";

    #[test]
    fn a_pod_is_read() {
        let expected = Metadata {
            resource_version: "7".into(),
            annotations: [("a".to_owned(), "b".to_owned())].into(),
        };
        assert_eq!(metadata(POD), Some(expected));
    }

    #[test]
    fn a_pod_that_is_cut_is_none() {
        for length in 0..POD.len() {
            assert_eq!(metadata(&POD[..length]), None, "{length} bytes");
        }
    }
}
