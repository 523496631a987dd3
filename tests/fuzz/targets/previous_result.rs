//! `prevResult`: what an earlier plugin of the chain printed, and what plumb prints with it.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use plumb::cni::previous::Previous;
use plumb::cni::result::{Address, Attached, Interface, render};
use plumb::cni::{Version, keys, output};
use plumb::kernel::route::Route;
use serde_json::{Map, Value, json};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(Value::Object(written)) = serde_json::from_slice(data) else {
        return Corpus::Reject;
    };
    let previous = match Previous::parse(&written, "prevResult") {
        Ok(previous) => previous,
        Err(error) => {
            output::error(Version::NEWEST, &error);
            return Corpus::Keep;
        }
    };
    for version in Version::ALL {
        for attached in [interfaces(), nothing()] {
            check(version, &written, &previous, &attached);
        }
    }
    Corpus::Keep
});

/// What is printed means what came in, and what plumb did besides.
fn check(version: Version, written: &Map<String, Value>, previous: &Previous, attached: &Attached) {
    let printed = output::result(&render(version, Some(written), attached));
    let Ok(Value::Object(object)) = serde_json::from_str(&printed) else {
        panic!("{printed} is no JSON object");
    };
    assert_eq!(object["cniVersion"], version.as_str());
    let result = match Previous::parse(&object, "the result") {
        Ok(result) => result,
        Err(error) => panic!("{printed} is not understood: {error}"),
    };

    if version.has_one_address_of_a_family() {
        check_families(previous, attached, &result);
        return;
    }
    let count = previous.interfaces.len();
    assert_eq!(result.interfaces[..count], previous.interfaces, "{printed}");
    assert_eq!(
        names(&result.interfaces[count..]),
        names_of(&attached.interfaces),
        "{printed}"
    );

    let (before, ours) = result.addresses.split_at(previous.addresses.len());
    for (after, before) in before.iter().zip(&previous.addresses) {
        assert_eq!(
            (after.address, after.gateway),
            (before.address, before.gateway)
        );
        // An address stays with its interface, and never falls to one that came later.
        let interface = before.interface.filter(|index| *index < count);
        assert_eq!(after.interface, interface, "{printed}");
    }
    let expected = attached.addresses.iter().map(|address| {
        let interface = Some(count + address.interface);
        (address.address, address.gateway, interface)
    });
    assert!(
        ours.iter()
            .map(|address| (address.address, address.gateway, address.interface))
            .eq(expected),
        "{printed}"
    );

    let (before, ours) = result.routes.split_at(previous.routes.len());
    assert_eq!(before, previous.routes, "{printed}");
    assert_eq!(ours.len(), attached.routes.len(), "{printed}");
    for (ours, wanted) in ours.iter().zip(&attached.routes) {
        assert_eq!(ours.destination, wanted.destination);
        assert_eq!(ours.gateway, wanted.gateway);
        if version >= Version::V1_1_0 {
            assert_eq!(ours, wanted);
        }
    }

    let own = [
        "cniVersion",
        "interfaces",
        "ips",
        "routes",
        "dns",
        "ip4",
        "ip6",
    ];
    for key in written.keys() {
        if !own.iter().any(|own| own.eq_ignore_ascii_case(key)) {
            assert!(object.contains_key(key), "{key:?} of another is kept");
        }
    }
    match (&attached.dns, keys::get(written, "dns")) {
        (Some(dns), _) => assert_eq!(object["dns"], *dns),
        (None, Some(Value::Object(dns))) if !dns.is_empty() => {
            assert_eq!(
                object["dns"].as_object().map(Map::len),
                Some(dns.len()),
                "{printed}"
            );
        }
        _ => {}
    }
}

/// In the layout with one address of each family what was there stays, and what comes is added where there is room.
fn check_families(previous: &Previous, attached: &Attached, result: &Previous) {
    let plain = |address: &plumb::cni::previous::Address| (address.address, address.gateway);
    let mut left: Vec<_> = result.addresses.iter().map(plain).collect();
    for address in &previous.addresses {
        let place = left.iter().position(|left| *left == plain(address));
        left.remove(place.expect("an address of before is there"));
    }
    for (address, gateway) in left {
        let is_ours = |ours: &Address| (ours.address, ours.gateway) == (address, gateway);
        assert!(attached.addresses.iter().any(is_ours), "{address}");
    }
    for ours in &attached.addresses {
        let is_v4 = ours.address.is_ipv4();
        let of_family = |item: &&plumb::cni::previous::Address| item.address.is_ipv4() == is_v4;
        assert!(result.addresses.iter().any(|item| of_family(&item)));
    }
    for route in &previous.routes {
        assert!(result.routes.contains(route), "{route:?}");
    }
}

fn names(interfaces: &[plumb::cni::previous::Interface]) -> Vec<&str> {
    let names = interfaces.iter().map(|interface| interface.name.as_str());
    names.collect()
}

fn names_of(interfaces: &[Interface]) -> Vec<&str> {
    let names = interfaces.iter().map(|interface| interface.name.as_str());
    names.collect()
}

/// An ADD that gave the pod two interfaces.
fn interfaces() -> Attached {
    let gateway = Some([10, 0, 0, 1].into());
    Attached {
        interfaces: vec![interface("net1"), interface("net2")],
        addresses: vec![
            Address {
                address: "10.0.0.5/24".parse().expect("an address"),
                gateway,
                interface: 0,
            },
            Address {
                address: "fd00::5/64".parse().expect("an address"),
                gateway: None,
                interface: 1,
            },
        ],
        routes: vec![Route {
            mtu: Some(1500),
            table: Some(254),
            scope: Some(0),
            ..Route::new("0.0.0.0/0".parse().expect("a network"), gateway)
        }],
        dns: Some(json!({"nameservers": ["10.0.0.2"]})),
    }
}

fn interface(name: &str) -> Interface {
    Interface {
        name: name.into(),
        mac: "02:00:00:00:00:01".into(),
        mtu: Some(9000),
        sandbox: "/run/netns/pod".into(),
        pci_address: Some("0000:3b:00.2".into()),
    }
}

/// An ADD that worked on the interface of an earlier plugin.
fn nothing() -> Attached {
    Attached::default()
}
