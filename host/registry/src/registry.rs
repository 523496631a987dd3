//! A connection to a registry: how it is spoken to, who asks, and how its answers are read.
//!
//! oci-client pushes, and finds out how a registry wants to be asked. It reads answers whatever their size, and goes wherever
//! they redirect to, so what is pulled is fetched here.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference, RegistryOperation};
use plumb_protocol::registry::Order;
use reqwest::header::ACCEPT;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, Url};

use crate::credentials::User;
use crate::reference;
use crate::refusal::cause;

/// For a connection.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// For the next piece of an answer.
const READ_TIME: Duration = Duration::from_secs(30);

/// Most bytes of what a registry says about a failure.
const REASON_BYTES: u64 = 64 << 10;

/// Most bytes of a file of certificates: a system's own has less than 1 MiB.
const CERTIFICATE_BYTES: u64 = 1 << 20;

/// How often a registry may send on.
const REDIRECTS: usize = 5;

const USER_AGENT: &str = concat!("plumb-registry/", env!("CARGO_PKG_VERSION"));

/// A registry, and the artifact of it that an order is about.
pub struct Registry {
    /// The artifact.
    pub reference: Reference,
    /// Who asks.
    pub user: User,
    /// For all but what is fetched.
    pub client: oci_client::Client,
    fetcher: reqwest::Client,
    scheme: &'static str,
}

impl Registry {
    /// Prepares the connection.
    pub fn of(order: &Order) -> Result<Self, String> {
        let reference = reference::parse(&order.reference)?;
        let is_plain =
            order.plain_http || (order.certificate.is_none() && is_loopback(reference.registry()));
        let certificates = order.certificate.as_deref().map(read_certificates);
        let certificates = certificates.transpose()?;
        // It fails where one is set already.
        let _ = rustls::crypto::ring::default_provider().install_default();

        let no_client =
            |error: &(dyn Error + 'static)| format!("cannot prepare TLS: {}", cause(error));
        // oci-client makes such a client whatever it is told, and panics where that fails.
        reqwest::Client::builder().build().map_err(|error| {
            format!(
                "{}; without its authorities, as Debian's package ca-certificates has them, nothing is asked of a registry",
                no_client(&error)
            )
        })?;
        let redirects = Policy::custom(|attempt| {
            let refused = refused_redirect(attempt.previous(), attempt.url());
            match refused {
                Some(reason) => attempt.error(reason),
                None => attempt.follow(),
            }
        });
        let mut fetcher = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIME)
            .read_timeout(READ_TIME)
            .redirect(redirects);
        if let Some(pem) = &certificates {
            let parsed = reqwest::Certificate::from_pem_bundle(pem);
            fetcher = fetcher.tls_certs_merge(parsed.map_err(|error| no_client(&error))?);
        }
        let config = ClientConfig {
            protocol: match is_plain {
                true => ClientProtocol::Http,
                false => ClientProtocol::Https,
            },
            // In one piece, as container tools push: not every registry takes several.
            use_monolithic_push: true,
            extra_root_certificates: certificates
                .into_iter()
                .map(|data| Certificate {
                    encoding: CertificateEncoding::Pem,
                    data,
                })
                .collect(),
            connect_timeout: Some(CONNECT_TIME),
            read_timeout: Some(READ_TIME),
            user_agent: USER_AGENT,
            ..ClientConfig::default()
        };
        Ok(Self {
            user: User::of(order, &reference)?,
            fetcher: fetcher.build().map_err(|error| no_client(&error))?,
            client: config.try_into().map_err(|error| no_client(&error))?,
            scheme: if is_plain { "http" } else { "https" },
            reference,
        })
    }

    /// Its name, with the port where it is not the usual one.
    pub fn host(&self) -> &str {
        self.reference.registry()
    }

    /// Asks how it wants to be asked, and for a token where it gives such.
    pub async fn enter(&self, operation: RegistryOperation) -> Result<Option<String>, String> {
        self.client
            .auth(&self.reference, &self.user.auth, operation)
            .await
            .map_err(|error| self.failed(operation, error))
    }

