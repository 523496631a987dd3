//! Where a component comes from: the program itself, or the store of vendors' components.

use std::path::Path;
use std::rc::Rc;

use plumb_engine::Allowance;

use super::grants::Grants;
use super::native::Native;
use super::world::World;
use super::{builtin, store};
use crate::Result;

/// A component that can be loaded.
pub struct Source {
    name: String,
    code: store::Code,
    grants: Grants,
}

impl Source {
    /// The component of this name and world: built in, else from the store of vendor
    /// components. None when there is none.
    pub fn find(name: &str, world: World, folder: &Path) -> Result<Option<Self>> {
        if let Some(code) = builtin::find(name, world) {
            return Ok(Some(Self {
                name: name.to_owned(),
                code: store::Code::BuiltIn(code),
                grants: Grants::All,
            }));
        }
        Ok(
            store::find(name, world, folder)?.map(|(code, grants)| Self {
                name: name.to_owned(),
                code,
                grants,
            }),
        )
    }

    /// A component that is installed nowhere, by its code, what that was compiled for, and what it may record.
    pub(super) fn at_hand(
        name: &str,
        code: Rc<Native>,
        allowance: Allowance,
        grants: Grants,
    ) -> Self {
        Self {
            name: name.to_owned(),
            code: store::Code::AtHand(code, allowance),
            grants,
        }
    }

    /// Whether it is part of the program, and no vendor's.
    pub fn is_built_in(&self) -> bool {
        matches!(self.code, store::Code::BuiltIn(_))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it may record.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Where its native code is.
    pub(super) fn code(&self) -> &store::Code {
        &self.code
    }

    /// The native code of a built-in component, to try it as if it were a vendor's.
    pub fn built_in_code(name: &str, world: World) -> Option<&'static [u8]> {
        builtin::find(name, world)
    }

    /// The names of the built-in components of a world.
    pub fn built_in(world: World) -> Vec<&'static str> {
        builtin::names(world)
    }
}
