//! The controller from its start to its end.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use plumb_service::http;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::elect::Elector;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::round::Rounds;
use crate::view::View;

/// What comes at once is looked at together.
const TOGETHER: Duration = Duration::from_millis(200);
/// Between two looks while something is not known yet.
const SOON: Duration = Duration::from_secs(1);
/// How long the Lease may take to be given back.
const ENDING: Duration = Duration::from_secs(5);

/// Runs until it is told to end.
///
/// # Errors
///
/// Why it cannot begin, or which part of it has ended.
pub async fn run(options: Options) -> Result<(), String> {
    let client = client().await?;
    let metrics = Metrics::new();
    let mut tasks = JoinSet::new();
    let identity = identity(&options);
    let changed = Arc::new(Notify::new());
    let view = View::begin(&client, &changed, &mut tasks);
    let (ends, end) = watch::channel(false);
    let (elector, leads) = Elector::new(
        &client,
        &options.namespace,
        &options.lease,
        identity.clone(),
    );
    let elector = tokio::spawn(elector.run(end));
    if let Some(address) = options.metrics_address {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| format!("listen on {address} for metrics: {error}"))?;
        let pages = Arc::new(Pages {
            metrics: metrics.clone(),
            view: view.clone(),
        });
        tasks.spawn(http::serve(listener, pages));
    }
    let age = Duration::from_secs(options.look_seconds);
    tasks.spawn(work(
        client,
        view,
        metrics,
        identity.clone(),
        age,
        leads,
        changed,
    ));
    tracing::info!("controller {identity} has begun");
    let outcome = plumb_service::until_told("controller", &mut tasks).await;
    let _ = ends.send(true);
    let _ = tokio::time::timeout(ENDING, elector).await;
    outcome
}

/// Looks at the cluster whenever something has changed, and from time to time, as long as this replica leads.
async fn work(
    client: Client,
    view: View,
    metrics: Metrics,
    identity: String,
    age: Duration,
    mut leads: watch::Receiver<bool>,
    changed: Arc<Notify>,
) {
    loop {
        metrics.leads(false);
        if leads.wait_for(|leads| *leads).await.is_err() {
            return;
        }
        metrics.leads(true);
        let mut rounds = Rounds::new(client.clone(), view.clone(), metrics.clone(), &identity);
        while *leads.borrow() {
            rounds.one(age).await;
            let pause = if view.missing().is_empty() { age } else { SOON };
            tokio::select! {
                () = changed.notified() => tokio::time::sleep(TOGETHER).await,
                () = tokio::time::sleep(pause) => {}
                _ = leads.changed() => {}
            }
        }
    }
}

/// A client of the API server.
async fn client() -> Result<Client, String> {
    let config = plumb_service::config().await?;
    Client::try_from(config).map_err(|error| format!("a client of the API server: {error}"))
}

/// The name of this replica, which no other one has, nor this one after a restart under the name of its host.
fn identity(options: &Options) -> String {
    let host = || {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        format!("{}-{}", name.trim(), std::process::id())
    };
    options.name.clone().unwrap_or_else(host)
}

/// What people are told over HTTP.
struct Pages {
    metrics: Metrics,
    view: View,
}

impl http::Pages for Pages {
    async fn metrics(&self) -> String {
        self.metrics.text()
    }

    fn not_ready(&self) -> Option<String> {
        let missing = self.view.missing();
        (!missing.is_empty()).then(|| missing.join("; "))
    }
}
