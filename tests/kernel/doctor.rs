//! `plumbctl doctor`: a node on which nothing is wrong, and the line for each thing that is broken on it.

mod machine;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use cni_harness::Oracle;
use plumb_tests::configuration::pool as network;
use plumb_tests::policy;
use plumb_tests::state::{STATE_FOLDER, records};
use serde_json::json;

use machine::{FUNCTION, INFINIBAND, Machine, RESOURCE, ROCE, pool};

/// What depends on the kernel under the test: whether it has modules and an RDMA subsystem, and who keeps its clock.
const OF_THE_KERNEL: [&str; 3] = ["modules", "rdma", "clock"];

#[test]
fn nothing_is_wrong_on_a_good_node() {
    let machine = Machine::new();
    let pod = machine.node.pod();
    machine.node.add(&pod, &network());
    let oracle = Oracle::new(&machine.node);
    let (is_well, text) = machine.doctor(&[]);
    assert!(is_well, "{text}");
    for finding in machine.findings() {
        let check = finding["check"].as_str().expect("a name");
        assert!(
            finding["verdict"] == "ok" || OF_THE_KERNEL.contains(&check),
            "{finding}"
        );
    }
    oracle.assert_unchanged();
    for words in [
        "RDMA port mlx5_1/1: InfiniBand, active, LID 31, subnet manager at LID 1",
        "RDMA port mlx5_0/1: Ethernet, active, ens1np0",
        "1 virtual functions of at most 8",
        "1 of 1 devices given to pods",
        "sound, with one lease",
        "NUMA node 1 of 2",
        "there is no agent",
    ] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
}

#[test]
fn an_installation_is_whole_and_of_one_version() {
    let machine = Machine::new();
    fs::remove_file(machine.path("bin/ipoib")).expect("a link");
    machine.expect("installation", "warn", &["/ipoib", "no such name"]);
    fs::write(machine.path("bin/ipoib"), "#!/bin/sh\n").expect("a plugin");
    machine.expect(
        "installation",
        "warn",
        &["/ipoib", "another maker's", "--replace"],
    );
    fs::remove_file(machine.path("bin/ipoib")).expect("a plugin");
    symlink("plumb", machine.path("bin/ipoib")).expect("a link");
    // What an upgrade that stopped half-way leaves.
    fs::remove_file(machine.path("bin/plumb")).expect("a program");
    machine.expect(
        "installation",
        "wrong",
        &["/plumb", "no such program", "plumbctl install"],
    );
    let script = machine.path("bin/plumb");
    fs::write(&script, "#!/bin/sh\necho plumb 0.0.9\n").expect("a program");
    machine.expect("installation", "wrong", &["it cannot be started"]);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, executable).expect("a mode");
    machine.expect(
        "installation",
        "wrong",
        &["plumb 0.0.9", "this plumbctl is of"],
    );
}

#[test]
fn a_configuration_of_the_runtime_leads_to_plumb() {
    let machine = Machine::new();
    machine.configuration("00-a.conflist", "{");
    machine.expect("configurations", "wrong", &["00-a.conflist", "is not JSON"]);
    let calico = json!({"name": "k8s", "plugins": [{"type": "calico"}, {"type": "portmap"}]});
    machine.configuration("00-a.conflist", &calico.to_string());
    machine.expect(
        "configurations",
        "wrong",
        &[
            "00-multus.conf",
            "the runtime takes 00-a.conflist",
            "comes first",
        ],
    );
    fs::remove_file("/etc/cni/net.d/00-multus.conf").expect("a file");
    machine.expect(
        "configurations",
        "wrong",
        &["00-a.conflist", "install Multus"],
    );
    // The names of plumb count where they are plumb's.
    machine.configuration("00-a.conflist", &json!({"type": "macvlan"}).to_string());
    assert_eq!(machine.complaints("configurations"), [""; 0]);
    fs::remove_file("/etc/cni/net.d/00-a.conflist").expect("a file");
    machine.expect("configurations", "wrong", &["starts no pod"]);
    // As in the agent's container.
    fs::remove_dir("/etc/cni/net.d").expect("a folder");
    machine.expect("configurations", "warn", &["on the node itself"]);
}

#[test]
fn a_policy_with_a_mistake_is_shown_with_it() {
    let machine = Machine::new();
    policy::write("profil = \"shared\"\n");
    machine.expect("policy", "wrong", &[policy::FILE, "profil"]);
}

#[test]
fn a_state_folder_of_somebody_else_is_wrong() {
    let machine = Machine::new();
    fs::create_dir_all(format!("{STATE_FOLDER}/corrupt")).expect("a folder");
    fs::write(format!("{STATE_FOLDER}/corrupt/rail0.1-2"), "{").expect("a file");
    machine.expect("state", "warn", &["/corrupt", "rail0.1-2", "set aside"]);
    let for_all = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(STATE_FOLDER, for_all).expect("a mode");
    machine.expect("state", "wrong", &[STATE_FOLDER, "777"]);
}

