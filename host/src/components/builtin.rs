//! The components that are part of the program, precompiled for a baseline processor
//! of its architecture when it was built.
//!
//! Their code is run where it lies. Copying it to fresh memory, which is what loading
//! from bytes does, took a quarter of an ADD.

use wasmtime::CustomCodeMemory;

use super::world::World;

/// Page size of the kernel: code becomes executable by whole pages, so each component
/// begins at a page and fills its last one.
#[cfg(target_arch = "x86_64")]
pub const PAGE: usize = 4096;
/// Other architectures have kernels with pages of up to this size.
#[cfg(not(target_arch = "x86_64"))]
pub const PAGE: usize = 65536;

#[cfg_attr(target_arch = "x86_64", repr(C, align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C, align(65536)))]
struct Pages<const LENGTH: usize>([u8; LENGTH]);

macro_rules! built_in {
    ($name:literal) => {{
        const CODE: &[u8] = include_bytes!(concat!(env!("PLUMB_COMPONENTS"), "/", $name, ".cwasm"));
        static PAGES: Pages<{ CODE.len() }> = Pages(*include_bytes!(concat!(
            env!("PLUMB_COMPONENTS"),
            "/",
            $name,
            ".cwasm"
        )));
        &PAGES.0
    }};
}

/// A built-in component: its name, its world and its code.
type BuiltIn = (&'static str, World, &'static [u8]);

static ALL: [BuiltIn; 5] = [
    (
        "macvlan-shared",
        World::Flavour,
        built_in!("macvlan-shared"),
    ),
    ("sriov-rdma", World::Flavour, built_in!("sriov-rdma")),
    ("ib-sriov", World::Flavour, built_in!("ib-sriov")),
    ("ipoib", World::Flavour, built_in!("ipoib")),
    ("pool", World::AddressPolicy, built_in!("pool")),
];

/// The code of a built-in component.
pub fn find(name: &str, world: World) -> Option<&'static [u8]> {
    ALL.iter()
        .find(|(known, made_for, _)| *known == name && *made_for == world)
        .map(|(_, _, code)| *code)
}

/// The names of the built-in components of a world.
pub fn names(world: World) -> Vec<&'static str> {
    ALL.iter()
        .filter(|(_, made_for, _)| *made_for == world)
        .map(|(name, _, _)| *name)
        .collect()
}

/// Makes code executable where it lies. The pages are mapped from the program's file and
/// are never written to, so this is what the loader does for the program's own code.
pub struct InPlace;

impl InPlace {
    fn protect(pointer: *const u8, length: usize, executable: bool) -> wasmtime::Result<()> {
        use nix::sys::mman::{ProtFlags, mprotect};
        let mut protection = ProtFlags::PROT_READ;
        protection.set(ProtFlags::PROT_EXEC, executable);
        let pointer = std::ptr::NonNull::new(pointer.cast_mut().cast())
            .ok_or_else(|| wasmtime::Error::msg("code at address zero"))?;
        // SAFETY: wasmtime passes the whole pages of a component's code, which nothing
        // but a component's code lies in; they stay readable and are not written to.
        unsafe { mprotect(pointer, length, protection) }.map_err(wasmtime::Error::new)
    }
}

impl CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        PAGE
    }

    fn publish_executable(&self, pointer: *const u8, length: usize) -> wasmtime::Result<()> {
        Self::protect(pointer, length, true)
    }

    fn unpublish_executable(&self, pointer: *const u8, length: usize) -> wasmtime::Result<()> {
        Self::protect(pointer, length, false)
    }
}
