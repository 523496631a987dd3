//! The lease store beside a model that keeps everything in plain maps.
//!
//! An input is a list of calls, four bytes each (see `Calls::run`).

#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_fuzz::Scratch;
use plumb_fuzz::leases::calls;

fuzz_target!(|data: &[u8]| calls::run(Scratch::new().path(), data));
