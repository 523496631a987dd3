//! The world: one clock, what is under way, and an executor that lets one task take one step, by a seed.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use plumb_blocks::{Failure, Pool};

use crate::chance::Chance;
use crate::faults::Faults;
use crate::node::Node;
use crate::server::{Call, Reply, Server};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who a task ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The agent of a node, that very one.
    Agent(usize, u64),
    World,
}

enum Event {
    /// A call reaches the API server.
    Reach(u64),
    /// Its answer reaches the agent.
    Answer(u64),
    /// A call that nobody waits for any more, or that was done already, is done.
    Late(Call),
    Wake(Waker),
}

struct UnderWay {
    node: usize,
    call: Call,
    answer: Option<Result<Reply, Failure>>,
    answered: bool,
    waker: Waker,
}

/// Where a pod lives, and with which addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Living {
    pub node: usize,
    pub addresses: Vec<IpAddr>,
}

/// An address that something from outside has taken from under a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Whether others may use it meanwhile: it was freed for them, by a person or the controller.
    pub freed: bool,
    /// How many looks at the API server the node had completed: after two more nothing of it is held.
    pub looks: u64,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    pub steps: u64,
    pub adds: u64,
    pub warm: u64,
    pub refused: u64,
    pub full: u64,
    pub calls: u64,
    pub kills: u64,
    pub kept: u64,
    pub moved: u64,
    pub restores: u64,
    pub conflicts: u64,
}

impl Count {
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.adds += other.adds;
        self.warm += other.warm;
        self.refused += other.refused;
        self.full += other.full;
        self.calls += other.calls;
        self.kills += other.kills;
        self.kept += other.kept;
        self.moved += other.moved;
        self.restores += other.restores;
        self.conflicts += other.conflicts;
    }
}

pub struct Inner {
    pub chance: Chance,
    pub now: Duration,
    pub server: Server,
    pub nodes: Vec<Node>,
    pub pools: Vec<Pool>,
    /// What a pod asks for: of each address from which pools it may come.
    pub claims: Vec<Vec<usize>>,
    pub faults: Faults,
    pub living: BTreeMap<usize, Living>,
    pub taken: BTreeMap<(usize, IpAddr), Taken>,
    /// Who waits for pressure.
    pub watcher: Option<Waker>,
    pub dirty: bool,
    pub count: Count,
    /// Since when all faults are over: then nothing may be refused for good.
    pub violation: Option<String>,
    pub trace: Option<Vec<String>>,
    /// How many pods came in the moment before something was given back.
    pub visits: usize,
    /// Whether the workload goes on.
    pub busy: bool,
    events: BTreeMap<(Duration, u64), Event>,
    next: u64,
    calls: BTreeMap<u64, UnderWay>,
    spawned: Vec<(Owner, Task)>,
    killed: BTreeSet<(usize, u64)>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Inner")
    }
}

#[derive(Debug, Clone)]
pub struct World(Arc<Mutex<Inner>>);

impl World {
    pub fn new(seed: u64, faults: Faults, pools: Vec<Pool>, traced: bool) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            chance: Chance::new(seed),
            now: Duration::from_secs(1_000_000),
            server: Server::default(),
            nodes: Vec::new(),
            claims: vec![(0..pools.len()).collect()],
            pools,
            faults,
            living: BTreeMap::new(),
            taken: BTreeMap::new(),
            watcher: None,
            dirty: true,
            count: Count::default(),
            violation: None,
            trace: traced.then(Vec::new),
            visits: 0,
            busy: true,
            events: BTreeMap::new(),
            next: 0,
            calls: BTreeMap::new(),
            spawned: Vec::new(),
            killed: BTreeSet::new(),
        })))
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no panic in the model")
    }

    pub fn spawn(&self, owner: Owner, task: impl Future<Output = ()> + Send + 'static) {
        self.lock().spawned.push((owner, Box::pin(task)));
    }

    pub fn sleep(&self, time: Duration) -> Sleep {
        Sleep::new(self, time)
    }

    /// A time by chance, in milliseconds.
    pub fn some_time(&self, least: u64, most: u64) -> Duration {
        self.lock().chance.time(least, most)
    }
}

