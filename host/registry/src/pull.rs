//! Brings a component.

use oci_client::RegistryOperation;
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE,
};
use plumb_protocol::registry::Done;

use crate::layout::{Layer, MANIFEST_BYTES};
use crate::reference::{digest, pinned};
use crate::registry::Registry;

/// Pulls the manifest, which has the digest of the reference where that has one, and the layer that it names.
pub async fn run(registry: &Registry, most: u64) -> Result<(Done, Vec<u8>), String> {
    let reference = &registry.reference;
    let shown = reference.whole();
    let token = registry.enter(RegistryOperation::Pull).await?;
    let name = reference.digest().or(reference.tag()).unwrap_or_default();
    // Those that are refused, too, so that they are refused by what they are.
    let accept = [
        OCI_IMAGE_MEDIA_TYPE,
        IMAGE_MANIFEST_MEDIA_TYPE,
        OCI_IMAGE_INDEX_MEDIA_TYPE,
        IMAGE_MANIFEST_LIST_MEDIA_TYPE,
    ];
    let manifest = registry
        .fetch(
            token.as_deref(),
            ("manifests", name),
            &accept.join(", "),
            MANIFEST_BYTES,
        )
        .await?;
    let found = digest(&manifest);
    if reference.digest().is_some_and(|wanted| wanted != found) {
        return Err(format!(
            "{} sends something else for {shown}: a manifest with the digest {found}",
            registry.host()
        ));
    }
    let layer = Layer::of(&manifest, &shown, most)?;
    let blob = ("blobs", layer.digest.as_str());
    let component = registry
        .fetch(token.as_deref(), blob, "*/*", layer.size)
        .await?;
    if digest(&component) != layer.digest {
        return Err(format!(
            "{} sends something else as the component of {shown}: {} bytes with the digest {}, and the manifest has {} bytes \
             with {}",
            registry.host(),
            component.len(),
            digest(&component),
            layer.size,
            layer.digest
        ));
    }
    let done = Done {
        pinned: pinned(reference, &found),
        component: layer.digest,
    };
    Ok((done, component))
}
