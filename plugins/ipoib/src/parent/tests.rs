use plumb_sdk::testing::{infiniband_link, request};

use super::*;

/// Whether a parent with this MTU can have a child with these keys.
fn check_below(parent_mtu: u32, keys: &str) -> Result<()> {
    let configuration = request(&format!(r#"{{"type": "ipoib", "master": "ib0"{keys}}}"#));
    let mut parent = infiniband_link("ib0");
    parent.mtu = parent_mtu;
    child(
        &parent.into(),
        &Configuration::read(&configuration).unwrap(),
    )?
    .check()
}

#[test]
fn a_datagram_is_at_most_the_parents_and_the_fabrics() {
    let datagram = |mtu: u32| format!(r#", "mode": "datagram", "mtu": {mtu}"#);
    for (parent, largest) in [(2044, 2044), (4092, 4092), (65520, 4092)] {
        check_below(parent, &datagram(largest)).unwrap();
        let error = check_below(parent, &datagram(largest + 1)).unwrap_err();
        for word in [largest + 1, largest, 65520] {
            let word = word.to_string();
            assert!(error.message.contains(&word), "{word} in {}", error.message);
        }
    }
}

#[test]
fn connected_mode_has_room_for_more() {
    let connected = |mtu: u32| format!(r#", "mode": "connected", "mtu": {mtu}"#);
    check_below(2044, &connected(65520)).unwrap();
    let message = check_below(2044, &connected(65521)).unwrap_err().message;
    for word in ["65521", "72 to 65520", "ib0"] {
        assert!(message.contains(word), "{word} in {message}");
    }
}

#[test]
fn without_a_mode_the_parents_mtu_decides() {
    check_below(2044, r#", "mtu": 2044"#).unwrap();
    check_below(65520, r#", "mtu": 32768"#).unwrap();
    let message = check_below(2044, r#", "mtu": 9000"#).unwrap_err().message;
    assert!(message.contains("\"connected\""), "{message}");
}

#[test]
fn less_than_the_kernel_takes_is_refused() {
    check_below(2044, r#", "mtu": 72"#).unwrap();
    let message = check_below(2044, r#", "mtu": 71"#).unwrap_err().message;
    assert!(
        message.contains("71") && message.contains("72 to 2044"),
        "{message}"
    );
}
