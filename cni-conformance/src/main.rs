//! `cni-conformance --plugin PATH --config FILE`: judges a CNI plugin.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use cni_conformance::report::{json, junit, table, text};
use cni_conformance::{Case, Expectations, Kind, Subject, Version, cases, libcni, run};

/// Judges a CNI plugin by the specification, and by what runtimes rely on.
///
/// Each case calls the plugin on a private node: mount and network namespaces of its own,
/// in which nic0 and nic1 are the two ends of a cable. Needs root, or a kernel that lets a
/// user make user namespaces.
///
/// Exit code 0 when all came as expected, 1 when not, 2 when it could not run.
#[derive(Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Option<Run>,
}

#[derive(Subcommand)]
enum Command {
    /// run the cases; the same as without a subcommand
    Run(Box<Run>),
    /// show the cases, with their sources in the specification
    List {
        /// as JSON
        #[arg(long)]
        json: bool,
    },
    /// show the results of several runs side by side, as a table in Markdown
    Table {
        /// files that --json wrote
        files: Vec<PathBuf>,
    },
}

#[derive(Args)]
struct Run {
    /// the plugin's binary
    #[arg(long)]
    plugin: PathBuf,
    /// network configuration; ${POD} in it is replaced by the number of the pod
    #[arg(long)]
    config: PathBuf,
    /// what the plugin does
    #[arg(long, value_enum, default_value = "interface")]
    kind: Kind,
    /// folders with the plugins it calls, with colons between; by default the plugin's own folder
    #[arg(long)]
    cni_path: Option<String>,
    /// shell script that prepares the node
    #[arg(long)]
    node: Option<PathBuf>,
    /// shell script that prepares the node for a pod; POD is its number, NETNS its `ip netns` name
    #[arg(long)]
    pod: Option<PathBuf>,
    /// shell script that lists what the plugin keeps, such as leases in a data base, one entry a line
    #[arg(long)]
    state: Option<PathBuf>,
    /// files that stay by design, with commas between; * at the end matches any text
    #[arg(long, value_delimiter = ',')]
    stays: Vec<String>,
    /// versions to test, with commas between; by default all that the plugin advertises
    #[arg(long, value_delimiter = ',', value_parser = version)]
    versions: Vec<Version>,
    /// only these cases: numbers or names, with commas between
    #[arg(long, value_delimiter = ',')]
    cases: Vec<String>,
    /// failures that are known: NUMBER[@VERSION][?] NAME # reason, one on a line
    #[arg(long)]
    expect: Option<PathBuf>,
    /// write the results to this file as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// write the results to this file as JUnit XML
    #[arg(long)]
    junit: Option<PathBuf>,
    /// how many cases run at a time
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, Into::into))]
    jobs: usize,
    /// show only what failed
    #[arg(long)]
    quiet: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match (arguments.command, arguments.run) {
        (Some(Command::List { json }), _) => list(json).map(|()| true),
        (Some(Command::Table { files }), _) => table(&files).map(|()| true),
        (Some(Command::Run(run)), _) => judge(&run),
        (None, Some(run)) => judge(&run),
        (None, None) => Err("nothing to do: give --plugin and --config, or see --help".into()),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("cni-conformance: {error}");
            ExitCode::from(2)
        }
    }
}

fn list(as_json: bool) -> Result<(), String> {
    if as_json {
        let list: Vec<_> = cases::all().map(json::case).collect();
        println!("{:#}", serde_json::Value::from(list));
        return Ok(());
    }
    for case in cases::all() {
        println!(
            "{:<4} {:<32} {:<7} {}\n     {}",
            case.number,
            case.name,
            case.level.as_str(),
            case.source,
            case.demand
        );
    }
    Ok(())
}

fn table(files: &[PathBuf]) -> Result<(), String> {
    let mut runs = Vec::new();
    for path in files {
        let run = serde_json::from_str(&read(path)?)
            .map_err(|error| format!("read {}: {error}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        runs.push((name.into_owned(), run));
    }
    print!("{}", table::markdown(&runs));
    Ok(())
}

/// Whether all came as expected.
fn judge(run: &Run) -> Result<bool, String> {
    let expectations = match &run.expect {
        None => Expectations::default(),
        Some(path) => Expectations::parse(&read(path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?,
    };
    let chosen = choose(&run.cases)?;
    let subject = subject(run)?;
    let mut output = io::stdout().lock();
    let write = |error: io::Error| format!("write to standard output: {error}");
    text::begin(&mut output, &subject, chosen.len()).map_err(write)?;
    // The cases tell their failures themselves.
    std::panic::set_hook(Box::new(|_| {}));
    let finished = run::run(&subject, &chosen, run.jobs);
    let comparison = expectations.compare(&finished);
    text::end(
        &mut output,
        &finished,
        &expectations,
        &comparison,
        run.quiet,
    )
    .map_err(write)?;
    if let Some(path) = &run.json {
        let document = json::document(&subject, &finished, &expectations, &comparison);
        save(path, &format!("{document:#}\n"))?;
    }
    if let Some(path) = &run.junit {
        save(path, &junit::document(&subject, &finished, &expectations))?;
    }
    Ok(comparison.surprises.is_empty())
}

fn subject(run: &Run) -> Result<Subject, String> {
    let plugin = fs::canonicalize(
        run.plugin
            .parent()
            .filter(|path| !path.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    )
    .map(|folder| folder.join(run.plugin.file_name().unwrap_or_default()))
    .map_err(|error| format!("find the plugin {}: {error}", run.plugin.display()))?;
    let own_folder = plugin
        .parent()
        .map(|folder| folder.to_string_lossy().into_owned());
    let mut subject = Subject {
        configuration: Subject::read_configuration(&run.config)?,
        kind: run.kind,
        cni_path: run.cni_path.clone().or(own_folder).unwrap_or_default(),
        node_script: run.node.as_deref().map(read).transpose()?,
        pod_script: run.pod.as_deref().map(read).transpose()?,
        state_script: run.state.as_deref().map(read).transpose()?,
        stays: run.stays.clone(),
        versions: Vec::new(),
        plugin,
    };
    let advertised = libcni::advertised_versions(&subject)?;
    subject.versions = Subject::choose_versions(&advertised, &run.versions);
    if subject.versions.is_empty() {
        return Err(format!(
            "the plugin advertises {}, of which none is to be tested",
            advertised.join(", ")
        ));
    }
    Ok(subject)
}

fn choose(wanted: &[String]) -> Result<Vec<&'static Case>, String> {
    if wanted.is_empty() {
        return Ok(cases::all().collect());
    }
    wanted
        .iter()
        .map(|wanted| {
            cases::all()
                .find(|case| case.name == wanted || case.number.to_string() == *wanted)
                .ok_or_else(|| format!("there is no case {wanted:?}: see `cni-conformance list`"))
        })
        .collect()
}

fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Version::ALL
            .iter()
            .map(|version| version.as_str())
            .collect();
        format!("the specification has {}", known.join(", "))
    })
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("read {}: {error}", path.display()))
}

fn save(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("write {}: {error}", path.display()))
}
