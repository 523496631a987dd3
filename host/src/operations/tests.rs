//! What is on the disks of nodes must be read by every later release.

use std::collections::BTreeSet;

use super::*;
use crate::attachment::Attachment;
use crate::state::StateFolder;

/// Records as release 0.1 wrote them, layout 1: no number of an interface, other names of
/// three operations.
const LAYOUT_1: [&str; 2] = [
    include_str!("../../../tests/fuzz/seeds/journal/macvlan.jsonl"),
    include_str!("../../../tests/fuzz/seeds/journal/ib-sriov-stuck.jsonl"),
];

#[test]
fn records_of_the_first_layout_are_read() {
    let state = tempfile::tempdir().unwrap();
    let records = Records::new(&StateFolder::new(state.path()));
    let attachment = Attachment {
        network: "rail0".into(),
        container_id: "pod".into(),
        interface_name: "net1".into(),
        plugin: None,
    };
    let path = records.path(&attachment);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();

    let mut found = BTreeSet::new();
    for text in LAYOUT_1 {
        std::fs::write(&path, text).unwrap();
        let record = records.read(&attachment).unwrap().unwrap();
        assert_eq!(record.header.layout, 1);
        found.extend(
            record
                .steps
                .iter()
                .filter_map(|step| match &step.operation {
                    Operation::SetMtu(operation) => Some(("mtu", operation.link)),
                    Operation::SetMac(operation) => Some(("mac", operation.link)),
                    Operation::SetUp(operation) => Some(("up", operation.link)),
                    _ => None,
                }),
        );
    }
    let expected = ["mac", "mtu", "up"].map(|name| (name, LinkNumber(0)));
    assert_eq!(found, BTreeSet::from(expected));
}
