//! The adapter, lent to one test at a time.

use std::cell::Cell;
use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use cni_harness::{Call, Node, Outcome, Pod};
use plumb_tests::state::{STATE_FOLDER, records};
use serde_json::Value;

use crate::program::{output, run};
use crate::{Adapter, Function, LinkLayer, PATIENCE, Picture, Setup, configuration, modules};

/// The machine with its adapter.
pub struct Bed {
    node: Node,
    setup: Setup,
    physical: Function,
    functions: Vec<Function>,
    before: Picture,
    spent: Cell<bool>,
}

/// What is left of the last test of this binary, if it left the machine as it was.
static LAST: Mutex<Option<Bed>> = Mutex::new(None);

/// The adapter in this set-up, which is made when the last test had another or failed. When
/// the test ends, its pods are removed, and the machine must be as it was.
#[track_caller]
pub fn bed(setup: Setup) -> InUse {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let bed = match last.take() {
        Some(bed) if bed.setup == setup => bed,
        _ => Bed::new(setup),
    };
    InUse {
        bed: Some(bed),
        last,
    }
}

/// A bed that a test has. It derefs to the [`Bed`].
pub struct InUse {
    bed: Option<Bed>,
    last: MutexGuard<'static, Option<Bed>>,
}

impl Deref for InUse {
    type Target = Bed;

    fn deref(&self) -> &Bed {
        self.bed.as_ref().expect("it is there until the test ends")
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let Some(bed) = self.bed.take() else { return };
        remove_pods();
        // A test that has failed says what is wrong; the next one gets a fresh bed.
        if std::thread::panicking() {
            let _ = fs::remove_dir_all(STATE_FOLDER);
            return;
        }
        if bed.spent.get() {
            assert!(records().is_empty(), "{:?}", records());
            return;
        }
        let difference = bed.before.settled_difference();
        if difference.is_empty() {
            *self.last = Some(bed);
        } else {
            let _ = fs::remove_dir_all(STATE_FOLDER);
            panic!("after the test the machine is not as it was before:\n{difference}");
        }
    }
}

impl Bed {
    #[track_caller]
    fn new(setup: Setup) -> Self {
        let physical = modules::load(setup);
        let mut functions: Vec<Function> = (0..setup.functions)
            .map(|number| physical.virtual_function(number))
            .collect();
        functions.push(physical.clone());
        let node = machine();
        warm_up(&node, setup, &functions[0]);
        let before = Picture::new(&functions);
        functions.pop();
        Self {
            node,
            setup,
            physical,
            functions,
            before,
            spent: Cell::new(false),
        }
    }

    /// The machine, for calls of other programs than plumb.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The set-up that it was made in.
    pub fn setup(&self) -> Setup {
        self.setup
    }

    /// The physical function.
    pub fn physical(&self) -> &Function {
        &self.physical
    }

    /// Virtual function `number`, from 0.
    pub fn function(&self, number: usize) -> &Function {
        &self.functions[number]
    }

    /// What the physical function reports of virtual function `number`.
    #[track_caller]
    pub fn settings(&self, number: usize) -> Value {
        self.physical.settings_of(number)
    }

    /// A new pod.
    pub fn pod(&self) -> Pod {
        self.node.pod()
    }

    /// The machine as it is now.
    #[track_caller]
    pub fn picture(&self) -> Picture {
        let mut functions = self.functions.clone();
        functions.push(self.physical.clone());
        Picture::new(&functions)
    }

    /// As [`Self::picture`], for a test that removes the pods that there are.
    #[track_caller]
    pub fn picture_without_pods(&self) -> Picture {
        self.picture().without_pods()
    }

    /// The machine as it was before the test, whatever pods it has made since.
    pub fn before(&self) -> Picture {
        self.before.clone().without_pods()
    }

    /// Re-creates the adapter when the test has ended, for tests that change what only a
    /// new one has again; the machine must then be clean of all but that.
    pub fn rebuild(&self) {
        self.spent.set(true);
    }

    /// The records of attachments.
    pub fn records(&self) -> Vec<std::path::PathBuf> {
        records()
    }

    /// A call of `verb` for `eth0` of the pod.
    pub fn call(&self, verb: &str, pod: &Pod, configuration: &Value) -> Call {
        Call::new(&self.node, verb, configuration)
            .pod(pod)
            .deadline(PATIENCE)
    }

    /// ADD, which must succeed; its result.
    #[track_caller]
    pub fn add(&self, pod: &Pod, configuration: &Value) -> Value {
        self.call("ADD", pod, configuration).run().expect_result()
    }

    /// DEL, which must succeed.
    #[track_caller]
    pub fn delete(&self, pod: &Pod, configuration: &Value) {
        self.call("DEL", pod, configuration).run().expect_silence();
    }

    /// CHECK with the result of the ADD.
    #[track_caller]
    pub fn check(&self, pod: &Pod, configuration: &Value, result: &Value) -> Outcome {
        Call::check(&self.node, pod, configuration, result)
            .deadline(PATIENCE)
            .run()
    }

    /// GC; `valid` are the pods whose `eth0` stays.
    #[track_caller]
    pub fn gc(&self, configuration: &Value, valid: &[&Pod]) {
        let valid: Vec<(&Pod, &str)> = valid.iter().map(|pod| (*pod, "eth0")).collect();
        Call::gc(&self.node, configuration, &valid)
            .deadline(PATIENCE)
            .run()
            .expect_silence();
    }

    /// STATUS.
    #[track_caller]
    pub fn status(&self, configuration: &Value) -> Outcome {
        Call::status(&self.node, configuration)
            .deadline(PATIENCE)
            .run()
    }
}

/// Lets the emulator translate the code of plumb and of two components, which it does when code is first run: in the
/// first ADD it can take the processor time that components have. What is answered does not matter.
fn warm_up(node: &Node, setup: Setup, function: &Function) {
    static ONCE: Once = Once::new();
    let configuration = match setup.adapter {
        Adapter::Simulated(LinkLayer::InfiniBand) => configuration::ib_sriov(function),
        _ => configuration::sriov(function),
    };
    ONCE.call_once(|| {
        Call::status(node, &configuration).deadline(PATIENCE).run();
        let _ = fs::remove_dir_all(STATE_FOLDER);
    });
}

/// The machine itself as a node: RDMA devices are in the first network namespace, so a private
/// one would have none. A node's namespaces are those of the thread that makes it, and go
/// with it; what is left is what calls need.
fn machine() -> Node {
    std::thread::spawn(plumb_tests::node)
        .join()
        .expect("the node was made")
}

fn remove_pods() {
    for entry in fs::read_dir("/run/netns").into_iter().flatten().flatten() {
        let path = entry.path();
        output(&format!("umount -l {}", path.display()));
        let _ = fs::remove_file(path);
    }
    if Path::new("/run/netns").exists() {
        run("ip netns list");
    }
}
