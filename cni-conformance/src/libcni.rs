//! The runtime's side: what each runtime really sends to a plugin.
//!
//! The reference library writes standard input and the six variables; each runtime has its
//! own values for them, its own order of calls, and its own oddities. The forms here were
//! taken down from the real programs.

pub mod input;
pub mod json;
pub mod result;
pub mod runtime;

use serde_json::json;

use crate::{Scene, Subject, Version};

pub use runtime::Runtime;

/// What the plugin answers to VERSION.
///
/// # Errors
///
/// A sentence with what came instead of an answer.
pub fn advertised_versions(subject: &Subject) -> Result<Vec<String>, String> {
    let asked = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let scene = Scene::new(subject, Version::V1_0_0);
                scene
                    .call("VERSION", &json!({"cniVersion": "1.0.0"}))
                    .variable("CNI_NETNS", "dummy")
                    .variable("CNI_IFNAME", "dummy")
                    .path("dummy")
                    .run()
            })
            .join()
    });
    let outcome = asked.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.unwrap_or("the plugin could not be asked for its versions")
            .to_owned()
    })?;
    let answer: serde_json::Value = serde_json::from_slice(&outcome.stdout).unwrap_or_default();
    let list: Vec<String> = answer["supportedVersions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|version| version.as_str().map(str::to_owned))
        .collect();
    match outcome.succeeded() && !list.is_empty() {
        true => Ok(list),
        false => Err(format!(
            "the plugin does not tell its versions, without which no runtime uses it\n{outcome}"
        )),
    }
}
