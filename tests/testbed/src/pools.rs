//! The node's folder of pools, as its administrator fills it.

use std::fs;
use std::path::PathBuf;

use plumb_tests::policy::POOLS;

/// A file of pools, which goes when the test ends. The machine keeps its own `/etc`, where modprobe looks.
pub struct PoolFile(PathBuf);

impl PoolFile {
    /// Writes `SpiderIPPool` objects: the name and the specification of each.
    #[track_caller]
    pub fn new(pools: &[(&str, &str)]) -> Self {
        let manifest = |(name, specification): &(&str, &str)| {
            format!(
                "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderIPPool\nmetadata: {{name: {name}}}\nspec: {{{specification}}}\n"
            )
        };
        let manifests: Vec<String> = pools.iter().map(manifest).collect();
        fs::create_dir_all(POOLS).expect("make the folder of the pools");
        let file = PathBuf::from(POOLS).join("pools.yaml");
        fs::write(&file, manifests.join("---\n")).expect("write the pools");
        Self(file)
    }
}

impl Drop for PoolFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
