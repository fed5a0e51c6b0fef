//! Where functions answer over HTTP.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The configured endpoints.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// One function each, by name: the payload is posted to the URL, JSON comes back.
    pub functions: BTreeMap<String, Endpoint>,
    /// Serves all other functions in the shape of Lambda's Invoke API, as `sam local start-lambda` does.
    pub lambda: Option<Endpoint>,
}

/// An `http` or `https` URL, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

/// Why a text is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is no URL.
    #[error("`{0}` is no URL; write it as `http://HOST:PORT/PATH`")]
    NotAUrl(String),
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let url = reqwest::Url::parse(text).map_err(|_| EndpointError::NotAUrl(text.to_owned()))?;
        match url.scheme() {
            "http" | "https" if url.has_host() => Ok(Endpoint(text.trim_end_matches('/').to_owned())),
            _ => Err(EndpointError::NotAUrl(text.to_owned())),
        }
    }
}

impl Endpoint {
    /// The URL.
    pub fn url(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_urls_only() {
        assert_eq!("https://example.com".parse::<Endpoint>().unwrap().url(), "https://example.com");
        assert_eq!("http://127.0.0.1:3001/".parse::<Endpoint>().unwrap().url(), "http://127.0.0.1:3001");
        for (wrong, hint) in [("localhost:3001", "write it as"), ("3001", "write it as"), ("", "write it as")] {
            let error = wrong.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains(hint), "{wrong}: {error}");
        }
    }
}
