use super::*;
use crate::kernel::link::ETHERNET;

const MARK: &str = "plumb: coming home from rail0/pod-a/net1";

fn netdev(link: Link) -> Netdev {
    Netdev {
        kind: link.kind.clone(),
        permanent_address: link.permanent_address.clone(),
        other: link.parent,
        other_is_on_host: link.parent.is_some() && link.parent_namespace.is_none(),
        addresses: Vec::new(),
        link: OriginalLink::of(link, Ethtool::default(), Vec::new()),
    }
}

/// A subfunction of an adapter.
fn hardware() -> Link {
    Link {
        index: 7,
        name: "en3f0pf0sf88".to_owned(),
        hardware_type: ETHERNET,
        mac: vec![2, 0, 0, 0, 0, 1].into(),
        permanent_address: vec![0, 1, 2, 3, 4, 5].into(),
        ..Link::default()
    }
}

fn virtual_link(kind: &str) -> Link {
    Link {
        kind: Some(kind.to_owned()),
        permanent_address: HardwareAddress::default(),
        ..hardware()
    }
}

/// Name, index, hardware address and alias are the pod's to change.
#[test]
fn hardware_is_known_by_its_permanent_address_alone() {
    let own = netdev(hardware());
    assert!(own.is_unique() && own.returns());
    let changed = Link {
        index: 99,
        name: "net1".to_owned(),
        mac: vec![2, 0, 0, 0, 0, 9].into(),
        alias: Some("mine".to_owned()),
        ..hardware()
    };
    assert!(own.may_be(&changed, Some(3)));
    assert!(own.is_at_home(&changed, MARK));
    let another = Link {
        permanent_address: vec![0, 1, 2, 3, 4, 6].into(),
        ..hardware()
    };
    let forged = Link {
        permanent_address: hardware().permanent_address,
        ..virtual_link("dummy")
    };
    for other in [another, forged] {
        assert!(!own.may_be(&other, Some(3)), "{other:?}");
        assert!(!own.is_at_home(&other, MARK), "{other:?}");
    }
}

/// Root in a pod can make a pair, but none whose other end is on the node.
#[test]
fn an_end_of_a_pair_is_known_by_the_other_one_on_the_host() {
    let end = Link {
        parent: Some(8),
        ..virtual_link("veth")
    };
    let own = netdev(end.clone());
    assert!(own.is_unique() && !own.returns());
    let in_pod = |parent_namespace| Link {
        parent_namespace,
        ..end.clone()
    };
    assert!(own.may_be(&in_pod(Some(3)), Some(3)));
    for (link, home) in [
        (in_pod(Some(4)), Some(3)),
        (in_pod(None), Some(3)),
        // Both in the pod, whose kernel has not numbered the host.
        (in_pod(None), None),
    ] {
        assert!(!own.may_be(&link, home), "{link:?}");
    }
}

/// A tap of the pod's own looks like ours: on the host only the mark of plumb says which came home.
#[test]
fn what_a_pod_can_make_itself_is_known_on_the_host_by_its_mark() {
    let own = netdev(virtual_link("tun"));
    assert!(!own.is_unique());
    assert!(own.may_be(&virtual_link("tun"), Some(3)));
    assert!(!own.may_be(&virtual_link("dummy"), Some(3)));
    assert!(!own.is_at_home(&virtual_link("tun"), MARK));
    let marked = Link {
        alias: Some(MARK.to_owned()),
        ..virtual_link("tun")
    };
    assert!(own.is_at_home(&marked, MARK));
    assert!(!own.is_at_home(&marked, "plumb: coming home from another"));
}

#[test]
fn a_forged_name_is_refused() {
    let mut own = netdev(hardware());
    own.check_record().unwrap();
    own.link.name = "../x".to_owned();
    own.check_record().unwrap_err();
}