impl Inner {
    pub fn say(&mut self, sentence: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!(
                "{:>12.3} {}",
                self.now.as_secs_f64() - 1_000_000.0,
                sentence()
            ));
        }
    }

    pub fn violated(&mut self, sentence: String) {
        self.say(|| format!("VIOLATED: {sentence}"));
        self.violation.get_or_insert(sentence);
    }

    fn at(&mut self, after: Duration, event: Event) {
        self.next += 1;
        self.events.insert((self.now + after, self.next), event);
    }

    pub fn send(&mut self, node: usize, call: Call, waker: Waker) -> u64 {
        self.count.calls += 1;
        let way = self.chance.time(1, self.faults.latency);
        self.next += 1;
        let id = self.next;
        self.calls.insert(
            id,
            UnderWay {
                node,
                call,
                answer: None,
                answered: false,
                waker,
            },
        );
        self.at(way, Event::Reach(id));
        id
    }

    pub fn answer(&mut self, id: u64, waker: Waker) -> Option<Result<Reply, Failure>> {
        let call = self.calls.get_mut(&id)?;
        if !call.answered {
            call.waker = waker;
            return None;
        }
        self.calls.remove(&id)?.answer
    }

    pub fn abandon(&mut self, id: u64) {
        if let Some(call) = self.calls.get_mut(&id)
            && call.answered
        {
            self.calls.remove(&id);
        }
    }

    fn do_call(&mut self, call: &Call) -> Result<Reply, Failure> {
        let age = match self.chance.below(3) {
            0 => self.chance.time(1, self.faults.stale),
            _ => Duration::ZERO,
        };
        let answer = self.server.perform(call, self.now, age);
        self.dirty |= call.writes();
        if !self.server.stamped.is_empty()
            && let Some(watcher) = self.watcher.take()
        {
            watcher.wake();
        }
        self.say(|| format!("server: {call:?} -> {answer:?}"));
        answer
    }

    /// A call reaches the API server, or does not.
    fn reach(&mut self, id: u64) {
        let Some(under_way) = self.calls.get(&id) else {
            return;
        };
        let (node, call) = (under_way.node, under_way.call.clone());
        let unknown = || Err(Failure::Unknown("no answer within 5 s".to_owned()));
        let answer = if !self.nodes[node].connected {
            unknown()
        } else if self.chance.happens(self.faults.busy) {
            Err(Failure::Unavailable("429 too many requests".to_owned()))
        } else if self.chance.happens(self.faults.lost) {
            if self.chance.happens(5_000) {
                let _ = self.do_call(&call);
            } else if call.writes() && self.chance.happens(7_000) {
                let late = self.chance.time(10, 900_000);
                self.at(late, Event::Late(call.clone()));
            }
            unknown()
        } else {
            if call.writes() && self.chance.happens(self.faults.twice) {
                let late = self.chance.time(1, 900_000);
                self.at(late, Event::Late(call.clone()));
            }
            self.do_call(&call)
        };
        if let Err(failure) = &answer {
            let line = format!("{}: {call:?}: {failure}", self.nodes[node].name);
            self.say(|| line);
        }
        let back = self.chance.time(1, self.faults.latency);
        if let Some(under_way) = self.calls.get_mut(&id) {
            under_way.answer = Some(answer);
        }
        self.at(back, Event::Answer(id));
    }

    /// The API server stops: what it was sent and has not done is never done, and what it has answered and nobody has got
    /// yet is lost.
    pub fn break_connections(&mut self) {
        self.events
            .retain(|_, event| !matches!(event, Event::Late(_)));
        for call in self.calls.values_mut().filter(|call| !call.answered) {
            if let Some(answer) = &mut call.answer {
                *answer = Err(Failure::Unknown("the connection broke".to_owned()));
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Reach(id) => self.reach(id),
            Event::Answer(id) => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.answered = true;
                    call.waker.wake_by_ref();
                }
            }
            Event::Late(call) => {
                self.say(|| "late:".to_owned());
                let _ = self.do_call(&call);
            }
            Event::Wake(waker) => waker.wake(),
        }
    }

    /// The agent of a node dies, in the middle of whatever it does.
    pub fn kill_agent(&mut self, node: usize) {
        let which = self.nodes[node].incarnation;
        if self.nodes[node].agent.take().is_some() {
            self.count.kills += 1;
            self.killed.insert((node, which));
            let name = self.nodes[node].name.clone();
            self.say(|| format!("{name}: agent {which} killed"));
        }
    }
}

