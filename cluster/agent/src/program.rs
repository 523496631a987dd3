//! The agent from its start to its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kube::Client;
use plumb_migration::cluster::Cluster;
use plumb_service::http;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::answers::{Node, NodeBlocks};
use crate::call_metrics::CallMetrics;
use crate::desk::{Desk, Known};
use crate::events::{self, Events};
use crate::gathered::Sources;
use crate::kubernetes::Kubernetes;
use crate::lease_store::LeaseStore;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::surroundings::Surroundings;
use crate::tend::{self, Collector};
use crate::{lock, socket, view};

/// Runs until it is told to end.
///
/// # Errors
///
/// Why it cannot begin, or which part of it has ended.
pub async fn run(options: Options) -> Result<(), String> {
    let state_folder = options.state_folder.clone();
    let _lock = lock::take(&state_folder).await?;
    let client = client().await?;
    let metrics = Metrics::new();
    let mut tasks = JoinSet::new();

    let (events, waiting) = Events::new();
    let node = options.node_name.clone();
    tasks.spawn(events::make(client.clone(), node.clone(), waiting));
    tasks.spawn(tend::keep_installed(options.clone(), events.clone()));

    let (changed, renewed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (send_pressure, pressure) = mpsc::channel(64);
    let view = view::begin(&client, &node, &changed, send_pressure, &mut tasks);
    let known = Known::default();
    let desk = Desk::new(
        view.clone(),
        events.clone(),
        known.clone(),
        options.pools_folder(),
        options.pods_folder(),
    );
    tasks.spawn(desk.work(changed));

    let leases = LeaseStore::new(state_folder.clone(), renewed.clone());
    let blocks = Arc::new(NodeBlocks::new(
        Kubernetes::new(client.clone(), options.api_calls, metrics.clone()),
        leases.clone(),
        Surroundings::new(node, known.clone(), events.clone(), metrics.clone()),
    ));
    let reconciled = Arc::new(AtomicBool::new(false));
    tasks.spawn(tend::reconcile(
        blocks.clone(),
        known.clone(),
        renewed.clone(),
        reconciled.clone(),
        metrics.clone(),
    ));
    tasks.spawn(tend::tick(blocks.clone()));
    let imported = plumb_migration::node::Node {
        name: options.node_name.clone(),
        state_folder: state_folder.clone(),
        cni_folder: options.cni_cache_folder.clone(),
    };
    let cluster = Cluster::new(client.clone());
    tasks.spawn(tend::take_up_imported(
        imported,
        cluster,
        view.clone(),
        renewed,
    ));
    let collector = Collector {
        view: view.clone(),
        leases: leases.clone(),
        state_folder: state_folder.clone(),
        metrics: metrics.clone(),
    };
    tasks.spawn(tend::collect_gone(collector.clone()));
    tasks.spawn(tend::relieve(blocks.clone(), collector, pressure));

    let answers = Arc::new(Node {
        blocks,
        view: view.clone(),
        known: known.clone(),
        events,
        client,
        metrics: metrics.clone(),
    });
    let calls = CallMetrics::new();
    tasks.spawn(tend::count_calls(state_folder.clone(), calls.clone()));
    let listener = socket::open(&options.socket())?;
    tasks.spawn(socket::serve(listener, answers, metrics.clone()));
    if let Some(address) = options.metrics_address {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| format!("listen on {address} for metrics: {error}"))?;
        let pages = Arc::new(Pages {
            metrics,
            calls,
            sources: Sources {
                leases,
                known,
                view,
                state_folder,
                rdma_devices: PathBuf::from("/sys/class/infiniband"),
            },
            reconciled,
        });
        tasks.spawn(http::serve(listener, pages));
    }
    tracing::info!("the agent of node {} has begun", options.node_name);
    plumb_service::until_told("agent", &mut tasks).await
}

/// A client of the API server.
async fn client() -> Result<Client, String> {
    let mut config = plumb_service::config().await?;
    config.reset_reader_on_write = true;
    // A write must not be repeated behind the back of those who count on it being done once.
    config.default_retry = false;
    Client::try_from(config).map_err(|error| format!("a client of the API server: {error}"))
}

/// What people are told over HTTP.
struct Pages {
    metrics: Metrics,
    calls: CallMetrics,
    sources: Sources,
    reconciled: Arc<AtomicBool>,
}

impl http::Pages for Pages {
    async fn metrics(&self) -> String {
        let sources = self.sources.clone();
        let gathered = tokio::task::spawn_blocking(move || sources.gather()).await;
        let gathered = gathered.unwrap_or_default();
        self.metrics.text(&[self.calls.registry(), &gathered])
    }

    fn not_ready(&self) -> Option<String> {
        if let Some(what) = self.sources.view.waits_for() {
            return Some(format!("the API server has not told of {what} yet"));
        }
        if !self.sources.known.get().is_complete {
            return Some("the pools are not written yet".to_owned());
        }
        let reconciled = self.reconciled.load(Ordering::Relaxed);
        (!reconciled).then(|| "what this node holds is not compared yet".to_owned())
    }
}
