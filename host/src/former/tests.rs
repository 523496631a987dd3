use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use plumb_values::Guid;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::kernel::virtual_function::{LinkState, Setting, Settings, Vlan};

const FUNCTION: &str = "0000:3b:00.2";

/// Such as the plugins' sources say that they write it (sriov-cni 2.10, ib-sriov-cni 1.3, rdma-cni 1.6).
fn of_sriov() -> Value {
    json!({
        "cniVersion": "0.3.1", "name": "rail0", "type": "sriov", "ipam": {"type": "host-local"},
        "dns": {}, "deviceID": FUNCTION, "Master": "ens1f0", "VFID": 2, "MAC": "02:00:00:00:0a:01",
        "vlan": 100, "vlanQoS": 3, "vlanProto": "802.1q", "min_tx_rate": null, "max_tx_rate": 100,
        "spoofchk": "off", "trust": "on", "link_state": "enable", "runtimeConfig": {},
        "OrigVfState": {
            "HostIFName": "ens1f0v2", "SpoofChk": true, "Trust": false,
            "AdminMAC": "00:00:00:00:00:00", "EffectiveMAC": "aa:bb:cc:00:00:01",
            "Vlan": 7, "VlanQoS": 1, "VlanProto": 34984, "MinTxRate": 5, "MaxTxRate": 50,
            "LinkState": 2, "MTU": 9000,
        },
    })
}

fn of_ib_sriov() -> Value {
    json!({
        "name": "fabric", "type": "ib-sriov", "deviceID": FUNCTION, "Master": "ibs1f0", "VFID": 2,
        "HostIFNames": "ibs1f0v2", "HostIFGUID": "02:00:00:00:00:00:00:01", "ContIFNames": "net1",
        "pkey": "0x5", "link_state": "enable", "rdmaIsolation": true,
        "RdmaNetState": {"version": "", "deviceID": FUNCTION, "sandboxRdmaDevName": "mlx5_4", "containerRdmaDevName": "mlx5_4"},
        "runtimeConfig": {"infinibandGUID": "02:00:00:00:00:00:00:aa"}, "args": {"cni": {}},
    })
}

fn of_rdma() -> Value {
    json!({"version": "1.0", "deviceID": FUNCTION, "sandboxRdmaDevName": "mlx5_4", "containerRdmaDevName": "mlx5_4"})
}

fn attachment(plugin: Option<&str>) -> Attachment {
    Attachment {
        network: "rail0".to_owned(),
        container_id: "c0-1".to_owned(),
        interface_name: "net1".to_owned(),
        plugin: plugin.map(str::to_owned),
    }
}

fn write(folder: &TempDir, name: &str, content: &str) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// What each plugin's reader makes of a file.
fn read(plugin: usize, content: &Value) -> Result<Known, String> {
    (PLUGINS[plugin].read)(content)
}

#[test]
fn what_a_network_had_changed_is_known_as_it_was() {
    let known = read(0, &of_sriov()).unwrap();
    assert_eq!(known.address.to_string(), FUNCTION);
    assert_eq!(known.network, "rail0");
    let link = known.link.unwrap();
    assert_eq!((link.name.as_str(), link.mtu), ("ens1f0v2", 9000));
    assert_eq!(link.mac.to_string(), "aa:bb:cc:00:00:01");
    let vlan = Vlan {
        id: 7,
        priority: 1,
        is_802_1ad: true,
    };
    let expected = Settings::from_iter([
        Setting::Vlan(vlan),
        Setting::Mac([0; 6].into()),
        Setting::MinimumRate(5),
        Setting::MaximumRate(50),
        Setting::SpoofCheck(true),
        Setting::Trust(false),
        Setting::LinkState(LinkState::Disable),
    ]);
    assert_eq!(known.settings, expected);
    // The interface's further traits, which the plugin does not look at.
    assert_eq!(known.unknown.len(), 1, "{:?}", known.unknown);
}

#[test]
fn what_a_network_had_left_alone_stays() {
    let mut file = of_sriov();
    for key in ["vlan", "max_tx_rate", "spoofchk", "trust", "link_state"] {
        file[key] = Value::Null;
    }
    file["trust"] = json!("");
    let known = read(0, &file).unwrap();
    let expected = Settings::from_iter([Setting::Mac([0; 6].into())]);
    assert_eq!(known.settings, expected);
}