#[test]
fn full_file_systems_are_told() {
    let machine = Machine::new();
    for (folder, check, key) in [
        ("/run/plumb", "state", "plumb"),
        ("/var/log/plumb", "log", "log"),
    ] {
        fs::create_dir_all(folder).expect("a folder");
        let options = Some("size=8k,mode=700");
        let none = nix::mount::MsFlags::empty();
        nix::mount::mount(Some("tmpfs"), folder, Some("tmpfs"), none, options).expect("a mount");
        machine.expect(check, "wrong", &[key, "bytes left", "free some space"]);
    }
}

#[test]
fn a_damaged_store_is_told_and_left_as_it_is() {
    let machine = Machine::new();
    let pod = machine.node.pod();
    machine.node.add(&pod, &network());
    let store = format!("{STATE_FOLDER}/leases.db");
    fs::write(&store, vec![7_u8; 8192]).expect("damage");
    machine.expect(
        "leases",
        "wrong",
        &["leases.db", "is damaged", "makes it again from the records"],
    );
    assert_eq!(fs::read(&store).expect("the store"), vec![7_u8; 8192]);
}

#[test]
fn records_that_cannot_be_read_or_whose_pod_is_gone_are_told() {
    let machine = Machine::new();
    let pod = machine.node.pod();
    machine.node.add(&pod, &network());
    assert_eq!(machine.complaints("records"), [""; 0]);
    pod.remove();
    machine.expect(
        "records",
        "warn",
        &["1 of them are of pods that are gone", "GC"],
    );
    let record = records().pop().expect("a record");
    fs::write(&record, "{\n").expect("damage");
    machine.expect("records", "wrong", &["cannot be read"]);
}

#[test]
fn modules_that_flavours_need_are_named_with_what_fails() {
    let machine = Machine::new();
    let complaints = machine.complaints("modules").join("\n");
    assert!(!complaints.contains("module macvlan:"), "{complaints}");
    machine.modules("kernel/drivers/net/macvtap.ko: kernel/drivers/net/macvlan.ko\n");
    let complaints = machine.complaints("modules").join("\n");
    assert!(
        complaints.contains("module macvlan: kernel") && complaints.contains("type macvlan"),
        "{complaints}"
    );
}

#[test]
fn a_port_that_cannot_send_says_why() {
    let machine = Machine::new();
    let port = |attribute: &str, text: &str| {
        machine.write(
            &format!("class/infiniband/mlx5_1/ports/1/{attribute}"),
            text,
        );
    };
    port("sm_lid", "0x0\n");
    machine.expect(
        "ports",
        "wrong",
        &["mlx5_1/1", "no subnet manager", "opensm"],
    );
    port("lid", "0x0\n");
    machine.expect("ports", "wrong", &["mlx5_1/1", "without a LID"]);
    port("state", "2: INIT\n");
    machine.expect("ports", "wrong", &["mlx5_1/1", "INIT", "opensm"]);
    port("state", "1: DOWN\n");
    port("phys_state", "2: Polling\n");
    machine.expect(
        "ports",
        "wrong",
        &["mlx5_1/1", "DOWN, physically Polling", "cable"],
    );
    port("state", "4: ACTIVE\n");
    port("lid", "0x3\n");
    port("sm_lid", "0x1\n");
    machine.write("class/infiniband/mlx5_0/ports/1/state", "1: DOWN\n");
    machine.expect("ports", "wrong", &["mlx5_0/1", "set ens1np0 up"]);
    machine.write("class/infiniband/mlx5_0/ports/1/state", "4: ACTIVE\n");
    machine.write("class/infiniband/mlx5_1/node_guid", "0000:0000:0000:0000\n");
    machine.expect("ports", "warn", &["mlx5_1", "GUID is zero"]);
}

#[test]
fn packets_of_rails_are_large_and_of_one_size() {
    let machine = Machine::new();
    machine.write("class/net/ens1np0/mtu", "1500\n");
    machine.expect("mtu", "warn", &["ens1np0", "at most 1024 bytes", "4200"]);
    machine.write("class/net/ens1np0/mtu", "9000\n");
    machine.write("class/infiniband/mlx5_2/ports/1/link_layer", "Ethernet\n");
    machine.write("class/infiniband/mlx5_2/ports/1/state", "4: ACTIVE\n");
    machine.write(
        "class/infiniband/mlx5_2/ports/1/gid_attrs/ndevs/0",
        "ens2np0\n",
    );
    machine.write("class/net/ens2np0/mtu", "4200\n");
    machine.expect(
        "mtu",
        "warn",
        &["4200 (ens2np0), 9000 (ens1np0)", "one MTU"],
    );
}

