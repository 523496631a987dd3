//! `plumbctl component remove`: what it attached is deleted without it.

use std::path::PathBuf;

use plumb::policy::Reader;

use super::store::Store;
use super::{names, stage, users};
use crate::{Failure, State};

/// Arguments of `plumbctl component remove`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The component
    name: String,
    /// The state folder, in which the pods that it attached are recorded; the policy's when left out
    #[arg(long)]
    state_folder: Option<PathBuf>,
}

/// Removes it, and says which pods were attached by it. Networks that name it are objects of a cluster, which a node
/// does not see: those of attached pods are named, so that nobody is surprised by the next ADD.
pub fn run(store: &Store, arguments: &Arguments, policy: &Reader) -> Result<(), Failure> {
    let name = names::well_formed(&arguments.name)?;
    if !store.names()?.iter().any(|known| known == name) {
        store.get(name)?;
    }
    let state = State {
        state_folder: arguments.state_folder.clone(),
        json: false,
    };
    let users = users::of(name, &state.folder(policy)?);
    let _lock = store.lock()?;
    stage::remove(store.folder(), name)?;
    println!("removed {name}");
    let users = match users {
        Ok(users) => users,
        Err(failure) => {
            println!("which pods it attached is not known: {failure}");
            return Ok(());
        }
    };
    if users.is_empty() {
        return Ok(());
    }
    let networks: Vec<_> = users::networks(&users).into_iter().collect();
    println!(
        "it attached these, and they can still be deleted; the next pod of {} fails until a component of this name is \
         installed",
        networks.join(", ")
    );
    for user in &users {
        println!("  {}", users::in_words(user));
    }
    Ok(())
}
