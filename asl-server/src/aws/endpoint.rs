//! Where a service's calls go: to an endpoint of the user's, or, asked for by name, to AWS itself.
//!
//! The names of services and of environment variables are AWS's own (AWS SDKs and Tools Reference Guide, *Service-specific
//! endpoints*): `AWS_ENDPOINT_URL` for all services, `AWS_ENDPOINT_URL_` and the service's id, as `AWS_ENDPOINT_URL_SECRETS_MANAGER`,
//! for one.

use super::host;
use super::model::is_service;
use anyhow::bail;
use reqwest::Url;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// The name that stands for all services in the settings.
pub const DEFAULT: &str = "default";
/// What asks for AWS itself, in place of a URL.
const AWS: &str = "aws";
const VARIABLE: &str = "AWS_ENDPOINT_URL";

/// Where services are: their names → a URL, or `aws`.
pub type Settings = BTreeMap<String, String>;

/// Where the calls of services go.
#[derive(Clone, Debug, Default)]
pub struct ServiceEndpoints(BTreeMap<String, Endpoint>);

/// Where the calls of a service go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// To AWS, over the network.
    Aws,
    /// To that URL, which has no `/` at its end.
    Url(String),
}

impl ServiceEndpoints {
    /// Reads the settings.
    ///
    /// # Errors
    /// When a place is neither a URL nor `aws`.
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let endpoint = |(service, place): (&String, &String)| {
            if place == AWS {
                return Ok((name(service), Endpoint::Aws));
            }
            match Url::parse(place) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none() => {
                    Ok((name(service), Endpoint::Url(place.trim_end_matches('/').to_owned())))
                }
                _ => bail!(
                    "the AWS endpoint `{place}` ({service}) is no URL; write it as `http://HOST:PORT`, or `aws` for AWS itself"
                ),
            }
        };
        settings.iter().map(endpoint).collect::<Result<_, _>>().map(ServiceEndpoints)
    }

    /// Where a service's calls go: to its own endpoint, or else to that of all services.
    pub(super) fn of(&self, service: &str) -> Option<&Endpoint> {
        self.0.get(&name(service)).or_else(|| self.0.get(DEFAULT))
    }

    /// Forgets what leads to the server that listens on `address`: clients of Step Functions are pointed there, also by
    /// `AWS_ENDPOINT_URL`, but the other services are not.
    pub fn leave_out(&mut self, address: SocketAddr) {
        self.0.retain(|_, endpoint| !endpoint.is_at(address));
    }

    /// A line for each endpoint, for people.
    pub fn lines(&self) -> Vec<String> {
        let all = self.0.get_key_value(DEFAULT).into_iter();
        let own = self.0.iter().filter(|(service, _)| *service != DEFAULT);
        let line = |(service, endpoint): (&String, &Endpoint)| {
            let who = match (service.as_str(), self.0.len()) {
                (DEFAULT, 1) => "all services",
                (DEFAULT, _) => "all other services",
                (service, _) => service,
            };
            if service != DEFAULT && !is_service(service) {
                return format!("{service}: nothing, because AWS has no service of that name");
            }
            match endpoint {
                Endpoint::Url(url) if endpoint.is_aws() => format!("{who}: {url}, which is REAL AWS"),
                Endpoint::Url(url) => format!("{who}: {url}"),
                Endpoint::Aws => format!("{who}: REAL AWS"),
            }
        };
        own.chain(all).map(line).collect()
    }
}

impl Endpoint {
    fn is_at(&self, address: SocketAddr) -> bool {
        let Endpoint::Url(url) = self else { return false };
        let Ok(url) = Url::parse(url) else { return false };
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let host = if host == "localhost" { "127.0.0.1" } else { host };
        let listens = address.ip();
        let same =
            |ip: IpAddr| ip == listens || (ip.is_loopback() && (listens.is_loopback() || listens.is_unspecified()));
        url.port_or_known_default() == Some(address.port()) && host.parse().is_ok_and(same)
    }

    /// Does it lead to AWS itself, by name or by URL?
    pub(super) fn is_aws(&self) -> bool {
        match self {
            Endpoint::Aws => true,
            Endpoint::Url(url) => Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(host::is_of_aws)),
        }
    }
}

