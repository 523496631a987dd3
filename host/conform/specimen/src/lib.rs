//! A small correct flavour, a macvlan child of `master`, which a network can make wrong in one way at a time: the key
//! `defect` names it. `tests/defects.rs` of plumb-conform has the table, with the case that each must fail.

mod defect;

use plumb_sdk::facts::{Link, LinkType, Place, get_link};
use plumb_sdk::operations::{MacvlanMode, MacvlanOptions, bring_up, create_macvlan};
use plumb_sdk::{Error, Flavour, Request, export_flavour};
use serde::Deserialize;

/// The keys, in lower case.
#[derive(Deserialize)]
struct Keys {
    master: String,
    mode: String,
    mtu: Option<u32>,
}

/// The flavour.
pub struct Specimen;

impl Flavour for Specimen {
    fn attach(request: &Request) -> Result<(), Error> {
        defect::before(request)?;
        let keys: Keys = request
            .configuration()
            .or_else(|error| defect::instead_of_keys(request, error))?;
        let parent = get_link(Place::Host, &keys.master)
            .map_err(|error| defect::without_parent(request, error))?;
        defect::on_parent(request, &parent);
        let mode = mode(request, &keys.mode)?;
        check(request, &keys, &parent)?;
        if defect::is(request, "records-no-interface") {
            return Ok(());
        }
        let options = MacvlanOptions {
            mode,
            mtu: keys.mtu,
            ..MacvlanOptions::default()
        };
        let link = create_macvlan(&parent, &options)?;
        if defect::ends_otherwise(request, &link)? {
            return Ok(());
        }
        bring_up(&link, request.configured_addresses()?.as_ref())
    }

    fn ready(request: &Request) -> Result<(), Error> {
        defect::when_ready(request);
        let keys: Keys = request.configuration()?;
        get_link(Place::Host, &keys.master)?.check_up()
    }
}

export_flavour!(Specimen);

fn mode(request: &Request, text: &str) -> Result<MacvlanMode, Error> {
    match text {
        "bridge" => Ok(MacvlanMode::Bridge),
        "private" => Ok(MacvlanMode::Private),
        "vepa" => Ok(MacvlanMode::Vepa),
        _ if defect::is(request, "takes-any-mode") => Ok(MacvlanMode::Bridge),
        other => Err(defect::in_other_words(
            request,
            Error::invalid_configuration(format!(
                "mode {other:?} is none of bridge, private and vepa"
            )),
        )),
    }
}

fn check(request: &Request, keys: &Keys, parent: &Link) -> Result<(), Error> {
    if parent.link_type() != LinkType::Ethernet {
        return Err(Error::not_available(format!(
            "{} is no Ethernet link, and a macvlan is one",
            keys.master
        )));
    }
    if let Some(mtu) = keys.mtu.filter(|mtu| !(68..=65535).contains(mtu)) {
        return Err(defect::in_other_words(
            request,
            Error::invalid_configuration(format!("mtu {mtu} is not between 68 and 65535")),
        ));
    }
    Ok(())
}

/// What the component says of itself, where `plumbctl` looks for it.
#[cfg(target_family = "wasm")]
#[unsafe(link_section = "plumb:component")]
#[used]
static DECLARATION: [u8; include_bytes!("../component.json").len()] =
    *include_bytes!("../component.json");
