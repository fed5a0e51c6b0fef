//! Which endpoints may be called, and where they are.

use reqwest::Url;
use std::collections::BTreeMap;

/// Where APIs that are not on this machine are answered: the beginning of their URLs → what takes its place. An endpoint
/// that takes its own place is called as it is.
#[derive(Clone, Debug, Default)]
pub struct HttpEndpoints(BTreeMap<String, String>);

impl HttpEndpoints {
    /// Reads the settings.
    ///
    /// # Errors
    /// When one is no URL.
    pub fn new(settings: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut endpoints = BTreeMap::new();
        for (api, place) in settings {
            let (api, place) = (api.trim_end_matches('/'), place.trim_end_matches('/'));
            anyhow::ensure!(
                matches!(Url::parse(api), Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host()),
                "the HTTP endpoint `{api}` is no URL; write it as `https://HOST`"
            );
            let place: super::super::Endpoint = place.parse()?;
            endpoints.insert(api.to_owned(), place.url().to_owned());
        }
        Ok(HttpEndpoints(endpoints))
    }

    /// Where an endpoint is called.
    ///
    /// # Errors
    /// Why it is not called: it is no URL, or neither on this machine nor configured.
    pub(super) fn locate(&self, endpoint: &str) -> Result<Url, String> {
        let no_url = || format!("'{endpoint}' is no URL");
        let rest_of = |api: &str| {
            let rest = endpoint.strip_prefix(api)?;
            (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
        };
        // The longest beginning is the most particular one.
        let place = self.0.iter().filter_map(|(api, place)| Some((api.len(), place, rest_of(api)?))).max();
        if let Some((_, place, rest)) = place {
            return Url::parse(&format!("{place}{rest}")).map_err(|_| no_url());
        }
        let url = Url::parse(endpoint).map_err(|_| no_url())?;
        if matches!(url.scheme(), "http" | "https") && is_this_machine(&url) {
            return Ok(url);
        }
        let origin = url.origin().ascii_serialization();
        Err(format!(
            "'{endpoint}' is not called, as it is not on this machine. Start the server with \
             --http-endpoint {origin}=http://127.0.0.1:PORT to let a local server answer it, or with \
             --http-endpoint {origin}={origin} to call it"
        ))
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_what_is_configured_is_called() {
        let settings = [
            ("https://api.example.com/", "http://127.0.0.1:9000/fake/"),
            ("https://api.example.com/v2", "http://127.0.0.1:9002"),
            ("http://intranet:8080", "http://intranet:8080"),
            ("https://bank.example.com", "https://bank.example.com"),
        ];
        let settings = settings.map(|(api, place)| (api.to_owned(), place.to_owned())).into();
        let endpoints = HttpEndpoints::new(&settings).unwrap();
        let located = |endpoint: &str| endpoints.locate(endpoint).map(|url| url.to_string());
        for (endpoint, place) in [
            ("https://api.example.com/v1/customers?a=b", "http://127.0.0.1:9000/fake/v1/customers?a=b"),
            ("https://api.example.com/v2/x", "http://127.0.0.1:9002/x"),
            ("https://api.example.com", "http://127.0.0.1:9000/fake"),
            ("http://intranet:8080/x", "http://intranet:8080/x"),
            ("http://localhost:1/x", "http://localhost:1/x"),
            ("http://127.1.2.3:1/x", "http://127.1.2.3:1/x"),
            ("http://[::1]:1/x", "http://[::1]:1/x"),
            ("https://127.0.0.1/", "https://127.0.0.1/"),
            ("https://bank.example.com/x", "https://bank.example.com/x"),
        ] {
            assert_eq!(located(endpoint).unwrap(), place, "{endpoint}");
        }
        for endpoint in [
            "https://api.example.com.evil.test/v1",
            "http://127.0.0.1.evil.test/",
            "http://localhost.evil.test/",
            "http://169.254.169.254/latest",
            "http://user@10.0.0.1/",
            "file:///etc/passwd",
        ] {
            let cause = located(endpoint).unwrap_err();
            assert!(cause.contains("--http-endpoint"), "{cause}");
        }
        assert!(located("not a url").unwrap_err().contains("is no URL"));
        for (api, place, says) in [("api", "http://x", "is no URL"), ("https://a", "ftp://b", "is no URL")] {
            let settings = [(api.to_owned(), place.to_owned())].into();
            assert!(HttpEndpoints::new(&settings).unwrap_err().to_string().contains(says));
        }
    }
}
