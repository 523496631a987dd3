//! DEL under circumstances that are not the ones of ADD: it never fails, and leaves nothing.

use std::fs;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use cni_harness::{Pod, wait};
use plumb_testbed::configuration::{ib_sriov, ib_sriov_with_everything, sriov, without_ipam};
use plumb_testbed::program::{inside, run};
use plumb_testbed::{Bed, Function, Setup, bed, pod, rdma};
use plumb_tests::configuration::with;
use plumb_tests::state::{STATE_FOLDER, leases};
use serde_json::{Value, json};

/// The flavours whose functions lie in the pod, each with all that can be set.
const BEDS: [Setup; 2] = [Setup::INFINIBAND, Setup::ETHERNET];

/// Far below the time that a function may take to come home, on an emulated processor.
const QUICK: Duration = Duration::from_secs(8);

fn configuration(bed: &Bed, function: &Function) -> Value {
    match bed.setup() == Setup::INFINIBAND {
        true => ib_sriov_with_everything(function),
        false => with(
            sriov(function),
            json!({
                "mac": "02:00:00:00:0a:01", "vlan": 100, "trust": "on", "spoofchk": "off",
                "max_tx_rate": 100, "link_state": "enable", "mtu": 1400, "rdmaIsolation": true,
            }),
        ),
    }
}

/// Attaches a pod on each bed, lets `happen` do its worst, and wants everything back.
fn deleted_although(happen: impl Fn(&Bed, &Pod, &Value)) {
    for setup in BEDS {
        let bed = bed(setup);
        let pod = bed.pod();
        let configuration = configuration(&bed, bed.function(0));
        let before = bed.picture_without_pods();
        bed.add(&pod, &configuration);
        happen(&bed, &pod, &configuration);
        bed.delete(&pod, &configuration);
        before.assert_unchanged();
        bed.delete(&pod, &configuration);
        before.assert_unchanged();
    }
}

#[test]
fn the_namespace_is_gone() {
    deleted_although(|_, pod, _| pod.remove());
}

#[test]
fn the_namespace_is_not_mounted_any_more() {
    deleted_although(|_, pod, _| pod.unmount());
}

/// Root in the pod makes a namespace beside it and moves the function there.
#[test]
fn the_pod_moved_the_function_into_another_namespace() {
    for is_gone in [false, true] {
        deleted_although(|bed, pod, configuration| {
            let beside = bed.pod();
            // An InfiniBand netdev goes with its RDMA device.
            match bed.setup() == Setup::INFINIBAND {
                true => {
                    let device = rdma::names(Some(pod.name())).remove(0);
                    let line = format!("rdma dev set {device} netns {}", beside.name());
                    run(&inside(pod.name(), &line));
                }
                false => pod.ip(&format!("link set eth0 netns {}", beside.name())),
            }
            if is_gone {
                pod.remove();
            }
            let begin = Instant::now();
            bed.delete(pod, configuration);
            let how = format!("{:?}, pod gone: {is_gone}", bed.setup());
            assert!(begin.elapsed() < QUICK, "{how}: took {:?}", begin.elapsed());
            assert!(bed.function(0).netdev().is_some(), "{how}: not home");
        });
    }
}

/// A socket is enough to keep a namespace, and no path leads to it.
#[test]
fn the_namespace_is_kept_where_nobody_can_reach_it() {
    for setup in BEDS {
        let bed = bed(setup);
        let pod = bed.pod();
        let configuration = configuration(&bed, bed.function(0));
        let before = bed.picture_without_pods();
        bed.add(&pod, &configuration);
        let socket = pod.inside(|| UdpSocket::bind("0.0.0.0:0").expect("open a socket"));
        pod.remove();
        let begin = Instant::now();
        bed.delete(&pod, &configuration);
        assert!(begin.elapsed() < QUICK, "took {:?}", begin.elapsed());
        assert!(files().iter().any(|file| file.contains("/functions/")));
        // The address is on the wire as long as the function is there.
        assert_eq!(leases(STATE_FOLDER).len(), 1);
        drop(socket);
        wait::until("it is home", || bed.function(0).netdev().is_some());
        bed.gc(&configuration, &[]);
        before.assert_unchanged();
    }
}

/// containerd calls DEL without a namespace when it does not know it any more.
#[test]
fn the_namespace_is_not_told() {
    for gone in [true, false] {
        deleted_although(|bed, pod, configuration| {
            if gone {
                pod.remove();
            }
            let delete = bed.call("DEL", pod, configuration);
            delete.variable("CNI_NETNS", "").run().expect_silence();
        });
    }
}

