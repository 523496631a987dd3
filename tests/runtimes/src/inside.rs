//! What a container sees of its network, by the busybox inside.

/// The global addresses of an interface in CIDR form, sorted, from `ip -o address show`.
pub fn addresses(shown: &str, interface: &str) -> Vec<String> {
    let mut addresses: Vec<String> = shown
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.get(1) == Some(&interface) && words.contains(&"global"))
        .filter_map(|words| words.get(3).map(|&address| address.to_owned()))
        .collect();
    addresses.sort();
    addresses
}

/// The MAC address of an interface, from `ip -o link show`.
pub fn mac(shown: &str, interface: &str) -> Option<String> {
    let line = shown.lines().find(|line| {
        let name = line.split_whitespace().nth(1).unwrap_or_default();
        name.trim_end_matches(':').split('@').next() == Some(interface)
    })?;
    let mut words = line.split_whitespace();
    words.find(|word| *word == "link/ether")?;
    words.next().map(str::to_owned)
}

/// The command that asks an address once for an answer, and waits a second for it.
pub fn ping(address: &str) -> [&str; 6] {
    ["ping", "-c", "1", "-W", "1", address]
}

/// An address without the length of its prefix.
pub fn bare(address: &str) -> &str {
    address.split('/').next().unwrap_or(address)
}
