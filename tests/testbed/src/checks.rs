//! What every flavour must do.

use cni_harness::{Pod, result};
use serde_json::{Value, json};

use crate::configuration::version_1_0;
use crate::program::{inside, run};
use crate::{Bed, Picture};

/// The code of a CHECK that found a difference.
const DIFFERENT: u64 = 110;

/// Something done by hand to what plumb has set up, what CHECK must say then, and the way back.
/// Both are command lines for the host.
pub struct Damage {
    /// What is done.
    pub does: String,
    /// A part of the message.
    pub says: String,
    /// What mends it.
    pub undo: String,
}

impl Damage {
    /// A damage.
    pub fn new(does: String, says: &str, undo: String) -> Self {
        Self {
            does,
            says: says.to_owned(),
            undo,
        }
    }
}

/// CHECK is green, red after each of the damages, and green again when it is mended.
#[track_caller]
pub fn assert_finds(
    bed: &Bed,
    pod: &Pod,
    configuration: &Value,
    result: &Value,
    damages: &[Damage],
) {
    bed.check(pod, configuration, result).expect_silence();
    let mut unseen = Vec::new();
    for damage in damages {
        run(&damage.does);
        let outcome = bed.check(pod, configuration, result);
        if outcome.succeeded() {
            unseen.push(damage.does.as_str());
        } else {
            outcome.expect_error(DIFFERENT, &damage.says);
        }
        run(&damage.undo);
    }
    assert!(unseen.is_empty(), "CHECK is green after {unseen:?}");
    bed.check(pod, configuration, result).expect_silence();
}

/// What can be done to any flavour's interface in the pod.
pub fn damages_in_pod(pod: &Pod, address: &str) -> Vec<Damage> {
    let by_pod = |line: &str| inside(pod.name(), line);
    vec![
        Damage::new(
            by_pod("ip link set eth0 down"),
            "eth0",
            by_pod("ip link set eth0 up"),
        ),
        Damage::new(
            by_pod(&format!("ip address delete {address} dev eth0")),
            address,
            by_pod(&format!("ip address add {address} dev eth0")),
        ),
    ]
}

/// CHECK is green, and after DEL, and a second one, the machine is as it was before.
#[track_caller]
pub fn assert_goes_without_trace(
    bed: &Bed,
    pod: &Pod,
    configuration: &Value,
    result: &Value,
    before: &Picture,
) {
    bed.check(pod, configuration, result).expect_silence();
    for _ in 0..2 {
        bed.delete(pod, configuration);
        before.assert_unchanged();
    }
}

/// `pciID` and `mtu` came with 1.1.0; an older runtime would refuse them.
#[track_caller]
pub fn assert_speaks_version_1_0(bed: &Bed, configuration: &Value) {
    let pod = bed.pod();
    let configuration = version_1_0(configuration.clone());
    let added = bed.add(&pod, &configuration);
    result::assert_layout(&added, "1.0.0", &pod);
    bed.delete(&pod, &configuration);
}

/// With an IPAM plugin of another maker the pod has the address that it gave, and the plugin
/// has it back after DEL.
#[track_caller]
pub fn assert_takes_addresses_of_host_local(bed: &Bed, configuration: &Value) {
    const FOLDER: &str = "/run/host-local";
    let pod = bed.pod();
    let mut configuration = version_1_0(configuration.clone());
    configuration["ipam"] = json!({
        "type": "host-local",
        "dataDir": FOLDER,
        "ranges": [[{"subnet": "10.8.0.0/24", "rangeStart": "10.8.0.20", "rangeEnd": "10.8.0.20"}]],
    });
    let lease = std::path::Path::new(FOLDER).join("rail0/10.8.0.20");
    let added = bed.add(&pod, &configuration);
    assert_eq!(result::addresses(&added), ["10.8.0.20/24"]);
    assert_eq!(pod.addresses("eth0"), ["10.8.0.20/24"]);
    assert!(lease.exists(), "{}", lease.display());
    bed.check(&pod, &configuration, &added).expect_silence();
    bed.delete(&pod, &configuration);
    assert!(!lease.exists(), "{} is still there", lease.display());
}
