use crate::kernel::link::{ETHERNET, INFINIBAND};

use super::*;

const OWN: [u8; 6] = [2, 0, 0x5e, 0, 0, 1];
const OTHER: [u8; 6] = [2, 0, 0x5e, 0, 0, 7];
const ADDRESS: Ipv4Addr = Ipv4Addr::new(172, 16, 11, 10);

fn ethernet() -> Link {
    Link {
        hardware_type: ETHERNET,
        mac: OWN.to_vec().into(),
        broadcast: vec![0xff; 6].into(),
        ..Link::default()
    }
}

fn packet(operation: u8, sender: ([u8; 6], [u8; 4]), target: [u8; 4]) -> Packet {
    let mut payload = vec![0, 1, 8, 0, 6, 4, 0, operation];
    payload.extend(sender.0);
    payload.extend(sender.1);
    payload.extend([0; 6]);
    payload.extend(target);
    // A short frame is filled up.
    payload.extend([0; 18]);
    Packet {
        sender: Some(sender.0.to_vec()),
        payload,
    }
}

#[test]
fn a_probe_says_nothing_of_who_asks_but_the_hardware_address() {
    let question = probe(&ethernet(), ADDRESS);
    assert_eq!(question.destination, [0xff; 6]);
    let expected = [
        &[0, 1, 8, 0, 6, 4, 0, 1][..],
        &OWN,
        &[0, 0, 0, 0],
        &[0; 6],
        &[172, 16, 11, 10],
    ];
    assert_eq!(question.packet, expected.concat());
    let announced = announcement(&ethernet(), ADDRESS).packet;
    assert_eq!(announced[14..18], [172, 16, 11, 10]);
    assert_eq!(announced[24..], [172, 16, 11, 10]);
}

#[test]
fn infiniband_has_addresses_of_twenty_bytes() {
    let link = Link {
        hardware_type: INFINIBAND,
        mac: (1..=20).collect::<Vec<u8>>().into(),
        broadcast: vec![0xaa; 20].into(),
        ..Link::default()
    };
    let question = probe(&link, ADDRESS);
    assert_eq!(question.destination, [0xaa; 20]);
    assert_eq!(question.packet[..8], [0, 32, 8, 0, 20, 4, 0, 1]);
    assert_eq!(question.packet[8..28], link.mac[..]);
    assert_eq!(question.packet.len(), 8 + 20 + 4 + 20 + 4);

    let mut payload = question.packet;
    payload[7] = 2;
    payload[27] = 99;
    payload[28..32].copy_from_slice(&ADDRESS.octets());
    let answer = Packet {
        sender: None,
        payload,
    };
    let user = user(&answer, &link, ADDRESS).expect("it answers");
    assert_eq!(user[18..], [19, 99]);
}

#[test]
fn who_answers_has_it_and_who_asks_for_it_at_the_same_moment() {
    let link = ethernet();
    let has_it = |packet: &Packet| user(packet, &link, ADDRESS);
    let other = Some(OTHER.to_vec());
    let own_address = ADDRESS.octets();
    assert_eq!(has_it(&packet(2, (OTHER, own_address), [0; 4])), other);
    assert_eq!(
        has_it(&packet(1, (OTHER, own_address), [172, 16, 11, 254])),
        other,
        "it asks for another with the address as its own"
    );
    assert_eq!(has_it(&packet(1, (OTHER, [0; 4]), own_address)), other);

    let another = [172, 16, 11, 11];
    assert_eq!(has_it(&packet(2, (OTHER, another), own_address)), None);
    assert_eq!(has_it(&packet(1, (OTHER, another), own_address)), None);
    assert_eq!(has_it(&packet(1, (OTHER, [0; 4]), another)), None);
    assert_eq!(has_it(&packet(2, (OWN, own_address), [0; 4])), None);
}

#[test]
fn what_is_too_short_or_of_another_kind_says_nothing() {
    let whole = packet(2, (OTHER, ADDRESS.octets()), [0; 4]);
    for length in 0..28 {
        let piece = Packet {
            payload: whole.payload[..length].to_vec(),
            ..whole.clone()
        };
        assert_eq!(user(&piece, &ethernet(), ADDRESS), None, "{length} bytes");
    }
    let mut infiniband = whole;
    infiniband.payload[4] = 20;
    assert_eq!(user(&infiniband, &ethernet(), ADDRESS), None);
}
