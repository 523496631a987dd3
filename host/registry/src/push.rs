//! Hands a component out.

use oci_client::RegistryOperation;
use oci_client::manifest::OCI_IMAGE_MEDIA_TYPE;
use plumb_protocol::registry::{Described, Done};
use reqwest::header::HeaderValue;

use crate::layout::Artifact;
use crate::reference::{digest, pinned};
use crate::registry::Registry;

/// Pushes the component, its config, and last the manifest, which makes them an artifact.
pub async fn run(
    registry: &Registry,
    described: &Described,
    component: Vec<u8>,
) -> Result<(Done, Vec<u8>), String> {
    let reference = &registry.reference;
    if reference.digest().is_some() {
        return Err(format!(
            "{reference} has a digest, which comes of pushing: push to a tag"
        ));
    }
    let Artifact { manifest, config } = Artifact::of(described, &component)?;
    let done = Done {
        pinned: pinned(reference, &digest(&manifest)),
        component: digest(&component),
    };
    let operation = RegistryOperation::Push;
    registry.enter(operation).await?;
    let client = &registry.client;
    for blob in [component, config] {
        let digest = digest(&blob);
        let pushed = client.push_blob(reference, blob, &digest).await;
        pushed.map_err(|error| registry.failed(operation, error))?;
    }
    let media_type = HeaderValue::from_static(OCI_IMAGE_MEDIA_TYPE);
    let pushed = client
        .push_manifest_raw(reference, manifest, media_type)
        .await;
    pushed.map_err(|error| registry.failed(operation, error))?;
    Ok((done, Vec::new()))
}
