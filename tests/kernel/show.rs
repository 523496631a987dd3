//! `plumbctl show`: what the record says of a pod beside what its kernel has.

use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, Instant};

use cni_harness::{Call, Node, Oracle, Pod, ip};
use plumb_tests::configuration::{pool, with};
use plumb_tests::{binaries, state};
use serde_json::{Value, json};

use crate::fabric::{network, node_with};

/// The kernel asks three times, a second apart, before it gives a neighbour up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs plumbctl; what it printed, or what it said when it failed.
pub fn plumbctl(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(binaries::plumbctl())
        .args(arguments)
        .output()
        .expect("plumbctl runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

#[track_caller]
pub fn shown(pod: &str) -> String {
    plumbctl(&["show", pod]).unwrap_or_else(|error| panic!("plumbctl show {pod}: {error}"))
}

#[track_caller]
fn shown_json(pod: &str) -> Value {
    let text = plumbctl(&["show", pod, "--json"])
        .unwrap_or_else(|error| panic!("plumbctl show {pod} --json: {error}"));
    serde_json::from_str(&text).expect("JSON")
}

/// Attaches a pod as a kubelet's runtime does, with its name.
#[track_caller]
pub fn add_named(node: &Node, pod: &Pod, network: &Value, interface: &str, name: &str) -> Value {
    let (namespace, name) = name.split_once('/').expect("NAMESPACE/NAME");
    Call::add(node, pod, network)
        .interface(interface)
        .arguments(&format!(
            "IgnoreUnknown=1;K8S_POD_NAMESPACE={namespace};K8S_POD_NAME={name};K8S_POD_UID={name}-uid"
        ))
        .run()
        .expect_result()
}

/// The lines below the line of an interface, without what draws the tree.
#[track_caller]
fn lines_of(text: &str, interface: &str) -> Vec<String> {
    let begins = |line: &str| line.starts_with("├─ ") || line.starts_with("└─ ");
    let mut lines = text.lines().skip_while(|line| {
        !(begins(line) && line["├─ ".len()..].starts_with(&format!("{interface}  ")))
    });
    let head = lines
        .next()
        .unwrap_or_else(|| panic!("no {interface} in {text}"));
    let below = lines.take_while(|line| !begins(line));
    std::iter::once(head)
        .chain(below)
        .map(|line| {
            line.trim_start_matches(|letter: char| "├└│─ ".contains(letter))
                .to_owned()
        })
        .collect()
}

#[track_caller]
fn has_line(lines: &[String], wanted: &str) {
    assert!(
        lines.iter().any(|line| line.starts_with(wanted)),
        "{wanted:?} in {lines:#?}"
    );
}

fn interface<'a>(shown: &'a Value, name: &str) -> &'a Value {
    let interfaces = shown["interfaces"].as_array().expect("a list");
    let found = interfaces.iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {shown:#}"))
}

/// The texts and shapes of a well-formed document: checks that elements are closed in order and that nothing stands bare.
#[track_caller]
fn texts_of_xml(document: &str) -> Vec<String> {
    let (mut open, mut texts): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut rest = document;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        assert!(!text.contains('>'), "a bare > in {text:?}");
        for (place, _) in text.match_indices('&') {
            let is_known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"]
                .iter()
                .any(|entity| text[place..].starts_with(entity));
            assert!(is_known, "a bare & in {text:?}");
        }
        if !text.trim().is_empty() {
            texts.push(text.to_owned());
        }
        let (tag, after) = tag[1..].split_once('>').expect("a tag has an end");
        assert!(
            !tag.contains('<') && tag.matches('"').count() % 2 == 0,
            "{tag:?}"
        );
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name), "closed in order"),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().expect("a name").to_owned()),
        }
        rest = after;
    }
    assert_eq!(open, [""; 0], "not closed");
    assert_eq!(rest.trim(), "");
    assert!(document.starts_with("<svg xmlns="));
    texts
}

