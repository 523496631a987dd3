//! Which replica works: the one that holds the Lease.
//!
//! What two replicas would do at once is the same, and every write says on which state it builds, so that a moment with two of
//! them does no harm. One that works saves the API server half of the calls, and users two events.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::sync::watch;

use crate::failure;

/// How long a Lease counts that its holder does not renew.
const DURATION: Duration = Duration::from_secs(15);
/// Between two looks, and two renewals.
const PAUSE: Duration = Duration::from_secs(2);
/// The holder that could not renew for so long stops, before another one may begin.
const GIVES_UP: Duration = Duration::from_secs(10);

/// A candidate.
pub struct Elector {
    leases: Api<Lease>,
    name: String,
    identity: String,
    leads: watch::Sender<bool>,
    /// The state of another one's Lease, and since when it has been so, by this machine's clock: clocks differ.
    observed: Option<(String, Instant)>,
    renewed: Option<Instant>,
}

/// What a look at the Lease leads to.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Create,
    Renew,
    Take,
    Wait,
}

impl Elector {
    /// Of the Lease `namespace/name`, and whether this candidate leads.
    pub fn new(
        client: &Client,
        namespace: &str,
        name: &str,
        identity: String,
    ) -> (Self, watch::Receiver<bool>) {
        let (leads, receiver) = watch::channel(false);
        let elector = Self {
            leases: Api::namespaced(client.clone(), namespace),
            name: name.to_owned(),
            identity,
            leads,
            observed: None,
            renewed: None,
        };
        (elector, receiver)
    }

    /// Takes and renews the Lease until `end` says so, and gives it back then, so that the other one need not wait.
    pub async fn run(mut self, mut end: watch::Receiver<bool>) {
        let mut said = String::new();
        while !*end.borrow() {
            match tokio::time::timeout(GIVES_UP, self.look()).await {
                Ok(Ok(())) => said.clear(),
                Ok(Err(error)) => {
                    let sentence = failure::sentence("take", "leases", &error);
                    if sentence != said {
                        tracing::warn!("{sentence}; this is tried again");
                        said = sentence;
                    }
                }
                Err(_) => {
                    tracing::warn!("take leases: no answer of the API server; this is tried again")
                }
            }
            if self
                .renewed
                .is_none_or(|renewed| renewed.elapsed() > GIVES_UP)
            {
                self.lead(false);
            }
            let _ = tokio::time::timeout(PAUSE, end.changed()).await;
        }
        if *self.leads.borrow() {
            self.lead(false);
            let _ = tokio::time::timeout(PAUSE, self.give_back()).await;
        }
    }

    async fn look(&mut self) -> Result<(), kube::Error> {
        let lease = self.leases.get_opt(&self.name).await?;
        let began = Instant::now();
        let decision = self.decide(lease.as_ref(), began);
        let post = PostParams::default();
        let written = match decision {
            Decision::Wait => {
                self.renewed = None;
                return Ok(());
            }
            Decision::Create => self.leases.create(&post, &self.lease(None)).await,
            Decision::Renew | Decision::Take => {
                let lease = self.lease(lease);
                self.leases.replace(&self.name, &post, &lease).await
            }
        };
        match written {
            Ok(_) => {
                self.renewed = Some(began);
                self.lead(true);
                Ok(())
            }
            // Another one was faster.
            Err(error) if failure::code(&error) == Some(409) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn decide(&mut self, lease: Option<&Lease>, now: Instant) -> Decision {
        let Some(lease) = lease else {
            return Decision::Create;
        };
        let specification = lease.spec.as_ref();
        let holder = specification
            .and_then(|specification| specification.holder_identity.as_deref())
            .unwrap_or_default();
        if holder == self.identity {
            return Decision::Renew;
        }
        if holder.is_empty() {
            return Decision::Take;
        }
        let state = lease.metadata.resource_version.clone().unwrap_or_default();
        match &self.observed {
            Some((before, since)) if *before == state => match now - *since > DURATION {
                true => Decision::Take,
                false => Decision::Wait,
            },
            _ => {
                self.observed = Some((state, now));
                Decision::Wait
            }
        }
    }

    /// The Lease in this one's hand. The version of what was read says on which state it builds.
    fn lease(&self, before: Option<Lease>) -> Lease {
        let now = MicroTime(Timestamp::now());
        let mut lease = before.unwrap_or_else(|| Lease {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            ..Lease::default()
        });
        let before = lease.spec.take().unwrap_or_default();
        let stays = before.holder_identity.as_deref() == Some(&self.identity);
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: match stays {
                true => before.acquire_time.clone(),
                false => Some(now.clone()),
            },
            renew_time: Some(now),
            lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!stays)),
            ..before
        });
        lease
    }

    async fn give_back(&self) -> Result<(), kube::Error> {
        let mut lease = self.leases.get(&self.name).await?;
        if let Some(specification) = &mut lease.spec
            && specification.holder_identity.as_deref() == Some(&self.identity)
        {
            specification.holder_identity = None;
            self.leases
                .replace(&self.name, &PostParams::default(), &lease)
                .await?;
        }
        Ok(())
    }

    fn lead(&self, leads: bool) {
        self.leads.send_if_modified(|before| {
            let changes = *before != leads;
            if changes && leads {
                tracing::info!("{} works from now on", self.identity);
            } else if changes {
                tracing::warn!("{} does not work any more: the Lease is another one's, or could not be renewed", self.identity);
            }
            *before = leads;
            changes
        });
    }
}
