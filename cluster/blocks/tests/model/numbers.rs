//! Addresses as numbers, of both families.

use std::net::IpAddr;

use plumb_blocks::Range;

pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address so many after another one.
pub fn after(address: IpAddr, count: u128) -> IpAddr {
    let number = number(address) + count;
    match address {
        IpAddr::V4(_) => IpAddr::V4(u32::try_from(number).expect("IPv4").into()),
        IpAddr::V6(_) => IpAddr::V6(number.into()),
    }
}

/// The addresses of a range, from the first.
pub fn each((first, last): Range) -> impl Iterator<Item = IpAddr> {
    let count = number(last) - number(first);
    (0..=count).map(move |index| after(first, index))
}

/// The addresses of a block.
pub fn block(first: IpAddr, size: u32) -> Range {
    (first, after(first, u128::from(size) - 1))
}
