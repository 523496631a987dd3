//! A pod with eight rails by Multus: plumb's networks with `rails` beside the CNI project's macvlan, host-local and sbr, by the
//! same Multus, in turns in one run. And the kernel's own time for removing eight such interfaces one by one.
//!
//! All pods have the same first interface, by the CNI project's bridge. What it and Multus itself take is measured by two
//! more: one has no rail, the other eight networks of a plugin that does nothing, which is this program.
//!
//!     plumb-bench-rails [ROUNDS]      20 by default

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use cni_harness::{Node, Pod, ip};
use plumb_runtimes::kubernetes::{Kubernetes, NETWORKS};
use plumb_runtimes::multus::tools::Tools;
use plumb_runtimes::multus::{Multus, uid};
use plumb_tests::peers;
use serde_json::{Value, json};

const RAILS: u32 = 8;

/// Rounds before those that count: they fill the page cache and the kernel's slabs.
const WARM_UPS: usize = 2;

/// What is still good: of the peer's time, and of the kernel's.
const ADD_LIMIT: f64 = 0.35;
const DELETE_LIMIT: f64 = 1.05;

/// Time without activity before each call: the kernel goes on for some milliseconds after a deletion.
const QUIET: Duration = Duration::from_millis(50);

/// Who attaches.
struct Candidate {
    label: &'static str,
    /// What the names of its networks begin with; none: no rail.
    networks: Option<&'static str>,
    multus: Multus,
    add: Vec<Duration>,
    delete: Vec<Duration>,
}

fn main() -> ExitCode {
    if let Some(verb) = std::env::var_os("CNI_COMMAND") {
        do_nothing(&verb);
        return ExitCode::SUCCESS;
    }
    let rounds = std::env::args().nth(1).map_or(Ok(20), |text| text.parse());
    let Ok(rounds) = rounds else {
        eprintln!("plumb-bench-rails: ROUNDS must be a number");
        return ExitCode::FAILURE;
    };
    let tools = Tools::find();
    let programs = peers::plugins();
    let node = plumb_tests::node();
    fabric();
    let kubernetes = Kubernetes::new();
    for rail in 1..=RAILS {
        let idle = json!({"cniVersion": "1.0.0", "name": format!("idle{rail}"), "type": IDLE});
        for (name, network) in [
            ("plumb", ours(rail)),
            ("peer", theirs(rail)),
            ("idle", idle),
        ] {
            kubernetes.network(&format!("{name}{rail}"), &network, &json!({}));
        }
    }
    let candidate = |label, networks, replaced: &[&str]| {
        let folder = node.scratch().join(label);
        let multus = Multus::new(&tools, &folder, &kubernetes, &first_interface());
        for plugin in replaced {
            multus.replace(plugin, &programs.join(plugin));
        }
        let own = std::env::current_exe().expect("where this program is");
        multus.replace(IDLE, &own);
        Candidate {
            label,
            networks,
            multus,
            add: Vec::new(),
            delete: Vec::new(),
        }
    };
    let bridge = ["bridge", "host-local"];
    let mut candidates = [
        candidate("plumb", Some("plumb"), &bridge),
        candidate(
            "macvlan + host-local + sbr",
            Some("peer"),
            &["bridge", "host-local", "macvlan", "sbr"],
        ),
        candidate("a plugin that does nothing", Some("idle"), &bridge),
        candidate("no rail", None, &bridge),
    ];
    let mut kernel = Vec::new();
    for round in 0..WARM_UPS + rounds {
        for turn in 0..candidates.len() {
            let number = (round + turn) % candidates.len();
            candidates[number].round(&node, &kubernetes, round >= WARM_UPS);
        }
        let time = by_the_kernel_alone(&node);
        if round >= WARM_UPS {
            kernel.push(time);
        }
    }
    report(&candidates, &mut kernel, rounds)
}

/// The type of the plugin that does nothing.
const IDLE: &str = "idle";

/// What a plugin must at least say.
fn do_nothing(verb: &std::ffi::OsStr) {
    let variable = |name| std::env::var(name).unwrap_or_default();
    if verb == "ADD" {
        let interface = json!({"name": variable("CNI_IFNAME"), "sandbox": variable("CNI_NETNS")});
        println!(
            "{}",
            json!({"cniVersion": "1.0.0", "interfaces": [interface]})
        );
    }
}

/// Eight parents, each with a switch at its other end.
fn fabric() {
    let mut commands = String::new();
    for rail in 1..=RAILS {
        commands += &format!(
            "link add card{rail} type veth peer name switch{rail}\nlink set card{rail} up\nlink set switch{rail} up\n"
        );
    }
    ip::batch(None, &commands);
}

fn first_interface() -> Value {
    let bridge = json!({
        "type": "bridge", "bridge": "cni0", "isDefaultGateway": true,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/16"}]]},
    });
    json!({"cniVersion": "1.0.0", "name": "cluster", "plugins": [bridge]})
}

fn ours(rail: u32) -> Value {
    let pool = json!({"name": format!("rail{rail}"), "subnet": format!("10.{}.0.0/16", 100 + rail),
                      "gateway": format!("10.{}.0.1", 100 + rail)});
    // No switch of this fabric has an address that could be asked.
    json!({"cniVersion": "1.0.0", "name": format!("plumb{rail}"), "type": "macvlan", "master": format!("card{rail}"),
           "mode": "bridge", "rails": {}, "gatewayCheck": "off", "ipam": {"type": "pool", "pools": [pool]}})
}

