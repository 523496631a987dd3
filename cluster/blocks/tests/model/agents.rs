//! Agents: what the program around the claims does, and CNI calls' questions.

use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use plumb_blocks::Blocks;
use plumb_protocol::{Answer, Refusal, Take};

use crate::client::Client;
use crate::node::{Claims, NodeStore, Surroundings};
use crate::world::{Owner, World};

/// Starts a node's agent, and its machine, where they do not run.
pub fn start(world: &World, node: usize) {
    let (claims, which) = {
        let mut inner = world.lock();
        if inner.nodes[node].agent.is_some() {
            return;
        }
        let name = inner.nodes[node].name.clone();
        let one = &mut inner.nodes[node];
        one.up = true;
        one.incarnation += 1;
        let which = one.incarnation;
        let claims: Arc<Claims> = Arc::new(Blocks::new(
            Client {
                world: world.clone(),
                node,
            },
            NodeStore {
                world: world.clone(),
                node,
            },
            Surroundings {
                world: world.clone(),
                node,
                name: name.clone(),
            },
        ));
        one.agent = Some(Arc::clone(&claims));
        inner.say(|| format!("{name}: agent {which} starts"));
        (claims, which)
    };
    let owner = Owner::Agent(node, which);
    let looks = Arc::clone(&claims);
    let here = world.clone();
    world.spawn(owner, async move {
        loop {
            let _ = looks.reconcile().await;
            here.sleep(Claims::RECONCILE_EVERY).await;
        }
    });
    let here = world.clone();
    world.spawn(owner, async move {
        loop {
            let tick = here.some_time(3_000, 9_000);
            here.sleep(tick).await;
            claims.tick().await;
        }
    });
}

/// Tells agents of pressure, some milliseconds after it was stamped.
pub async fn watch_pressure(world: World) {
    loop {
        std::future::poll_fn(|context| {
            let mut inner = world.lock();
            if inner.server.stamped.is_empty() {
                inner.watcher = Some(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        let mut told = Vec::new();
        {
            let mut inner = world.lock();
            let stamped = std::mem::take(&mut inner.server.stamped);
            for pool in stamped {
                for node in 0..inner.nodes.len() {
                    if let Some(agent) = inner.nodes[node].agent.clone()
                        && inner.nodes[node].connected
                    {
                        let which = inner.nodes[node].incarnation;
                        told.push((Owner::Agent(node, which), agent, pool.clone()));
                    }
                }
            }
        }
        for (owner, agent, pool) in told {
            let here = world.clone();
            world.spawn(owner, async move {
                let way = here.some_time(1, 60);
                here.sleep(way).await;
                agent.pressure(&pool).await;
            });
        }
    }
}

#[derive(Default)]
struct Asked {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

/// Puts the answer where who asks waits for it; also when the agent dies.
struct Answering(Arc<Mutex<Asked>>);

impl Answering {
    fn give(&self, answer: Answer) {
        let mut asked = self.0.lock().expect("no panic in the model");
        asked.answer.get_or_insert(answer);
        if let Some(waker) = asked.waker.take() {
            waker.wake();
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.give(gone());
    }
}

fn gone() -> Answer {
    Answer::Refused(Refusal {
        code: 11,
        message: "no agent".to_owned(),
    })
}

/// Asks the node's agent, as a CNI call does.
pub async fn ask(world: &World, node: usize, take: Take) -> Answer {
    let asked: Arc<Mutex<Asked>> = Arc::default();
    {
        let (agent, which) = {
            let inner = world.lock();
            let one = &inner.nodes[node];
            (one.agent.clone(), one.incarnation)
        };
        let Some(agent) = agent else { return gone() };
        let answering = Answering(Arc::clone(&asked));
        world.spawn(Owner::Agent(node, which), async move {
            let answer = agent.take(&take).await;
            answering.give(answer);
        });
    }
    std::future::poll_fn(move |context| {
        let mut asked = asked.lock().expect("no panic in the model");
        match asked.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                asked.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
    .await
}
