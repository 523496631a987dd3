use crate::kernel::link::ETHERNET;

use super::*;

const OWN: [u8; 6] = [2, 0, 0x5e, 0, 0, 1];
const OTHER: [u8; 6] = [2, 0, 0x5e, 0, 0, 7];
const ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x11, 0, 0, 0, 0, 0xab, 0xcdef);

fn ethernet() -> Link {
    Link {
        hardware_type: ETHERNET,
        mac: OWN.to_vec().into(),
        ..Link::default()
    }
}

fn infiniband() -> Link {
    let broadcast = [
        0x00, 0xff, 0xff, 0xff, 0xff, 0x12, 0x40, 0x1b, 0x80, 0x05, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
        0xff, 0xff,
    ];
    Link {
        hardware_type: INFINIBAND,
        mac: (1..=20).collect::<Vec<u8>>().into(),
        broadcast: broadcast.to_vec().into(),
        ..Link::default()
    }
}

/// An advertisement of the address as another machine sends it.
fn advertisement(link: &Link, by: &[u8]) -> Packet {
    let theirs = Link {
        mac: by.to_vec().into(),
        ..link.clone()
    };
    Packet {
        sender: None,
        payload: announcement(&theirs, ADDRESS).packet,
    }
}

#[test]
fn the_group_of_the_address_is_asked() {
    let question = probe(&ethernet(), ADDRESS);
    assert_eq!(question.destination, [0x33, 0x33, 0xff, 0xab, 0xcd, 0xef]);
    let packet = question.packet;
    assert_eq!(packet[..8], [0x60, 0, 0, 0, 0, 24, 58, 255]);
    assert_eq!(packet[8..24], [0; 16], "from nobody");
    let group: Ipv6Addr = "ff02::1:ffab:cdef".parse().unwrap();
    assert_eq!(packet[24..40], group.octets());
    assert_eq!(packet[40..42], [135, 0]);
    assert_eq!(packet[48..], ADDRESS.octets());
}

/// In the scope and the partition of the link's broadcast group.
#[test]
fn infiniband_asks_in_the_partition() {
    assert_eq!(
        probe(&infiniband(), ADDRESS).destination,
        [
            0x00, 0xff, 0xff, 0xff, 0xff, 0x12, 0x60, 0x1b, 0x80, 0x05, 0, 0, 0, 0, 0, 0x01, 0xff,
            0xab, 0xcd, 0xef
        ]
    );
}

/// The words of the message and of what stands for the header sum up to all ones (RFC 1071).
#[test]
fn the_checksum_is_that_of_the_message() {
    for packet in [
        probe(&ethernet(), ADDRESS).packet,
        announcement(&ethernet(), ADDRESS).packet,
        announcement(&infiniband(), ADDRESS).packet,
    ] {
        let length = u16::from_be_bytes([packet[4], packet[5]]);
        assert_eq!(usize::from(length) + 40, packet.len());
        let mut sum = u32::from(length) + 58;
        for word in packet[8..].chunks(2) {
            sum += u32::from(u16::from_be_bytes([word[0], word[1]]));
        }
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
    }
}

#[test]
fn who_advertises_has_it() {
    for (link, by) in [(ethernet(), OTHER.to_vec()), (infiniband(), vec![9; 20])] {
        let packet = advertisement(&link, &by);
        assert_eq!(user(&packet, &link, ADDRESS), Some(by));
        let another = Ipv6Addr::LOCALHOST;
        assert_eq!(user(&packet, &link, another), None);
        let own = advertisement(&link, &link.mac);
        assert_eq!(user(&own, &link, ADDRESS), None);
    }
}

#[test]
fn who_asks_for_it_at_the_same_moment_wants_it() {
    let packet = |sender: [u8; 6]| Packet {
        sender: Some(sender.to_vec()),
        payload: probe(&ethernet(), ADDRESS).packet,
    };
    assert_eq!(
        user(&packet(OTHER), &ethernet(), ADDRESS),
        Some(OTHER.to_vec())
    );
    assert_eq!(user(&packet(OWN), &ethernet(), ADDRESS), None);
    // One who asks with an address of its own is looking for whoever has it.
    let mut seeking = packet(OTHER);
    seeking.payload[8] = 0xfd;
    assert_eq!(user(&seeking, &ethernet(), ADDRESS), None);
}

#[test]
fn what_is_too_short_or_from_afar_says_nothing() {
    let whole = advertisement(&ethernet(), &OTHER);
    for length in 0..40 + 24 {
        let piece = Packet {
            payload: whole.payload[..length].to_vec(),
            ..whole.clone()
        };
        assert_eq!(user(&piece, &ethernet(), ADDRESS), None, "{length} bytes");
    }
    let mut routed = whole.clone();
    routed.payload[7] = 254;
    assert_eq!(user(&routed, &ethernet(), ADDRESS), None);
    // An option without a length would be looked at for ever.
    let mut endless = whole;
    endless.payload[65] = 0;
    endless.sender = Some(OTHER.to_vec());
    assert_eq!(
        user(&endless, &ethernet(), ADDRESS),
        Some(OTHER.to_vec()),
        "by the sender of the frame"
    );
}
