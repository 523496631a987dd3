//! The lease store with a page and a rollback journal that somebody damaged.
//!
//! An input is a list of changes and calls, four bytes each (see `damage::run`).

#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_fuzz::Scratch;
use plumb_fuzz::leases::damage;

fuzz_target!(|data: &[u8]| damage::run(Scratch::new().path(), data));
