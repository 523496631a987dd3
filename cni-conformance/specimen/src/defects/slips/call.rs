//! Slips with the environment, the input, and what a delegate gets of them.

use std::path::Path;

use serde_json::{Value, json};

use crate::defects::has;
use crate::error::{CONFIGURATION, ENVIRONMENT, Error};
use crate::request::{Request, Verb, variable};

/// Before anything is read.
pub fn before_the_call() -> Result<(), Error> {
    let refuse = |what: &str| Err(Error::new(ENVIRONMENT, what));
    let arguments = variable("CNI_ARGS");
    let mut pairs = arguments.split(';').filter(|pair| !pair.is_empty());
    if has("logs-to-standard-output") && std::env::var_os("RUST_LOG").is_some() {
        println!("TRACE the plugin starts");
    }
    if has("dies-of-standard-error") {
        eprintln!("the plugin starts");
    }
    if has("needs-a-path") && variable("CNI_PATH").is_empty() {
        return refuse("CNI_PATH is missing");
    }
    if has("one-equals-sign") && pairs.clone().any(|pair| pair.matches('=').count() != 1) {
        return refuse("CNI_ARGS has a pair with more than one =");
    }
    if has("arguments-once") {
        let keys: Vec<_> = pairs.clone().map(|pair| pair.split('=').next()).collect();
        if (1..keys.len()).any(|index| keys[..index].contains(&keys[index])) {
            return refuse("CNI_ARGS repeats a key");
        }
    }
    if has("wants-ignore-unknown-first")
        && pairs
            .clone()
            .take_while(|pair| !pair.starts_with("IgnoreUnknown="))
            .any(|pair| pair.starts_with("K8S_"))
    {
        return refuse("CNI_ARGS has an unknown key");
    }
    if has("checks-the-name-of-the-pod")
        && pairs.any(|pair| pair.starts_with("K8S_POD_NAME=") && pair[13..].contains('_'))
    {
        return refuse("K8S_POD_NAME is no name of a pod");
    }
    if has("reads-cap-args")
        && std::env::var("CAP_ARGS").is_ok_and(|text| serde_json::from_str::<Value>(&text).is_err())
    {
        return refuse("CAP_ARGS is not JSON");
    }
    let path = variable("CNI_PATH");
    let mut folders: Vec<&str> = path.split(':').collect();
    folders.sort_unstable();
    if has("refuses-repeated-folders") && folders.windows(2).any(|two| two[0] == two[1]) {
        return refuse("CNI_PATH has a folder twice");
    }
    let token = Path::new("/var/run/secrets/kubernetes.io/serviceaccount/token");
    if has("looks-for-a-cluster")
        && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
        && !token.exists()
    {
        return refuse("there is no service account");
    }
    Ok(())
}

/// When the configuration is decoded.
pub fn in_the_input(configuration: &Value) -> Result<(), Error> {
    let refuse = |what: String| Err(Error::new(CONFIGURATION, what));
    let runtime = &configuration["runtimeConfig"];
    if has("refuses-empty-runtime-config") && *runtime == json!({}) {
        return refuse("runtimeConfig.mac is empty".into());
    }
    for key in keys(&configuration["capabilities"]) {
        if has("refuses-capabilities") && key != "mac" {
            return refuse(format!("there is no capability {key:?}"));
        }
    }
    for key in keys(configuration) {
        let known = ["cni.dev/valid-attachments", "cni.dev/attachments"].contains(&key);
        if has("refuses-unknown-keys") && key.contains('/') && !known {
            return refuse(format!("unknown field {key:?}"));
        }
    }
    Ok(())
}

fn keys(value: &Value) -> impl Iterator<Item = &str> {
    let object = value.as_object().into_iter().flatten();
    object.map(|(key, _)| key.as_str())
}

/// What a delegate gets to read.
pub fn input_for_the_delegate(request: &Request, verb: &str) -> Vec<u8> {
    let mut configuration = request.configuration.clone();
    let Some(object) = configuration.as_object_mut() else {
        return request.input.clone();
    };
    if has("passes-its-own-part") && ["ADD", "DEL"].contains(&verb) {
        object.retain(|key, _| ["cniVersion", "name", "ipam"].contains(&key.as_str()));
    } else if has("gc-without-list-for-the-delegate") && request.verb == Verb::Collect {
        object.retain(|key, _| !key.starts_with("cni.dev/"));
    } else {
        return request.input.clone();
    }
    configuration.to_string().into_bytes()
}
