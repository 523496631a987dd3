//! The parent of an interface: one interface of the node, or several as one.

use plumb_values::names::link_name_problem;

use crate::fields::Fields;

/// What pods' interfaces are made on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parent {
    /// Names of interfaces, one at least.
    pub masters: Vec<String>,
    /// How several are used as one.
    pub bond: Option<Bond>,
}

/// A bond of several interfaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bond {
    /// Its name.
    pub name: String,
    /// The kernel's number of its mode, 0 to 6.
    pub mode: i64,
    /// Options, as `miimon=100;lacp_rate=1`.
    pub options: String,
}

impl Parent {
    /// Whether a bond is to be made.
    #[must_use]
    pub fn is_bond(&self) -> bool {
        self.masters.len() > 1
    }

    /// The name of the interface, or of the bond.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.bond {
            Some(bond) if self.is_bond() => &bond.name,
            _ => self.masters.first().map_or("", String::as_str),
        }
    }

    pub(super) fn read(fields: &Fields<'_>) -> Self {
        let masters = fields.texts("master", "[\"ens6f0np0\"]");
        let written = fields.value("master");
        if written.is_none_or(|list| list.as_array().is_some_and(Vec::is_empty)) {
            fields.problems.add(format!(
                "{} is missing, expected a list with the name of the node's interface, like [\"ens6f0np0\"]",
                fields.name("master")
            ));
        }
        let bond = fields.inside("bond").map(|inside| Bond::read(&inside));
        if masters.len() > 1 && bond.as_ref().is_none_or(|bond| bond.name.is_empty()) {
            fields.problems.add(format!(
                "{} has {} interfaces, {}, and {} does not say as which bond they are used: write its name and mode, or leave \
                 one interface",
                fields.name("master"),
                masters.len(),
                masters.join(", "),
                fields.name("bond.name"),
            ));
        }
        for name in &masters {
            // A pattern is plumb's: it means one interface of each node.
            let is_pattern = name.contains(['*', '?', ':']);
            if let Some(problem) = link_name_problem(name).filter(|_| !is_pattern) {
                fields.problems.add(format!(
                    "{} has {name:?}, which is no name of an interface: {problem}",
                    fields.name("master")
                ));
            } else if is_pattern && masters.len() > 1 {
                fields.problems.add(format!(
                    "{} has the pattern {name:?} beside others: a bond is made of names",
                    fields.name("master")
                ));
            }
        }
        Self { masters, bond }
    }

    /// Notes what is wrong with a VLAN on this parent.
    pub(super) fn check_vlan(&self, fields: &Fields<'_>, vlan: i64) {
        let parent = self.name();
        if vlan == 0 || parent.is_empty() {
            return;
        }
        let name = format!("{parent}.{vlan}");
        if parent.contains(['*', '?', ':']) {
            fields.problems.add(format!(
                "{} is {vlan}, and {parent:?} is a pattern: a VLAN is made on an interface that is named",
                fields.name("vlanID")
            ));
        } else if let Some(problem) = link_name_problem(&name) {
            fields.problems.add(format!(
                "{} is {vlan}, so the VLAN would be called {name:?}, which is no name of an interface: {problem}",
                fields.name("vlanID")
            ));
        }
    }
}

impl Bond {
    fn read(fields: &Fields<'_>) -> Self {
        fields.only(&["name", "mode", "options"]);
        let name = fields.text("name").unwrap_or_default().to_owned();
        if let Some(problem) = link_name_problem(&name).filter(|_| !name.is_empty()) {
            fields.problems.add(format!(
                "{} is {name:?}, which is no name of an interface: {problem}",
                fields.name("name")
            ));
        }
        Self {
            name,
            mode: fields.number("mode", 0..=6).unwrap_or(0),
            options: fields.text("options").unwrap_or_default().to_owned(),
        }
    }
}
