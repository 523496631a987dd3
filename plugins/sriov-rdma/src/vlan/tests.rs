use super::*;
use plumb_sdk::ErrorCode;

fn tag(id: u16, priority: u8, protocol: VlanProtocol) -> VlanTag {
    VlanTag {
        id,
        priority,
        protocol,
    }
}

#[track_caller]
fn assert_refused(id: Option<i64>, priority: Option<i64>, protocol: &str, words: &[&str]) {
    let error = read(id, priority, protocol).unwrap_err();
    error.assert_says(ErrorCode::InvalidConfiguration, words);
}

#[test]
fn a_tag_has_an_id_a_priority_and_a_protocol() {
    let (q, ad) = (VlanProtocol::Q, VlanProtocol::Ad);
    for (id, priority, protocol, expected) in [
        (None, None, "", None),
        (Some(100), None, "", Some(tag(100, 0, q))),
        (Some(4094), Some(7), "802.1Q", Some(tag(4094, 7, q))),
        (Some(1), Some(0), "802.1ad", Some(tag(1, 0, ad))),
        (Some(1), None, "802.1AD", Some(tag(1, 0, ad))),
        (Some(0), Some(0), "802.1q", Some(tag(0, 0, q))),
    ] {
        let read = read(id, priority, protocol).unwrap();
        assert_eq!(read, expected, "{id:?} {priority:?} {protocol:?}");
    }
}

#[test]
fn numbers_out_of_range_are_answered_with_the_range() {
    for id in [-1, 4095, 4096, i64::MAX] {
        let words = ["vlan", &id.to_string(), "0 to 4094"];
        assert_refused(Some(id), None, "", &words);
    }
    for priority in [-1, 8, 256] {
        let words = ["vlanQoS", &priority.to_string(), "0 to 7"];
        assert_refused(Some(100), Some(priority), "", &words);
    }
    let words = ["\"802.1x\"", "\"802.1q\"", "\"802.1ad\""];
    assert_refused(Some(100), None, "802.1x", &words);
}

#[test]
fn priority_and_protocol_need_a_vlan() {
    assert_refused(None, Some(0), "", &["vlanQoS", "\"0\"", "\"vlan\""]);
    let words = ["vlanProto", "\"802.1q\"", "\"vlan\""];
    assert_refused(None, None, "802.1q", &words);
    assert_refused(Some(0), Some(3), "", &["vlanQoS", "\"3\"", "1 to 4094"]);
    let words = ["vlanProto", "\"802.1AD\"", "1 to 4094"];
    assert_refused(Some(0), None, "802.1AD", &words);
}