#[test]
fn two_rails_are_shown_from_the_pod_to_their_leaves() {
    let (node, _routers, pod) = node_with(2);
    for rail in [1, 2] {
        add_named(
            &node,
            &pod,
            &network(rail, json!({})),
            &format!("net{rail}"),
            "team-a/trainer-0",
        );
    }
    let oracle = Oracle::new(&node);
    let (text, value) = (shown("team-a/trainer-0"), shown_json("team-a/trainer-0"));
    let picture = plumbctl(&["show", "team-a/trainer-0", "--svg"]).expect("a picture");
    oracle.assert_unchanged();
    assert!(
        text.starts_with(&format!(
            "pod team-a/trainer-0  container {}  netns {}\n",
            pod.container(),
            pod.path()
        )),
        "{text}"
    );
    assert!(!text.contains('!'), "nothing is amiss: {text}");
    let texts = texts_of_xml(&picture);
    for rail in [1, 2] {
        let name = format!("net{rail}");
        let lines = lines_of(&text, &name);
        let link = pod.link(&name).expect("the interface");
        let mac = link["address"].as_str().expect("text");
        has_line(
            &lines,
            &format!("{name}  macvlan, mode bridge  up, carrier  mtu 1500  {mac}"),
        );
        has_line(&lines, &format!("network rail{rail}: attached, since 20"));
        has_line(
            &lines,
            &format!("address 172.16.1{rail}.10/24  pool rail{rail}-v4"),
        );
        has_line(
            &lines,
            &format!("address fd00:1{rail}::10/64  pool rail{rail}-v6"),
        );
        has_line(&lines, &format!("table {}", 99 + rail));
        has_line(
            &lines,
            &format!("rule 32765: from 172.16.1{rail}.10/32 lookup {}", 99 + rail),
        );
        has_line(&lines, &format!("gateway 172.16.1{rail}.254"));
        has_line(&lines, &format!("parent rail{rail}  up, carrier  mtu 1500"));
        has_line(
            &lines,
            &format!("sysctl net.ipv4.conf.{name}.arp_ignore = 1"),
        );

        let one = interface(&value, &name);
        assert_eq!(one["link"]["mac"], mac);
        assert_eq!(one["link"]["carrier"], true);
        assert_eq!(one["table"], 99 + rail);
        assert_eq!(one["attachments"][0]["network"], format!("rail{rail}"));
        assert_eq!(one["addresses"][0]["pool"], format!("rail{rail}-v4"));
        assert_eq!(one["addresses"][0]["inPod"], true);
        assert_eq!(one["parent"]["name"], format!("rail{rail}"));
        assert_eq!(one["parent"]["link"]["carrier"], true);
        assert_eq!(one["differences"], json!([]));
        // ADD has asked, with the check that rails have by themselves.
        let state = one["gateways"][0]["state"].as_str().expect("text");
        assert!(
            ["reachable", "stale", "delay", "probe"].contains(&state),
            "{one:#}"
        );

        assert!(texts.iter().any(|text| text.contains(&name)), "{picture}");
        assert!(
            texts
                .iter()
                .any(|text| text.starts_with(&format!("172.16.1{rail}.254"))),
            "{picture}"
        );
    }
    // Another plugin's, with what plumb did for it.
    let eth0 = lines_of(&text, "eth0");
    has_line(&eth0, "eth0  veth  up, carrier");
    has_line(&eth0, "another plugin's");
    has_line(&eth0, "rule 32764: from 10.244.0.5/32 lookup 99");
    has_line(&eth0, "gateway 169.254.1.1");
    has_line(&eth0, "parent cali");
    assert_eq!(value["containerID"], pod.container());
    assert_eq!(value["netnsState"], "present");
}

