//! Kernel modules, and the adapter that they make.

use std::fs;
use std::path::Path;

use cni_harness::wait;

use crate::program::{output, run};
use crate::{Adapter, Function, LinkLayer, Setup};

/// The driver of the simulated adapter.
pub const SIMULATED: &str = "ibvsim";

/// Brings the adapter into this set-up, from whatever there was before; its physical function.
///
/// # Panics
///
/// When the machine is not the test bed's, or cannot do it.
#[track_caller]
pub fn load(setup: Setup) -> Function {
    assert!(
        std::env::var_os("PLUMB_BED_DEVICES").is_some(),
        "these tests load kernel modules and change drivers: run them by tests/testbed/run"
    );
    unload();
    subsystem(setup.exclusive);
    let physical = match setup.adapter {
        Adapter::Simulated(layer) => simulated(layer, setup),
        Adapter::Igb => igb(),
    };
    let name = physical
        .netdev()
        .expect("the physical function has a netdev");
    // Before there are virtual functions: an igb that is down answers nothing that they ask.
    run(&format!("ip link set {name} up"));
    physical.write("sriov_numvfs", &setup.functions.to_string());
    wait::until("all virtual functions have their netdevs", || {
        (0..setup.functions).all(|number| physical.virtual_function(number).netdev().is_some())
    });
    if setup.adapter == Adapter::Simulated(LinkLayer::InfiniBand) && !setup.guid_zero {
        give_guids(&physical, &name, setup.functions);
    }
    if setup.adapter == Adapter::Igb {
        wait::until("the card has carrier", || {
            fs::read_to_string(format!("/sys/class/net/{name}/carrier"))
                .is_ok_and(|text| text.trim() == "1")
        });
        tell_addresses(&physical, setup.functions);
    }
    physical
}

/// The physical function knows its virtual functions' GUIDs, as after an operator has given
/// them: the ones that they have already.
#[track_caller]
fn give_guids(physical: &Function, name: &str, functions: usize) {
    for number in 0..functions {
        let function = physical.virtual_function(number);
        let port = crate::pod::guid(&function.link());
        let node = function
            .node_guid()
            .expect("it has an RDMA device")
            .replace(':', "");
        let bytes: Vec<&str> = (0..8).map(|byte| &node[2 * byte..2 * byte + 2]).collect();
        let node = bytes.join(":");
        run(&format!("ip link set {name} vf {number} node_guid {node}"));
        run(&format!("ip link set {name} vf {number} port_guid {port}"));
    }
}

/// A virtual function gives the card its hardware address when its driver is bound, to which
/// an igb that is still starting does not listen.
#[track_caller]
fn tell_addresses(physical: &Function, functions: usize) {
    for number in 0..functions {
        let function = physical.virtual_function(number);
        wait::until("the card knows the address", || {
            let is_known = physical.settings_of(number)["address"] == function.link()["address"];
            if !is_known {
                function.bind_again("igbvf");
            }
            is_known
        });
    }
}

/// The RDMA subsystem, and what pods are made of.
#[track_caller]
fn subsystem(exclusive: bool) {
    let mode = if exclusive { 0 } else { 1 };
    run(&format!("modprobe ib_core netns_mode={mode}"));
    let now = run("rdma system show");
    let wanted = if exclusive {
        "netns exclusive"
    } else {
        "netns shared"
    };
    assert!(
        now.contains(wanted),
        "ib_core is loaded already: {now}; one binary has one mode"
    );
    run("modprobe -a ib_uverbs ib_umad rdma_ucm ib_ipoib vfio-pci veth macvlan dummy");
}

/// All virtual functions and the drivers that these tests load are gone afterwards.
#[track_caller]
fn unload() {
    for function in functions() {
        if function.folder().join("sriov_numvfs").exists() && function.read("sriov_numvfs") != "0" {
            function.write("sriov_numvfs", "0");
        }
    }
    for module in ["siw", SIMULATED, "igbvf", "igb"] {
        if Path::new("/sys/module").join(module).exists() {
            run(&format!("rmmod {module}"));
        }
    }
}

#[track_caller]
fn simulated(layer: LinkLayer, setup: Setup) -> Function {
    let physical = find("0x1b36", "0x0010");
    let roce = match layer {
        LinkLayer::InfiniBand => "none",
        LinkLayer::Ethernet => "all",
    };
    run(&format!(
        "modprobe {SIMULATED} name_fmt=mlx5_%d pfs={physical} roce={roce} vf_guid_zero={} sfs={}",
        u8::from(setup.guid_zero),
        setup.scalable
    ));
    // It may know the network card's identification only.
    if physical.driver().is_none() {
        let path = format!("/sys/bus/pci/drivers/{SIMULATED}/new_id");
        fs::write(&path, "1b36 0010").unwrap_or_else(|error| panic!("write {path}: {error}"));
    }
    wait::until("the physical function has its netdev", || {
        physical.netdev().is_some()
    });
    physical
}

#[track_caller]
fn igb() -> Function {
    let physical = find("0x8086", "0x10c9");
    run("modprobe -a igb igbvf");
    wait::until("igb has its netdev", || physical.netdev().is_some());
    physical
}

/// The scalable functions that there are, by their names on the auxiliary bus.
pub fn scalable() -> Vec<Function> {
    in_folder("/sys/bus/auxiliary/devices")
}

/// The first physical function of this vendor and device.
#[track_caller]
fn find(vendor: &str, device: &str) -> Function {
    functions()
        .into_iter()
        .find(|function| {
            function.read("vendor") == vendor
                && function.read("device") == device
                && function.folder().join("sriov_numvfs").exists()
        })
        .unwrap_or_else(|| {
            let there = output("ls /sys/bus/pci/devices").stdout;
            let there = String::from_utf8_lossy(&there).replace('\n', " ");
            panic!("the machine has no function {vendor}:{device} with SR-IOV; it has {there}")
        })
}

fn functions() -> Vec<Function> {
    in_folder("/sys/bus/pci/devices")
}

fn in_folder(folder: &str) -> Vec<Function> {
    let mut all: Vec<Function> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| Function::new(entry.file_name().to_string_lossy()))
        .collect();
    all.sort();
    all
}
