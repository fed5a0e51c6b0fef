//! The HTTP clients with which the server calls what its user configured, one without TLS and one with it. Each is made when it
//! is first needed: a server that calls nothing starts without, and the one with TLS holds the certificates of all authorities.

use reqwest::{Client, ClientBuilder, Url};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The clients. Cheap to clone; clones share their connections.
#[derive(Clone, Default)]
pub(crate) struct HttpClients(Arc<Clients>);

#[derive(Default)]
struct Clients {
    plain: OnceLock<Result<Client, String>>,
    secure: OnceLock<Result<Client, String>>,
}

impl HttpClients {
    /// The client for that URL.
    ///
    /// # Errors
    /// When it asks for TLS, and this machine's certificate authorities cannot be read.
    pub(crate) fn of(&self, url: &Url) -> Result<&Client, String> {
        if url.scheme() == "https" {
            made(&self.0.secure, with_provider).map_err(|error| {
                format!(
                    "the certificate authorities of this machine cannot be read ({error}): install the package \
                     ca-certificates, or let SSL_CERT_FILE name a file of them"
                )
            })
        } else {
            made(&self.0.plain, plain).map_err(|error| format!("no HTTP client can be made ({error})"))
        }
    }
}

fn made(client: &OnceLock<Result<Client, String>>, begin: fn() -> ClientBuilder) -> Result<&Client, &String> {
    client.get_or_init(|| bounded(begin()).build().map_err(|error| reason(&error))).as_ref()
}

/// Begins a client that speaks no TLS: it reads no certificates.
pub fn plain() -> ClientBuilder {
    with_provider().tls_certs_only([])
}

/// INVARIANT: no proxy and no redirect, so that nothing is called but what is configured.
fn bounded(client: ClientBuilder) -> ClientBuilder {
    client.no_proxy().redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT)
}

/// Begins a client, of whatever cryptography the process has chosen for TLS; else of ours.
fn with_provider() -> ClientBuilder {
    _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
}

/// The innermost reason, which is the telling one: "Connection refused".
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}
