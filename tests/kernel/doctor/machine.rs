//! A node on which nothing is wrong: an adapter with two ports, one of RoCE and one of InfiniBand, in a tree as sysfs has
//! it, and all that an installation makes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use cni_harness::Node;
use plumb_tests::{binaries, policy};
use serde_json::{Value, json};

/// The adapters' PCI addresses.
pub const ROCE: &str = "0000:3b:00.0";
pub const INFINIBAND: &str = "0000:86:00.0";
/// A virtual function of the second.
pub const FUNCTION: &str = "0000:86:00.1";

/// The resource of which a pod has [`FUNCTION`].
pub const RESOURCE: &str = "spidernet.io/mellanoxibsriov";

/// The node, which a test then breaks.
pub struct Machine {
    pub node: Node,
}

impl Machine {
    /// The thread moves into it.
    pub fn new() -> Self {
        let machine = Self {
            node: plumb_tests::node(),
        };
        policy::write("profile = \"compatible\"\n");
        policy::write_pools("v4-91.json", &pool("v4-91", "172.91.0.100-172.91.0.120"));
        machine.install();
        fs::create_dir_all("/etc/cni/net.d").expect("a folder");
        machine.configuration(
            "00-multus.conf",
            &json!({"type": "multus-shim"}).to_string(),
        );
        machine.checkpoint(&json!({
            "PodDeviceEntries": [{"PodUID": "11-22", "ContainerName": "a", "ResourceName": RESOURCE,
                                  "DeviceIDs": {"-1": [FUNCTION]}}],
            "RegisteredDevices": {RESOURCE: [FUNCTION]},
        }));
        machine.adapters();
        machine.modules(
            "kernel/drivers/net/macvlan.ko.xz:\nkernel/drivers/infiniband/ulp/ipoib/ib_ipoib.ko:\n",
        );
        machine
    }

    /// A path of the recorded machine.
    pub fn path(&self, path: &str) -> PathBuf {
        self.node.scratch().join(path)
    }

