//! The lease store beside a model that keeps everything in plain maps, and its file with a
//! header that somebody damaged.
//!
//! An input is a list of calls, four bytes each (see `Calls::run`), or with an `H` in front
//! what is written over the file's header. The pages behind the header are left alone: LMDB
//! trusts them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_fuzz::Scratch;
use plumb_fuzz::leases::{calls, header};

fuzz_target!(|data: &[u8]| {
    let scratch = Scratch::new();
    match data {
        [b'H', over @ ..] => header::damage(scratch.path(), over),
        _ => calls::run(scratch.path(), data),
    }
});