/// A runtime may give the path of a dead pod to the next one.
#[test]
fn the_path_of_the_namespace_belongs_to_another_pod() {
    for setup in BEDS {
        let bed = bed(setup);
        let pod = bed.pod();
        let configuration = configuration(&bed, bed.function(0));
        let before = bed.picture_without_pods();
        bed.add(&pod, &configuration);
        pod.remove();
        pod.mount_again();
        for line in [
            "link add eth0 type veth peer name eth0p",
            "address add 10.7.0.10/24 dev eth0",
            "link set eth0 up",
        ] {
            pod.ip(line);
        }
        let neighbours = pod::eth0(&pod);
        bed.delete(&pod, &configuration);
        assert_eq!(
            pod::eth0(&pod)["ifindex"],
            neighbours["ifindex"],
            "another pod lost its link"
        );
        assert!(pod::is_up(&pod::eth0(&pod)));
        assert_eq!(pod.addresses("eth0"), ["10.7.0.10/24"]);
        before.assert_unchanged();
    }
}

/// The DEL of a dead pod may come when a new one has its function.
#[test]
fn the_function_belongs_to_a_newer_pod() {
    for setup in BEDS {
        let bed = bed(setup);
        let (old, new) = (bed.pod(), bed.pod());
        let configuration = configuration(&bed, bed.function(0));
        let before = bed.picture_without_pods();
        bed.add(&old, &configuration);
        old.remove();
        let added = bed.add(&new, &configuration);
        let attached = bed.picture();
        bed.delete(&old, &configuration);
        attached.assert_unchanged();
        bed.check(&new, &configuration, &added).expect_silence();
        bed.delete(&new, &configuration);
        before.assert_unchanged();
    }
}

/// With the record of the dead pod lost as well.
#[test]
fn the_function_of_a_forgotten_pod_belongs_to_a_newer_one() {
    for setup in BEDS {
        let bed = bed(setup);
        let (old, new) = (bed.pod(), bed.pod());
        let configuration = configuration(&bed, bed.function(0));
        let before = bed.picture_without_pods();
        bed.add(&old, &configuration);
        old.remove();
        forget();
        let added = bed.add(&new, &configuration);
        bed.delete(&old, &configuration);
        bed.check(&new, &configuration, &added).expect_silence();
        bed.delete(&new, &configuration);
        before.assert_unchanged();
    }
}

#[test]
fn the_physical_function_has_another_name() {
    for setup in BEDS {
        let bed = bed(setup);
        let pod = bed.pod();
        let configuration = configuration(&bed, bed.function(0));
        let name = bed.physical().netdev().expect("it has a netdev");
        let before = bed.picture_without_pods();
        bed.add(&pod, &configuration);
        // The kernel renames a link that is up from 6.2 on.
        run(&format!("ip link set {name} down"));
        run(&format!("ip link set {name} name uplink"));
        run("ip link set uplink up");
        bed.delete(&pod, &configuration);
        run("ip link set uplink down");
        run(&format!("ip link set uplink name {name}"));
        run(&format!("ip link set {name} up"));
        before.assert_unchanged();
    }
}

/// The operator takes the functions away below the pod, as a drain or a firmware update does.
#[test]
fn the_virtual_functions_are_gone() {
    for setup in BEDS {
        let bed = bed(setup);
        let pod = bed.pod();
        let configuration = configuration(&bed, bed.function(0));
        bed.add(&pod, &configuration);
        bed.physical().write("sriov_numvfs", "0");
        bed.delete(&pod, &configuration);
        bed.delete(&pod, &configuration);
        assert_eq!(files(), [""; 0], "the state folder is not empty");
        bed.rebuild();
    }
}

/// And they are back before DEL comes: the new ones are not the pod's.
#[test]
fn the_virtual_functions_were_made_anew() {
    let bed = bed(Setup::ETHERNET);
    let pod = bed.pod();
    let configuration = configuration(&bed, bed.function(0));
    bed.add(&pod, &configuration);
    bed.physical().write("sriov_numvfs", "0");
    bed.physical().write("sriov_numvfs", "3");
    wait::until("the netdev is there", || bed.function(0).netdev().is_some());
    bed.delete(&pod, &configuration);
    assert_eq!(files(), [""; 0], "the state folder is not empty");
    assert!(bed.function(0).netdev().is_some());
    bed.rebuild();
}

