//! A small Kubernetes API for one node: the pods and NetworkAttachmentDefinitions that
//! Multus reads, and the network status that it writes.

mod http;
pub mod kubelet;
mod protobuf;
mod requests;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// The namespace of all objects.
pub const NAMESPACE: &str = "default";

/// The annotation that names the networks of a pod (NPWG, "Network Attachment Selection").
pub const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";

/// The annotation that says what a pod got.
pub const NETWORK_STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

/// The annotation of a network that names the resource of its devices.
pub const RESOURCE_NAME: &str = "k8s.v1.cni.cncf.io/resourceName";

/// The API. It listens on the loopback of the network namespace of the thread that
/// started it, without encryption, and ends when it is dropped.
pub struct Kubernetes {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    objects: Mutex<Objects>,
    ending: AtomicBool,
}

/// What the API serves, by name.
#[derive(Default)]
struct Objects {
    pods: BTreeMap<String, Value>,
    networks: BTreeMap<String, Value>,
}

impl Kubernetes {
    /// Starts the API without objects.
    #[expect(clippy::new_without_default, reason = "it starts a thread")]
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| {
            panic!("the Kubernetes API needs the loopback of the node: {error}")
        });
        let address = listener.local_addr().expect("the listener is bound");
        let shared = Arc::new(Shared::default());
        let server = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || listen(&listener, &shared)
        });
        Self {
            address,
            shared,
            server: Some(server),
        }
    }

    /// A kubeconfig, in JSON, which is YAML too.
    pub fn kubeconfig(&self) -> String {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "node", "cluster": {"server": format!("http://{}", self.address)}}],
            "users": [{"name": "multus", "user": {}}],
            "contexts": [{"name": "node", "context": {"cluster": "node", "user": "multus"}}],
            "current-context": "node",
        })
        .to_string()
    }

    /// Adds or replaces a pod.
    pub fn pod(&self, name: &str, uid: &str, annotations: &Value) {
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": NAMESPACE,
                "uid": uid,
                "resourceVersion": "1",
                "annotations": annotations,
            },
            "spec": {"containers": [{"name": "main", "image": "none"}], "nodeName": "node"},
            "status": {"phase": "Pending"},
        });
        self.objects().pods.insert(name.to_owned(), pod);
    }

    /// Removes a pod, as its owner does who does not wait for the node.
    pub fn remove_pod(&self, name: &str) {
        self.objects().pods.remove(name);
    }

    /// Adds or replaces a NetworkAttachmentDefinition with this CNI configuration.
    pub fn network(&self, name: &str, configuration: &Value, annotations: &Value) {
        let network = json!({
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": name, "namespace": NAMESPACE, "annotations": annotations},
            "spec": {"config": configuration.to_string()},
        });
        self.objects().networks.insert(name.to_owned(), network);
    }

    /// The network status of a pod; none when nobody has written it.
    ///
    /// # Panics
    ///
    /// When it is not JSON.
    #[track_caller]
    pub fn network_status(&self, pod: &str) -> Option<Value> {
        let objects = self.objects();
        let text = objects.pods.get(pod)?["metadata"]["annotations"][NETWORK_STATUS].as_str()?;
        let status = serde_json::from_str(text)
            .unwrap_or_else(|error| panic!("the network status of {pod}: {error}\n{text}"));
        Some(status)
    }

    /// What the network status of a pod says of each of its interfaces.
    ///
    /// # Panics
    ///
    /// When the pod has no network status, or one that is no list.
    #[track_caller]
    pub fn interfaces(&self, pod: &str) -> Vec<Value> {
        let status = self.network_status(pod);
        let status = status.unwrap_or_else(|| panic!("{pod} has no network status"));
        let interfaces = status.as_array().expect("a network status is a list");
        interfaces.clone()
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.shared.objects()
    }
}

impl Shared {
    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread for each connection: Go's client opens some before it needs them.
fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        if shared.ending.load(Ordering::SeqCst) {
            return;
        }
        let shared = Arc::clone(shared);
        std::thread::spawn(move || serve(&stream, &shared));
    }
}

/// One request; a client that goes away without one is no failure of ours.
fn serve(stream: &TcpStream, shared: &Shared) {
    let Ok(Some(request)) = http::read(stream) else {
        return;
    };
    let (status, body) = requests::answer(&request, &mut shared.objects());
    let _ = http::write(stream, status, &body);
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::SeqCst);
        // The listener waits for a connection, and looks whether it shall end then.
        let _ = TcpStream::connect(self.address);
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}
