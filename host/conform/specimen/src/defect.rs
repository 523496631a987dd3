//! The ways in which it can be wrong.

use plumb_sdk::facts::{
    Link, LinkType, RdmaNamespaceMode, get_pci_function, get_pod_links, get_rdma_namespace_mode,
};
use plumb_sdk::operations::{PodLink, add_neighbour, add_route, assign_addresses, set_up};
use plumb_sdk::routing::Route;
use plumb_sdk::{Error, ErrorCode, Request, log};
use serde::Deserialize;

use crate::Keys;

/// What is read of the configuration whatever else is wrong with it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    defect: String,
}

/// Whether the network asks for this defect.
pub fn is(request: &Request, name: &str) -> bool {
    request
        .configuration()
        .is_ok_and(|wanted: Wanted| wanted.defect == name)
}

/// Does something wrong before anything else.
pub fn before(request: &Request) -> Result<(), Error> {
    let wanted: Wanted = request.configuration().unwrap_or_default();
    match wanted.defect.as_str() {
        "loops" => endless(),
        "calls-without-end" => loop {
            log::info("again");
        },
        "hoards" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(core::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        "panics" => panic!("it was asked to"),
        "wastes" => (0..15_000_000_u32).for_each(|number| {
            core::hint::black_box(number);
        }),
        "refuses-everything" => {
            return Err(Error::not_available("it serves nobody"));
        }
        "trips-over-unknown-keys" => {
            #[derive(Deserialize)]
            struct Unknown {
                #[serde(rename = "acme-unknown")]
                unknown: Option<String>,
            }
            let unknown: Result<Unknown, _> = request.configuration();
            assert!(unknown.is_ok_and(|keys| keys.unknown.is_none()));
        }
        "panics-on-a-long-text" => {
            #[derive(Deserialize)]
            struct Long {
                mode: String,
            }
            let long: Result<Long, _> = request.configuration();
            assert!(long.is_err() || long.is_ok_and(|keys| keys.mode.len() < 4096));
        }
        _ => {}
    }
    Ok(())
}

fn endless() {
    loop {
        core::hint::black_box(());
    }
}

/// Does something wrong with keys that cannot be read.
pub fn instead_of_keys(request: &Request, error: Error) -> Result<Keys, Error> {
    #[derive(Deserialize)]
    struct Boolean {
        #[serde(rename = "mode")]
        _mode: bool,
    }
    #[derive(Deserialize)]
    struct WithoutMode {
        master: String,
        mode: Option<String>,
    }
    if is(request, "panics-on-a-boolean") {
        let boolean: Result<Boolean, _> = request.configuration();
        assert!(boolean.is_err(), "a mode is no boolean");
    }
    if is(request, "goes-without-a-mode")
        && let Ok(WithoutMode { master, mode: None }) = request.configuration()
    {
        return Ok(Keys {
            master,
            mode: "bridge".into(),
            mtu: None,
        });
    }
    Err(in_other_words(request, error))
}

/// An error, in words that say nothing where that is what is asked for.
pub fn in_other_words(request: &Request, error: Error) -> Error {
    match is(request, "says-nothing") {
        true => Error {
            message: "no".into(),
            ..error
        },
        false => error,
    }
}

/// A parent that is not there.
pub fn without_parent(request: &Request, error: Error) -> Error {
    let is_empty = error.code == ErrorCode::NotFound
        && get_rdma_namespace_mode().is_ok_and(|mode| mode == RdmaNamespaceMode::None);
    assert!(
        !(is_empty && is(request, "trips-over-empty")),
        "a node has links"
    );
    error
}

/// Trips over what the parent, or the node around it, is like.
pub fn on_parent(request: &Request, parent: &Link) {
    let mode = get_rdma_namespace_mode().unwrap_or(RdmaNamespaceMode::None);
    let is_ethernet = parent.link_type() == LinkType::Ethernet;
    let is_infiniband = parent.link_type() == LinkType::Infiniband;
    let has_rdma = !parent.rdma_devices().is_empty();
    let driver = request
        .device_id()
        .and_then(|device| device.parse().ok())
        .and_then(|address| get_pci_function(address).ok())
        .and_then(|function| function.driver());
    let driver = driver.as_deref();
    let is_shared = mode == RdmaNamespaceMode::Shared;
    let is_exclusive = mode == RdmaNamespaceMode::Exclusive;
    let trips = [
        ("roce-shared", is_shared && is_ethernet && has_rdma),
        (
            "roce-exclusive",
            is_exclusive && is_ethernet && driver == Some("mlx5_core"),
        ),
        ("infiniband-functions", is_infiniband && is_exclusive),
        ("infiniband", is_infiniband && is_shared),
        ("vfio", driver == Some("vfio-pci")),
        ("without-rdma", driver == Some("iavf")),
        (
            "one-interface",
            mode == RdmaNamespaceMode::None && parent.pci_address().is_none(),
        ),
        ("without-mac", parent.mac().is_empty()),
        ("without-mtu", parent.mtu() == 0),
        ("without-pci", is_shared && parent.pci_address().is_none()),
        ("down", !parent.is_up()),
        ("long-names", parent.name().len() == 15),
        ("large-numbers", parent.mtu() == u32::MAX),
        (
            "many-links",
            get_pod_links().is_ok_and(|links| links.len() > 100),
        ),
    ];
    for (name, trips) in trips {
        let is_this = trips && is(request, &format!("trips-over-{name}"));
        assert!(!is_this, "it has not thought of that");
    }
}

/// Ends the plan in another way; whether it did.
pub fn ends_otherwise(request: &Request, link: &PodLink) -> Result<bool, Error> {
    let wanted: Wanted = request.configuration()?;
    match wanted.defect.as_str() {
        "follows-the-order-of-links" => {
            let links = get_pod_links()?;
            let first = links.first().map(Link::name).unwrap_or_default();
            let value = if first == "eth0" { "1" } else { "2" };
            plumb_sdk::operations::set_link_sysctl(
                link,
                plumb_sdk::Family::Ipv4,
                "rp_filter",
                value,
                false,
            )?;
            Ok(false)
        }
        "wants-more-than-it-declares" => {
            let mac = plumb_sdk::Mac::from([2, 0, 0, 0, 0, 1]).into();
            add_neighbour(link, "172.16.0.9".parse().expect("it is one"), &mac)?;
            Ok(false)
        }
        "forgets-the-addresses" => set_up(link).map(|()| true),
        "leaves-it-down" => {
            if let Some(addresses) = request.configured_addresses()? {
                assign_addresses(link, &addresses)?;
            }
            Ok(true)
        }
        "has-a-route-that-nobody-can-have" => {
            set_up(link)?;
            let far = "198.51.100.0/24".parse().expect("it is a network");
            let gateway = "203.0.113.1".parse().expect("it is an address");
            add_route(link, Route::to(far).with_gateway(gateway))?;
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// Does something wrong when it is asked whether it is ready.
pub fn when_ready(request: &Request) {
    if is(request, "is-never-ready") {
        endless();
    }
}
