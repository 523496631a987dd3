//! The versions of the contract, from the same `.wit` files that host and SDK use.

use wit_parser::{FunctionKind, PackageId, Resolve, SourceMap};

/// A version of `plumb:cni` that this release speaks.
#[derive(Debug)]
pub(crate) struct Version {
    /// As in `package plumb:cni@…`.
    pub number: &'static str,
    /// Its interfaces, and whether one has functions: importing types grants nothing.
    pub interfaces: &'static [(&'static str, bool)],
    /// Name and text of each file.
    sources: &'static [(&'static str, &'static str)],
    /// What of `worlds.wit` is replaced before a component is compared, see [`Self::compared`].
    replaced: (&'static str, &'static str),
}

macro_rules! sources {
    ($folder:literal: $($name:literal),+) => {
        &[$(($name, include_str!(concat!("../../../wit/", $folder, "/", $name)))),+]
    };
}

/// Oldest first.
pub(crate) static VERSIONS: [Version; 2] = [
    Version {
        number: "0.1.0",
        interfaces: &[
            ("types", false),
            ("facts", true),
            ("operations", true),
            ("log", true),
            ("pools", false),
        ],
        sources: sources!("0.1": "worlds.wit", "types.wit", "facts.wit", "operations.wit", "pools.wit", "log.wit"),
        replaced: ("import facts;", "use pools.{pool, proposal}; import facts;"),
    },
    Version {
        number: "0.2.0",
        interfaces: &[
            ("types", false),
            ("requests", true),
            ("routing", true),
            ("facts", true),
            ("operations", true),
            ("log", true),
            ("pools", true),
        ],
        sources: sources!("0.2": "worlds.wit", "types.wit", "requests.wit", "routing.wit", "facts.wit", "operations.wit", "pools.wit", "log.wit"),
        replaced: (
            "import operations;",
            "use pools.{pool, proposal}; @since(version = 0.2.0) import operations;",
        ),
    },
];

/// The newest version of the contract.
pub const CONTRACT_VERSION: &str = newest().number;

const fn newest() -> &'static Version {
    &VERSIONS[VERSIONS.len() - 1]
}

/// The operations that a flavour can record, by their names in the contract: those functions of
/// its interface `operations` that add a step.
pub fn operations() -> Vec<String> {
    newest().operations()
}

impl Version {
    /// The version of which a component's is a patch release: below 1.0 the minor version is the
    /// one that breaks, a patch release only adds.
    pub fn of(version: &str) -> Option<&'static Self> {
        let wanted = numbers(version)?;
        VERSIONS
            .iter()
            .find(|known| numbers(known.number).is_some_and(|ours| ours[..2] == wanted[..2]))
    }

    /// Whether a version is newer than all that this release speaks.
    pub fn is_to_come(version: &str) -> bool {
        numbers(version) > numbers(CONTRACT_VERSION)
    }

    /// The versions that this release speaks, without their patch releases.
    pub fn spoken() -> String {
        let minor = |version: &Self| version.number.rsplit_once('.').map(|(minor, _)| minor);
        let spoken: Vec<_> = VERSIONS.iter().filter_map(minor).collect();
        spoken.join(" and ")
    }

    /// The names of its interfaces, in words.
    pub fn interfaces_in_words(&self) -> String {
        let names: Vec<_> = self.interfaces.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// The contract under a component's own patch release, because the names of interfaces are
    /// compared literally here; the host's linker takes either for the other.
    ///
    /// A flavour may import the types of an address policy as well: a library that knows both
    /// worlds, as the SDK does, leaves such imports behind in every component.
    pub fn compared(&self, version: &str) -> Result<(Resolve, PackageId), String> {
        let (from, to) = self.replaced;
        self.resolve(|text| self.numbered(text, version).replace(from, to))
    }

    /// The contract under the number of one of its patch releases.
    pub fn under(&self, version: &str) -> Result<(Resolve, PackageId), String> {
        self.resolve(|text| self.numbered(text, version))
    }

    fn numbered(&self, text: &str, version: &str) -> String {
        text.replace(
            &format!("package plumb:cni@{};", self.number),
            &format!("package plumb:cni@{version};"),
        )
    }

    fn operations(&self) -> Vec<String> {
        /// They give a handle and add no step.
        const NO_STEPS: [&str; 2] = ["configured-addresses", "previous-addresses"];
        let (resolve, _) = self.resolve(str::to_owned).expect("the contract is valid");
        let interfaces = resolve.interfaces.iter();
        let mut names: Vec<String> = interfaces
            .filter(|(_, interface)| interface.name.as_deref() == Some("operations"))
            .flat_map(|(_, interface)| interface.functions.values())
            .filter(|function| matches!(function.kind, FunctionKind::Freestanding))
            .map(|function| function.name.clone())
            .filter(|name| !NO_STEPS.contains(&name.as_str()))
            .collect();
        names.sort_unstable();
        names
    }

    /// The contract, after a change of its texts.
    fn resolve(&self, change: impl Fn(&str) -> String) -> Result<(Resolve, PackageId), String> {
        let mut sources = SourceMap::default();
        for (name, text) in self.sources {
            sources.push_str(name, change(text));
        }
        let group = sources.parse().map_err(|(_, error)| error.to_string())?;
        let mut resolve = Resolve::default();
        let package = resolve
            .push_group(group)
            .map_err(|error| error.to_string())?;
        Ok((resolve, package))
    }
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grant is kept when the component is built again for the next version.
    #[test]
    fn no_operation_loses_its_name() {
        for version in &VERSIONS {
            for operation in version.operations() {
                assert!(operations().contains(&operation), "{operation}");
            }
        }
    }

    /// 0.1 is frozen: components of it are with vendors.
    #[test]
    fn a_version_that_another_one_follows_is_not_changed() {
        let [frozen, _] = &VERSIONS;
        let texts: Vec<&str> = frozen.sources.iter().map(|(_, text)| *text).collect();
        assert_eq!(
            crate::digest(texts.concat().as_bytes()),
            "d524ea13e36f14d16617ed432444654f5aec4964db1bc726192adcd61db9e7b5"
        );
    }

    #[test]
    fn the_interfaces_are_those_of_the_files() {
        for version in &VERSIONS {
            let (resolve, package) = version.resolve(str::to_owned).unwrap();
            for (name, id) in &resolve.packages[package].interfaces {
                let has_functions = !resolve.interfaces[*id].functions.is_empty();
                let expected = &(name.as_str(), has_functions);
                assert!(version.interfaces.contains(expected), "{name}");
            }
            let count = resolve.packages[package].interfaces.len();
            assert_eq!(version.interfaces.len(), count);
        }
    }
}
