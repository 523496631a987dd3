//! `plumbctl render`: the NetworkAttachmentDefinitions that a user's manifests come to, without a cluster. It is what the
//! cluster's controller does, so a mistake is found before anything is applied.

mod manifests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use plumb::pools;
use plumb_resources::{
    COORDINATOR_KIND, Coordinator, MULTUS_CONFIG_KIND, MultusConfig, POOL_KIND, RESERVED_KIND,
    Rendered, SUBNET_KIND, SUBNETS_ARE_NOT_USED, render, unknown_pools, without_affinities,
};
use serde_json::Value;

use crate::Failure;
use manifests::Manifest;

/// Arguments of `plumbctl render`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Manifests, as kubectl takes them; - for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What manifests come to.
#[derive(Debug, Default)]
struct Outcome {
    /// What is to be applied, in the order of the manifests.
    objects: Vec<Value>,
    /// What was understood in another way than it was written, or is missing elsewhere.
    notes: Vec<String>,
    /// What is wrong.
    problems: Vec<String>,
}

/// Prints the objects, or what is wrong: one sentence each.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let manifests = manifests::read(&arguments.files)?;
    let outcome = outcome(&manifests);
    for note in &outcome.notes {
        eprintln!("plumbctl: {note}");
    }
    if !outcome.problems.is_empty() {
        return Err(outcome.problems.join("\nplumbctl: ").into());
    }
    let mut text = String::new();
    for object in &outcome.objects {
        text.push_str("---\n");
        text.push_str(&serde_yaml_ng::to_string(object)?);
    }
    print!("{text}");
    Ok(())
}

fn outcome(manifests: &[Manifest]) -> Outcome {
    let mut outcome = Outcome::default();
    let known = known_pools(manifests, &mut outcome);
    let cluster = coordinator(manifests, &mut outcome);
    let mut attachments: BTreeMap<(Option<String>, String), &str> = BTreeMap::new();
    for manifest in manifests {
        match manifest.kind() {
            POOL_KIND | RESERVED_KIND => outcome.objects.push(manifest.object.clone()),
            MULTUS_CONFIG_KIND => {
                let Some(rendered) =
                    network(manifest, known.as_deref(), cluster.as_ref(), &mut outcome)
                else {
                    continue;
                };
                let key = (rendered.namespace.clone(), rendered.name.clone());
                match attachments.insert(key, &manifest.place) {
                    None => outcome.objects.push(rendered.manifest()),
                    Some(other) => outcome.problems.push(format!(
                        "{}: NetworkAttachmentDefinition {} is that of {other} already: give one of them another name, or the \
                         annotation multus.spidernet.io/cr-name",
                        manifest.place, rendered.name
                    )),
                }
            }
            SUBNET_KIND => outcome
                .problems
                .push(format!("{}: {SUBNETS_ARE_NOT_USED}", manifest.place)),
            COORDINATOR_KIND => {}
            _ => outcome
                .notes
                .push(format!("{}: passed over", manifest.place)),
        }
    }
    outcome
}

/// Pools by name and family; none where the manifests have none, because they are somewhere else then.
fn known_pools<'a>(
    manifests: &'a [Manifest],
    outcome: &mut Outcome,
) -> Option<Vec<(&'a str, plumb_values::Family)>> {
    let is_of_pools = |manifest: &&Manifest| [POOL_KIND, RESERVED_KIND].contains(&manifest.kind());
    let objects: Vec<_> = manifests
        .iter()
        .filter(is_of_pools)
        .map(|manifest| (manifest.file.as_str(), without_affinities(&manifest.object)))
        .collect();
    let set = pools::objects(objects.iter().map(|(file, object)| (*file, object)));
    outcome.problems.extend(
        set.left_out
            .iter()
            .map(|left_out| left_out.error.to_string()),
    );
    // A pool that is refused is there all the same: that is one mistake, not two.
    let known: Vec<_> = manifests
        .iter()
        .filter(|manifest| manifest.kind() == POOL_KIND)
        .filter_map(|manifest| Some((manifest.name()?, manifest.family())))
        .collect();
    (!known.is_empty()).then_some(known)
}

/// The first of them, as in the cluster.
fn coordinator(manifests: &[Manifest], outcome: &mut Outcome) -> Option<Coordinator> {
    let mut found = None;
    for manifest in manifests
        .iter()
        .filter(|manifest| manifest.kind() == COORDINATOR_KIND)
    {
        match Coordinator::of_cluster(&manifest.object) {
            Ok((coordinator, notes)) => {
                outcome.notes.extend(manifest.sentences(notes));
                found.get_or_insert(coordinator);
            }
            Err(problems) => outcome.problems.extend(manifest.sentences(problems)),
        }
    }
    found
}

fn network(
    manifest: &Manifest,
    known: Option<&[(&str, plumb_values::Family)]>,
    cluster: Option<&Coordinator>,
    outcome: &mut Outcome,
) -> Option<Rendered> {
    let network = MultusConfig::read(&manifest.object);
    if let (Ok(network), Some(known)) = (&network, known) {
        let unknown = unknown_pools(network, known);
        outcome.problems.extend(manifest.sentences(unknown));
    }
    match network.and_then(|network| render(&network, cluster)) {
        Ok(rendered) => {
            outcome
                .notes
                .extend(manifest.sentences(rendered.notes.clone()));
            if !rendered.other_plugins.is_empty() {
                outcome.notes.push(format!(
                    "{}: each node needs the plugin {} beside plumb",
                    manifest.place,
                    rendered.other_plugins.join(", ")
                ));
            }
            Some(rendered)
        }
        Err(problems) => {
            outcome.problems.extend(manifest.sentences(problems));
            None
        }
    }
}