/// Ends after a time of the model.
pub struct Sleep {
    world: World,
    until: Duration,
    set: bool,
}

impl Sleep {
    pub fn new(world: &World, time: Duration) -> Self {
        let until = world.lock().now + time;
        Self {
            world: world.clone(),
            until,
            set: false,
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.world.lock();
        if inner.now >= self.until {
            return Poll::Ready(());
        }
        if !self.set {
            let left = self.until - inner.now;
            inner.at(left, Event::Wake(context.waker().clone()));
            drop(inner);
            self.set = true;
        }
        Poll::Pending
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Running {
    owner: Owner,
    task: Task,
    flag: Arc<Flag>,
}

/// Lets tasks take steps until the world's time is `until`, or something is violated. After each step `check` looks.
pub struct Executor {
    world: World,
    running: Vec<Running>,
}

impl Executor {
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            running: Vec::new(),
        }
    }

    pub fn run(&mut self, until: Duration, check: impl Fn(&mut Inner)) -> bool {
        loop {
            let (spawned, killed) = {
                let mut inner = self.world.lock();
                (
                    std::mem::take(&mut inner.spawned),
                    std::mem::take(&mut inner.killed),
                )
            };
            for (owner, task) in spawned {
                let flag = Arc::new(Flag(AtomicBool::new(true)));
                self.running.push(Running { owner, task, flag });
            }
            if !killed.is_empty() {
                // Dropped outside of the lock: what they drop may lock.
                self.running.retain(|running| match running.owner {
                    Owner::Agent(node, which) => !killed.contains(&(node, which)),
                    Owner::World => true,
                });
            }
            let ready: Vec<usize> = (0..self.running.len())
                .filter(|index| self.running[*index].flag.0.load(Ordering::Relaxed))
                .collect();
            let mut inner = self.world.lock();
            if inner.violation.is_some() {
                return false;
            }
            let event = ready.is_empty() || {
                let rate = inner.faults.slow;
                inner.chance.happens(rate)
            };
            if event {
                match inner.events.pop_first() {
                    Some(((at, _), event)) => {
                        if at <= until {
                            inner.now = inner.now.max(at);
                            inner.happen(event);
                        } else {
                            inner.next += 1;
                            let next = inner.next;
                            inner.events.insert((at, next), event);
                            if ready.is_empty() {
                                inner.now = until;
                                return true;
                            }
                        }
                    }
                    None if ready.is_empty() => return true,
                    None => {}
                }
            } else {
                let index = ready[inner.chance.below(ready.len())];
                inner.count.steps += 1;
                drop(inner);
                let running = &mut self.running[index];
                running.flag.0.store(false, Ordering::Relaxed);
                let waker = Waker::from(Arc::clone(&running.flag));
                let done = running.task.as_mut().poll(&mut Context::from_waker(&waker));
                if done.is_ready() {
                    drop(self.running.swap_remove(index));
                }
                inner = self.world.lock();
            }
            if inner.dirty {
                inner.dirty = false;
                check(&mut inner);
            }
        }
    }
}
