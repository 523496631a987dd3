//! A flavour for the tests: shares the bridges that its network lists, and makes an interface on each.

use plumb_sdk::facts::{Place, get_link};
use plumb_sdk::operations::{
    BridgeOptions, VethOptions, add_address, assign_addresses, configured_addresses, create_veth,
    set_up, share_bridge,
};
use plumb_sdk::{Error, Flavour, Request, export_flavour};
use serde::Deserialize;

/// The keys, in lower case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    links: Vec<Keyed>,
}

/// One interface.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keyed {
    /// The bridge.
    of: String,
    /// What its name has behind that, so that the network does not have the whole of it.
    suffix: String,
    /// Whether it is taken as the node has it.
    present: bool,
    bridgemtu: Option<u32>,
    vlanfiltering: Option<bool>,
    name: Option<String>,
    isolated: bool,
    mtu: Option<u32>,
    address: Option<String>,
}

/// The flavour.
pub struct Bridged;

impl Flavour for Bridged {
    fn attach(request: &Request) -> Result<(), Error> {
        let keys: Keys = request.configuration()?;
        for keyed in &keys.links {
            let veth = VethOptions {
                isolated: keyed.isolated,
                mtu: keyed.mtu,
                name: keyed.name.clone(),
                ..VethOptions::default()
            };
            let bridge = [keyed.of.as_str(), &keyed.suffix].concat();
            let link = if keyed.present {
                create_veth(Some(&get_link(Place::Host, &bridge)?), &veth)?
            } else {
                let options = BridgeOptions {
                    mtu: keyed.bridgemtu,
                    vlan_filtering: keyed.vlanfiltering,
                };
                share_bridge(&bridge, &options)?.create_veth(&veth)?
            };
            if let Some(address) = &keyed.address {
                let network = address.parse();
                add_address(&link, network.map_err(|_| not_understood(address))?)?;
            } else if request.has_ipam() && keyed.name.is_none() {
                assign_addresses(&link, &configured_addresses()?)?;
            }
            set_up(&link)?;
        }
        Ok(())
    }
}

export_flavour!(Bridged);

fn not_understood(text: &str) -> Error {
    Error::invalid_configuration(format!("{text:?} is not understood"))
}
