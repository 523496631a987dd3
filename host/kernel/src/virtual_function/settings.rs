//! Settings of a virtual function as values: compared, merged and recorded.

use std::collections::BTreeMap;
use std::fmt;

use plumb_values::{Guid, Mac};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A VLAN tag that the adapter puts on all frames of a virtual function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vlan {
    /// 0 is no tag.
    pub id: u16,
    /// 0 to 7.
    pub priority: u8,
    /// Whether the tag is 802.1ad instead of 802.1Q.
    pub is_802_1ad: bool,
}

/// Modes of a virtual function's link, in the words of ip-link(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// As the physical function's.
    Auto,
    /// Always up.
    Enable,
    /// Always down.
    Disable,
}

/// Makes, from a line for each setting, what has to know all of them: its key, its value, its
/// getter, and its field in a record.
macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $name:ident, $key:ident($type:ty);)+) => {
        /// Which setting, in the order in which they are applied.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Key {
            $($(#[doc = $doc])+ $key,)+
        }

        impl Key {
            /// Its field in a record.
            const fn name(self) -> &'static str {
                match self {
                    $(Self::$key => stringify!($name),)+
                }
            }
        }

        /// A setting.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Setting {
            $($(#[doc = $doc])+ $key($type),)+
        }

        impl Setting {
            /// Which one it is.
            pub const fn key(&self) -> Key {
                match self {
                    $(Self::$key(_) => Key::$key,)+
                }
            }

            /// The value of a field; none where it is null or no field of ours.
            fn read<'de, A: MapAccess<'de>>(name: &str, map: &mut A) -> Result<Option<Self>, A::Error> {
                match name {
                    $(stringify!($name) => Ok(map.next_value::<Option<$type>>()?.map(Self::$key)),)+
                    _ => map.next_value::<IgnoredAny>().map(|_| None),
                }
            }
        }

        impl Settings {
            $(
                $(#[doc = $doc])+
                pub fn $name(&self) -> Option<$type> {
                    match self.get(Key::$key)? {
                        Setting::$key(value) => Some(value),
                        _ => None,
                    }
                }
            )+
        }
    };
}

// In an order that drivers take: the address while the function is not trusted to have its own.
settings! {
    /// The tag.
    vlan, Vlan(Vlan);
    /// The address that the administrator gave it; all 0 for none.
    mac, Mac(Mac);
    /// Mbit/s that it is guaranteed; 0 is none.
    minimum_rate, MinimumRate(u32);
    /// Mbit/s that it gets at most; 0 is no limit.
    maximum_rate, MaximumRate(u32);
    /// Whether frames with a foreign source address are dropped.
    spoof_check, SpoofCheck(bool);
    /// Whether its driver may change its address and go promiscuous.
    trust, Trust(bool);
    /// Whether its link is up.
    link_state, LinkState(LinkState);
    /// Node GUID.
    node_guid, NodeGuid(Guid);
    /// Port GUID.
    port_guid, PortGuid(Guid);
}

/// The two rates are set by one message: one of them brings the other along.
const RATES: [Key; 2] = [Key::MinimumRate, Key::MaximumRate];
const GUIDS: [Key; 2] = [Key::NodeGuid, Key::PortGuid];

/// Settings; what is missing was not asked for, or is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<Key, Setting>);

impl Settings {
    /// A node's and a port's GUID that are the same.
    pub fn guids(guid: Guid) -> Self {
        Self::from_iter([Setting::NodeGuid(guid), Setting::PortGuid(guid)])
    }

    /// The setting of this key.
    pub fn get(&self, key: Key) -> Option<Setting> {
        self.0.get(&key).copied()
    }

    /// Adds a setting, or replaces the one of its key.
    pub fn set(&mut self, setting: Setting) {
        self.0.insert(setting.key(), setting);
    }

    /// All of them, in the order in which they are applied.
    pub fn iter(&self) -> impl Iterator<Item = Setting> {
        self.0.values().copied()
    }

    /// Those of these settings that `other` has differently.
    pub fn differing_from(&self, other: &Self) -> Self {
        let differs = |setting: &Setting| other.get(setting.key()) != Some(*setting);
        let mut differing: Self = self.iter().filter(differs).collect();
        if differing.has_any(&RATES) {
            let rate = |key| self.get(key).or(other.get(key));
            differing.extend(RATES.into_iter().filter_map(rate));
        }
        differing
    }

    /// These settings, and for those that are missing the other's.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        other.iter().chain(self.iter()).collect()
    }

    /// Those of these settings that `wanted` has as well, with whatever value.
    #[must_use]
    pub fn restricted_to(&self, wanted: &Self) -> Self {
        let is_wanted = |key: Key| {
            wanted.get(key).is_some() || (RATES.contains(&key) && wanted.has_any(&RATES))
        };
        let settings = self.iter();
        settings
            .filter(|setting| is_wanted(setting.key()))
            .collect()
    }

    /// These settings without the GUIDs.
    #[must_use]
    pub fn without_guids(&self) -> Self {
        let settings = self.iter();
        settings
            .filter(|setting| !GUIDS.contains(&setting.key()))
            .collect()
    }

    /// Whether some of these can only be read from the physical function.
    pub fn are_held_by_parent(&self) -> bool {
        !self.without_guids().is_empty()
    }

    /// Whether one of them is a GUID.
    pub fn have_guid(&self) -> bool {
        self.has_any(&GUIDS)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has_any(&self, keys: &[Key]) -> bool {
        keys.iter().any(|key| self.0.contains_key(key))
    }
}

impl FromIterator<Setting> for Settings {
    fn from_iter<I: IntoIterator<Item = Setting>>(settings: I) -> Self {
        let mut made = Self::default();
        made.extend(settings);
        made
    }
}

impl Extend<Setting> for Settings {
    fn extend<I: IntoIterator<Item = Setting>>(&mut self, settings: I) {
        settings.into_iter().for_each(|setting| self.set(setting));
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|setting| (setting.key().name(), setting)))
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Settings;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("settings of a virtual function")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
                let mut settings = Settings::default();
                while let Some(name) = map.next_key::<String>()? {
                    settings.extend(Setting::read(&name, &mut map)?);
                }
                Ok(settings)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests;
