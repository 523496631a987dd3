//! `plumb-migrate`: from Spiderpool, whereabouts or host-local to plumb's shared pools while pods run, and back.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use plumb_migration::back::Back;
use plumb_migration::cluster::Cluster;
use plumb_migration::{Found, Objects, Plan, cni_cache, host_local};
use serde::Deserialize;
use serde_json::Value;

/// Takes over the addresses of pods that Spiderpool, whereabouts or host-local attached, and gives them back.
#[derive(Debug, Parser)]
#[command(name = "plumb-migrate", version)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what an import would do and what contradicts itself; changes nothing
    Plan {
        /// What `kubectl get -o yaml` or `-o json` wrote of pools, endpoints, pods and nodes; the cluster when left out
        files: Vec<PathBuf>,
        #[command(flatten)]
        node: NodeFiles,
    },
    /// Does it, pool by pool; what is done stays, and may be done again
    Import {
        #[command(flatten)]
        node: NodeFiles,
    },
    /// Writes what Spiderpool needs to go on with the pods that run
    Back {
        /// Print it as YAML instead
        #[arg(long)]
        dry_run: bool,
    },
}

/// host-local keeps its records on each node.
#[derive(Debug, clap::Args)]
struct NodeFiles {
    /// The node on which this runs, or from which the folders are
    #[arg(long)]
    node_name: Option<String>,
    /// host-local's folder of that node
    #[arg(long, num_args = 0..=1, default_missing_value = host_local::FOLDER, requires = "node_name")]
    host_local: Option<PathBuf>,
    /// Where the runtimes of that node keep results
    #[arg(long, default_value = "/var/lib/cni")]
    cni_folder: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Options::parse().command).await {
        Ok(code) => code,
        Err(reason) => {
            eprintln!("plumb-migrate: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Plan { files, node } => {
            let objects = match files.is_empty() {
                true => cluster().await?.objects().await?,
                false => read(&files)?,
            };
            let plan = plan(&objects, &node)?;
            print!("{plan}");
            Ok(code(&plan))
        }
        Command::Import { node } => {
            let cluster = cluster().await?;
            let plan = plan(&cluster.objects().await?, &node)?;
            print!("{plan}");
            let created = cluster.import(&plan).await?;
            println!("blocks created: {created}; each node takes up its own within a minute");
            Ok(code(&plan))
        }
        Command::Back { dry_run } => {
            let cluster = cluster().await?;
            let back = Back::of(&cluster.objects().await?);
            for sentence in &back.told {
                eprintln!("note: {sentence}");
            }
            if dry_run {
                print!("{}", as_yaml(&back)?);
                return Ok(ExitCode::SUCCESS);
            }
            cluster.write_back(&back).await?;
            println!(
                "wrote the status of {} pools and the endpoints of {} pods",
                back.pools.len(),
                back.endpoints.len()
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Whether all pools are, or can be, imported.
fn code(plan: &Plan) -> ExitCode {
    match plan.is_clear() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

async fn cluster() -> Result<Cluster, String> {
    let client = kube::Client::try_default().await;
    let client = client.map_err(|error| format!("find the API server: {error}"))?;
    Ok(Cluster::new(client))
}

fn plan(objects: &Objects, node: &NodeFiles) -> Result<Plan, String> {
    let (found, told) = found_on_node(node)?;
    let mut plan = Plan::of(objects, &found);
    plan.told.extend(told);
    Ok(plan)
}

fn found_on_node(node: &NodeFiles) -> Result<(Vec<Found>, Vec<String>), String> {
    let (Some(name), Some(folder)) = (&node.node_name, &node.host_local) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let cached = cni_cache::read(&node.cni_folder);
    host_local::read(folder, name, &cached)
        .map_err(|error| format!("read {}: {error}", folder.display()))
}

/// The objects of files, each with any number of documents.
fn read(files: &[PathBuf]) -> Result<Objects, String> {
    let mut objects = Objects::default();
    for file in files {
        let failed = |error: &dyn std::fmt::Display| format!("read {}: {error}", file.display());
        let text = read_text(file).map_err(|error| failed(&error))?;
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            let document = Value::deserialize(document).map_err(|error| failed(&error))?;
            objects.add(document);
        }
    }
    if objects.pods.is_empty() {
        return Err(
            "the files have no pod, so every address would count as free: add `kubectl get pods -A -o yaml`".to_owned(),
        );
    }
    Ok(objects)
}

fn read_text(file: &Path) -> std::io::Result<String> {
    match file.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(file),
    }
}

fn as_yaml(back: &Back) -> Result<String, String> {
    let mut text = String::new();
    let pools = back.pools.iter().map(|(name, status)| {
        serde_json::json!({
            "apiVersion": "spiderpool.spidernet.io/v2beta1",
            "kind": "SpiderIPPool",
            "metadata": {"name": name},
            "status": status,
        })
    });
    for object in pools.chain(back.endpoints.values().cloned()) {
        let object = serde_yaml_ng::to_string(&object).map_err(|error| error.to_string())?;
        text += "---\n";
        text += &object;
    }
    Ok(text)
}
