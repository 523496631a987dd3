//! What the process of a vendor's component may send to plumb, should somebody have taken it over.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_fuzz::component::channel;

fuzz_target!(|messages: &[u8]| channel::run(messages));
