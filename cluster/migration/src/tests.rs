//! Objects as the other products write them, and what becomes of them.

mod back;
mod contradictions;
mod node;
mod plan;

use plumb_leases::Pod;
use serde::Deserialize;
use serde_json::Value;

use crate::Objects;

/// Two nodes, three pods and what Spiderpool 1.0 keeps of them: a pool in the group and with the texts that its agent
/// writes, and an endpoint for each pod. `kubectl get nodes,pods,sp,se -A -o yaml` prints such a list.
pub const SPIDERPOOL: &str = r#"
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: node-a}}
- {apiVersion: v1, kind: Node, metadata: {name: node-b}}
- apiVersion: v1
  kind: Pod
  metadata:
    name: web-0
    namespace: team-a
    uid: 11111111-0000-4000-8000-000000000001
    ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: s, controller: true}]
    annotations:
      k8s.v1.cni.cncf.io/network-status: |-
        [{"name":"k8s-pod-network","ips":["10.233.64.5"],"default":true,"dns":{}},
         {"name":"spiderpool/gpu1-macvlan","interface":"net1","ips":["172.16.11.10"],"mac":"00:00:5e:00:53:01","dns":{}}]
  spec: {nodeName: node-a}
  status: {phase: Running, podIP: 10.233.64.5, podIPs: [{ip: 10.233.64.5}]}
- apiVersion: v1
  kind: Pod
  metadata:
    name: train-x7k2p
    namespace: team-a
    uid: 11111111-0000-4000-8000-000000000002
    ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: train, uid: r, controller: true}]
  spec: {nodeName: node-b}
  status: {phase: Running}
- apiVersion: spiderpool.spidernet.io/v2beta1
  kind: SpiderIPPool
  metadata: {name: gpu1-net11, finalizers: [spiderpool.spidernet.io]}
  spec:
    ipVersion: 4
    subnet: 172.16.11.0/24
    gateway: 172.16.11.254
    ips: [172.16.11.1-172.16.11.200]
    default: false
    disable: false
  status:
    allocatedIPCount: 2
    allocatedIPs: '{"172.16.11.10":{"pod":"team-a/web-0","podUid":"11111111-0000-4000-8000-000000000001"},"172.16.11.11":{"pod":"team-a/train-x7k2p","podUid":"11111111-0000-4000-8000-000000000002"}}'
    totalIPCount: 200
- apiVersion: spiderpool.spidernet.io/v2beta1
  kind: SpiderEndpoint
  metadata: {name: web-0, namespace: team-a}
  status:
    current:
      ips:
      - {cleanGateway: false, interface: net1, ipv4: 172.16.11.10/24, ipv4Gateway: 172.16.11.254, ipv4Pool: gpu1-net11, routes: [], vlan: 0}
      node: node-a
      uid: 11111111-0000-4000-8000-000000000001
    ownerControllerName: web
    ownerControllerType: StatefulSet
- apiVersion: spiderpool.spidernet.io/v2beta1
  kind: SpiderEndpoint
  metadata: {name: train-x7k2p, namespace: team-a}
  status:
    current:
      ips:
      - {interface: net2, ipv4: 172.16.11.11/24, ipv4Pool: gpu1-net11, vlan: 0}
      node: node-b
      uid: 11111111-0000-4000-8000-000000000002
    ownerControllerName: train
    ownerControllerType: Deployment
"#;

/// The same pods with whereabouts 0.9 beside a pool that is to take over: the range's network is number 0.
pub const WHEREABOUTS: &str = r#"
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: node-a}}
- apiVersion: v1
  kind: Pod
  metadata: {name: web-0, namespace: team-a, uid: u1}
  spec: {nodeName: node-a}
  status: {phase: Running}
- apiVersion: spiderpool.spidernet.io/v2beta1
  kind: SpiderIPPool
  metadata: {name: rail1}
  spec: {subnet: 192.168.2.224/27, ips: [192.168.2.225-192.168.2.230], disable: true}
- apiVersion: spiderpool.spidernet.io/v2beta1
  kind: SpiderIPPool
  metadata: {name: rail1-v6}
  spec: {subnet: "fd00:2::/64", ips: ["fd00:2::1-fd00:2::ff"], disable: true}
- apiVersion: whereabouts.cni.cncf.io/v1alpha1
  kind: IPPool
  metadata: {name: 192.168.2.224-27, namespace: kube-system}
  spec:
    range: 192.168.2.224/27
    allocations:
      "1": {id: c0ffee, podref: team-a/web-0, ifname: net1}
- apiVersion: whereabouts.cni.cncf.io/v1alpha1
  kind: OverlappingRangeIPReservation
  metadata: {name: 192.168.2.225, namespace: kube-system}
  spec: {containerid: c0ffee, podref: team-a/web-0, ifname: net1}
- apiVersion: whereabouts.cni.cncf.io/v1alpha1
  kind: IPPool
  metadata: {name: fd00-2---64, namespace: kube-system}
  spec:
    range: "fd00:2::/64"
    allocations:
      "5": {id: c0ffee, podref: team-a/web-0, ifname: net1}
- apiVersion: whereabouts.cni.cncf.io/v1alpha1
  kind: OverlappingRangeIPReservation
  metadata: {name: rail1-fd00-2--5, namespace: kube-system}
  spec: {containerid: c0ffee, podref: team-a/web-0, ifname: net1}
"#;

pub fn yaml(text: &str) -> Value {
    Value::deserialize(serde_yaml_ng::Deserializer::from_str(text)).expect("the fixture is YAML")
}

pub fn objects(text: &str) -> Objects {
    let mut objects = Objects::default();
    objects.add(yaml(text));
    objects
}

pub fn pod(name: &str) -> Pod {
    Pod {
        namespace: "team-a".to_owned(),
        name: name.to_owned(),
    }
}
