//! A node: containerd and kubelet in namespaces of their own.

use std::ops::Deref;
use std::path::Path;

use plumb_runtimes::Finished;

use crate::{Place, processes};

/// A node of a cluster. It derefs to its [`Place`], where commands run and files are.
pub struct Node {
    name: String,
    place: Place,
}

impl Node {
    /// Node number `number`, from 1, of the cluster in this folder.
    #[track_caller]
    pub(crate) fn new(cluster: &Path, number: usize) -> Self {
        let name = format!("node{number}");
        let process = processes::of_file(cluster, &cluster.join("pid").join(&name));
        let place = Place::new(process, cluster.join(&name));
        Self { name, place }
    }

    /// Its name, as the API server knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Imports an image, as `docker save` writes it, for pods.
    #[track_caller]
    pub fn import(&self, image: &Path) {
        let mut command = self.command("ctr");
        command
            .args(["--namespace", "k8s.io", "images", "import"])
            .args(["--snapshotter", "native"])
            .arg(image);
        Finished::of(command).expect_success();
    }
}

impl Deref for Node {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}
