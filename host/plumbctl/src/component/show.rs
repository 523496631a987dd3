//! `plumbctl component show`: all that is known of an installed component.

use plumb::components::World;
use plumb::components::store::compiled_name;
use plumb::operations::Record;
use plumb::policy::Reader;
use serde_json::json;

use super::store::{Installed, Store};
use super::{declared, names, users, words};
use crate::compile::{self, About};
use crate::{Failure, State, print_json};

/// Arguments of `plumbctl component show`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The component
    name: String,
    #[command(flatten)]
    state: State,
}

/// Prints what it is, wishes and may do, for which releases it is compiled, and who uses it.
pub fn run(store: &Store, arguments: &Arguments, policy: &Reader) -> Result<(), Failure> {
    let installed = store.get(names::well_formed(&arguments.name)?)?;
    let component = installed.component()?;
    let about = compile::inspect(&component, &installed.folder)?.about;
    // The records are root's: others see all the rest.
    let users = users::of(&installed.name, &arguments.state.folder(policy)?);
    if arguments.state.json {
        let attachment = |user: &Record| user.header.attachment.clone();
        let users: Option<Vec<_>> = users
            .ok()
            .map(|users| users.iter().map(attachment).collect());
        let mut value = json!(about);
        value["name"] = json!(installed.name);
        value["grants"] = json!(declared::granted(&installed.manifest));
        value["large"] = json!(installed.manifest.large);
        value["compiled"] = json!(installed.manifest.compiled);
        value["attachments"] = json!(users);
        return print_json(&value);
    }
    println!("{}", installed.name);
    words::print(&words::rows(&about));
    words::print(&of_the_store(&installed, &about));
    let users: Vec<String> = match users {
        Ok(users) if users.is_empty() => vec!["no pod of this node".to_owned()],
        Ok(users) => users.iter().map(users::in_words).collect(),
        Err(failure) => vec![format!("not known: {failure}")],
    };
    for user in users {
        words::print(&[("used by", user)]);
    }
    Ok(())
}

/// What the operator did with it.
fn of_the_store(installed: &Installed, about: &About) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if about.world == World::Flavour.as_str() {
        let granted = declared::granted(&installed.manifest);
        rows.push(("granted", declared::in_words(&granted)));
        let wishes = about.declaration.as_ref().map(declared::wishes);
        let missing = declared::beyond(&wishes.unwrap_or_default(), &granted);
        if !missing.is_empty() {
            rows.push(("not granted", declared::in_words(&missing)));
        }
    }
    rows.extend(words::of_the_node(&installed.manifest));
    let own = compiled_name();
    let releases = installed.manifest.compiled.keys().map(|file| {
        let release = file.trim_end_matches(".cwasm");
        match *file == own {
            true => format!("{release} (this release)"),
            false => release.to_owned(),
        }
    });
    let releases: Vec<_> = releases.collect();
    rows.push(match releases.is_empty() {
        true => ("compiled for", "no release".to_owned()),
        false => ("compiled for", releases.join(", ")),
    });
    rows
}