    /// Fetches a manifest or a blob: `kind` is `manifests` or `blobs`, `accept` the media types of an answer.
    pub async fn fetch(
        &self,
        token: Option<&str>,
        (kind, name): (&str, &str),
        accept: &str,
        most: u64,
    ) -> Result<Vec<u8>, String> {
        let url = format!(
            "{}://{}/v2/{}/{kind}/{name}",
            self.scheme,
            self.reference.resolve_registry(),
            self.reference.repository()
        );
        let request = self.fetcher.get(url).header(ACCEPT, accept);
        let answer = self.authorized(request, token).send().await;
        let answer = answer.map_err(|error| self.unanswered(&error))?;
        let status = answer.status();
        if status.is_success() {
            return self.content(answer, most).await;
        }
        let said = self.content(answer, REASON_BYTES).await.unwrap_or_default();
        Err(self.refused(RegistryOperation::Pull, status, &said))
    }

    fn authorized(&self, request: RequestBuilder, token: Option<&str>) -> RequestBuilder {
        match (token, &self.user.auth) {
            (Some(token), _) => request.bearer_auth(token),
            (None, RegistryAuth::Basic(username, password)) => {
                request.basic_auth(username, Some(password))
            }
            (None, _) => request,
        }
    }

    /// What an answer has in it, of which no more is read than it may have.
    async fn content(&self, mut answer: Response, most: u64) -> Result<Vec<u8>, String> {
        let what = answer.url().path().to_owned();
        let too_large = || format!("{} sends more than {most} bytes as {what}", self.host());
        if answer.content_length().is_some_and(|length| length > most) {
            return Err(too_large());
        }
        let mut content = Vec::new();
        loop {
            let piece = answer.chunk().await.map_err(|error| {
                format!(
                    "{what} ended after {} bytes: {}",
                    content.len(),
                    self.unanswered(&error)
                )
            })?;
            let Some(piece) = piece else {
                return Ok(content);
            };
            if (content.len() + piece.len()) as u64 > most {
                return Err(too_large());
            }
            content.extend_from_slice(&piece);
        }
    }
}

/// Whether a registry is on this machine, where nobody listens in.
fn is_loopback(registry: &str) -> bool {
    let host = registry.split(':').next().unwrap_or_default();
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
}

/// Why a redirect is not followed. To elsewhere, as registries send for blobs, is: credentials stay behind, and the digest
/// says whether it was right.
fn refused_redirect(previous: &[Url], next: &Url) -> Option<String> {
    let had_tls = previous.last().is_some_and(|url| url.scheme() == "https");
    if had_tls && next.scheme() != "https" {
        return Some(format!("it redirects to {next}, which has no TLS"));
    }
    (previous.len() > REDIRECTS)
        .then(|| format!("it redirected {REDIRECTS} times, and to {next} now"))
}

fn read_certificates(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |reason: &dyn std::fmt::Display| {
        format!("cannot take certificates from {}: {reason}", path.display())
    };
    let mut pem = Vec::new();
    File::open(path)
        .and_then(|file| file.take(CERTIFICATE_BYTES).read_to_end(&mut pem))
        .map_err(|error| cannot(&error))?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(pem),
        Ok(_) => Err(cannot(&"there is none in it; PEM is expected")),
        Err(error) => Err(cannot(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_never_leaves_tls() {
        let refused = |previous: &[&str], next: &str| {
            let url = |text: &&str| Url::parse(text).expect("an address");
            let previous: Vec<_> = previous.iter().map(url).collect();
            refused_redirect(&previous, &url(&next))
        };
        let (plain, tls) = ("http://a.example/", "https://b.example/x");
        for (from, to) in [(tls, tls), (plain, plain), (plain, tls)] {
            assert_eq!(refused(&[from], to), None);
        }
        let reason = refused(&[plain, tls], plain).unwrap_or_default();
        assert!(
            reason.contains("http://a.example/, which has no TLS"),
            "{reason}"
        );
        assert_eq!(refused(&[tls; REDIRECTS], tls), None);
        assert!(refused(&[tls; REDIRECTS + 1], tls).is_some());
    }

    #[test]
    fn plain_http_is_for_this_machine_unless_it_is_asked_for() {
        for registry in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3"] {
            assert!(is_loopback(registry), "{registry}");
        }
        for registry in [
            "registry.example",
            "localhost.example:5000",
            "10.0.0.1:5000",
        ] {
            assert!(!is_loopback(registry), "{registry}");
        }
    }
}
