//! Where addresses come from: the plugin's own pool, or another plugin.

use serde_json::Value;

use crate::error::{CONFIGURATION, Error};
use crate::request::Request;
use crate::{defects, json};

/// `ipam.type` of the plugin's own pool.
const POOL: &str = "pool";

/// Who hands the addresses out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ipam {
    /// The pool of the configuration's `ipam.subnet`.
    Pool,
    /// The plugin of this name.
    Delegate(String),
}

impl Ipam {
    /// What the configuration says.
    pub fn of(request: &Request) -> Result<Self, Error> {
        let ipam = json::get(&request.configuration, "ipam");
        let name = json::get(ipam, "type").as_str().unwrap_or_default();
        let unusable = match defects::has("looks-for-dots-in-names") {
            true => name.contains("..") || name.starts_with('/'),
            false => name.contains(['/', '\\']) || [".", ".."].contains(&name),
        };
        match name {
            POOL => Ok(Self::Pool),
            name if name.is_empty() || unusable => Err(Error::new(
                CONFIGURATION,
                format!("ipam.type {name:?} is no name of a plugin"),
            )),
            name => Ok(Self::Delegate(name.to_owned())),
        }
    }

    /// The plugin's name, unless it is the own pool.
    pub fn delegate(&self) -> Option<&str> {
        match self {
            Self::Pool => None,
            Self::Delegate(name) => Some(name),
        }
    }
}

/// Routes of the configuration, for the own pool.
pub fn routes(configuration: &Value) -> Value {
    match json::get(json::get(configuration, "ipam"), "routes") {
        Value::Array(routes) => routes.clone().into(),
        _ => Value::Array(Vec::new()),
    }
}
