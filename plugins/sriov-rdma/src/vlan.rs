//! The keys `vlan`, `vlanQoS` and `vlanProto`: the tag that the adapter adds and removes.

use plumb_sdk::Error;
use plumb_sdk::operations::{VlanProtocol, VlanTag};

/// Reads the tag; none without `vlan`, and then the function's own stays.
pub(crate) fn read(
    id: Option<i64>,
    priority: Option<i64>,
    protocol: &str,
) -> Result<Option<VlanTag>, Error> {
    let priority_text = priority.map(|priority| priority.to_string());
    let protocol_text = (!protocol.is_empty()).then_some(protocol);
    let Some(id) = id else {
        needs_vlan("vlanQoS", priority_text.as_deref())?;
        needs_vlan("vlanProto", protocol_text)?;
        return Ok(None);
    };
    let tag = VlanTag {
        id: within("vlan", id, 4094, " (0 clears the tag)")?,
        priority: within("vlanQoS", priority.unwrap_or(0), 7, "")?,
        protocol: parse_protocol(protocol)?,
    };
    if tag.id == 0 && tag.priority != 0 {
        needs_tag("vlanQoS", &tag.priority.to_string(), "0")?;
    }
    if tag.id == 0 && tag.protocol != VlanProtocol::Q {
        needs_tag("vlanProto", protocol, "802.1q")?;
    }
    Ok(Some(tag))
}

/// 0 to `largest`, or what the message says.
fn within<T: TryFrom<i64>>(key: &str, value: i64, largest: i64, hint: &str) -> Result<T, Error> {
    let number = (0..=largest)
        .contains(&value)
        .then(|| T::try_from(value).ok());
    number.flatten().ok_or_else(|| {
        Error::invalid_configuration(format!(
            "{key} {value} is out of range: use 0 to {largest}{hint}"
        ))
    })
}

fn parse_protocol(text: &str) -> Result<VlanProtocol, Error> {
    match text.to_ascii_lowercase().as_str() {
        "" | "802.1q" => Ok(VlanProtocol::Q),
        "802.1ad" => Ok(VlanProtocol::Ad),
        _ => Err(Error::invalid_configuration(format!(
            "unknown vlanProto {text:?}: use \"802.1q\" or \"802.1ad\""
        ))),
    }
}

fn needs_vlan(key: &str, value: Option<&str>) -> Result<(), Error> {
    match value {
        None => Ok(()),
        Some(value) => Err(Error::invalid_configuration(format!(
            "{key} {value:?} needs \"vlan\": add it, from 1 to 4094, or leave \"{key}\" out"
        ))),
    }
}

/// There is nothing that a tag's other fields could be of.
fn needs_tag(key: &str, value: &str, without: &str) -> Result<(), Error> {
    Err(Error::invalid_configuration(format!(
        "{key} {value:?} needs a \"vlan\" from 1 to 4094, and it is 0: with 0 use {without:?} or \
         leave \"{key}\" out"
    )))
}

#[cfg(test)]
mod tests;