#[test]
fn virtual_functions_are_there_and_bound_to_the_adapters_driver() {
    let machine = Machine::new();
    machine.write(&format!("bus/pci/devices/{INFINIBAND}/sriov_numvfs"), "8\n");
    machine.expect(
        "adapters",
        "wrong",
        &[
            INFINIBAND,
            "8 virtual functions are configured, and there are 1",
        ],
    );
    machine.write(&format!("bus/pci/devices/{INFINIBAND}/sriov_numvfs"), "1\n");
    machine.write(&format!("bus/pci/devices/{ROCE}/sriov_totalvfs"), "0\n");
    machine.expect("adapters", "warn", &[ROCE, "ens1np0", "firmware"]);
    machine.driver(Some("vfio-pci"));
    machine.expect("functions", "warn", &[FUNCTION, "vfio-pci"]);
    machine.driver(None);
    machine.expect("functions", "warn", &[FUNCTION, "without a driver"]);
    machine.write(&format!("bus/pci/devices/{ROCE}/numa_node"), "-1\n");
    machine.expect("numa", "warn", &["mlx5_0", ROCE, "2 NUMA nodes"]);
}

#[test]
fn what_the_kubelet_gave_away_is_there() {
    let machine = Machine::new();
    let given = |device: &str| {
        json!({
            "PodDeviceEntries": [{"PodUID": "11-22", "ResourceName": RESOURCE, "DeviceIDs": {"0": [device]}}],
            "RegisteredDevices": {RESOURCE: [FUNCTION]},
        })
    };
    machine.checkpoint(&given("0000:86:00.7"));
    machine.expect(
        "kubelet",
        "wrong",
        &["0000:86:00.7", "11-22", "device plugin again"],
    );
    machine.checkpoint(&given("a-device-of-another-kind"));
    assert_eq!(machine.complaints("kubelet"), [""; 0]);
    machine.checkpoint(&json!({"PodDeviceEntries": [], "RegisteredDevices": {RESOURCE: []}}));
    machine.expect("kubelet", "warn", &[RESOURCE, "no device", "selectors"]);
    machine.checkpoint(&json!({}));
    machine.expect(
        "kubelet",
        "wrong",
        &["kubelet_internal_checkpoint", "folders.kubelet"],
    );
}

#[test]
fn each_faulty_pool_is_told_with_its_fault() {
    let machine = Machine::new();
    policy::write_pools("broken.json", &pool("broken", "172.92.0.1"));
    machine.expect("pools", "wrong", &["broken", "broken.json", "172.92.0.1"]);
    let (_, text) = machine.doctor(&[]);
    assert!(text.contains("1 pools can be used"), "{text}");
}

#[test]
fn an_agent_answers() {
    let machine = Machine::new();
    fs::create_dir_all(STATE_FOLDER).expect("a folder");
    let socket = Path::new(STATE_FOLDER).join("agent.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    // One who answers what was asked, then one who hangs up.
    let agent = std::thread::spawn(move || {
        for answer in ["{\"pod\":{\"uid\":\"\"}}\n", ""] {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut question = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
            reader.read_line(&mut question).expect("a question");
            assert!(question.contains("\"pod\""), "{question}");
            stream.write_all(answer.as_bytes()).expect("an answer");
        }
    });
    let findings = machine.findings();
    let is_agents = |finding: &&serde_json::Value| finding["check"] == "agent";
    let finding = findings.iter().find(is_agents).expect("a finding");
    assert_eq!(finding["says"], "the agent answers");
    let complaints = machine.complaints("agent").join("\n");
    assert!(
        complaints.contains("wrong: ") && complaints.contains("without an answer"),
        "{complaints}"
    );
    agent.join().expect("the agent ends");
    // Nobody listens any more: an agent that died leaves its socket.
    machine.expect("agent", "wrong", &["agent.sock", "does not answer"]);
    // The policy says where there is one that never came.
    policy::write("agent = \"/run/plumb/other.sock\"\n");
    machine.expect("agent", "wrong", &["other.sock", "does not answer"]);
}

#[test]
fn a_clock_that_went_back_is_wrong() {
    let machine = Machine::new();
    let pod = machine.node.pod();
    machine.node.add(&pod, &network());
    let record = records().pop().expect("a record");
    let text = fs::read_to_string(&record).expect("a record");
    let since = text.split("\"since\":").nth(1).expect("a moment");
    let since = &since[..since
        .find(|letter: char| !letter.is_ascii_digit())
        .expect("an end")];
    let later = since.parse::<u64>().expect("milliseconds") + 3_600_000;
    let text = text.replacen(
        &format!("\"since\":{since}"),
        &format!("\"since\":{later}"),
        1,
    );
    fs::write(&record, text).expect("a record");
    machine.expect("clock", "wrong", &["a pod was attached at"]);
}

/// Lines are for people: what somebody called a pool moves no cursor.
#[test]
fn a_line_is_a_line() {
    let machine = Machine::new();
    policy::write_pools("broken.json", &pool("bro\u{1b}[2Jken\nok", "172.92.0.1"));
    let (_, text) = machine.doctor(&[]);
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert!(
        text.lines().all(|line| ["ok ", "warn ", "wrong "]
            .iter()
            .any(|word| line.starts_with(word))),
        "{text}"
    );
}
