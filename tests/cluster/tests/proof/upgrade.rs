//! From one version of plumb to the next and back, while 50 interfaces come and go: 18 of them share 21 addresses, so that
//! the nodes take addresses from each other all the time, and 32 have addresses enough.
//!
//! They are attached by calls of the installed plumb, because two kubelets start some pods a second at most. Six pods of the
//! kubelets' live through it beside them.

use plumb_cluster_tests::{chart, objects, pods, until, with_chart};

use crate::churn::Churn;
use crate::manifests::{
    PATIENCE, SHARED, addresses, apply, counts, delete_pool, delete_shared, reach,
};

/// How many interfaces come and go, by pool.
const POOLS: [(&str, usize); 2] = [("scarce", 18), ("plenty", 32)];

/// The version of the second image.
const NEXT: &str = "0.1.0-next";

/// So many ADDs more show that all goes on.
const MORE: usize = 60;

#[test]
fn nothing_is_lost_while_the_nodes_go_to_the_next_version_and_back() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    let first = chart::image();
    let next = chart::next(&cluster, NEXT);
    cluster.nodes().iter().for_each(|node| node.import(&next));
    apply(&kubectl, "roce-shared");
    let ranges = [
        ("scarce", "172.82.0.0/16", "172.82.0.10-172.82.0.30"),
        ("plenty", "172.83.0.0/16", "172.83.0.1-172.83.0.240"),
    ];
    for (name, subnet, range) in ranges {
        kubectl.apply(&objects::pool(name, subnet, &[range]));
    }
    kubectl.apply(&objects::deployment("steady", 6, SHARED));
    let before = pods::running(&cluster, "steady", 6, PATIENCE);
    let all = addresses(&before, "net1", "172.81.0.", 100..=120);
    let old = chart::installed(&cluster);

    let churn = Churn::new(&cluster);
    std::thread::scope(|scope| {
        let _ends = churn.start(scope, &POOLS);
        let goes_on = |what: &str| {
            let from = churn.adds();
            until(what, PATIENCE, || match churn.adds() >= from + MORE {
                true => Ok(()),
                false => churn.failures().and(Err(format!("{from} ADDs"))),
            });
        };
        goes_on("interfaces come and go");
        chart::upgrade(&cluster, NEXT);
        let new = chart::installed(&cluster);
        assert_ne!(new, old, "another plumb is on the nodes");
        goes_on("they do so with the next version");
        chart::roll_back(&cluster, &first);
        assert_eq!(chart::installed(&cluster), old);
        goes_on("and with the first one again");
    });
    churn.failures().expect("no ADD and no DEL fails for good");
    assert_eq!(churn.attached(), 0);
    for node in cluster.nodes() {
        let (gaps, served) = churn.bridged(node);
        let name = node.name();
        assert!(gaps >= 2, "{name}: the agent was away {gaps} times");
        assert!(served > 0, "{name}: no ADD while the agent was away");
    }

    // Pods of the kubelets' have not noticed, and find each other.
    let after = pods::running(&cluster, "steady", 6, PATIENCE);
    assert_eq!(names(&after), names(&before));
    assert_eq!(addresses(&after, "net1", "172.81.0.", 100..=120), all);
    reach(&kubectl, &after[..1], "net1", &all);
    counts(&cluster, "v4-81", 6, 21);

    kubectl.delete("default", "deployment", "steady");
    pods::gone(&cluster, "steady", PATIENCE);
    delete_shared(&cluster);
    for (name, _, _) in ranges {
        delete_pool(&cluster, name);
    }
    // That nothing else is left on the nodes and in the API is looked at when the cluster is given back.
}

fn names(pods: &[pods::Pod]) -> Vec<&str> {
    let mut names: Vec<_> = pods.iter().map(|pod| pod.name.as_str()).collect();
    names.sort_unstable();
    names
}
