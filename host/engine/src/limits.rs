//! What one call of a component may use. The host sets them on each fresh store.
//!
//! They are far above what an honest component needs and far below what would hurt the
//! node. An error that is caused by one of them should name the limit and its value.

use std::time::Duration;

/// Fuel for instantiation and call together; about one unit an instruction, and more for
/// those that copy.
///
/// A flavour burns some 30 thousand. The largest honest input is a folder of pools: 100
/// pools with 6000 ranges take 11 million in the built-in policy, 1000 such pools ten
/// times that. 500 million leave room for a component in a language with a heavy runtime,
/// and an endless loop burns them in a quarter of a second.
pub const FUEL: u64 = 500_000_000;

/// Processor time for instantiation and call together.
///
/// Fuel ends a loop much earlier; this ends a component that has the host work for it.
/// Not the time on the wall: on a node that starts hundreds of pods at once a component
/// waits long for a processor, which is no fault of its own. The host raises the epoch
/// once, this long after the start, with the store's deadline set to 1. It cannot
/// interrupt a host function.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// Time on the wall for a component that runs in a process of its own, for the case that it has
/// become something else, which sleeps or is stopped. Not too short for one that gets a twentieth of a processor
/// and uses all of its [`DEADLINE`]; an honest one needs a millisecond.
pub const WALL_TIME: Duration = Duration::from_secs(20);

/// Bytes of one message between plumb and a component's process: as many as a component can hand over at once.
pub const MESSAGE_BYTES: usize = LIFTED_BYTES;

/// Private memory of a component's process: two linear memories of [`MEMORY_BYTES`], what the host keeps for
/// handles and messages, and plumb's own.
pub const PROCESS_DATA_BYTES: u64 = 128 << 20;

/// Address space of a component's process: wasmtime reserves 4 GiB and guards for each linear memory.
pub const PROCESS_ADDRESS_SPACE_BYTES: u64 = 12 << 30;

/// Bytes of one linear memory; there are at most [`MEMORIES`].
///
/// A Rust component starts with 1.1 MiB, most of it stack. The largest input, a folder
/// of pools, is some hundred kilobytes of records; 16 MiB leave room for careless copies
/// and for garbage-collected languages. A node that starts a hundred pods at once
/// commits at most 3.2 GiB for them, and only when all of them misbehave.
pub const MEMORY_BYTES: usize = 16 << 20;

/// Elements of a table. A function table has one for each function that is called
/// indirectly: some hundreds in Rust, some thousands in a large C++ or Go program.
pub const TABLE_ELEMENTS: usize = 10_000;

/// Core instances in a component: its module, and the two that `wit-component` adds to
/// break the circle between memory and imports; more when a component is composed.
pub const INSTANCES: usize = 16;

/// Tables of all instances together: each of the instances above may have one, and the adapter
/// has one more.
pub const TABLES: usize = 16;

/// Linear memories of all instances together. Each may grow to [`MEMORY_BYTES`], so a
/// composed component is kept to what two parts need.
pub const MEMORIES: usize = 2;

/// Live handles at a time: to what the host gives (links, functions, routes, pools), to what a
/// component fills with options, and to resources of its own (`resource.new`). A flavour needs
/// less than twenty. An address policy has two for each pool: the largest honest folder has 1000
/// pools. A handle of the host's costs some 200 bytes outside of the component's memory.
pub const HANDLES: usize = 4_000;

/// Bytes that one call of a host function, or the result of an export, may make the host
/// allocate.
///
/// The largest honest value is a proposal: a range of addresses takes about 40 bytes, so
/// sixteen candidates with all their 1024 ranges stay below 1 MiB; 4 MiB leave room.
pub const LIFTED_BYTES: usize = 4 << 20;

/// Longest string that an operation, a fact or an error may carry, in bytes. The longest
/// honest one is an error's `details` with a list of the node's links.
pub const STRING_BYTES: usize = 16 << 10;

/// Lines that are kept of a component's log; later ones are dropped. Enough for a
/// trace of every step, too little to fill a disk by way of a pod that restarts.
pub const LOG_LINES: usize = 64;

/// Bytes that are kept of a line of a component's log. A panic's message fits.
pub const LOG_LINE_BYTES: usize = 1 << 10;

/// Calls of host functions, the log's included. Fuel does not count what the host does
/// meanwhile, and each look at a fact may be a request to the kernel.
pub const HOST_CALLS: u32 = 10_000;

/// Steps of a plan. Each becomes a line of the journal; the longest plans are those with
/// many routes, rules or neighbours.
pub const OPERATIONS: usize = 512;

/// Addresses that one interface may get from a policy.
pub const CLAIMS: usize = 16;

/// Ranges in one candidate; the contract in `wit/0.1/pools.wit` says the same.
pub const RANGES: usize = 1_024;

/// Size of a component's `.wasm` that the compiler accepts, in bytes. Compiling takes
/// seconds and memory in proportion; a component of a language that brings its runtime
/// along has 2 to 15 MB.
pub const COMPONENT_BYTES: usize = 32 << 20;
