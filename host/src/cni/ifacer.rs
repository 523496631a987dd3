//! The keys of the type `ifacer`, typed: those of Spiderpool's plugin, and `keep`.

use plumb_values::names::link_name_problem;
use plumb_values::similar::question;
use serde_json::{Map, Value};

use super::Configuration;
use crate::kernel::bond::{BOND_MODES, HASH_POLICIES, LACP_RATES};
use crate::mark::TEMPORARY_NAME;
use crate::{Error, Result};

/// Most interfaces of one bond: the text that is put on it, which names them, has an end.
pub const MOST_INTERFACES: usize = 8;

/// What the replaced plugin calls a bond without a name.
const BOND_NAME: &str = "sp_bond0";

/// Milliseconds between two looks at the members' carrier. The kernel never looks where nothing is said, and a bond that does
/// not notice a failure is none.
const INTERVAL: u32 = 100;

const BOND_KEYS: &[&str] = &["name", "mode", "options"];
const OPTIONS: &[&str] = &["miimon", "xmit_hash_policy", "lacp_rate", "primary"];

/// The modes in which one member can be preferred (`bond_opts`, drivers/net/bonding/bond_options.c).
const WITH_PRIMARY: [&str; 3] = ["active-backup", "balance-tlb", "balance-alb"];
/// The mode that speaks with the switch.
const WITH_LACP: &str = "802.3ad";

/// What a network asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ifacer {
    /// `interfaces`: names, one at least.
    pub interfaces: Vec<String>,
    /// `vlanID`: from 1 to 4094.
    pub vlan: Option<u16>,
    /// `bond`; none where there is one interface only.
    pub bond: Option<Bond>,
    /// Whether there is a `bond` that is of no use, because there is one interface only.
    pub has_idle_bond: bool,
    /// `keep`: whether what is made stays when the last pod has gone.
    pub keep: bool,
}

/// What a network says of its bond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bond {
    /// `name`
    pub name: String,
    /// `mode`, one of [`BOND_MODES`].
    pub mode: &'static str,
    /// `miimon`: milliseconds.
    pub interval: u32,
    /// `xmit_hash_policy`, one of [`HASH_POLICIES`].
    pub hash_policy: Option<&'static str>,
    /// `lacp_rate`, one of [`LACP_RATES`].
    pub lacp_rate: Option<&'static str>,
    /// `primary`: one of the interfaces.
    pub primary: Option<String>,
}

impl Ifacer {
    /// Understands the keys.
    ///
    /// # Errors
    ///
    /// [`crate::Code::INVALID_CONFIGURATION`] with the first value that is wrong.
    pub fn of(configuration: &Configuration) -> Result<Self> {
        let get = |key: &str| configuration.lower.get(key);
        let interfaces = interfaces(get("interfaces").unwrap_or(&Value::Null))?;
        let vlan = match get("vlanid") {
            None | Some(Value::Null) => None,
            Some(value) => vlan(value)?,
        };
        let wanted = match get("bond") {
            None | Some(Value::Null) => None,
            Some(Value::Object(keys)) => Some(keys),
            Some(other) => return Err(wrong("bond", "an object like {\"mode\": 4}", other)),
        };
        let is_one = interfaces.len() == 1;
        let bond = match wanted {
            Some(keys) => Some(bond(keys, &interfaces)?),
            None if is_one => None,
            None => {
                return Err(Error::configuration(format!(
                    "\"interfaces\" of type \"ifacer\" are {}, and there is no \"bond\" that says how they are used as one: \
                     name one interface, or add \"bond\": {{\"mode\": 4}}",
                    interfaces.join(", ")
                )));
            }
        };
        let wanted = Self {
            has_idle_bond: is_one && bond.is_some(),
            bond: bond.filter(|_| !is_one),
            interfaces,
            vlan,
            keep: configuration.flag("keep")?,
        };
        if let Some(name) = wanted.vlan_name() {
            check_name("vlanID", &name)?;
        }
        Ok(wanted)
    }

    /// The interface that the VLAN is made on.
    pub fn parent(&self) -> &str {
        match &self.bond {
            Some(bond) => &bond.name,
            None => self.interfaces.first().map_or("", String::as_str),
        }
    }

    /// The name of the VLAN; none where there is to be none.
    pub fn vlan_name(&self) -> Option<String> {
        Some(format!("{}.{}", self.parent(), self.vlan?))
    }
}

