//! All cases, by the number of their group.

mod add;
mod check;
mod concurrency;
mod deaths;
mod del;
mod delegation;
mod gc;
mod input;
mod invocation;
mod output;
mod result;
mod runtimes;
mod status;
mod version;

use crate::{Case, Kind};

const GROUPS: [&[Case]; 14] = [
    invocation::CASES,
    input::CASES,
    version::CASES,
    output::CASES,
    add::CASES,
    del::CASES,
    check::CASES,
    status::CASES,
    gc::CASES,
    delegation::CASES,
    concurrency::CASES,
    deaths::CASES,
    result::CASES,
    runtimes::CASES,
];

/// Plugins that bring an interface into the pod.
const INTERFACE: &[Kind] = &[Kind::Interface];

/// Plugins that work on an interface of the pod.
const ON_INTERFACE: &[Kind] = &[Kind::Interface, Kind::Chained];

/// Every case, in the order of the numbers.
pub fn all() -> impl Iterator<Item = &'static Case> {
    GROUPS.into_iter().flatten()
}

/// The case of this number.
pub fn by_number(number: u16) -> Option<&'static Case> {
    all().find(|case| case.number == number)
}
