//! Where a network has the keys of its address policy.

use super::{Fault, Object, Property, Reader, Schema, Value};

/// The keys of the object `ipam`; without it, those of an empty one.
pub struct OfPolicy<T>(pub T);

impl<T: Value> Value for OfPolicy<T> {
    const EXPECTED: &'static str = "an object";

    const SCHEMA: Schema = Schema::Object(&[Property {
        name: "ipam",
        description: "",
        is_required: false,
        is_flattened: false,
        schema: &T::SCHEMA,
    }]);

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        let mut ipam = None;
        let mut object = Object::of(reader)?;
        while let Some(key) = object.key()? {
            match &*key {
                "ipam" => object.value("ipam", &mut ipam)?,
                _ => object.skip()?,
            }
        }
        let ipam = match ipam {
            Some(ipam) => ipam,
            None => super::read("{}").map_err(|fault: Fault| fault.below("ipam"))?,
        };
        Ok(Some(Self(ipam)))
    }
}
