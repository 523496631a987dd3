//! Many nodes and a model of the API server: the rule holds after every step, and whoever can be served is.
//!
//! One thread, one clock, all by a seed: which task takes the next step, how long a call takes, whether it is refused, lost, done
//! late or twice, how old a list is, which agent is killed where, which machine stops, whose lease store is damaged, and which
//! clock is wrong. `PLUMB_SEEDS=20000` runs so many seeds, `PLUMB_SEED=17` one, with its schedule. A seed that fails is run
//! again with its schedule.

mod agents;
mod chance;
mod chaos;
mod client;
mod faults;
mod invariants;
mod liveness;
mod node;
mod numbers;
mod pods;
mod restored;
mod server;
mod world;
