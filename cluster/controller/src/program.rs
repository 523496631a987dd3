//! The controller from its start to its end.

use std::sync::Arc;
use std::time::Duration;

use kube::{Client, Config};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::elect::Elector;
use crate::http;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::round::Rounds;
use crate::view::View;

/// How long a connection to the API server may take to come about.
const CONNECTING: Duration = Duration::from_secs(5);
/// A watch that says nothing for so long is broken: the API server ends one after some minutes.
const SILENCE: Duration = Duration::from_secs(330);
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
    let outcome = wait(&mut tasks).await;
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

/// Until it is told to end, or a part of it has ended, which none should.
async fn wait(tasks: &mut JoinSet<()>) -> Result<(), String> {
    let handler = |kind| signal(kind).map_err(|error| format!("wait for signals: {error}"));
    let mut terminate = handler(SignalKind::terminate())?;
    let mut interrupt = handler(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        ended = tasks.join_next() => {
            let how = match ended {
                Some(Err(error)) => error.to_string(),
                _ => "a part of the controller has ended".to_owned(),
            };
            return Err(how);
        }
    }
    tracing::info!("the controller ends");
    Ok(())
}

/// A client as the environment has it: a service account's in a pod, else that of `KUBECONFIG`.
async fn client() -> Result<Client, String> {
    let mut config = Config::infer()
        .await
        .map_err(|error| format!("find the API server: {error}"))?;
    config.connect_timeout = Some(CONNECTING);
    config.read_timeout = Some(SILENCE);
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
