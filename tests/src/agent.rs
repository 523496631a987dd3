//! An agent of a node that a test stands in for, and the cluster behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use plumb_leases::{Kept, Pod, Store};
use plumb_protocol::{Answer, PodChoice, PodName, Question, Refusal, SOCKET, Take};

use crate::state::STATE_FOLDER;

/// What one agent was asked, in its order.
pub type Asked = Arc<Mutex<Vec<Question>>>;

/// A thread that listens on the agent's socket of the calling thread's node until it is dropped.
pub struct Agent {
    /// What it was asked.
    pub asked: Asked,
    socket: PathBuf,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Agent {
    /// One that treats each connection so. The stream is behind the question.
    #[track_caller]
    pub fn treating(treat: impl Fn(&Question, UnixStream) + Send + 'static) -> Self {
        fs::create_dir_all(STATE_FOLDER).expect("make the state folder");
        let socket = PathBuf::from(SOCKET);
        let _ = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).expect("listen as the agent");
        let asked = Asked::default();
        let is_over = Arc::new(AtomicBool::new(false));
        let (noted, ends) = (Arc::clone(&asked), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let stream = stream.expect("a connection");
                let mut line = String::new();
                let read = BufReader::new(&stream).read_line(&mut line);
                // STATUS looks whether somebody listens, and asks nothing.
                if !matches!(read, Ok(1..)) {
                    continue;
                }
                let question: Question = serde_json::from_str(&line).expect("a question");
                noted.lock().expect("a lock").push(question.clone());
                treat(&question, stream);
            }
        });
        Self {
            asked,
            socket,
            is_over,
            thread: Some(thread),
        }
    }

    /// One that answers so.
    #[track_caller]
    pub fn answering(answer: impl Fn(&Question) -> Answer + Send + 'static) -> Self {
        Self::treating(move |question, mut stream| {
            let answer = serde_json::to_string(&answer(question)).expect("an answer");
            let _ = writeln!(stream, "{answer}");
        })
    }

    /// The agent of a node of a cluster, which knows nothing of pods.
    #[track_caller]
    pub fn of(cluster: &Cluster, node: &str) -> Self {
        let (cluster, node) = (cluster.clone(), node.to_owned());
        Self::answering(move |question| match question {
            Question::Take(take) => cluster.take(&node, take),
            Question::Pod(pod) => Answer::Pod(PodChoice {
                uid: pod.uid.clone(),
                ..PodChoice::default()
            }),
        })
    }

    /// The questions for addresses.
    pub fn takes(&self) -> Vec<Take> {
        let asked = self.asked.lock().expect("a lock");
        let takes = asked.iter().filter_map(|question| match question {
            Question::Take(take) => Some(take.clone()),
            Question::Pod(_) => None,
        });
        takes.collect()
    }

    /// The questions about pods.
    pub fn pods(&self) -> Vec<PodName> {
        let asked = self.asked.lock().expect("a lock");
        let pods = asked.iter().filter_map(|question| match question {
            Question::Pod(pod) => Some(pod.clone()),
            Question::Take(_) => None,
        });
        pods.collect()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = UnixStream::connect(&self.socket);
        let _ = fs::remove_file(&self.socket);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Which node has which address of IPv4 pools, and for which pod: as the API server would know it.
#[derive(Clone, Default)]
pub struct Cluster(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    nodes: BTreeMap<IpAddr, String>,
    kept: BTreeMap<PodName, IpAddr>,
}

impl Cluster {
    /// How many addresses the nodes have.
    pub fn count(&self) -> usize {
        self.0.lock().expect("a lock").nodes.len()
    }

    /// Lets a node have one address of each claim, the pod's own where it is kept.
    pub fn take(&self, node: &str, take: &Take) -> Answer {
        let mut known = self.0.lock().expect("a lock");
        let mut ranges = Vec::new();
        let mut kept = Vec::new();
        let pod = take.pod.as_ref().filter(|_| take.keep);
        for claim in &take.claims {
            let own = pod.and_then(|pod| known.kept.get(pod)).copied();
            let offered = claim.iter().flat_map(|candidate| &candidate.ranges);
            let mut offered = offered.flat_map(|range| addresses(*range));
            let free = || offered.find(|address| !known.nodes.contains_key(address));
            let Some(address) = own.or_else(free) else {
                return Answer::Refused(Refusal {
                    code: 101,
                    message: format!("{} of {0} in use", known.nodes.len()),
                });
            };
            known.nodes.insert(address, node.to_owned());
            if let Some(pod) = pod {
                known.kept.insert(pod.clone(), address);
                kept.push(Kept {
                    address,
                    network: take.network.clone(),
                    interface: take.interface.clone(),
                    pod: Pod {
                        namespace: pod.namespace.clone(),
                        name: pod.name.clone(),
                    },
                    ordinal: 0,
                });
            }
            ranges.push((address, address));
        }
        hold(&take.space, &ranges, &kept);
        Answer::Taken(ranges)
    }
}

/// Puts ranges into what the node of the calling thread holds.
pub fn hold(space: &str, ranges: &[(IpAddr, IpAddr)], kept: &[Kept]) {
    let store = Store::open_existing(Path::new(STATE_FOLDER)).expect("open the lease store");
    let store = store.expect("plumb has made it");
    store.hold(space, ranges, kept).expect("hold");
}

/// What the node of the calling thread holds.
pub fn held() -> BTreeSet<IpAddr> {
    let store = Store::open_existing(Path::new(STATE_FOLDER)).expect("open the lease store");
    let held = store.map_or_else(Vec::new, |store| store.all_held().expect("read it"));
    held.into_iter()
        .flat_map(|(_, range)| addresses(range))
        .collect()
}

/// Takes a range from what the node of the calling thread holds; whether it could.
pub fn give_back(range: (IpAddr, IpAddr)) -> bool {
    let store = Store::open_existing(Path::new(STATE_FOLDER)).expect("open the lease store");
    let store = store.expect("plumb has made it");
    store.give_back("", range).expect("give back").is_none()
}

/// The addresses of a range of IPv4.
fn addresses((first, last): (IpAddr, IpAddr)) -> impl Iterator<Item = IpAddr> {
    let bits = |address| match address {
        IpAddr::V4(address) => Ipv4Addr::to_bits(address),
        IpAddr::V6(_) => panic!("the cluster of a test has IPv4 alone"),
    };
    (bits(first)..=bits(last)).map(|bits| Ipv4Addr::from_bits(bits).into())
}
