use super::*;

fn settings<const COUNT: usize>(settings: [Setting; COUNT]) -> Settings {
    settings.into_iter().collect()
}

const ADDRESS: Setting = Setting::Mac(Mac::new([2, 0, 0, 0, 0, 9]));

#[test]
fn what_differs_is_what_the_other_does_not_have_so() {
    let now = settings([
        Setting::Mac(Mac::new([0; 6])),
        Setting::Trust(true),
        Setting::SpoofCheck(true),
    ]);
    let wanted = settings([
        ADDRESS,
        Setting::Trust(true),
        Setting::LinkState(LinkState::Enable),
    ]);
    assert_eq!(
        wanted.differing_from(&now),
        settings([ADDRESS, Setting::LinkState(LinkState::Enable)])
    );
    assert!(wanted.differing_from(&wanted).is_empty());
}

/// One message sets both, so leaving one out would clear it.
#[test]
fn one_rate_brings_the_other_along() {
    let now = settings([Setting::MinimumRate(100), Setting::MaximumRate(500)]);
    let wanted = settings([Setting::MaximumRate(900)]);
    assert_eq!(
        wanted.differing_from(&now),
        settings([Setting::MinimumRate(100), Setting::MaximumRate(900)])
    );
    assert_eq!(now.restricted_to(&wanted), now);
    assert_eq!(now.differing_from(&wanted), now);
    assert!(wanted.differing_from(&wanted).is_empty());
}

#[test]
fn settings_are_merged_and_restricted_by_what_the_other_has() {
    let ours = settings([ADDRESS, Setting::Trust(true)]);
    let other = settings([Setting::Trust(false), Setting::SpoofCheck(true)]);
    assert_eq!(
        ours.clone().or(&other),
        settings([ADDRESS, Setting::Trust(true), Setting::SpoofCheck(true)])
    );
    assert_eq!(ours.restricted_to(&other), settings([Setting::Trust(true)]));
}

#[test]
fn only_a_guid_is_known_to_others_than_the_parent() {
    let guid = settings([Setting::PortGuid(Guid::UNSET)]);
    assert!(guid.have_guid() && !guid.are_held_by_parent());
    let trust = settings([Setting::Trust(false)]);
    assert!(!trust.have_guid() && trust.are_held_by_parent());
    assert!(!Settings::default().have_guid() && !Settings::default().are_held_by_parent());
}

/// A record of the release that had a field for each setting and wrote null for none.
const RECORDED: &str = r#"{"mac":[2,0,0,0,0,1],"vlan":{"id":100,"priority":3,"is_802_1ad":true},"minimum_rate":1,"maximum_rate":100,"spoof_check":true,"trust":false,"link_state":"enable","node_guid":null,"port_guid":[2,0,0,0,0,0,0,1]}"#;

#[test]
fn records_of_older_releases_are_read() {
    let recorded: Settings = serde_json::from_str(RECORDED).expect("an old record");
    let expected = settings([
        Setting::Mac(Mac::new([2, 0, 0, 0, 0, 1])),
        Setting::Vlan(Vlan {
            id: 100,
            priority: 3,
            is_802_1ad: true,
        }),
        Setting::MinimumRate(1),
        Setting::MaximumRate(100),
        Setting::SpoofCheck(true),
        Setting::Trust(false),
        Setting::LinkState(LinkState::Enable),
        Setting::PortGuid(Guid::new([2, 0, 0, 0, 0, 0, 0, 1])),
    ]);
    assert_eq!(recorded, expected);
    let text = serde_json::to_string(&recorded).expect("a record");
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), expected);
    for field in [r#""mac":[2,0,0,0,0,1]"#, r#""link_state":"enable""#] {
        assert!(text.contains(field), "{text}");
    }
    assert!(!text.contains("node_guid"), "{text}");
    assert_eq!(
        recorded.port_guid(),
        Some(Guid::new([2, 0, 0, 0, 0, 0, 0, 1]))
    );
    assert_eq!(recorded.node_guid(), None);
}

#[test]
fn what_a_later_release_records_is_passed_over_and_what_is_wrong_is_not() {
    let later = r#"{"trust":true,"queues":{"count":[8]}}"#;
    let read: Settings = serde_json::from_str(later).expect("a later record");
    assert_eq!(read, settings([Setting::Trust(true)]));
    for wrong in [r#"{"trust":1}"#, r#"{"mac":[2,0,0]}"#, "[]"] {
        assert!(serde_json::from_str::<Settings>(wrong).is_err(), "{wrong}");
    }
}
