//! From the text of the file to a [`Policy`].
//!
//! By hand over the parsed tables: an error says which key it is about, and plumb, which starts for every pod, is a
//! quarter of a megabyte smaller than with derived code.

use std::fmt::Display;
use std::path::PathBuf;

use ipnetwork::IpNetwork;
use plumb_values::Pattern;
use plumb_values::similar::question;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Folders, Level, Log, Networks, Policy, Profile, Wire};

/// What is wrong with the file, and where.
pub(super) type Mistake = String;
type Result<T> = std::result::Result<T, Mistake>;

/// Understands a whole file.
pub(super) fn policy(text: &str) -> Result<Policy> {
    let mut root = Section::of_file(text)?;
    let profile = match root.text("profile")?.as_deref() {
        None | Some("compatible") => Profile::Compatible,
        Some("shared") => Profile::Shared,
        Some(other) => {
            return Err(root.wrong(
                "profile",
                format!("{other:?} is neither \"compatible\" nor \"shared\""),
            ));
        }
    };
    let policy = Policy {
        profile,
        node: root.text("node")?,
        agent: root.folder("agent")?,
        needs_pod_choice: root.boolean("needs-pod-choice")?.unwrap_or(false),
        folders: folders(root.section("folders")?, |section| section.end())?,
        log: log(root.section("log")?)?,
        networks: networks(root.section("networks")?)?,
        wires: wires(root.sections("wires")?)?,
        cluster_networks: root
            .list("cluster-networks", network_of_a_cluster)?
            .unwrap_or_default(),
        file: None,
    };
    root.end()?;
    Ok(policy)
}

/// Understands the folders of a file that may have mistakes elsewhere.
pub(super) fn folders_alone(text: &str) -> Result<Folders> {
    folders(Section::of_file(text)?.section("folders")?, |_| Ok(()))
}

fn folders(
    mut section: Section<'_>,
    end: impl FnOnce(Section<'_>) -> Result<()>,
) -> Result<Folders> {
    let default = Folders::default();
    let folders = Folders {
        state: section.folder("state")?.unwrap_or(default.state),
        components: section.folder("components")?.unwrap_or(default.components),
        pools: section.folder("pools")?.unwrap_or(default.pools),
        pods: section.folder("pods")?.unwrap_or(default.pods),
        log: section.folder("log")?.unwrap_or(default.log),
        device_info: section
            .folder("device-info")?
            .unwrap_or(default.device_info),
        kubelet: section.folder("kubelet")?.unwrap_or(default.kubelet),
        chosen_by_networks: section.boolean("chosen-by-networks")?.unwrap_or(false),
    };
    end(section)?;
    Ok(folders)
}

fn log(mut section: Section<'_>) -> Result<Log> {
    let default = Log::default();
    let level = match section.text("level")? {
        None => None,
        Some(text) => Some(Level::named(&text).ok_or_else(|| {
            section.wrong(
                "level",
                format!("{text:?} is none of error, warning, info and debug"),
            )
        })?),
    };
    let log = Log {
        level,
        file: section.text("file")?,
        size_limit: section.bytes("size-limit")?.unwrap_or(default.size_limit),
    };
    if let Some(file) = log.file.as_deref().filter(|file| !Log::is_file_name(file)) {
        return Err(section.wrong(
            "file",
            format!("{file:?} is not the name of a file in the log folder"),
        ));
    }
    section.end()?;
    Ok(log)
}

fn networks(mut section: Section<'_>) -> Result<Networks> {
    let networks = Networks {
        parents: section.list("parents", |text| Ok(Pattern::from(text)))?,
        functions: section.list("functions", |text| Ok(Pattern::from(text)))?,
        flavours: section.list("flavours", Ok)?,
        ipam: section.list("ipam", Ok)?,
        address_space: section.list("address-space", |text| {
            text.parse().map_err(|_| "a network such as 10.8.0.0/16")
        })?,
    };
    section.end()?;
    Ok(networks)
}

/// The network of everything is the pod's default route's.
fn network_of_a_cluster(text: String) -> std::result::Result<IpNetwork, &'static str> {
    let network = text.parse::<IpNetwork>().ok();
    let network =
        network.filter(|network| network.prefix() > 0 && network.ip() == network.network());
    network.ok_or("a network such as 10.233.0.0/18")
}

fn wires(sections: Vec<Section<'_>>) -> Result<Vec<Wire>> {
    let mut wires: Vec<Wire> = Vec::new();
    for mut section in sections {
        let Some(name) = section.text("name")? else {
            return Err(section.wrong("name", "each of them needs one"));
        };
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            || name.len() > 64
        {
            return Err(section.wrong(
                "name",
                format!("{name:?} may hold letters, digits, '.', '_' and '-', 64 at most"),
            ));
        }
        if wires.iter().any(|wire| wire.name == name) {
            return Err(section.wrong("name", format!("two are named {name:?}")));
        }
        let parents = section.list("parents", |text| Ok(Pattern::from(text)))?;
        wires.push(Wire {
            name,
            parents: parents.unwrap_or_default(),
        });
        section.end()?;
    }
    Ok(wires)
}

