//! How a component lies in a registry: a manifest with a config and one layer, which is the component (CNCF TAG Runtime,
//! "Wasm OCI Artifact layout").

use oci_client::manifest::{
    OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest, OciManifest, WASM_LAYER_MEDIA_TYPE,
};
use plumb_protocol::registry::Described;
use plumb_values::text::{printable, shorten};
use serde::Serialize;

use crate::reference::{digest, is_digest};

/// Most bytes of a manifest. One with a description of a page has 4 KiB.
pub const MANIFEST_BYTES: u64 = 64 << 10;

const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";
const LAYER_TYPE: &str = "application/wasm";

/// The config, in the order of the layout.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    /// Readers insist on a time; when it was pushed would make another artifact of the same component.
    created: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a str>,
    architecture: &'a str,
    /// Of the two that the layout knows, that of components.
    os: &'a str,
    layer_digests: [String; 1],
    component: Component<'a>,
}

#[derive(Serialize)]
struct Component<'a> {
    exports: &'a [String],
    imports: &'a [String],
    target: &'a str,
}

/// Of a component as it lies in a registry, all but itself.
pub struct Artifact {
    /// The manifest, by whose digest it is known.
    pub manifest: Vec<u8>,
    /// The config.
    pub config: Vec<u8>,
}

impl Artifact {
    /// The same component gives the same bytes.
    pub fn of(described: &Described, component: &[u8]) -> Result<Self, String> {
        let config = Config {
            created: "1970-01-01T00:00:00Z",
            author: described.author.as_deref(),
            architecture: "wasm",
            os: "wasip2",
            layer_digests: [digest(component)],
            component: Component {
                exports: &described.exports,
                imports: &described.imports,
                target: &described.target,
            },
        };
        let config = serde_json::to_vec(&config).map_err(|error| error.to_string())?;
        let manifest = OciImageManifest {
            media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
            config: descriptor(CONFIG_TYPE, &config),
            layers: vec![descriptor(LAYER_TYPE, component)],
            annotations: Some(described.annotations.clone()),
            ..OciImageManifest::default()
        };
        let manifest = serde_json::to_vec(&manifest).map_err(|error| error.to_string())?;
        match manifest.len() as u64 > MANIFEST_BYTES {
            true => Err(format!(
                "its declaration is too long for a registry: the manifest would have {} bytes, and {MANIFEST_BYTES} are \
                 accepted",
                manifest.len()
            )),
            false => Ok(Self { manifest, config }),
        }
    }
}

fn descriptor(media_type: &str, content: &[u8]) -> OciDescriptor {
    OciDescriptor {
        media_type: media_type.to_owned(),
        digest: digest(content),
        size: i64::try_from(content.len()).unwrap_or(i64::MAX),
        ..OciDescriptor::default()
    }
}

/// The component that a manifest names.
#[derive(Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its digest.
    pub digest: String,
    /// Its bytes.
    pub size: u64,
}

impl Layer {
    /// Understands a manifest, which `shown` is about. What it says of its config and in annotations does not matter: tools
    /// before the layout, and general ones, write others.
    pub fn of(manifest: &[u8], shown: &str, most: u64) -> Result<Self, String> {
        let manifest: OciManifest = serde_json::from_slice(manifest)
            .map_err(|_| format!("{shown} has no manifest of OCI's or Docker's"))?;
        let OciManifest::Image(manifest) = manifest else {
            return Err(format!(
                "{shown} is an index of several manifests, as images of containers have, and no component"
            ));
        };
        let is_wasm = |layer: &&OciDescriptor| {
            [LAYER_TYPE, WASM_LAYER_MEDIA_TYPE].contains(&layer.media_type.as_str())
        };
        let Some(layer) = manifest.layers.iter().find(is_wasm) else {
            let types: Vec<_> = manifest
                .layers
                .iter()
                .map(|layer| layer.media_type.as_str())
                .collect();
            return Err(format!(
                "{shown} is no component, which would have a layer of type {LAYER_TYPE}: its layers are [{}], its config {}",
                printable(&shorten(&types.join(", "), 200), false),
                printable(&shorten(&manifest.config.media_type, 200), false)
            ));
        };
        if manifest.layers.len() != 1 {
            return Err(format!(
                "{shown} has {} layers, and a component is one: one that is made of several is composed before it is pushed",
                manifest.layers.len()
            ));
        }
        if !is_digest(&layer.digest) {
            return Err(format!(
                "{shown} names its layer by {:?}, which is no digest of SHA-256",
                shorten(&layer.digest, 200)
            ));
        }
        match u64::try_from(layer.size) {
            Ok(size) if size <= most => Ok(Self {
                digest: layer.digest.clone(),
                size,
            }),
            _ => Err(format!(
                "{shown} has {} bytes, and components of {most} are accepted",
                layer.size
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn described(description: &str) -> Described {
        let annotation = ("org.opencontainers.image.description", description);
        let annotations = [annotation].map(|(key, text)| (key.to_owned(), text.to_owned()));
        Described {
            annotations: BTreeMap::from(annotations),
            author: Some("ACME Networks".to_owned()),
            exports: vec!["attach".to_owned()],
            imports: Vec::new(),
            target: "plumb:cni/flavour@0.2.0".to_owned(),
        }
    }

    #[test]
    fn what_is_pushed_is_what_is_pulled() {
        let artifact = Artifact::of(&described("macvlan"), b"component").expect("an artifact");
        let config = String::from_utf8(artifact.config).expect("text");
        assert!(
            config.contains(r#""author":"ACME Networks","architecture":"wasm""#),
            "{config}"
        );
        let layer = Layer::of(&artifact.manifest, "acme", 9).expect("one layer");
        assert_eq!((layer.digest, layer.size), (digest(b"component"), 9));
        let refusal = Layer::of(&artifact.manifest, "acme", 8).expect_err("it is too large");
        assert_eq!(
            refusal,
            "acme has 9 bytes, and components of 8 are accepted"
        );
    }

    #[test]
    fn a_manifest_that_nobody_would_pull_is_not_pushed() {
        let refused = Artifact::of(&described(&"x".repeat(64 << 10)), b"component");
        assert!(refused.is_err_and(|reason| reason.contains("too long for a registry")));
    }
}