/// Releases before 2.5 had neither, and a program in the pod may have had the function.
#[test]
fn what_a_file_does_not_have_is_said() {
    let mut file = of_sriov();
    for key in ["Trust", "MTU", "EffectiveMAC"] {
        file["OrigVfState"].as_object_mut().unwrap().remove(key);
    }
    let known = read(0, &file).unwrap();
    let link = known.link.unwrap();
    assert_eq!(link.mtu, 0);
    assert!(link.mac.is_empty());
    let said = known.unknown.join(", ");
    for word in ["trust", "MTU", "hardware address"] {
        assert!(said.contains(word), "{word} in {said}");
    }
    file["OrigVfState"]["HostIFName"] = json!("");
    assert!(read(0, &file).unwrap().link.is_none());
}

#[test]
fn a_guid_comes_back_and_one_that_was_never_given_is_unset() {
    let known = read(1, &of_ib_sriov()).unwrap();
    let guid = Guid::new([2, 0, 0, 0, 0, 0, 0, 1]);
    let mut expected = Settings::guids(guid);
    expected.set(Setting::LinkState(LinkState::Auto));
    assert_eq!(known.settings, expected);
    assert_eq!(known.link.unwrap().name, "ibs1f0v2");
    assert_eq!(known.rdma_device.as_deref(), Some("mlx5_4"));

    let mut file = of_ib_sriov();
    file["HostIFGUID"] = json!("00:00:00:00:00:00:00:00");
    assert_eq!(
        read(1, &file).unwrap().settings.port_guid(),
        Some(Guid::UNSET)
    );
    file["HostIFGUID"] = json!("");
    file["rdmaIsolation"] = json!(false);
    let known = read(1, &file).unwrap();
    assert_eq!(known.settings.port_guid(), None);
    assert_eq!(known.rdma_device, None);
}

/// Names become parts of paths and words to the kernel.
#[test]
fn a_value_that_cannot_be_is_named() {
    let name = "OrigVfState";
    for (plugin, file, path, value) in [
        (0, of_sriov(), vec![name, "HostIFName"], json!("../../etc")),
        (0, of_sriov(), vec![name, "AdminMAC"], json!("02:00")),
        (0, of_sriov(), vec![name, "Vlan"], json!(5000)),
        (0, of_sriov(), vec![name, "Vlan"], json!(-1)),
        (0, of_sriov(), vec!["deviceID"], json!("../0000:3b:00.2")),
        (0, of_sriov(), vec![name], json!(null)),
        (1, of_ib_sriov(), vec!["HostIFNames"], json!("a/b")),
        (1, of_ib_sriov(), vec!["HostIFGUID"], json!("02:zz")),
        (
            1,
            of_ib_sriov(),
            vec!["RdmaNetState", "sandboxRdmaDevName"],
            json!("a/b"),
        ),
        (2, of_rdma(), vec!["sandboxRdmaDevName"], json!("")),
        (2, of_rdma(), vec!["deviceID"], json!(5)),
    ] {
        let mut file = file;
        let place = path.iter().fold(&mut file, |place, key| &mut place[*key]);
        *place = value.clone();
        assert!(read(plugin, &file).is_err(), "{path:?} {value}");
    }
}

#[test]
fn an_attachment_has_the_file_of_its_container_and_interface() {
    let folder = tempfile::tempdir().unwrap();
    let trace = Trace::early();
    write(&folder, "sriov/c0-1-net1", &of_sriov().to_string());
    write(&folder, "sriov/c0-1-net2", &of_sriov().to_string());
    write(&folder, "rdma/rail0-c0-1-net1", &of_rdma().to_string());
    let caches = Caches::at(folder.path(), &trace);
    let of = |plugin| {
        let found = caches.of_attachment(&attachment(plugin));
        found
            .iter()
            .map(|cache| cache.plugin.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(None), ["sriov-cni"]);
    assert_eq!(of(Some("rdma")), ["rdma-cni"]);
    let address = &FUNCTION.parse().unwrap();
    assert_eq!(caches.of_function(address).len(), 3);
    assert!(
        caches
            .of_function(&"0000:3b:00.3".parse().unwrap())
            .is_empty()
    );
    let all = caches.all();
    let of_network = |network| {
        all.iter()
            .filter(|cache| cache.is_of_network(network))
            .count()
    };
    assert_eq!(of_network("rail0"), 2);
    assert_eq!(of_network("rail1"), 0);
    let cache = &caches.of_attachment(&attachment(None))[0];
    assert_eq!(cache.attachment(), Some(attachment(None)));

    let nothing = tempfile::tempdir().unwrap();
    let caches = Caches::at(nothing.path(), &trace);
    assert!(caches.of_attachment(&attachment(None)).is_empty());
    assert!(caches.of_function(address).is_empty());
}

#[test]
fn the_oldest_file_about_a_function_is_first() {
    let folder = tempfile::tempdir().unwrap();
    let trace = Trace::early();
    for (name, age) in [("new-net1", 10), ("old-net1", 20)] {
        write(&folder, &format!("sriov/{name}"), &of_sriov().to_string());
        let file = fs::File::open(folder.path().join("sriov").join(name)).unwrap();
        let when = std::time::SystemTime::now() - Duration::from_secs(age);
        file.set_modified(when).unwrap();
    }
    let found = Caches::at(folder.path(), &trace).of_function(&FUNCTION.parse().unwrap());
    let names: Vec<_> = found
        .iter()
        .map(|cache| cache.path.file_name().unwrap())
        .collect();
    assert_eq!(names, ["old-net1", "new-net1"]);
}

#[test]
fn the_note_of_an_allotted_function_goes_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let trace = Trace::early();
    write(&folder, "sriov/c0-1-net1", &of_sriov().to_string());
    write(&folder, &format!("sriov/pci/{FUNCTION}"), "/run/netns/pod");
    let cache = Caches::at(folder.path(), &trace)
        .of_attachment(&attachment(None))
        .remove(0);
    assert_eq!(
        cache.netns_path().as_deref(),
        Some(Path::new("/run/netns/pod"))
    );
    cache.remove().unwrap();
    cache.remove().unwrap();
    assert!(!cache.path.exists());
    assert!(!folder.path().join("sriov/pci").join(FUNCTION).exists());
}