/// A table of the file, out of which keys are taken until none is left.
struct Section<'a> {
    name: &'static str,
    text: &'a str,
    table: DeTable<'a>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    fn of_file(text: &'a str) -> Result<Self> {
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line(text, span.start));
            format!(
                "line {line}: {}",
                error.message().trim().replace('\n', ", ")
            )
        })?;
        Ok(Self::new("", text, table.into_inner()))
    }

    fn new(name: &'static str, text: &'a str, table: DeTable<'a>) -> Self {
        Self {
            name,
            text,
            table,
            known: Vec::new(),
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.table.remove(key)
    }

    fn full(&self, key: &str) -> String {
        match self.name {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        }
    }

    fn wrong(&self, key: &str, what: impl Display) -> Mistake {
        format!("{}: {what}", self.full(key))
    }

    fn must_be(&self, key: &str, what: &str, found: &Spanned<DeValue<'_>>) -> Mistake {
        let line = line(self.text, found.span().start);
        let found = &self.text[found.span()];
        format!(
            "line {line}: {} must be {what}, not {found}",
            self.full(key)
        )
    }

    /// A table in this one; an empty one when it is left out.
    fn section(&mut self, key: &'static str) -> Result<Self> {
        match self.take(key) {
            None => Ok(Self::new(key, self.text, DeTable::new())),
            Some(value) => match value.get_ref() {
                DeValue::Table(_) => {
                    let DeValue::Table(table) = value.into_inner() else {
                        unreachable!("it was one a line before");
                    };
                    Ok(Self::new(key, self.text, table))
                }
                _ => Err(self.must_be(key, "a table", &value)),
            },
        }
    }

    /// Tables in this one that have the same name, as with `[[wires]]`.
    fn sections(&mut self, key: &'static str) -> Result<Vec<Self>> {
        let Some(value) = self.take(key) else {
            return Ok(Vec::new());
        };
        let wrong = self.must_be(key, "tables, as with [[wires]]", &value);
        let DeValue::Array(items) = value.into_inner() else {
            return Err(wrong);
        };
        items
            .into_iter()
            .map(|item| match item.into_inner() {
                DeValue::Table(table) => Ok(Self::new(key, self.text, table)),
                _ => Err(wrong.clone()),
            })
            .collect()
    }

    fn text(&mut self, key: &'static str) -> Result<Option<String>> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        match value.get_ref().as_str().filter(|text| !text.is_empty()) {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.must_be(key, "a text in quotes", &value)),
        }
    }

    fn folder(&mut self, key: &'static str) -> Result<Option<PathBuf>> {
        let Some(folder) = self.text(key)?.map(PathBuf::from) else {
            return Ok(None);
        };
        if super::folders::is_plain(&folder) {
            return Ok(Some(folder));
        }
        let what = format!(
            "must be an absolute path without \"..\", not {}",
            folder.display()
        );
        Err(self.wrong(key, what))
    }

    fn boolean(&mut self, key: &'static str) -> Result<Option<bool>> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        match value.get_ref().as_bool() {
            Some(boolean) => Ok(Some(boolean)),
            None => Err(self.must_be(key, "true or false", &value)),
        }
    }

    fn bytes(&mut self, key: &'static str) -> Result<Option<u64>> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let number = value.get_ref().as_integer();
        match number.and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok()) {
            Some(bytes) if bytes > 0 => Ok(Some(bytes)),
            _ => Err(self.must_be(key, "a number of bytes", &value)),
        }
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        understand: impl Fn(String) -> std::result::Result<T, &'static str>,
    ) -> Result<Option<Vec<T>>> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let Some(items) = value.get_ref().as_array() else {
            return Err(self.must_be(key, "a list of texts, as in [\"ens*\"]", &value));
        };
        let mut list = Vec::new();
        for item in items.iter() {
            let Some(text) = item.get_ref().as_str().filter(|text| !text.is_empty()) else {
                return Err(self.must_be(key, "a list of texts", item));
            };
            let understood =
                understand(text.to_owned()).map_err(|what| self.must_be(key, what, item))?;
            list.push(understood);
        }
        Ok(Some(list))
    }

    /// Refuses keys that nothing has taken.
    fn end(self) -> Result<()> {
        match self.table.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!(
                "line {}: there is no {}; {}known are {}",
                line(self.text, key.span().start),
                self.full(key.get_ref()),
                question(key.get_ref(), self.known.iter().copied()),
                self.known.join(", ")
            )),
        }
    }
}

/// The line of a place in a text, from 1.
fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
