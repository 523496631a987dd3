//! `plumbctl conform`: judges a component, before anybody installs it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use plumb::components::store::is_component_name;
use plumb::components::{Source, World};
use plumb::trace::Trace;
use plumb_compiler::Declaration;
use plumb_conform::report::{Mark, count, json, text};
use plumb_conform::{Bench, Case, Declared, Subject, Trial, Trials, cases, draw, nodes, run};
use plumb_engine::Allowance;
use serde_json::Value;

use crate::compile::{self, Size};
use crate::{Failure, plan, print_json};

/// Arguments of `plumbctl conform`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A component (.wasm or .wat, or the core module that its language's compiler made), or the name of a built-in one
    #[arg(required_unless_present = "list")]
    component: Option<PathBuf>,
    /// The name that the configurations use; the declared one, else that of the file, when left out
    #[arg(long)]
    name: Option<String>,
    /// A network configuration that uses it, tried on each of the seven nodes that matter
    #[arg(long)]
    configuration: Vec<PathBuf>,
    /// A folder of cases, a folder for each, with request.json or configuration.json, and facts.json
    #[arg(long)]
    cases: Vec<PathBuf>,
    /// Only these: numbers, names or groups, with commas between
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Show the cases, without asking anything
    #[arg(long)]
    list: bool,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    size: Size,
}