#[test]
fn what_the_pod_has_lost_is_shown_beside_what_the_record_says() {
    let (node, _routers, pod) = node_with(1);
    add_named(&node, &pod, &network(1, json!({})), "net1", "a/one");
    pod.ip("rule delete from 172.16.11.10 table 100");
    pod.ip("address delete fd00:11::10/64 dev net1");
    pod.ip("link set net1 mtu 1400");
    let text = shown("a/one");
    let lines = lines_of(&text, "net1");
    for wanted in [
        "! record says rule 32765: from 172.16.11.10/32 lookup 100, the pod has no such rule",
        "! record says address fd00:11::10/64, the pod has no such address",
        "rule 32765: from 172.16.11.10/32 lookup 100  NOT IN THE POD",
    ] {
        has_line(&lines, wanted);
    }
    // The network says nothing of the mtu, so nor does the record.
    assert!(!text.contains("record says mtu"), "{text}");

    pod.ip("link set net1 down");
    let lines = lines_of(&shown("a/one"), "net1");
    has_line(&lines, "net1  macvlan, mode bridge  DOWN");
    has_line(&lines, "! record says net1 up, the pod has it down");
    has_line(
        &lines,
        "! record says route default (ipv4) via 172.16.11.254 table 100, the pod has no such route",
    );

    pod.ip("link set net1 name other");
    let lines = lines_of(&shown("a/one"), "net1");
    has_line(&lines, "! record says interface net1, the pod has other");

    pod.ip("link delete other");
    let value = shown_json("a/one");
    let one = interface(&value, "net1");
    assert_eq!(one["link"], Value::Null);
    let differences = one["differences"].to_string();
    assert!(
        differences.contains("no such interface, but eth0"),
        "{differences}"
    );
}

#[test]
fn a_rule_that_somebody_added_for_a_rail_is_told() {
    let (node, _routers, pod) = node_with(1);
    add_named(&node, &pod, &network(1, json!({})), "net1", "a/one");
    pod.ip("rule add from 172.16.11.10 lookup 55 priority 100");
    let lines = lines_of(&shown("a/one"), "net1");
    has_line(
        &lines,
        "! record says nothing of it, the pod has rule 100: from 172.16.11.10/32 lookup 55",
    );
    // One that looks like plumb's and selects all but the address.
    pod.ip("rule delete from 172.16.11.10 table 100");
    pod.ip("rule add not from 172.16.11.10 lookup 100 priority 32765");
    let lines = lines_of(&shown("a/one"), "net1");
    has_line(
        &lines,
        "! record says rule 32765: from 172.16.11.10/32 lookup 100, the pod has no such rule",
    );
    has_line(
        &lines,
        "rule 32765: from 172.16.11.10/32 lookup 100, and selects by more than addresses  not in the record",
    );
}

#[test]
fn what_is_known_of_a_gateway_is_shown_and_nobody_is_asked() {
    let (node, routers, pod) = node_with(1);
    routers[0].ip("address delete 172.16.11.254/24 dev up1");
    let quiet = with(network(1, json!({})), json!({"gatewayCheck": "off"}));
    add_named(&node, &pod, &quiet, "net1", "a/one");
    let state = || {
        let value = shown_json("a/one");
        let gateways = interface(&value, "net1")["gateways"].clone();
        let mut gateways = gateways.as_array().expect("a list").iter();
        let found = gateways.find(|one| one["address"] == "172.16.11.254");
        found.expect("the gateway")["state"].clone()
    };
    assert_eq!(state(), "not asked lately");
    assert_eq!(state(), "not asked lately", "looking asks nobody");

    let send = || {
        let socket = UdpSocket::bind("172.16.11.10:0").expect("the rail's address");
        // The kernel may say at once that nobody is there.
        let _ = socket.send_to(b"question", "172.16.21.7:9");
    };
    pod.inside(send);
    let started = Instant::now();
    while state() != "failed" {
        assert!(started.elapsed() < PATIENCE, "{}", state());
        std::thread::sleep(Duration::from_millis(20));
    }
    has_line(
        &lines_of(&shown("a/one"), "net1"),
        "gateway 172.16.11.254  failed",
    );
    pod.ip("neighbour replace 172.16.11.254 lladdr 02:00:00:00:00:99 dev net1 nud permanent");
    has_line(
        &lines_of(&shown("a/one"), "net1"),
        "gateway 172.16.11.254  permanent at 02:00:00:00:00:99",
    );
}

