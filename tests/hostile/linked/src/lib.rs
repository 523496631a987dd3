//! A flavour for the tests: makes the interfaces that its network lists, one after the other, and tunes each.

use plumb_sdk::facts::{Link, Place, get_link, get_pci_function};
use plumb_sdk::operations::{
    ChannelCounts, MacvlanOptions, PodLink, RingSizes, VethOptions, VlanOptions, VlanProtocol,
    add_address, add_alternative_name, assign_addresses, configured_addresses, create_macvlan,
    create_veth, create_vlan, move_link, move_netdev, set_channels, set_queue_length, set_rings,
    set_up,
};
use plumb_sdk::{Error, Flavour, Request, export_flavour};
use serde::Deserialize;

/// The keys, in lower case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    links: Vec<Keyed>,
}

/// One interface. `kind` is `macvlan`, `vlan`, `veth`, `netdev` or `function`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keyed {
    kind: String,
    /// The parent, the bridge, the netdev, or the function's PCI address.
    of: String,
    name: Option<String>,
    id: u16,
    service: bool,
    gvrp: bool,
    hairpin: bool,
    isolated: bool,
    mtu: Option<u32>,
    mac: Option<String>,
    address: Option<String>,
    queuelength: Option<u32>,
    alternativename: Option<String>,
    rings: Option<[u32; 2]>,
    channels: Option<[u32; 2]>,
}

/// The flavour.
pub struct Linked;

impl Flavour for Linked {
    fn attach(request: &Request) -> Result<(), Error> {
        let keys: Keys = request.configuration()?;
        for keyed in &keys.links {
            let link = make(keyed)?;
            tune(&link, keyed)?;
            match &keyed.address {
                Some(address) => {
                    add_address(&link, read(address)?)?;
                    set_up(&link)?;
                }
                None if request.has_ipam() && keyed.name.is_none() => {
                    assign_addresses(&link, &configured_addresses()?)?;
                }
                None => set_up(&link)?,
            }
        }
        Ok(())
    }
}

export_flavour!(Linked);

fn make(keyed: &Keyed) -> Result<PodLink, Error> {
    let of = || get_link(Place::Host, &keyed.of);
    let mac = keyed.mac.as_deref().map(read).transpose()?;
    let (mtu, name) = (keyed.mtu, keyed.name.clone());
    match keyed.kind.as_str() {
        "macvlan" => {
            let options = MacvlanOptions {
                mtu,
                mac,
                name,
                ..MacvlanOptions::default()
            };
            create_macvlan(&of()?, &options)
        }
        "vlan" => {
            let options = VlanOptions {
                protocol: match keyed.service {
                    true => VlanProtocol::Ad,
                    false => VlanProtocol::Q,
                },
                gvrp: keyed.gvrp,
                mtu,
                mac,
                name,
                ..VlanOptions::new(keyed.id)
            };
            create_vlan(&of()?, &options)
        }
        "veth" => {
            let bridge: Option<Link> = match keyed.of.is_empty() {
                true => None,
                false => Some(of()?),
            };
            let options = VethOptions {
                hairpin: keyed.hairpin,
                isolated: keyed.isolated,
                mtu,
                mac,
                name,
            };
            create_veth(bridge.as_ref(), &options)
        }
        "netdev" => move_netdev(&of()?, name.as_deref()),
        "function" => move_link(&get_pci_function(read(&keyed.of)?)?),
        kind => Err(Error::invalid_configuration(format!("kind {kind:?}"))),
    }
}

fn tune(link: &PodLink, keyed: &Keyed) -> Result<(), Error> {
    if let Some(packets) = keyed.queuelength {
        set_queue_length(link, packets)?;
    }
    if let Some(name) = &keyed.alternativename {
        add_alternative_name(link, name)?;
    }
    if let Some([receive, transmit]) = keyed.rings {
        let sizes = RingSizes {
            receive: Some(receive),
            transmit: Some(transmit),
        };
        set_rings(link, &sizes)?;
    }
    if let Some([receive, transmit]) = keyed.channels {
        let counts = ChannelCounts {
            receive: Some(receive),
            transmit: Some(transmit),
            ..ChannelCounts::default()
        };
        set_channels(link, &counts)?;
    }
    Ok(())
}

fn read<T: std::str::FromStr>(text: &str) -> Result<T, Error> {
    text.parse()
        .map_err(|_| Error::invalid_configuration(format!("{text:?} is not understood")))
}
