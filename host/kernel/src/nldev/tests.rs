use netlink_packet_core::{NetlinkMessage, NetlinkPayload};

use super::*;

fn bytes(message: Message) -> Vec<u8> {
    let payload = NetlinkPayload::InnerMessage(message);
    let mut message = NetlinkMessage::new(NetlinkHeader::default(), payload);
    message.finalize();
    let mut bytes = vec![0xaa; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

#[test]
fn a_request_is_laid_out_as_netlink_wants_it() {
    let request = Message::new(2).with_number(1, 7).with_text(2, "mlx5_0");
    let bytes = bytes(request);
    assert_eq!(bytes.len(), 16 + 8 + 12);
    assert_eq!(bytes[..4], 36u32.to_ne_bytes());
    assert_eq!(bytes[4..6], ((5u16 << 10) | 2).to_ne_bytes());
    assert_eq!(bytes[16..18], 8u16.to_ne_bytes());
    assert_eq!(bytes[18..20], 1u16.to_ne_bytes());
    assert_eq!(bytes[20..24], 7u32.to_ne_bytes());
    // Length 4 + 7, padded with zeros to 12.
    assert_eq!(bytes[24..26], 11u16.to_ne_bytes());
    assert_eq!(&bytes[28..36], b"mlx5_0\0\0");
}

#[test]
fn an_object_is_read_as_it_was_written() {
    let written = Message::new(1).with_number(1, 3).with_text(2, "mlx5_3");
    let read = NetlinkMessage::<Message>::deserialize(&bytes(written.clone()));
    let NetlinkPayload::InnerMessage(read) = read.expect("a message").payload else {
        panic!("no object");
    };
    assert_eq!(read, written);
    assert_eq!(read.number(1), Some(3));
    assert_eq!(read.text(2).as_deref(), Some("mlx5_3"));
    assert_eq!(read.byte(2), Some(b'm'));
    // Neither an attribute that is missing nor one that is too short.
    assert_eq!(read.number(4), None);
    assert_eq!(Message::new(1).with_text(1, "ab").number(1), None);
}