#[test]
fn of_a_pod_that_is_gone_the_record_is_shown() {
    let (node, _routers, pod) = node_with(1);
    add_named(&node, &pod, &network(1, json!({})), "net1", "a/one");
    pod.remove();
    let text = shown("a/one");
    assert!(text.contains("its network namespace is gone"), "{text}");
    let lines = lines_of(&text, "net1");
    has_line(&lines, "net1  macvlan, mode bridge  not in the pod");
    has_line(&lines, "network rail1: pod gone");
    has_line(&lines, "address 172.16.11.10/24  pool rail1-v4");
    has_line(&lines, "rule 32765: from 172.16.11.10/32 lookup 100");
    has_line(&lines, "parent rail1  up, carrier");
    assert!(
        !text.contains("the pod has"),
        "nobody knows what it had: {text}"
    );
    let value = shown_json("a/one");
    assert_eq!(value["netnsState"], "gone");
    assert_eq!(interface(&value, "net1")["rules"][0]["inPod"], Value::Null);
    texts_of_xml(&plumbctl(&["show", "a/one", "--svg"]).expect("a picture"));
    let error = plumbctl(&["path", "a/one", "172.16.21.7"]).expect_err("nobody to ask");
    assert!(
        error.contains("is gone") && error.contains("plumbctl show"),
        "{error}"
    );
}

#[test]
fn a_pod_is_known_by_name_container_or_its_beginning_and_by_no_half_of_one() {
    let node = plumb_tests::node();
    let pods = [
        node.pod().with_container("c0ffee0001"),
        node.pod().with_container("c0ffee0002"),
        node.pod().with_container("decaf"),
    ];
    for (pod, name) in pods.iter().zip(["a/twin", "b/twin", "a/other"]) {
        add_named(&node, pod, &pool(), "net1", name);
    }
    for (wanted, container) in [
        ("a/twin", "c0ffee0001"),
        ("b/twin", "c0ffee0002"),
        ("other", "decaf"),
        ("c0ffee0002", "c0ffee0002"),
        ("dec", "decaf"),
    ] {
        assert_eq!(shown_json(wanted)["containerID"], container, "{wanted}");
    }
    for (wanted, words) in [
        (
            "twin",
            &[
                "a/twin (container c0ffee0001)",
                "b/twin (container c0ffee0002)",
            ][..],
        ),
        ("c0ffee", &["a/twin", "b/twin", "2 pods"]),
        ("c/twin", &["a/twin", "b/twin", "a/other"]),
        ("the", &["no attached pod", "a/other"]),
        ("", &["no attached pod"]),
    ] {
        let error = plumbctl(&["show", wanted]).expect_err(wanted);
        for word in words {
            assert!(error.contains(word), "{wanted:?}: {word:?} in {error}");
        }
    }
}

#[test]
fn of_two_sandboxes_of_a_pod_the_living_one_is_meant() {
    let node = plumb_tests::node();
    let old = node.pod().with_container("sandbox-old");
    let new = node.pod().with_container("sandbox-new");
    let other = with(pool(), json!({"name": "other"}));
    add_named(&node, &old, &pool(), "net1", "a/one");
    add_named(&node, &new, &other, "net1", "a/one");
    let error = plumbctl(&["show", "a/one"]).expect_err("both are alive");
    assert!(error.contains("sandbox-old"), "{error}");
    old.remove();
    assert_eq!(shown_json("a/one")["containerID"], "sandbox-new");
    assert_eq!(shown_json("sandbox-old")["netnsState"], "gone");
}

