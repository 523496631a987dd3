//! Agents of nodes that are names: each with a state folder of its own, asked as plumb asks them. The lease stores are
//! real, and so is the API server; there are no pods.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use plumb_leases::{Candidate, ClaimError, Leases, Owner, Pod, Request, Store};
use plumb_protocol::{Answer, PodName, Question, Refusal, Take};
use plumb_tests::binaries;
use serde_json::{Value, json};

use crate::{Cluster, Daemon, until};

/// The agent's namespace.
pub const NAMESPACE: &str = "plumb-system";

/// The agent's account.
pub const ACCOUNT: &str = "plumb-agent";

/// How long a start, or a change that others see, may take on a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The longest that an agent takes for an answer.
const ANSWER: Duration = Duration::from_secs(35);

/// How often plumb asks before it gives up.
const ROUNDS: usize = 3;

/// Definitions and rights, as a cluster gets them.
#[track_caller]
pub fn install(cluster: &Cluster) {
    let kubectl = cluster.kubectl();
    kubectl
        .apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}));
    let deploy = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy"));
    kubectl.apply_file(&deploy.join("plumb-crds.yaml"));
    kubectl.apply_file(&deploy.join("chart/plumb/rbac/agent.yaml"));
    until("the definitions are served", PATIENCE, || {
        let kinds = [
            "ipblocks",
            "poolstates",
            "spiderippools",
            "spiderreservedips",
        ];
        let served = |kind: &&str| kubectl.run(&["get", kind]).succeeded();
        match kinds.iter().find(|kind| !served(kind)) {
            None => Ok(()),
            Some(kind) => Err(format!("{kind} is not")),
        }
    });
}

/// A node and its agent.
pub struct Agent<'cluster> {
    cluster: &'cluster Cluster,
    /// The node's name.
    pub node: String,
    folder: PathBuf,
    port: u16,
    more: Vec<String>,
    daemon: Mutex<Option<Daemon>>,
}

impl<'cluster> Agent<'cluster> {
    /// Makes the node, and starts its agent with the token that the agent of this node has.
    #[track_caller]
    pub fn start(cluster: &'cluster Cluster, node: &str) -> Self {
        Self::start_with(cluster, node, &[])
    }

    /// As [`Self::start`], with more flags.
    #[track_caller]
    pub fn start_with(cluster: &'cluster Cluster, node: &str, more: &[String]) -> Self {
        static PORT: AtomicU16 = AtomicU16::new(20_000);
        Self::make_node(cluster, node);
        let folder = cluster.folder().join("agents").join(node);
        fs::create_dir_all(&folder).expect("make a state folder");
        let agent = Self {
            cluster,
            node: node.to_owned(),
            folder,
            port: PORT.fetch_add(1, Ordering::Relaxed),
            more: more.to_vec(),
            daemon: Mutex::default(),
        };
        agent.restart();
        agent
    }

    /// Starts the agents of so many nodes, `PREFIX-00` and following. The nodes are there before the first agent: how many there
    /// are decides how large a pool's blocks are.
    #[track_caller]
    pub fn start_all(cluster: &'cluster Cluster, prefix: &str, count: usize) -> Vec<Self> {
        let names: Vec<_> = (0..count)
            .map(|number| format!("{prefix}-{number:02}"))
            .collect();
        for name in &names {
            Self::make_node(cluster, name);
        }
        let agents = names.iter().map(|name| Self::start(cluster, name));
        agents.collect()
    }

