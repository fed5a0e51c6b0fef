//! Connections: the credentials and parameters that HTTP tasks are sent with, in EventBridge's own words
//! (EventBridge API reference, *CreateConnection*).

use super::endpoints::HttpEndpoints;
use super::{Call, encoding, header_name, header_value};
use crate::http_client::HttpClients;
use asl_engine::{StatesError, Value};
use base64::Engine as _;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A text that is not shown. `env:NAME` stands for the value of an environment variable.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct Secret(String);

impl TryFrom<String> for Secret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some(name) = text.strip_prefix("env:") else { return Ok(Secret(text)) };
        std::env::var(name).map(Secret).map_err(|_| format!("the environment variable `{name}` is not set"))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A connection, as CreateConnection takes it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", try_from = "Written")]
pub struct Connection {
    authorization: Authorization,
    invocation: HttpParameters,
}

/// How a connection authorizes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Authorization {
    Basic(Basic),
    ApiKey(ApiKey),
    OAuth(Box<OAuth>),
}

/// A connection as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Written {
    authorization_type: String,
    auth_parameters: AuthParameters,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct AuthParameters {
    basic_auth_parameters: Option<Basic>,
    api_key_auth_parameters: Option<ApiKey>,
    #[serde(rename = "OAuthParameters")]
    oauth_parameters: Option<Box<OAuth>>,
    #[serde(default)]
    invocation_http_parameters: HttpParameters,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Basic {
    username: String,
    password: Secret,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct ApiKey {
    api_key_name: String,
    api_key_value: Secret,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct OAuth {
    authorization_endpoint: String,
    client_parameters: Client,
    http_method: String,
    #[serde(default, rename = "OAuthHttpParameters")]
    oauth_http_parameters: HttpParameters,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Client {
    #[serde(rename = "ClientID")]
    id: String,
    #[serde(rename = "ClientSecret")]
    secret: Secret,
}

/// What a connection adds to every request.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", default)]
pub(super) struct HttpParameters {
    header_parameters: Vec<Parameter>,
    query_string_parameters: Vec<Parameter>,
    body_parameters: Vec<Parameter>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Parameter {
    key: String,
    value: Secret,
    #[serde(default, rename = "IsValueSecret")]
    _is_value_secret: bool,
}

impl HttpParameters {
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.header_parameters.iter().map(Parameter::pair)
    }

    pub(super) fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query_string_parameters.iter().map(Parameter::pair)
    }

    pub(super) fn body(&self) -> impl Iterator<Item = (&str, &str)> {
        self.body_parameters.iter().map(Parameter::pair)
    }
}

impl Parameter {
    fn pair(&self) -> (&str, &str) {
        (&self.key, &self.value.0)
    }
}

impl TryFrom<Written> for Connection {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let AuthParameters { basic_auth_parameters, api_key_auth_parameters, oauth_parameters, .. } =
            written.auth_parameters;
        let given = (basic_auth_parameters, api_key_auth_parameters, oauth_parameters);
        let authorization = match (written.authorization_type.as_str(), given) {
            ("BASIC", (Some(basic), None, None)) => Authorization::Basic(basic),
            ("API_KEY", (None, Some(key), None)) => Authorization::ApiKey(key),
            ("OAUTH_CLIENT_CREDENTIALS", (None, None, Some(oauth))) => Authorization::OAuth(oauth),
            ("BASIC", _) => return Err("AuthorizationType BASIC goes with BasicAuthParameters, and no others".into()),
            ("API_KEY", _) => {
                return Err("AuthorizationType API_KEY goes with ApiKeyAuthParameters, and no others".into());
            }
            ("OAUTH_CLIENT_CREDENTIALS", _) => {
                return Err(
                    "AuthorizationType OAUTH_CLIENT_CREDENTIALS goes with OAuthParameters, and no others".into()
                );
            }
            (other, _) => {
                return Err(format!(
                    "`{other}` is no AuthorizationType; use BASIC, API_KEY or OAUTH_CLIENT_CREDENTIALS"
                ));
            }
        };
        Ok(Connection { authorization, invocation: written.auth_parameters.invocation_http_parameters })
    }
}

/// Access tokens that are still good, by where and for whom they were given.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<(String, String), (HeaderValue, Instant)>>);

/// How long before its end a token is not used any more.
const TOKEN_MARGIN: Duration = Duration::from_secs(10);

impl Connection {
    pub(super) fn invocation_parameters(&self) -> &HttpParameters {
        &self.invocation
    }

    /// The headers that carry the credentials.
    pub(super) async fn authorization(
        &self,
        tokens: &Tokens,
        endpoints: &HttpEndpoints,
        clients: &HttpClients,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, StatesError> {
        let (name, mut value) = match &self.authorization {
            Authorization::Basic(Basic { username, password }) => {
                let pair = base64::prelude::BASE64_STANDARD.encode(format!("{username}:{}", password.0));
                (AUTHORIZATION, header_value("Authorization", &format!("Basic {pair}"))?)
            }
            Authorization::ApiKey(ApiKey { api_key_name, api_key_value }) => {
                (header_name(api_key_name)?, header_value(api_key_name, &api_key_value.0)?)
            }
            Authorization::OAuth(oauth) => (AUTHORIZATION, oauth.token(tokens, endpoints, clients).await?),
        };
        value.set_sensitive(true);
        Ok(vec![(name, value)])
    }
}

impl OAuth {
    /// A token that is good for now: kept from earlier, or asked for.
    async fn token(
        &self,
        tokens: &Tokens,
        endpoints: &HttpEndpoints,
        clients: &HttpClients,
    ) -> Result<HeaderValue, StatesError> {
        let key = (self.authorization_endpoint.clone(), self.client_parameters.id.clone());
        let kept = tokens.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((token, _)) = kept.filter(|(_, until)| *until > Instant::now()) {
            return Ok(token);
        }
        let answer = self.request(endpoints, clients).await?;
        let token =
            answer.get("access_token").and_then(Value::as_str).ok_or_else(|| self.refused("no access_token"))?;
        let token = header_value("Authorization", &format!("Bearer {token}"))?;
        if let Some(seconds) = answer.get("expires_in").and_then(Value::as_i64).and_then(|s| u64::try_from(s).ok()) {
            let good = Duration::from_secs(seconds.min(24 * 3600)).saturating_sub(TOKEN_MARGIN);
            let mut tokens = tokens.0.lock().unwrap_or_else(PoisonError::into_inner);
            tokens.insert(key, (token.clone(), Instant::now() + good));
        }
        Ok(token)
    }

    async fn request(&self, endpoints: &HttpEndpoints, clients: &HttpClients) -> Result<Value, StatesError> {
        let more = &self.oauth_http_parameters;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let client_parameters = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_parameters.id),
            ("client_secret", &self.client_parameters.secret.0),
        ];
        let form: Vec<_> = client_parameters.into_iter().chain(more.body()).map(owned).collect();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        for (name, value) in more.headers() {
            headers.insert(header_name(name)?, header_value(name, value)?);
        }
        let call = Call {
            endpoint: self.authorization_endpoint.clone(),
            method: Method::from_bytes(self.http_method.as_bytes()).map_err(|_| self.refused("no such HttpMethod"))?,
            headers,
            query: more.query().map(owned).collect(),
            body: Some(encoding::form(&form)),
        };
        let url = endpoints.locate(&call.endpoint).map_err(super::invalid)?;
        let client = clients.of(&url).map_err(|problem| self.refused(&problem))?;
        let response = call.send(client, url, Duration::from_secs(10)).await;
        let answer = match response {
            Ok(response) => super::receive(response).await?.answer()?,
            Err(error) => return Err(self.refused(&super::reason(&error))),
        };
        match answer.get("ResponseBody") {
            Some(body @ Value::Object(_)) => Ok(body.clone()),
            _ => Err(self.refused("the answer is no JSON object")),
        }
    }

    fn refused(&self, problem: &str) -> StatesError {
        let endpoint = &self.authorization_endpoint;
        let cause = format!("The connection gets no token from {endpoint}: {problem}.");
        StatesError::new("Events.ConnectionResource.InvalidConnectionState", cause)
    }
}
