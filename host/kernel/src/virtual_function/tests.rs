//! From settings to messages and back.

use super::*;

fn texts(settings: &Settings) -> Vec<String> {
    let changes = settings.changes(3);
    changes.iter().map(ToString::to_string).collect()
}

fn all() -> Settings {
    let settings = [
        Setting::PortGuid(Guid::new([2, 0, 0, 0, 0, 0, 0, 2])),
        Setting::NodeGuid(Guid::new([2, 0, 0, 0, 0, 0, 0, 1])),
        Setting::LinkState(LinkState::Disable),
        Setting::Trust(true),
        Setting::SpoofCheck(false),
        Setting::MaximumRate(500),
        Setting::MinimumRate(100),
        Setting::Mac(Mac::new([2, 0, 0, 0, 0, 9])),
        Setting::Vlan(Vlan {
            id: 100,
            priority: 3,
            is_802_1ad: true,
        }),
    ];
    settings.into_iter().collect()
}

#[test]
fn changes_have_the_words_of_ip_link_and_an_order_that_drivers_take() {
    assert_eq!(
        texts(&all()),
        [
            "vlan 100 qos 3 proto 802.1ad",
            "mac 02:00:00:00:00:09",
            "min_tx_rate 100 max_tx_rate 500",
            "spoofchk off",
            "trust on",
            "state disable",
            "node_guid 02:00:00:00:00:00:00:01",
            "port_guid 02:00:00:00:00:00:00:02"
        ]
    );
    let maximum = Settings::from_iter([Setting::MaximumRate(900)]);
    assert_eq!(texts(&maximum), ["min_tx_rate 0 max_tx_rate 900"]);
}

/// The kernel lists a function with what the messages of its changes have.
#[test]
fn what_is_set_is_what_is_read() {
    let values: Vec<VfInfo> = all()
        .changes(3)
        .into_iter()
        .map(|change| change.value)
        .collect();
    assert_eq!(decode(&values, 3), Some(all()));
    assert_eq!(decode(&values, 4), None);
}