fn theirs(rail: u32) -> Value {
    let second = 120 + rail;
    let range =
        json!({"subnet": format!("10.{second}.0.0/16"), "gateway": format!("10.{second}.0.1")});
    let macvlan = json!({"type": "macvlan", "master": format!("card{rail}"), "mode": "bridge",
                         "ipam": {"type": "host-local", "ranges": [[range]],
                                  "routes": [{"dst": "0.0.0.0/0", "gw": format!("10.{second}.0.1")}]}});
    json!({"cniVersion": "1.0.0", "name": format!("peer{rail}"), "plugins": [macvlan, {"type": "sbr"}]})
}

impl Candidate {
    /// The life of one pod.
    fn round(&mut self, node: &Node, kubernetes: &Kubernetes, counts: bool) {
        let pod = node.pod();
        let names: Vec<_> = (1..=RAILS)
            .filter_map(|rail| Some(format!("{}{rail}", self.networks?)))
            .collect();
        let networks = names.join(",");
        kubernetes.pod(pod.name(), &uid(&pod), &json!({NETWORKS: networks}));
        std::thread::sleep(QUIET);
        let added = self.multus.call(node, "ADD", &pod).run();
        added.expect_result();
        let rails = match self.networks {
            Some("idle") | None => 0,
            Some(_) => names.len(),
        };
        self.require_rails(&pod, rails);
        std::thread::sleep(QUIET);
        let deleted = self.multus.call(node, "DEL", &pod).run();
        deleted.expect_silence();
        self.require_rails(&pod, 0);
        pod.remove();
        if counts {
            self.add.push(added.elapsed);
            self.delete.push(deleted.elapsed);
        }
    }

    /// Each rail has its interface, its rule, and its table with a default route; or nothing is left of them.
    fn require_rails(&self, pod: &Pod, count: usize) {
        let is_rail = |name: &Value| name.as_str().is_some_and(|name| name.starts_with("net"));
        let links = ip::json(Some(pod.name()), "link show");
        let links = links.iter().filter(|link| is_rail(&link["ifname"])).count();
        let routes = ip::json(Some(pod.name()), "-4 route show table all");
        let routes = routes.iter().filter(|route| {
            is_rail(&route["dev"]) && route["dst"] == "default" && !route["table"].is_null()
        });
        let found = (links, routes.count());
        assert_eq!(found, (count, count), "links and tables by {}", self.label);
    }
}

/// Removes eight macvlans of a pod, a call of ip(8) that does so one by one.
fn by_the_kernel_alone(node: &Node) -> Duration {
    let pod = node.pod();
    let name = pod.name();
    let mut commands = String::new();
    for rail in 1..=RAILS {
        commands += &format!(
            "link add link card{rail} name net{rail} netns {name} type macvlan mode bridge\n"
        );
    }
    ip::batch(None, &commands);
    let (mut up, mut removal) = (String::new(), String::new());
    for rail in 1..=RAILS {
        up += &format!(
            "address add 10.{}.200.1/16 dev net{rail}\nlink set net{rail} up\n",
            100 + rail
        );
        removal += &format!("link delete net{rail}\n");
    }
    ip::batch(Some(name), &up);
    let file = node.scratch().join("removal");
    std::fs::write(&file, removal).expect("write the commands");
    std::thread::sleep(QUIET);
    let begin = Instant::now();
    let status = Command::new("ip")
        .args(["-n", name, "-batch"])
        .arg(&file)
        .status();
    let took = begin.elapsed();
    assert!(
        status.expect("run ip").success(),
        "ip cannot remove the interfaces"
    );
    pod.remove();
    took
}

fn median(times: &[Duration]) -> f64 {
    let mut times: Vec<_> = times.iter().map(Duration::as_secs_f64).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN) * 1e3
}

fn report(candidates: &[Candidate; 4], kernel: &mut [Duration], rounds: usize) -> ExitCode {
    println!("a pod with {RAILS} rails by Multus, medians of {rounds} rounds in turns");
    println!("{:<30}{:>10}{:>10}", "", "ADD, ms", "DEL, ms");
    for one in candidates {
        println!(
            "{:<30}{:>10.1}{:>10.1}",
            one.label,
            median(&one.add),
            median(&one.delete)
        );
    }
    let kernel = median(kernel);
    println!("{:<30}{:>10}{kernel:>10.1}", "the kernel alone, ip(8)", "");
    let [plumb, peer, idle, none] = candidates;
    let own = |of: &Candidate, times: fn(&Candidate) -> &[Duration]| {
        median(times(of)) - median(times(none))
    };
    let figures = [
        (
            "ADD, of the peer's",
            median(&plumb.add) / median(&peer.add),
            ADD_LIMIT,
        ),
        (
            "ADD without Multus and the first interface",
            own(plumb, |one| &one.add) / own(peer, |one| &one.add),
            ADD_LIMIT,
        ),
        (
            "DEL, of the peer's",
            median(&plumb.delete) / median(&peer.delete),
            1.0,
        ),
        (
            "DEL without Multus and the first interface, of the kernel's",
            own(plumb, |one| &one.delete) / kernel,
            DELETE_LIMIT,
        ),
    ];
    for (name, value, limit) in figures {
        let over = if value > limit { "  OVER" } else { "" };
        println!("{name}: {value:.3}, at most {limit}{over}");
    }
    // What of the limit is Multus' and the first interface's, whatever attaches the rails.
    let (whole, nothing) = (median(&peer.add), median(&idle.add));
    println!(
        "ADD of a plugin that does nothing, of the peer's: {:.3}; {:.1} ms are left to eight rails within {ADD_LIMIT}",
        nothing / whole,
        ADD_LIMIT * whole - nothing
    );
    println!(
        "beyond a plugin that does nothing: ADD, of the peer's: {:.3}; DEL, of the kernel's: {:.3}",
        (median(&plumb.add) - nothing) / (whole - nothing),
        (median(&plumb.delete) - median(&idle.delete)) / kernel
    );
    ExitCode::SUCCESS
}