fn interfaces(value: &Value) -> Result<Vec<String>> {
    let wanted = format!("a list of 1 to {MOST_INTERFACES} names of interfaces");
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=MOST_INTERFACES).contains(&items.len()) {
        return Err(wrong("interfaces", &wanted, value));
    }
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let name = item
            .as_str()
            .ok_or_else(|| wrong("interfaces", &wanted, value))?;
        check_name("interfaces", name)?;
        if names.iter().any(|other| other == name) {
            return Err(Error::configuration(format!(
                "\"interfaces\" of type \"ifacer\" has {name} twice"
            )));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// Zero is Go's way to say nothing.
fn vlan(value: &Value) -> Result<Option<u16>> {
    match value.as_u64() {
        Some(0) => Ok(None),
        // 4095 is reserved (IEEE 802.1Q, table 9-2).
        Some(id @ 1..=4094) => Ok(u16::try_from(id).ok()),
        _ => Err(wrong("vlanID", "a number from 0, for none, to 4094", value)),
    }
}

fn bond(keys: &Map<String, Value>, interfaces: &[String]) -> Result<Bond> {
    if let Some(unknown) = keys.keys().find(|key| !BOND_KEYS.contains(&key.as_str())) {
        return Err(Error::configuration(format!(
            "\"bond\" of type \"ifacer\" has a key {unknown:?} that plumb does not know: {}it knows {}",
            question(unknown, BOND_KEYS.iter().copied()),
            BOND_KEYS.join(", ")
        )));
    }
    let text = |key: &str| match keys.get(key) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(other) => Err(wrong(&format!("bond.{key}"), "a text", other)),
    };
    let name = match text("name")? {
        "" => BOND_NAME,
        name => name,
    };
    check_name("bond.name", name)?;
    if interfaces.iter().any(|interface| interface == name) {
        return Err(Error::configuration(format!(
            "\"bond.name\" of type \"ifacer\" is {name:?}, which is one of \"interfaces\": a bond has a name of its own"
        )));
    }
    let mode = match keys.get("mode") {
        None | Some(Value::Null) => BOND_MODES[0].0,
        Some(value) => word("bond.mode", &BOND_MODES, value)?,
    };
    let mut bond = Bond {
        name: name.to_owned(),
        mode,
        interval: INTERVAL,
        hash_policy: None,
        lacp_rate: None,
        primary: None,
    };
    let items = text("options")?.split(';').map(str::trim);
    for item in items.filter(|item| !item.is_empty()) {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        option(&mut bond, key.trim(), value.trim(), interfaces)?;
    }
    Ok(bond)
}

fn option(bond: &mut Bond, key: &str, value: &str, interfaces: &[String]) -> Result<()> {
    let place = format!("bond.options: {key}");
    let text = Value::from(value);
    let mode = bond.mode;
    let only_in = |modes: &[&str]| match modes.contains(&mode) {
        true => Ok(()),
        false => Err(Error::configuration(format!(
            "\"bond.options\" of type \"ifacer\" has {key}, which is of mode {}, and the bond's mode is {mode}",
            modes.join(", ")
        ))),
    };
    match key {
        "miimon" => {
            // None at all would leave a failure unnoticed; the kernel counts in 31 bits.
            let interval = value.parse().ok();
            bond.interval = interval
                .filter(|interval| (1..=i32::MAX.unsigned_abs()).contains(interval))
                .ok_or_else(|| wrong(&place, "a number of milliseconds, from 1", &text))?;
        }
        "xmit_hash_policy" => bond.hash_policy = Some(word(&place, &HASH_POLICIES, &text)?),
        "lacp_rate" => {
            only_in(&[WITH_LACP])?;
            bond.lacp_rate = Some(word(&place, &LACP_RATES, &text)?);
        }
        "primary" => {
            only_in(&WITH_PRIMARY)?;
            let found = interfaces.iter().find(|interface| *interface == value);
            let wanted = format!("one of {}", interfaces.join(", "));
            bond.primary = Some(found.ok_or_else(|| wrong(&place, &wanted, &text))?.clone());
        }
        _ => {
            return Err(Error::configuration(format!(
                "\"bond.options\" of type \"ifacer\" has {key:?}, which plumb does not know: {}it knows {}, as in \
                 \"miimon=100;xmit_hash_policy=layer3+4\"",
                question(key, OPTIONS.iter().copied()),
                OPTIONS.join(", ")
            )));
        }
    }
    Ok(())
}

/// One of the kernel's words, or its number.
fn word<T>(key: &str, words: &[(&'static str, T)], value: &Value) -> Result<&'static str> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let by_number = text
        .parse()
        .ok()
        .and_then(|number: usize| words.get(number));
    let found = by_number.or_else(|| words.iter().find(|(word, _)| *word == text));
    found.map(|(word, _)| *word).ok_or_else(|| {
        let known = || words.iter().map(|(word, _)| *word);
        Error::configuration(format!(
            "{key:?} of type \"ifacer\" is {value}: {}it is one of {}, or its place among them from 0 to {}",
            question(&text, known()),
            known().collect::<Vec<_>>().join(", "),
            words.len() - 1
        ))
    })
}

fn check_name(key: &str, name: &str) -> Result<()> {
    let problem = match name {
        TEMPORARY_NAME => Some("is what plumb calls a link while it makes it"),
        name => link_name_problem(name),
    };
    match problem {
        None => Ok(()),
        Some(problem) if key == "vlanID" => Err(Error::configuration(format!(
            "the VLAN of type \"ifacer\" would be called {name:?}, which {problem}: give what is below it a shorter name"
        ))),
        Some(problem) => Err(Error::configuration(format!(
            "{key:?} of type \"ifacer\" has the name {name:?}, which {problem}"
        ))),
    }
}

fn wrong(key: &str, wanted: &str, value: &Value) -> Error {
    Error::configuration(format!(
        "{key:?} of type \"ifacer\" must be {wanted}, not {value}"
    ))
}

#[cfg(test)]
mod tests;