/// Asks the component, and tells what came of it: exit code 0 when no case failed, 1 when one did.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let chosen = chosen(&arguments.only)?;
    let mut output = io::stdout().lock();
    let component = match &arguments.component {
        Some(component) if !arguments.list => component,
        _ => {
            list(arguments, &chosen, &mut output)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let subject = subject(component, arguments)?;
    let chosen: Vec<_> = chosen
        .into_iter()
        .filter(|case| case.worlds.contains(&subject.world))
        .collect();
    if chosen.is_empty() {
        return Err(format!(
            "none of these cases is for a component of the world {}",
            subject.world.as_str()
        )
        .into());
    }
    let trace = Trace::none();
    let bench = Bench::new(&subject, trials(arguments, &subject)?, &trace)?;
    if !arguments.json {
        text::begin(&mut output, &bench, chosen.len())?;
    }
    let mut before = None;
    let mut written = Ok(());
    let finished = run::run(&bench, &chosen, |one| {
        if !arguments.json && written.is_ok() {
            written = text::tell(&mut output, before, one);
        }
        before = Some(one.case);
    });
    written?;
    match arguments.json {
        true => print_json(&json::document(&bench, &finished))?,
        false => text::end(&mut output, &finished)?,
    }
    // Of what could not be asked at all nothing good is known.
    let is_good = count(&finished, Mark::Failed) == 0 && count(&finished, Mark::Passed) > 0;
    Ok(match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn list(
    arguments: &Arguments,
    chosen: &[&'static Case],
    output: &mut impl Write,
) -> Result<(), Failure> {
    if arguments.json {
        let list: Vec<_> = chosen.iter().map(|case| json::case(case)).collect();
        return print_json(&list);
    }
    Ok(text::list(output, chosen.iter().copied())?)
}

fn chosen(wanted: &[String]) -> Result<Vec<&'static Case>, Failure> {
    let is = |case: &Case, wanted: &str| {
        case.name == wanted || case.number.to_string() == wanted || cases::group_of(case) == wanted
    };
    for wanted in wanted {
        if !cases::all().any(|case| is(case, wanted)) {
            return Err(format!(
                "there is no case or group {wanted:?}: see `plumbctl conform --list`"
            )
            .into());
        }
    }
    Ok(cases::all()
        .filter(|case| wanted.is_empty() || wanted.iter().any(|wanted| is(case, wanted)))
        .collect())
}

/// The component: a file, else one that is built in.
fn subject(component: &Path, arguments: &Arguments) -> Result<Subject, Failure> {
    if !component.exists() {
        let built_in = component.to_str().and_then(Subject::built_in);
        return built_in.ok_or_else(|| {
            let worlds = [World::Flavour, World::AddressPolicy];
            let names: Vec<_> = worlds.into_iter().flat_map(Source::built_in).collect();
            format!(
                "{} is neither a file nor a built-in component: built in are {}",
                component.display(),
                names.join(", ")
            )
            .into()
        });
    }
    let allowance = Allowance::of(arguments.size.large);
    let compiled = compile::compile(&compile::read(component)?, component, allowance)?;
    let world = match compiled.about.world == World::Flavour.as_str() {
        true => World::Flavour,
        false => World::AddressPolicy,
    };
    let declaration = compiled.about.declaration.unwrap_or_default();
    let stem = component.file_stem().unwrap_or_default().to_string_lossy();
    let name = (arguments.name.clone())
        .or_else(|| declaration.name.clone())
        .unwrap_or_else(|| stem.replace('_', "-"));
    if !is_component_name(&name) {
        return Err(format!(
            "{name:?} is not a component's name: give one with --name, of lower-case letters, digits and '-'"
        )
        .into());
    }
    if Subject::built_in(&name).is_some() {
        return Err(format!(
            "{name} is the name of a built-in component, which would be judged in its place: give another one with --name"
        )
        .into());
    }
    Ok(Subject::vendors(
        &name,
        world,
        compiled.code,
        allowance,
        declared(declaration),
    ))
}

/// What of a declaration can be judged.
fn declared(declaration: Declaration) -> Declared {
    let list = |texts: BTreeSet<String>| texts.into_iter().collect::<Vec<_>>();
    Declared {
        operations: Some(list(declaration.operations)).filter(|list| !list.is_empty()),
        parents: list(declaration.devices.parents),
        functions: list(declaration.devices.functions),
        keys: declaration.keys.map(Value::Object),
    }
}

/// What the component is asked: what the arguments say, else what its keys lead to.
fn trials(arguments: &Arguments, subject: &Subject) -> Result<Trials, Failure> {
    let mut trials = Vec::new();
    for path in &arguments.configuration {
        trials.extend(of_configuration(path)?);
    }
    for folder in &arguments.cases {
        trials.extend(of_cases(folder)?);
    }
    if trials.is_empty() {
        return Ok(draw(subject));
    }
    match trials
        .iter()
        .find(|trial| !trial.uses(&subject.name, subject.world))
    {
        None => Ok(Ok(trials)),
        Some(other) => Err(format!(
            "{} does not use the {} {}: {}",
            other.name,
            subject.world.as_str(),
            subject.name,
            match subject.world {
                World::Flavour => "its \"type\" must be plumb and its \"flavour\" that name",
                World::AddressPolicy => "the \"type\" of its \"ipam\" must be that name",
            }
        )
        .into()),
    }
}

/// A configuration on each of the nodes that matter, with the devices of each in the place of those that it names.
fn of_configuration(path: &Path) -> Result<Vec<Trial>, Failure> {
    let shown = path.file_name().unwrap_or_default().to_string_lossy();
    let configurations = plan::plugins(&read(path)?)?;
    let written = configurations.into_iter().map(|configuration| Trial {
        name: shown.clone().into_owned(),
        node: nodes::named_by(&configuration),
        configuration,
        arguments: String::new(),
    });
    Ok(written.flat_map(|trial| nodes::on_each(&trial)).collect())
}

/// The cases in a folder, by name.
fn of_cases(folder: &Path) -> Result<Vec<Trial>, Failure> {
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot read the cases in {}: {error}", folder.display()))?;
    let mut folders: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    if folders.is_empty() {
        return Err(format!("{} has no case: a folder for each", folder.display()).into());
    }
    folders.iter().map(|case| of_case(case)).collect()
}

fn of_case(case: &Path) -> Result<Trial, Failure> {
    let parse = |name: &str| -> Result<Value, Failure> {
        let path = case.join(name);
        serde_json::from_str(&read(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()).into())
    };
    let (configuration, arguments) = match case.join("request.json").exists() {
        true => {
            let request = parse("request.json")?;
            let arguments = request["CNI_ARGS"].as_str().unwrap_or_default().to_owned();
            (request["configuration"].clone(), arguments)
        }
        false => (parse("configuration.json")?, String::new()),
    };
    let name = case.file_name().unwrap_or_default().to_string_lossy();
    Ok(Trial {
        name: name.into_owned(),
        configuration,
        arguments,
        node: parse("facts.json")?,
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}