/// A service's name as the settings are looked up by it: that of `aws-sdk:` resources, `secretsmanager`. The id of the
/// service (`Secrets Manager`) and the end of its variable (`SECRETS_MANAGER`) come to the same.
fn name(service: &str) -> String {
    service.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// What the environment says.
pub fn from_environment(variables: impl Iterator<Item = (String, String)>) -> Settings {
    let mut settings = Settings::new();
    for (variable, value) in variables.filter(|(_, value)| !value.is_empty()) {
        if variable == "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" && value.eq_ignore_ascii_case("true") {
            return Settings::new();
        }
        let Some(rest) = variable.strip_prefix(VARIABLE) else { continue };
        match rest.strip_prefix('_') {
            Some(service) => _ = settings.insert(name(service), value),
            None if rest.is_empty() => _ = settings.insert(DEFAULT.to_owned(), value),
            None => {}
        }
    }
    settings
}

/// Settings, and `other` where they are silent: who says where all services are, decides for all.
pub fn or(settings: Settings, mut other: Settings) -> Settings {
    if settings.contains_key(DEFAULT) {
        return settings;
    }
    other.extend(settings.into_iter().map(|(service, place)| (name(&service), place)));
    other
}

/// Reads `URL`, `aws`, `SERVICE=URL` or `SERVICE=aws`.
///
/// # Errors
/// When there is nothing before the `=`.
pub fn argument(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some(("", _)) => Err(format!("write `{text}` as URL, or as SERVICE=URL")),
        Some((service, place)) if !service.contains([':', '/']) => Ok((name(service), place.to_owned())),
        _ => Ok((DEFAULT.to_owned(), text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, place)| ((*name).to_owned(), (*place).to_owned())).collect()
    }

    #[test]
    fn a_service_has_its_own_endpoint_or_that_of_all() {
        let variables = [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000/"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://secrets.example.com"),
            ("AWS_ENDPOINT_URL_S3", "aws"),
            ("AWS_ENDPOINT_URL_SQS", ""),
            ("AWS_ENDPOINT_URLS", "x"),
            ("HOME", "/root"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let endpoints = ServiceEndpoints::new(&from_environment(variables.iter().cloned())).unwrap();
        for (service, place) in [
            ("sqs", Endpoint::Url("http://127.0.0.1:5000".into())),
            ("Secrets Manager", Endpoint::Url("https://secrets.example.com".into())),
            ("secretsmanager", Endpoint::Url("https://secrets.example.com".into())),
            ("s3", Endpoint::Aws),
        ] {
            assert_eq!(endpoints.of(service), Some(&place), "{service}");
        }
        assert_eq!(
            endpoints.lines(),
            [
                "s3: REAL AWS",
                "secretsmanager: https://secrets.example.com",
                "all other services: http://127.0.0.1:5000"
            ]
        );
        let ignored = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS".to_owned(), "true".to_owned());
        assert_eq!(from_environment(variables.into_iter().chain([ignored])), Settings::new());
        assert_eq!(ServiceEndpoints::default().of("sqs"), None);
    }

    #[test]
    fn whoever_speaks_of_all_services_decides_for_all() {
        let file = settings(&[("default", "aws"), ("sqs", "http://a")]);
        let for_all = settings(&[("default", "http://b")]);
        assert_eq!(or(for_all.clone(), file.clone()), for_all);
        let merged = or(settings(&[("SQS", "http://c")]), file);
        assert_eq!(merged, settings(&[("default", "aws"), ("sqs", "http://c")]));
    }

    #[test]
    fn the_server_itself_is_no_endpoint() {
        let mut endpoints = ServiceEndpoints::new(&settings(&[
            ("default", "http://localhost:8083"),
            ("sqs", "http://127.0.0.1:9324"),
            ("s3", "http://[::1]:8083/"),
            ("sns", "http://10.0.0.1:8083"),
            ("Simple Queue", "http://127.0.0.1:9324"),
        ]))
        .unwrap();
        endpoints.leave_out("0.0.0.0:8083".parse().unwrap());
        assert_eq!(
            endpoints.lines(),
            [
                "simplequeue: nothing, because AWS has no service of that name",
                "sns: http://10.0.0.1:8083",
                "sqs: http://127.0.0.1:9324"
            ]
        );
    }

    #[test]
    fn what_is_no_place_is_refused() {
        assert_eq!(argument("http://x/?a=b"), Ok(("default".into(), "http://x/?a=b".into())));
        assert_eq!(argument("Secrets-Manager=aws"), Ok(("secretsmanager".into(), "aws".into())));
        assert!(argument("=x").is_err());
        for wrong in ["AWS", "localhost:4566", "ftp://x", "", "http://x/?a=b"] {
            let error = ServiceEndpoints::new(&settings(&[("sqs", wrong)])).unwrap_err().to_string();
            assert!(error.contains("(sqs) is no URL; write it as"), "{error}");
        }
    }

    #[test]
    fn aws_is_known_by_its_hosts() {
        for (url, aws) in [
            ("https://sqs.eu-central-1.amazonaws.com", true),
            ("https://sqs.cn-north-1.amazonaws.com.cn", true),
            ("https://datazone.us-east-1.api.aws", true),
            ("http://127.0.0.1:4566", false),
            ("https://amazonaws.com.example.org", false),
        ] {
            assert_eq!(Endpoint::Url(url.to_owned()).is_aws(), aws, "{url}");
        }
    }
}
