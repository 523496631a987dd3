//! `plumbctl component test`: a component's plans, made in the sandbox as a node makes them, without root.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plumb::components::{Grants, Sandbox, World};
use plumb::trace::Trace;
use plumb_engine::Allowance;
use plumb_values::Pattern;

use super::cases::{Case, Outcome, UPDATE};
use super::declared::{self, Wishes};
use super::names;
use super::project::Project;
use crate::Failure;
use crate::compile::{self, About, Size};

/// Arguments of `plumbctl component test`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The project's folder, whose component is built; or a component
    #[arg(default_value = ".")]
    what: PathBuf,
    /// The folder of the cases; that of the project when left out
    #[arg(long)]
    cases: Option<PathBuf>,
    /// The name by which the cases' networks call it; the project's, else the declared one, when left out
    #[arg(long)]
    name: Option<String>,
    /// Write down the plans as they are, as PLUMB_UPDATE_CASES=1 does; read what it changes before you commit it
    #[arg(long)]
    update: bool,
    #[command(flatten)]
    size: Size,
}

/// Runs each case, and says which plans are not as expected.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let tried = Tried::of(arguments)?;
    let bytes = compile::read(&tried.component)?;
    let allowance = Allowance::of(tried.large);
    let compiled = compile::compile(&bytes, &tried.component, allowance)?;
    let name = tried.name(&compiled.about)?;
    let world = match compiled.about.world == World::Flavour.as_str() {
        true => World::Flavour,
        false => World::AddressPolicy,
    };
    let trace = Trace::early();
    let grants = grants(&compiled.about);
    let sandbox = Sandbox::new(&trace)?.with(&name, world, &compiled.code, allowance, grants)?;
    let cases = Case::all(&tried.cases)?;
    let update = arguments.update || std::env::var_os(UPDATE).is_some();
    let mut different = 0;
    for case in &cases {
        match case.run(&sandbox, update)? {
            Outcome::Same => println!("{}: as expected", case.name()),
            Outcome::Updated => println!("{}: written down", case.name()),
            Outcome::Different(lines) => {
                different += 1;
                print!("{}: not as expected\n{lines}", case.name());
            }
        }
    }
    match different {
        0 => Ok(()),
        _ => Err(format!(
            "{different} of {} cases are not as expected; --update writes them down as they are now",
            cases.len()
        )
        .into()),
    }
}

/// What is tried.
struct Tried {
    component: PathBuf,
    cases: PathBuf,
    name: Option<String>,
    large: bool,
}

impl Tried {
    fn of(arguments: &Arguments) -> Result<Self, Failure> {
        if arguments.what.is_dir() {
            let project = Project::read(&arguments.what)?;
            let component = project.component();
            if !component.exists() {
                return Err(format!(
                    "there is no {}: build it first, `plumbctl component build {}`",
                    component.display(),
                    arguments.what.display()
                )
                .into());
            }
            return Ok(Self {
                component,
                cases: arguments.cases.clone().unwrap_or_else(|| project.cases()),
                name: arguments.name.clone().or(Some(project.name)),
                large: arguments.size.large || project.large,
            });
        }
        let Some(cases) = arguments.cases.clone() else {
            return Err(format!(
                "{} is no project's folder: --cases says where its cases are",
                arguments.what.display()
            )
            .into());
        };
        Ok(Self {
            component: arguments.what.clone(),
            cases,
            name: arguments.name.clone(),
            large: arguments.size.large,
        })
    }

    /// How networks call it.
    fn name(&self, about: &About) -> Result<String, Failure> {
        let declared = about.declaration.as_ref().and_then(|one| one.name.clone());
        let stem = || {
            let stem = Path::file_stem(&self.component)?;
            Some(stem.to_string_lossy().into_owned())
        };
        let name = self.name.clone().or(declared).or_else(stem);
        let name = name.unwrap_or_default();
        names::well_formed(&name)?;
        Ok(name)
    }
}

/// What it declares, so that a case shows what an operator would see who grants that; without a declaration
/// everything, on what the networks name.
fn grants(about: &About) -> Grants {
    let wishes = match &about.declaration {
        Some(declaration) => declared::wishes(declaration),
        None => plumb_compiler::operations()
            .into_iter()
            .map(|operation| (operation, None))
            .collect::<Wishes>(),
    };
    let patterns = |devices: BTreeSet<String>| devices.into_iter().map(Pattern::from).collect();
    Grants::Some(
        wishes
            .into_iter()
            .map(|(operation, devices)| (operation, devices.map(patterns)))
            .collect(),
    )
}
