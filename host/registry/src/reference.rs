//! What an artifact is called: `registry.example/acme/flavour:1.2.0`, or with `@sha256:…` behind or in the place of the tag.

use oci_client::Reference;
use sha2::{Digest, Sha256};

/// Understands a reference. Nothing is added to it: a registry or a tag that was left out could be another one than was meant.
pub fn parse(text: &str) -> Result<Reference, String> {
    let like =
        "it is written like registry.example/acme/flavour:1.2.0, or with @sha256:… behind it";
    let reference: Reference = text
        .parse()
        .map_err(|error| format!("{text:?} is no reference: {error}; {like}"))?;
    if !text.starts_with(reference.registry()) {
        return Err(format!("{text} names no registry: {like}"));
    }
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) if !is_digest(digest) => Err(format!(
            "{text} has another digest than sha256: with 64 hexadecimal digits in small letters"
        )),
        (None, Some(tag)) if !text.ends_with(&format!(":{tag}")) => {
            Err(format!("{text} has neither a tag nor a digest: {like}"))
        }
        _ => Ok(reference),
    }
}

/// The reference by which an artifact of this digest is had, whatever becomes of the tag.
pub fn pinned(reference: &Reference, digest: &str) -> String {
    let whole = reference.whole();
    let name = whole.split('@').next().unwrap_or_default();
    format!("{name}@{digest}")
}

/// `sha256:` and the digest of some bytes.
pub fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hexadecimal: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hexadecimal}")
}

/// Whether a text has the form of [`digest`]'s. It becomes a part of a path.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| {
        digits.len() == 64
            && digits
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_added_to_a_reference() {
        let digest = digest(b"");
        for (text, words) in [
            ("acme/flavour:1.2.0", "names no registry"),
            (
                "registry.example/acme/flavour",
                "neither a tag nor a digest",
            ),
            ("localhost:5000/flavour", "neither a tag nor a digest"),
            ("registry.example/Acme:1", "is no reference"),
            ("registry.example/acme:1@sha256:12", "is no reference"),
            (
                &format!(
                    "registry.example/acme@{}",
                    digest.to_uppercase().replace("SHA", "sha")
                ),
                "another digest",
            ),
        ] {
            let refusal = parse(text).expect_err(text);
            assert!(refusal.contains(words), "{refusal}");
        }
        for text in [
            "registry.example/acme/flavour:1.2.0",
            "localhost:5000/flavour:latest",
            &format!("registry.example/acme/flavour@{digest}"),
            &format!("registry.example/acme/flavour:1.2.0@{digest}"),
            "docker.io/acme/flavour:1.2.0",
        ] {
            let reference = parse(text).expect(text);
            let name = text.split('@').next().unwrap_or_default();
            assert_eq!(pinned(&reference, &digest), format!("{name}@{digest}"));
        }
    }
}