/// The host gives the function's name to another interface while the pod has it.
#[test]
fn the_host_has_given_the_name_away() {
    for setup in BEDS {
        let bed = bed(setup);
        let pods = [bed.pod(), bed.pod()];
        let before = bed.picture_without_pods();
        let configurations: Vec<Value> = (0..2)
            .map(|number| match setup == Setup::INFINIBAND {
                true => ib_sriov(bed.function(number)),
                false => sriov(bed.function(number)),
            })
            .collect();
        let names: Vec<String> = (0..2)
            .map(|number| bed.function(number).netdev().expect("it is home"))
            .collect();
        for (pod, configuration) in pods.iter().zip(&configurations) {
            bed.add(pod, configuration);
        }
        let parent = bed.physical().netdev().expect("it has a netdev");
        run(&format!("ip link add {} type dummy", names[0]));
        // Or as an alternative name.
        run(&format!(
            "ip link property add dev {parent} altname {}",
            names[1]
        ));
        for (number, (pod, configuration)) in pods.iter().zip(&configurations).enumerate() {
            let outcome = bed.call("DEL", pod, configuration).run();
            outcome.expect_silence();
            assert!(outcome.stderr.contains(&names[number]), "{outcome}");
            let interim = bed.function(number).netdev();
            assert!(
                interim.is_some_and(|name| name != names[number]),
                "{setup:?}"
            );
        }
        run(&format!("ip link delete {}", names[0]));
        run(&format!(
            "ip link property del dev {parent} altname {}",
            names[1]
        ));
        // With its next pod, or by a GC.
        bed.add(&pods[0], &configurations[0]);
        bed.delete(&pods[0], &configurations[0]);
        assert_eq!(bed.function(0).netdev().as_ref(), Some(&names[0]));
        bed.gc(&configurations[1], &[]);
        assert_eq!(bed.function(1).netdev().as_ref(), Some(&names[1]));
        before.assert_unchanged();
    }
}

/// The kernel gives a netdev that it makes anew the first free name: of two that come home, each may have the other's.
#[test]
fn gc_gives_two_functions_each_other_s_name() {
    let bed = bed(Setup::INFINIBAND);
    let pods = [bed.pod(), bed.pod()];
    let before = bed.picture_without_pods();
    // A GUID is read by the driver, which makes the netdev anew.
    let configuration = |number: usize| {
        let guid = format!("02:00:00:00:00:00:0e:{:02x}", number + 1);
        with(ib_sriov(bed.function(number)), json!({"guid": guid}))
    };
    let names = || [0, 1].map(|number| bed.function(number).netdev().expect("it is home"));
    let [first, second] = names();
    for (number, pod) in pods.iter().enumerate() {
        bed.add(pod, &configuration(number));
    }
    run(&format!("ip link add {first} type dummy"));
    bed.delete(&pods[0], &configuration(0));
    run(&format!("ip link delete {first}"));
    bed.delete(&pods[1], &configuration(1));
    assert_eq!(names(), [second.clone(), first.clone()]);
    bed.gc(&configuration(0), &[]);
    assert_eq!(names(), [first, second]);
    before.assert_unchanged();
}

/// The kernel or a person gives the RDMA device back, and on InfiniBand a new netdev with it.
#[test]
fn the_rdma_device_is_back_already() {
    deleted_although(|bed, pod, _| {
        let name = rdma::names(Some(pod.name())).remove(0);
        rdma::give_back(pod.name(), &name);
        wait::until("the host has it", || {
            bed.function(0).rdma_device().is_some()
        });
    });
}

#[test]
fn the_driver_was_bound_anew() {
    deleted_although(|bed, _, _| {
        bed.function(0).unbind();
        bed.function(0).bind_again("ibvsim");
    });
}

#[test]
fn the_record_is_lost() {
    deleted_although(|_, _, _| forget());
}

#[test]
fn the_record_is_lost_and_the_namespace_is_gone() {
    deleted_although(|_, pod, _| {
        forget();
        pod.remove();
    });
}

#[test]
fn it_runs_several_times_at_once() {
    deleted_although(|bed, pod, configuration| {
        let all: Vec<_> = (0..3)
            .map(|_| bed.call("DEL", pod, configuration).start())
            .collect();
        for delete in all {
            delete.finish().expect_silence();
        }
    });
}

/// A live pod's function is not taken: the runtime, or a second device plugin, has made a mistake.
#[test]
fn a_function_of_a_live_pod_is_refused_and_stays_with_it() {
    for setup in BEDS {
        let bed = bed(setup);
        let (owner, other) = (bed.pod(), bed.pod());
        let configuration = configuration(&bed, bed.function(0));
        let added = bed.add(&owner, &configuration);
        let attached = bed.picture();
        let wish = without_ipam(configuration.clone());
        let error = bed
            .call("ADD", &other, &wish)
            .run()
            .expect_error(111, bed.function(0).address());
        let said = format!("{} {}", error.message, error.details);
        assert!(
            said.contains(owner.container()),
            "who has it is not in {said}"
        );
        attached.assert_unchanged();
        bed.delete(&other, &wish);
        attached.assert_unchanged();
        bed.check(&owner, &configuration, &added).expect_silence();
        bed.delete(&owner, &configuration);
    }
}

/// Removes what plumb knows of attachments.
fn forget() {
    let folder = format!("{STATE_FOLDER}/attachments");
    fs::remove_dir_all(&folder).unwrap_or_else(|error| panic!("remove {folder}: {error}"));
}

/// Records of attachments and of functions.
fn files() -> Vec<String> {
    ["attachments", "functions"]
        .iter()
        .flat_map(|folder| {
            cni_harness::node::files_below(&std::path::Path::new(STATE_FOLDER).join(folder))
        })
        .filter(|path| fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0))
        .map(|path| path.display().to_string())
        .collect()
}