/// Root in the pod chooses the names of its interfaces, and the tenant that of the pod.
#[test]
fn hostile_names_stay_text() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let name = "a/<script>&\"'\u{1b}[2J";
    add_named(&node, &pod, &pool(), "net1", name);
    let inside = "<b\"&'\u{1b}[2J";
    let made = pod.inside(|| {
        Command::new("ip")
            .args(["link", "add", inside, "type", "veth"])
            .status()
    });
    assert!(made.expect("ip runs").success());
    for arguments in [
        &["show", pod.container()][..],
        &["show", pod.container(), "--svg"],
    ] {
        let text = plumbctl(arguments).expect("shown");
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains(r"\u{1b}[2J"), "{text}");
    }
    let picture = plumbctl(&["show", pod.container(), "--svg"]).expect("a picture");
    assert!(!picture.contains("<script>"), "{picture}");
    let texts = texts_of_xml(&picture);
    assert!(
        texts
            .iter()
            .any(|text| text.contains("&lt;b&quot;&amp;&apos;")),
        "{picture}"
    );
    assert_eq!(
        interface(&shown_json(pod.container()), inside)["name"],
        inside
    );
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_shown() {
    let node = plumb_tests::node();
    let pod = node.pod();
    add_named(&node, &pod, &pool(), "net1", "a/one");
    // A name that is no UTF-8, which netlink's decoder refuses.
    let made = pod.inside(|| {
        use std::os::unix::ffi::OsStrExt;
        Command::new("ip")
            .args(["link", "add"])
            .arg(std::ffi::OsStr::from_bytes(b"\xff\xfe"))
            .args(["type", "veth"])
            .status()
    });
    assert!(made.expect("ip runs").success());
    let text = shown("a/one");
    assert!(
        text.contains("! not all interfaces of the pod can be shown"),
        "{text}"
    );
    has_line(&lines_of(&text, "net1"), "net1  macvlan, mode bridge  up");
}

#[test]
fn no_number_of_interfaces_and_addresses_hides_what_plumb_made() {
    let node = plumb_tests::node();
    let pod = node.pod();
    add_named(&node, &pod, &pool(), "net1", "a/one");
    let pairs = (0..50).map(|pair| {
        format!(
            "link add index {} name a{pair} type veth peer name b{pair}\n",
            1000 + pair
        )
    });
    let addresses = (0..200).map(|last| format!("address add 198.51.100.{last}/32 dev net1\n"));
    ip::batch(
        Some(pod.name()),
        &pairs.chain(addresses).collect::<String>(),
    );
    let text = shown("a/one");
    assert!(
        text.contains("more interfaces, of which no record speaks"),
        "{text}"
    );
    let lines = lines_of(&text, "net1");
    has_line(&lines, "address 10.1.0.10/24  pool p");
    has_line(&lines, "address 198.51.100.0/32  not in the record");
    assert!(lines.len() < 100, "{lines:#?}");
    assert!(text.lines().count() < 1000);
}

/// The store is left as it is found, damaged or missing.
#[test]
fn a_damaged_lease_store_is_told_and_stays() {
    let node = plumb_tests::node();
    let pod = node.pod();
    add_named(&node, &pod, &pool(), "net1", "a/one");
    let store = format!("{}/leases.db", state::STATE_FOLDER);
    std::fs::write(&store, vec![b'x'; 8192]).expect("damage it");
    let text = shown("a/one");
    assert!(text.contains("! the leases cannot be read"), "{text}");
    // Of the record, then.
    has_line(&lines_of(&text, "net1"), "address 10.1.0.10/24  pool p");
    let after = std::fs::read(&store).expect("it is still there");
    assert_eq!(after, vec![b'x'; 8192]);
    std::fs::remove_file(&store).expect("remove it");
    shown("a/one");
    assert!(!std::path::Path::new(&store).exists());
}
