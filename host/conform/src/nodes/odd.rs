//! What may be odd about a node, and must not surprise a component.

use serde_json::{Value, json};

use crate::Trial;

/// What may be odd about a node.
pub struct Oddity {
    /// Short name.
    pub name: &'static str,
    /// A trial on a node that is so.
    pub of: fn(&Trial) -> Trial,
}

/// What may be odd about a node, in the order of the cases.
pub const ODDITIES: &[Oddity] = &[
    Oddity {
        name: "without-mac",
        of: |trial| {
            with_links(trial, "links have no hardware address", |link| {
                link["mac"] = json!("")
            })
        },
    },
    Oddity {
        name: "without-mtu",
        of: |trial| with_links(trial, "links have no MTU", |link| link["mtu"] = json!(0)),
    },
    Oddity {
        name: "without-pci",
        of: without_pci,
    },
    Oddity {
        name: "down",
        of: |trial| {
            with_links(trial, "links are down", |link| {
                link["up"] = json!(false);
                link["carrier"] = json!(false);
            })
        },
    },
    Oddity {
        name: "long-names",
        of: long_names,
    },
    Oddity {
        name: "large-numbers",
        of: |trial| {
            with_links(trial, "links have the largest numbers", |link| {
                link["mtu"] = json!(u32::MAX);
                link["index"] = json!(i32::MAX);
                link["hardwareType"] = json!(u16::MAX);
            })
        },
    },
    Oddity {
        name: "many-links",
        of: many_links,
    },
    Oddity {
        name: "empty",
        of: |trial| trial.on("the node has nothing", json!({})),
    },
];

/// All links of a node, wherever the description has them.
fn with_links(trial: &Trial, name: &str, change: impl Fn(&mut Value)) -> Trial {
    let mut node = trial.node.clone();
    change_links(&mut node, &change);
    trial.on(name, node)
}

fn change_links(node: &mut Value, change: &impl Fn(&mut Value)) {
    for place in ["/host/links", "/pod/links"] {
        items(node, place).for_each(change);
    }
    for function in items(node, "/pciFunctions") {
        items(function, "/links").for_each(change);
        function
            .get_mut("parentLink")
            .filter(|link| link.is_object())
            .map(change);
    }
}

/// The items of a list; none where there is none, which looking must not make.
fn items<'a>(value: &'a mut Value, pointer: &str) -> impl Iterator<Item = &'a mut Value> {
    let list = value.pointer_mut(pointer).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}

/// Links without a PCI function, and functions of which nothing is known but the address.
fn without_pci(trial: &Trial) -> Trial {
    let mut node = trial.node.clone();
    change_links(&mut node, &|link| {
        link["pci"] = Value::Null;
        link["rdmaDevices"] = json!([]);
    });
    for function in items(&mut node, "/pciFunctions") {
        *function = json!({"address": function["address"]});
    }
    trial.on("links have no PCI function, and functions nothing", node)
}

/// Names as long as the kernel allows: 15 bytes of a link (`IFNAMSIZ`), 127 of another name of it (`ALTIFNAMSIZ`), 63 of an
/// RDMA device (`IB_DEVICE_NAME_MAX`).
fn long_names(trial: &Trial) -> Trial {
    let long = |name: &Value, length: usize| {
        let name = name.as_str().unwrap_or_default();
        let padding = "x".repeat(length.saturating_sub(name.len()));
        json!(format!("{name}{padding}"))
    };
    let mut node = trial.node.clone();
    change_links(&mut node, &|link| {
        link["name"] = long(&link["name"], 15);
        link["alternativeNames"] = json!([long(&link["name"], 127)]);
        items(link, "/rdmaDevices").for_each(|name| *name = long(name, 63));
    });
    for place in ["host", "pod"] {
        if let Some(place) = node.get_mut(place).and_then(Value::as_object_mut) {
            if let Some(name) = place.get_mut("defaultRouteLink") {
                *name = long(name, 15);
            }
            let details = place.get("details").and_then(Value::as_object).cloned();
            let renamed = details.into_iter().flatten().map(|(name, details)| {
                let name = long(&json!(name), 15);
                (name.as_str().unwrap_or_default().to_owned(), details)
            });
            let renamed: Value = renamed.collect::<serde_json::Map<_, _>>().into();
            place.insert("details".into(), renamed);
        }
    }
    for function in items(&mut node, "/pciFunctions") {
        items(function, "/rdmaDevices").for_each(|name| *name = long(name, 63));
    }
    super::moved(trial, "names are as long as they may be", node)
}

/// A node with a thousand links, and a pod with three hundred.
fn many_links(trial: &Trial) -> Trial {
    let mut node = trial.node.clone();
    for (place, count) in [("host", 1000), ("pod", 300)] {
        let mut links = node[place]["links"].as_array().cloned().unwrap_or_default();
        links.extend((0..count).map(|number| {
            json!({
                "name": format!("many{number}"), "index": 100 + number, "mtu": 1500,
                "mac": format!("02:00:00:01:{:02x}:{:02x}", number / 256, number % 256),
                "pci": format!("0000:{:02x}:00.0", number % 256),
                "rdmaDevices": ["mlx5_0", "mlx5_1"],
            })
        }));
        node[place]["links"] = links.into();
    }
    trial.on("there are a thousand links", node)
}
