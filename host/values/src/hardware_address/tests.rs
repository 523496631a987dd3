use alloc::vec;

use super::*;

#[test]
fn only_an_ipoib_address_has_a_guid() {
    let mut bytes = vec![0; 20];
    bytes[12..].copy_from_slice(&[2, 0, 0, 0, 0, 0, 0, 9]);
    let infiniband = HardwareAddress::from(bytes);
    assert_eq!(
        infiniband.port_guid(),
        Some(Guid::new([2, 0, 0, 0, 0, 0, 0, 9]))
    );
    assert_eq!(infiniband.mac(), None);

    let mac = Mac::new([2, 0, 0, 0, 0, 9]);
    let ethernet = HardwareAddress::from(mac);
    assert_eq!(ethernet.port_guid(), None);
    assert_eq!(ethernet.mac(), Some(mac));
}
