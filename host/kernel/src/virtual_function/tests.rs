//! Comparing settings.

use super::*;

fn texts(settings: &Settings) -> Vec<String> {
    settings.each(3).iter().map(ToString::to_string).collect()
}

#[test]
fn only_what_differs_is_set() {
    let now = Settings {
        mac: Some(vec![0; 6]),
        trust: Some(true),
        link_state: Some("auto".into()),
        ..Settings::default()
    };
    let wanted = Settings {
        mac: Some(vec![2, 0, 0, 0, 0, 9]),
        trust: Some(true),
        link_state: Some("enable".into()),
        ..Settings::default()
    };
    assert_eq!(
        texts(&wanted.differing_from(&now)),
        ["mac 02:00:00:00:00:09", "state enable"]
    );
    assert!(wanted.differing_from(&wanted).is_empty());
}

/// One message sets both, so leaving one out would clear it.
#[test]
fn one_rate_brings_the_other_along() {
    let now = Settings {
        minimum_rate: Some(100),
        maximum_rate: Some(500),
        ..Settings::default()
    };
    let wanted = Settings {
        maximum_rate: Some(900),
        ..Settings::default()
    };
    assert_eq!(
        texts(&wanted.differing_from(&now)),
        ["min_tx_rate 100 max_tx_rate 900"]
    );
    let restricted = now.clone().restricted_to(&wanted);
    assert_eq!(restricted, now);
    assert_eq!(
        texts(&now.differing_from(&wanted)),
        ["min_tx_rate 100 max_tx_rate 500"]
    );
}

#[test]
fn a_tag_has_the_words_of_ip_link() {
    let settings = Settings {
        vlan: Some(Vlan {
            id: 100,
            priority: 3,
            is_802_1ad: true,
        }),
        spoof_check: Some(false),
        node_guid: Some([2, 0, 0, 0, 0, 0, 0, 1]),
        ..Settings::default()
    };
    assert_eq!(
        texts(&settings),
        [
            "vlan 100 qos 3 proto 802.1ad",
            "spoofchk off",
            "node_guid 02:00:00:00:00:00:00:01"
        ]
    );
}
