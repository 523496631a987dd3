//! Whether a pool may be used by plumb: not while another product's pods have addresses of it that no block stands for.
//!
//! Spiderpool writes what it has given out into the pool's status. What `plumb-migrate` has imported, it writes beside it as
//! a fingerprint of that text: so a pool that Spiderpool has changed since then is out of use again, and so is one whose
//! status was written for the way back.

use kube::core::ObjectMeta;
use serde_json::{Map, Value};

use crate::IMPORTED_ANNOTATION;
use crate::objects::text;

/// The fingerprint of a pool's `status.allocatedIPs`; none where it has no address. 16 hexadecimal digits, 64 bits of FNV-1a.
#[must_use]
pub fn fingerprint(allocated: &str) -> Option<String> {
    let is_empty = |text: &str| {
        let records = serde_json::from_str::<Map<String, Value>>(text);
        text.trim().is_empty() || records.is_ok_and(|records| records.is_empty())
    };
    if is_empty(allocated) {
        return None;
    }
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    Some(format!("{:016x}", allocated.bytes().fold(OFFSET, mix)))
}

/// Why no node may use a pool yet, from its object: `metadata`, and all but that. None: nothing stands in the way.
#[must_use]
pub fn closed(metadata: &ObjectMeta, pool: &Value) -> Option<String> {
    let found = fingerprint(text(pool, "/status/allocatedIPs"))?;
    let annotations = metadata.annotations.as_ref();
    let imported = annotations.and_then(|all| all.get(IMPORTED_ANNOTATION));
    if imported == Some(&found) {
        return None;
    }
    Some(
        "pods have addresses of it from Spiderpool, as its status.allocatedIPs says, which are not imported: run \
         plumb-migrate import"
            .to_owned(),
    )
}
