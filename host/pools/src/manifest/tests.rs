use super::super::set::assemble;
use super::*;
use serde::Deserialize;

/// Name, subnet and usable addresses of each pool, or the first message.
fn summary(text: &str) -> Result<Vec<String>, String> {
    let mut found = Found::default();
    for document in serde_yaml_ng::Deserializer::from_str(text) {
        let document = Yaml::deserialize(document).expect("the test's own YAML is right");
        read(&document, Path::new("pools.yaml"), "pools.yaml", &mut found);
    }
    let set = assemble(found);
    if let Some(left_out) = set.left_out.first() {
        return Err(left_out.error.to_string());
    }
    let line = |pool: &super::super::Pool| {
        let usable: Vec<_> = pool.usable().iter().map(ToString::to_string).collect();
        format!("{} {} {}", pool.name, pool.subnet, usable.join(","))
    };
    Ok(set.pools.iter().map(line).collect())
}

#[test]
fn pools_are_read_and_other_kinds_are_not() {
    let check = |text: &str, expected: &[&str]| {
        let expected = expected.iter().map(ToString::to_string).collect();
        assert_eq!(summary(text), Ok(expected), "{text}");
    };
    check("", &[]);
    check("# nothing yet\n---\n---\n", &[]);
    check("- a\n- b\n", &[]);
    check(
        "kind: ConfigMap\ndata: {1: a, ? [b] : c}\nspec: !custom {}\n",
        &[],
    );
    // A RoCE network as Spiderpool's users write it.
    check(
        "
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata:
  name: v4-81
spec:
  gateway: 172.81.0.1
  ips:
  - 172.81.0.100-172.81.0.120
  subnet: 172.81.0.0/16
---
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderMultusConfig
metadata:
  name: macvlan-ens6f0np0
  namespace: kube-system
spec:
  cniType: macvlan
  macvlan:
    master:
    - \"ens6f0np0\"
    ippools:
      ipv4: [\"v4-81\"]
",
        &["v4-81 172.81.0.0/16 172.81.0.100-172.81.0.120"],
    );
    // The same as `kubectl get -o yaml` of an older release prints it.
    check(
            "
apiVersion: v1
kind: List
items:
- apiVersion: spiderpool.spidernet.io/v1
  kind: SpiderIPPool
  metadata:
    annotations: {ipam.spidernet.io/ippool-cidr: 172-81-0-0-16}
    creationTimestamp: null
    name: v4-81
    resourceVersion: '7'
  spec: {default: false, disable: false, ipVersion: 4, ips: [172.81.0.100], subnet: 172.81.0.0/16, vlan: 0}
  status: {allocatedIPCount: 1, allocatedIPs: '{}'}
metadata: {resourceVersion: ''}
",
            &["v4-81 172.81.0.0/16 172.81.0.100"],
        );
    check(
        "{Kind: spiderippool, Metadata: {Name: a}, Spec: {Subnet: 10.0.0.0/30, IPs: [10.0.0.0/30], excludeips: [10.0.0.1]}}",
        &["a 10.0.0.0/30 10.0.0.2"],
    );
}

#[test]
fn reserved_addresses_are_taken_from_every_pool() {
    let pools = "
kind: SpiderIPPool
metadata: {name: a}
spec: {subnet: 10.0.0.0/29, ips: [10.0.0.0/29], excludeIPs: [10.0.0.2]}
---
kind: SpiderIPPool
metadata: {name: b}
spec: {subnet: 10.0.0.8/29, ips: [10.0.0.8/29]}
---
kind: SpiderIPPool
metadata: {name: c}
spec: {subnet: 'fd00::/126', ips: ['fd00::/126']}
---
kind: SpiderReservedIP
";
    let check = |specification: &str, expected: Result<&[&str], &str>| {
        let found = summary(&format!("{pools}spec: {specification}\n"));
        match expected {
            Ok(lines) => {
                let lines = lines.iter().map(ToString::to_string).collect();
                assert_eq!(found, Ok(lines), "{specification}");
            }
            Err(part) => {
                let message = found.expect_err(specification);
                assert!(message.contains(part), "{specification}: {message}");
            }
        }
    };
    check(
        "{ips: [10.0.0.3, 10.0.0.6-10.0.0.10, 192.168.0.0/16]}",
        Ok(&[
            "a 10.0.0.0/29 10.0.0.1,10.0.0.4-10.0.0.5",
            "b 10.0.0.8/29 10.0.0.11-10.0.0.14",
            "c fd00::/126 fd00::1-fd00::3",
        ]),
    );
    check(
        "{ipVersion: 6, ips: ['fd00::2']}",
        Ok(&[
            "a 10.0.0.0/29 10.0.0.1,10.0.0.3-10.0.0.6",
            "b 10.0.0.8/29 10.0.0.9-10.0.0.14",
            "c fd00::/126 fd00::1,fd00::3",
        ]),
    );
    check(
        "{ipVersion: 4, ips: ['fd00::2']}",
        Err("pools.yaml (SpiderReservedIP): `spec.ipVersion`: is 4, but fd00::2 is IPv6"),
    );
    check(
        "{ips: [rail0]}",
        Err("`spec.ips[0]`: \"rail0\" is not a range"),
    );
    check(
        "{ip: [10.0.0.3]}",
        Err("`spec.ip`: unknown field; known are ips, ipVersion"),
    );
}

#[test]
fn wrong_objects_are_refused_with_place_and_field() {
    let check = |text: &str, expected: &str| {
        let message = summary(text).expect_err(text);
        assert!(message.contains(expected), "{text}: {message}");
    };
    let pool = |specification: &str| {
        format!("kind: SpiderIPPool\nmetadata: {{name: rail0}}\nspec: {specification}\n")
    };
    let place = "pools.yaml (SpiderIPPool \"rail0\"): ";
    check(&pool("{}"), &format!("{place}`spec.subnet`: missing"));
    check(&pool(""), &format!("{place}`spec.subnet`: missing"));
    check(
        &pool("[]"),
        &format!("{place}`spec`: is [], expected a mapping"),
    );
    check(
        &pool("{subnet: 172.16.11.0/16, gateway: 172.16.11.254}"),
        &format!(
            "{place}`spec.subnet`: 172.16.11.0/16 has host bits set; did you mean 172.16.0.0/16 or 172.16.11.0/24?"
        ),
    );
    for empty in ["", ", ips: []", ", ips: null"] {
        check(
            &pool(&format!("{{subnet: 10.0.0.0/24{empty}}}")),
            &format!("{place}`spec.ips`: not written, so the pool gives out no address"),
        );
    }
    check(
        &pool("{subnet: 10.0.0.0/24, routes: [{dst: 0.0.0.0/0, gw: 10.0.0.1}]}"),
        &format!("{place}`spec.routes[0].dst`: 0.0.0.0/0 is the default route"),
    );
    check(
        &pool("{subnet: 10.0.0.0/24, nodeAffinity: {matchLabels: {rack: a}}}"),
        &format!("{place}`spec.nodeAffinity`: not supported"),
    );
    check(
        &pool("{subnet: 10.0.0.0/24, excludeIP: []}"),
        &format!(
            "{place}`spec.excludeip`: unknown field; did you mean \"excludeIPs\"? known are subnet,"
        ),
    );
    check(
        &pool("{subnet: 10.0.0.0/24, ips: [], IPs: [10.0.0.9]}"),
        &format!("{place}`spec.IPs`: written more than once"),
    );
    check(
        &pool("{subnet: 10.0.0.0/24, gateway: .nan}"),
        "\".nan\" is not an IP address",
    );
    check(
        &pool("{subnet: 10.0.0.0/24, default: yes}"),
        "is \"yes\", expected true or false",
    );
    check(
        &pool("{subnet: 10.0.0.0/24, 5: a}"),
        "`spec`: is 5, expected the name of a field",
    );
    check(
        "kind: SpiderIPPool\nspec: {subnet: 10.0.0.0/24}\n",
        "`metadata.name`: missing",
    );
    check(
        "kind: SpiderIPPool\nmetadata: {name: 81}\nspec: {subnet: 10.0.0.0/24}\n",
        "`metadata.name`: is 81, expected a text in quotes",
    );
    check(
        "apiVersion: spiderpool.io/v2beta1\nkind: SpiderIPPool\nmetadata: {name: a}\n",
        "`apiVersion`: is \"spiderpool.io/v2beta1\", expected spiderpool.spidernet.io/v2beta1",
    );
}