    /// Writes an attribute, below `sys`.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path("sys").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("an attribute");
    }

    /// A network configuration of the runtime.
    pub fn configuration(&self, name: &str, text: &str) {
        fs::write(PathBuf::from("/etc/cni/net.d").join(name), text).expect("a configuration");
    }

    /// What the kubelet remembers.
    pub fn checkpoint(&self, data: &Value) {
        let folder = "/var/lib/kubelet/device-plugins";
        fs::create_dir_all(folder).expect("a folder");
        let text = json!({"Data": data, "Checksum": 1}).to_string();
        fs::write(format!("{folder}/kubelet_internal_checkpoint"), text).expect("a checkpoint");
    }

    /// The list of loadable modules of the running kernel.
    pub fn modules(&self, text: &str) {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a release");
        let folder = self.path("modules").join(release.trim());
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("modules.dep"), text).expect("a list");
    }

    /// A netdev of a PCI function.
    fn link(&self, name: &str, function: &str, mtu: &str) {
        self.write(&format!("bus/pci/devices/{function}/net/{name}/mtu"), mtu);
        self.write(&format!("class/net/{name}/mtu"), mtu);
    }

    fn install(&self) {
        let mut command = Command::new(binaries::plumbctl());
        command
            .arg("install")
            .arg("--bin-dir")
            .arg(self.path("bin"));
        let output = command.arg("--binary").arg(binaries::plumb()).output();
        assert!(output.expect("plumbctl runs").status.success());
    }

    fn adapters(&self) {
        for (function, most) in [(ROCE, "8"), (INFINIBAND, "8")] {
            let device = format!("bus/pci/devices/{function}");
            self.write(&format!("{device}/class"), "0x020000\n");
            self.write(&format!("{device}/numa_node"), "1\n");
            self.write(&format!("{device}/sriov_totalvfs"), most);
            self.write(&format!("{device}/sriov_numvfs"), "0\n");
            symlink(
                "../../../../bus/pci",
                self.path("sys").join(&device).join("subsystem"),
            )
            .expect("a link");
        }
        for node in 0..2 {
            self.write(&format!("devices/system/node/node{node}/cpulist"), "0\n");
        }
        self.link("ens1np0", ROCE, "9000\n");
        self.device("mlx5_0", ROCE, "Ethernet", ("0x0", "0x0"));
        self.write(
            "class/infiniband/mlx5_0/ports/1/gid_attrs/ndevs/0",
            "ens1np0\n",
        );
        self.device("mlx5_1", INFINIBAND, "InfiniBand", ("0x1f", "0x1"));
        // One virtual function, with its driver.
        let below = self.path("sys/bus/pci");
        self.write(&format!("bus/pci/devices/{INFINIBAND}/sriov_numvfs"), "1\n");
        fs::create_dir_all(below.join("devices").join(FUNCTION)).expect("a function");
        fs::create_dir_all(below.join("drivers/mlx5_core")).expect("a driver");
        let virtual_function = below.join("devices").join(INFINIBAND).join("virtfn0");
        symlink(format!("../{FUNCTION}"), virtual_function).expect("a link");
        self.driver(Some("mlx5_core"));
    }

    /// An RDMA device with an active port.
    fn device(&self, name: &str, function: &str, layer: &str, (lid, manager): (&str, &str)) {
        let folder = format!("class/infiniband/{name}");
        self.write(&format!("{folder}/node_guid"), "0200:0000:0000:0001\n");
        for (attribute, text) in [
            ("state", "4: ACTIVE\n"),
            ("phys_state", "5: LinkUp\n"),
            ("link_layer", layer),
            ("lid", lid),
            ("sm_lid", manager),
        ] {
            self.write(&format!("{folder}/ports/1/{attribute}"), text);
        }
        let target = format!("../../../bus/pci/devices/{function}");
        symlink(target, self.path("sys").join(folder).join("device")).expect("a link");
    }

    /// Binds the virtual function.
    pub fn driver(&self, driver: Option<&str>) {
        let path = self
            .path("sys/bus/pci/devices")
            .join(FUNCTION)
            .join("driver");
        // It may have none yet.
        let _ = fs::remove_file(&path);
        if let Some(driver) = driver {
            symlink(format!("../../drivers/{driver}"), path).expect("a link");
        }
    }

    /// What doctor says as text, and whether nothing was wrong.
    pub fn doctor(&self, further: &[&str]) -> (bool, String) {
        let output = Command::new(binaries::plumbctl())
            .arg("doctor")
            .arg("--bin-dir")
            .arg(self.path("bin"))
            .arg("--sysfs")
            .arg(self.path("sys"))
            .arg("--modules")
            .arg(self.path("modules"))
            .args(further)
            .output()
            .expect("plumbctl runs");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(
            !text.is_empty(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        (output.status.success(), text)
    }

    /// What it finds, by JSON.
    pub fn findings(&self) -> Vec<Value> {
        let (_, text) = self.doctor(&["--json"]);
        let findings: Value = serde_json::from_str(&text).expect("JSON");
        findings.as_array().expect("a list").clone()
    }

    /// The findings of a check that are not `ok`, as `verdict: object: says; remedy`.
    pub fn complaints(&self, check: &str) -> Vec<String> {
        let findings = self.findings();
        assert!(
            check == "mtu" || findings.iter().any(|finding| finding["check"] == check),
            "no check is called {check}"
        );
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or("-").to_owned();
        findings
            .iter()
            .filter(|finding| finding["check"] == check && finding["verdict"] != "ok")
            .map(|finding| {
                format!(
                    "{}: {}: {}; {}",
                    text(finding, "verdict"),
                    text(finding, "object"),
                    text(finding, "says"),
                    text(finding, "remedy")
                )
            })
            .collect()
    }

    /// That a check complains of one thing, in these words, and by its exit code where it is wrong.
    #[track_caller]
    pub fn expect(&self, check: &str, verdict: &str, words: &[&str]) {
        let complaints = self.complaints(check);
        let [complaint] = complaints.as_slice() else {
            panic!("one complaint of {check}: {complaints:?}");
        };
        assert!(
            complaint.starts_with(&format!("{verdict}: ")),
            "{complaint}"
        );
        for word in words {
            assert!(complaint.contains(word), "{word:?} in {complaint}");
        }
        if verdict == "wrong" {
            assert!(!self.doctor(&[]).0, "it ends with 1");
        }
    }
}

/// A pool's manifest.
pub fn pool(name: &str, addresses: &str) -> String {
    json!({
        "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": name},
        "spec": {"subnet": "172.91.0.0/16", "ips": [addresses]},
    })
    .to_string()
}