/// Whoever can write there would say what root does to the node's functions.
#[test]
fn what_somebody_else_may_have_written_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let trace = Trace::early();
    let path = folder.path().join("sriov/c0-1-net1");
    let found = || {
        !Caches::at(folder.path(), &trace)
            .of_attachment(&attachment(None))
            .is_empty()
    };
    let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    write(&folder, "sriov/c0-1-net1", &of_sriov().to_string());
    set(0o600);
    assert!(found());
    set(0o666);
    assert!(!found(), "anybody writes to the file");
    set(0o600);
    let above = folder.path().join("sriov");
    fs::set_permissions(&above, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(!found(), "anybody writes to the folder");
    fs::set_permissions(&above, fs::Permissions::from_mode(0o700)).unwrap();
    for content in ["", "{", "[]", "{}", &" ".repeat(1 << 21)] {
        fs::write(&path, content).unwrap();
        assert!(!found(), "{:?}", content.get(..8));
    }
    fs::remove_file(&path).unwrap();
    write(&folder, "elsewhere", &of_sriov().to_string());
    symlink(folder.path().join("elsewhere"), &path).unwrap();
    assert!(!found(), "a link");
}

/// rdma-cni serves scalable functions, too.
#[test]
fn the_device_may_be_one_of_the_auxiliary_bus() {
    let mut content = of_rdma();
    content["deviceID"] = json!("mlx5_core.sf.4");
    let known = read(2, &content).expect("it is what rdma-cni writes");
    assert_eq!(known.address.to_string(), "mlx5_core.sf.4");
}

#[test]
fn a_file_that_cannot_be_used_is_told_from_one_that_is_not_there() {
    let folder = TempDir::new().unwrap();
    let trace = Trace::early();
    let caches = Caches::at(folder.path(), &trace);
    let damaged = || caches.damaged_of_attachment(&attachment(None));
    assert_eq!(damaged(), None);
    write(&folder, "sriov/c0-1-net1", &of_sriov().to_string());
    assert_eq!(damaged(), None);
    write(&folder, "sriov/c0-1-net1", "{\"name\": \"rail0\", ");
    let path = folder.path().join("sriov/c0-1-net1");
    assert_eq!(damaged(), Some((path, "sriov-cni")));
}

/// What the network does not speak of was not changed by sriov-cni.
#[test]
fn of_what_a_network_sets_a_fresh_function_has_the_harmless_values() {
    let fresh = |keys: Value| super::sriov::fresh(keys.as_object().unwrap());
    assert_eq!(
        fresh(json!({"type": "sriov", "mtu": 9000, "trust": "", "vlan": null})),
        Settings::default()
    );
    let no_tag = Vlan {
        id: 0,
        priority: 0,
        is_802_1ad: false,
    };
    let expected: Settings = [
        Setting::Vlan(no_tag),
        Setting::SpoofCheck(true),
        Setting::Trust(false),
        Setting::LinkState(LinkState::Auto),
        Setting::MinimumRate(0),
        Setting::MaximumRate(0),
    ]
    .into_iter()
    .collect();
    let all = json!({"vlan": 100, "spoofchk": "off", "trust": "on", "link_state": "enable", "max_tx_rate": 10});
    assert_eq!(fresh(all), expected);
}
