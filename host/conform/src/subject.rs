//! The component that is judged.

use std::collections::BTreeMap;

use plumb::Result;
use plumb::components::{Grants, Sandbox, Source, World};
use plumb::trace::Trace;
use plumb_engine::Allowance;
use plumb_values::{DeviceKind, Pattern};
use serde_json::Value;

/// What a component says of itself in its section `plumb:component`, as far as that can be judged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declared {
    /// The operations that it wants to record; none where it does not say.
    pub operations: Option<Vec<String>>,
    /// The parents that it wants to make interfaces on, as patterns; any that the network names when empty.
    pub parents: Vec<String>,
    /// The PCI functions that it wants to work on, as above.
    pub functions: Vec<String>,
    /// The JSON Schema of its keys, an object with `properties`.
    pub keys: Option<Value>,
}

/// The component that is judged.
pub struct Subject {
    /// The name that configurations use.
    pub name: String,
    /// What it is made for.
    pub world: World,
    /// What it says of itself.
    pub declared: Declared,
    code: Code,
}

enum Code {
    BuiltIn(&'static [u8]),
    /// Native code of this release's compiler, and what it was compiled for.
    Vendors(Vec<u8>, Allowance),
}

impl Subject {
    /// A component that is part of the program; none of this name when there is none.
    pub fn built_in(name: &str) -> Option<Self> {
        let worlds = [World::Flavour, World::AddressPolicy];
        worlds.into_iter().find_map(|world| {
            let code = Source::built_in_code(name, world)?;
            Some(Self {
                name: name.to_owned(),
                world,
                declared: Declared::default(),
                code: Code::BuiltIn(code),
            })
        })
    }

    /// A vendor's component, compiled for this release and this allowance.
    pub fn vendors(
        name: &str,
        world: World,
        code: Vec<u8>,
        allowance: Allowance,
        declared: Declared,
    ) -> Self {
        Self {
            name: name.to_owned(),
            world,
            declared,
            code: Code::Vendors(code, allowance),
        }
    }

    /// Native code and what it was compiled for, where a store has to have it.
    pub(crate) fn vendors_code(&self) -> Option<(&[u8], Allowance)> {
        match &self.code {
            Code::BuiltIn(_) => None,
            Code::Vendors(code, allowance) => Some((code, *allowance)),
        }
    }

    /// A sandbox for it, with all that an operator could grant: what it records is judged, not what it may.
    pub(crate) fn with_every_grant<'a>(&self, trace: &'a Trace) -> Result<Sandbox<'a>> {
        let all = plumb_compiler::operations();
        self.sandbox(all.into_iter().map(|name| (name, None)).collect(), trace)
    }

    /// A sandbox for it, with the grants that it asks for; none where it does not say which.
    pub(crate) fn with_declared_grants<'a>(&self, trace: &'a Trace) -> Result<Option<Sandbox<'a>>> {
        let Some(operations) = &self.declared.operations else {
            return Ok(None);
        };
        let grants = operations.iter().map(|operation| {
            let patterns = match DeviceKind::of(operation) {
                Some(DeviceKind::Parent) => &self.declared.parents[..],
                Some(DeviceKind::Function) => &self.declared.functions,
                None => &[],
            };
            let patterns: Vec<_> = patterns.iter().cloned().map(Pattern::from).collect();
            (
                operation.clone(),
                (!patterns.is_empty()).then_some(patterns),
            )
        });
        self.sandbox(grants.collect(), trace).map(Some)
    }

    fn sandbox<'a>(
        &self,
        grants: BTreeMap<String, Option<Vec<Pattern>>>,
        trace: &'a Trace,
    ) -> Result<Sandbox<'a>> {
        let (code, allowance, grants) = match &self.code {
            Code::BuiltIn(code) => (*code, Allowance::Ordinary, Grants::All),
            Code::Vendors(code, allowance) => (&code[..], *allowance, Grants::Some(grants)),
        };
        Sandbox::new(trace)?.with(&self.name, self.world, code, allowance, grants)
    }
}