    /// Makes a node, if it is not there.
    #[track_caller]
    pub fn make_node(cluster: &Cluster, node: &str) {
        let labels = json!({"rack": node});
        cluster.kubectl().apply(&json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "labels": labels},
        }));
    }

    /// Starts the agent of the node; it must have ended.
    #[track_caller]
    pub fn restart(&self) {
        self.restart_with(&[]);
    }

    /// The same with variables of its environment.
    #[track_caller]
    pub fn restart_with(&self, variables: &[(&str, &Path)]) {
        let kubeconfig = self.cluster.account(NAMESPACE, ACCOUNT, Some(&self.node));
        let place = self.cluster.place();
        let mut command = place.daemon_command(binaries::agent());
        command
            .env("KUBECONFIG", kubeconfig)
            .env("NODE_NAME", &self.node)
            .env("PLUMB_REPLACE_PLUGINS", "false")
            .envs(variables.iter().copied())
            .arg("--state-folder")
            .arg(&self.folder)
            .arg("--metrics-address")
            .arg(format!("127.0.0.1:{}", self.port))
            .args([
                "--log-format",
                "text",
                "--log",
                "debug,kube=info,hyper=info,tower=info",
            ])
            .args(&self.more);
        let name = format!("agent-{}", self.node);
        let daemon = place.start(&name, command);
        *self.daemon() = Some(daemon);
        until("the agent is ready", PATIENCE, || {
            match self.page("/readyz") {
                Ok(page) if page.contains("200 OK") => Ok(()),
                Ok(page) => Err(format!("{page}\n{}", self.log())),
                Err(error) => Err(format!("{error}\n{}", self.log())),
            }
        });
    }

    /// Ends the agent by a signal; its exit code.
    #[track_caller]
    pub fn end(&self, signal: Signal) -> Option<i32> {
        let daemon = self.daemon().take().expect("the agent runs");
        daemon.end(signal)
    }

    fn daemon(&self) -> std::sync::MutexGuard<'_, Option<Daemon>> {
        self.daemon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the agent; [`Self::end`] is still due.
    pub fn kill(&self) {
        if let Some(daemon) = self.daemon().as_ref() {
            daemon.signal(Signal::SIGKILL);
        }
    }

    /// The agent's processes, as the machine numbers them.
    pub fn processes(&self) -> Vec<i32> {
        self.daemon()
            .as_ref()
            .map(Daemon::processes)
            .unwrap_or_default()
    }

    /// What the agent wrote.
    pub fn log(&self) -> String {
        self.daemon().as_ref().map(Daemon::log).unwrap_or_default()
    }

    /// A page of the agent, with the headers.
    pub fn page(&self, path: &str) -> std::io::Result<String> {
        self.cluster.place().enter_network();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: agent\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    }

    /// A value that the agent counts, by its name and labels as written.
    #[track_caller]
    pub fn metric(&self, name: &str) -> Option<f64> {
        let page = self.page("/metrics").expect("metrics");
        let line = page.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok())
    }

    /// The path of a file in the state folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file of the state folder, as JSON; none where there is none.
    pub fn read(&self, name: &str) -> Option<Value> {
        let text = fs::read_to_string(self.path(name)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Asks as plumb does.
    pub fn try_ask(&self, question: &Question) -> std::io::Result<Answer> {
        self.try_ask_within(question, ANSWER)
    }

    /// As [`Self::try_ask`], of an agent that may take so long.
    pub fn try_ask_within(
        &self,
        question: &Question,
        patience: Duration,
    ) -> std::io::Result<Answer> {
        let mut stream = UnixStream::connect(self.path("agent.sock"))?;
        stream.set_read_timeout(Some(patience))?;
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// As [`Self::try_ask`], of an agent that answers.
    #[track_caller]
    pub fn ask(&self, question: &Question) -> Answer {
        self.try_ask(question)
            .unwrap_or_else(|error| panic!("ask the agent: {error}\n{}", self.log()))
    }

    /// The node's lease store.
    #[track_caller]
    pub fn store(&self) -> Store {
        let (store, _) =
            Store::open(&self.folder, || Ok(Vec::new())).expect("open the lease store");
        store
    }

    /// What plumb does for one address: a claim of what the node holds, a question where that does not serve, and the claim
    /// again.
    pub fn add(&self, pod: &str, pool: &SharedPool) -> Result<IpAddr, Refusal> {
        self.add_within(pod, pool, ANSWER)
    }

    /// As [`Self::add`], of an agent that may take so long for an answer.
    pub fn add_within(
        &self,
        pod: &str,
        pool: &SharedPool,
        patience: Duration,
    ) -> Result<IpAddr, Refusal> {
        let (owner, pod) = (owner(pod), named(pod));
        let claims = [vec![pool.candidate()]];
        for round in 0..=ROUNDS {
            let store = self.store();
            let request = Request {
                space: "",
                owner: &owner,
                pod: Some(&pod),
                claims: &claims,
                keep: false,
                asked: round > 0,
            };
            match store.fulfil(&request) {
                Ok(claimed) => return Ok(claimed[0].address),
                Err(ClaimError::NotHeld { .. }) => {}
                Err(error) => panic!("claim: {error}"),
            }
            drop(store);
            match self.try_ask_within(&Question::Take(pool.take(&pod, &owner)), patience) {
                Ok(Answer::Refused(refusal)) => return Err(refusal),
                Ok(_) => {}
                Err(error) => {
                    return Err(Refusal {
                        code: 11,
                        message: format!("no agent: {error}"),
                    });
                }
            }
        }
        Err(Refusal {
            code: 11,
            message: format!("the agent took {ROUNDS} times what others of the node claimed"),
        })
    }

    /// What plumb does when the pod ends.
    #[track_caller]
    pub fn delete(&self, pod: &str) {
        self.store().release(&owner(pod)).expect("release");
    }
}

fn owner(pod: &str) -> Owner {
    Owner {
        network: "rail1".to_owned(),
        container_id: format!("container-of-{pod}"),
        interface_name: "net1".to_owned(),
    }
}

fn named(pod: &str) -> Pod {
    Pod {
        namespace: "default".to_owned(),
        name: pod.to_owned(),
    }
}

/// A pool at the API server.
pub struct SharedPool {
    name: String,
    first: IpAddr,
    last: IpAddr,
}

impl SharedPool {
    /// Makes a pool of `172.16.NUMBER.1` and the next addresses, and waits until the agents have it.
    #[track_caller]
    pub fn make(
        cluster: &Cluster,
        name: &str,
        number: u8,
        size: u8,
        agents: &[&Agent<'_>],
    ) -> Self {
        let subnet = format!("172.16.{number}.0/24");
        let first = Ipv4Addr::new(172, 16, number, 1);
        Self::of(cluster, name, &subnet, first, u32::from(size), agents)
    }

    /// Makes a pool of so many addresses from `first` on, and waits until the agents have it.
    #[track_caller]
    pub fn of(
        cluster: &Cluster,
        name: &str,
        subnet: &str,
        first: Ipv4Addr,
        size: u32,
        agents: &[&Agent<'_>],
    ) -> Self {
        let pool = Self {
            name: name.to_owned(),
            first: IpAddr::V4(first),
            last: IpAddr::V4(Ipv4Addr::from_bits(first.to_bits() + size - 1)),
        };
        let range = match size {
            1 => pool.first.to_string(),
            _ => format!("{}-{}", pool.first, pool.last),
        };
        let manifest = crate::objects::pool(name, subnet, &[&range]);
        cluster.kubectl().apply(&manifest);
        for agent in agents {
            until("the agent has written the pool", PATIENCE, || {
                let file = agent.read(&format!("pools/{name}.json"));
                let metric = format!("plumb_pool_addresses{{pool=\"{name}\"}}");
                match (file, agent.metric(&metric)) {
                    (Some(_), Some(_)) => Ok(()),
                    other => Err(format!("{other:?}\n{}", agent.log())),
                }
            });
        }
        pool
    }

    /// First and last address.
    pub fn range(&self) -> (IpAddr, IpAddr) {
        (self.first, self.last)
    }

    fn candidate(&self) -> Candidate {
        Candidate {
            pool: self.name.clone(),
            ranges: vec![(self.first, self.last)],
            shared: true,
        }
    }

    fn take(&self, pod: &Pod, owner: &Owner) -> Take {
        Take {
            space: String::new(),
            network: owner.network.clone(),
            interface: owner.interface_name.clone(),
            pod: Some(PodName {
                namespace: pod.namespace.clone(),
                name: pod.name.clone(),
                uid: String::new(),
            }),
            keep: false,
            requested: false,
            claims: vec![vec![plumb_protocol::Candidate {
                pool: self.name.clone(),
                ranges: vec![(self.first, self.last)],
            }]],
        }
    }

    /// The blocks of the pool at the API server.
    pub fn objects(&self, cluster: &Cluster) -> Vec<Value> {
        let mut blocks = cluster.kubectl().list("ipblocks", &[]);
        blocks.retain(|block| block["spec"]["pool"] == self.name.as_str());
        blocks
    }

    /// The blocks of the pool at the API server: name, node.
    pub fn blocks(&self, cluster: &Cluster) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let blocks = self.objects(cluster);
        blocks
            .iter()
            .map(|block| {
                (
                    text(&block["metadata"]["name"]),
                    text(&block["spec"]["node"]),
                )
            })
            .collect()
    }
}
