//! What a component may hand over: calls of host functions, an error, a proposal. Each input is
//! a component that knows the contract and means no good.

#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use plumb_fuzz::component::{attach, proposal, refusal};

fuzz_target!(|data: &[u8]| {
    let mut choices = Unstructured::new(data);
    let handed_over = match choices.int_in_range(0..=7).unwrap_or_default() {
        0..=3 => attach::run(&mut choices),
        4..=6 => proposal::run(&mut choices),
        _ => refusal::run(&mut choices),
    };
    // An input that is used up ends its component early.
    let _ = handed_over;
});
