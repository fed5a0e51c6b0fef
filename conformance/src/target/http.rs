//! A Step-Functions-compatible server, over HTTP.

use super::{Stage, Target, Targets};
use crate::lambda::LambdaTable;
use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// Cases played against one server.
#[derive(Clone, Debug)]
pub struct HttpTargets {
    client: reqwest::Client,
    endpoint: String,
    lambdas: LambdaTable,
}

/// The server as one case sees it.
#[derive(Clone, Debug)]
pub struct HttpTarget {
    client: reqwest::Client,
    endpoint: String,
    account: String,
    region: String,
}

impl HttpTargets {
    /// Calls go to `endpoint` (`http://127.0.0.1:8083`). The functions of cases are put into `lambdas`.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(endpoint: &str, timeout: Duration, lambdas: LambdaTable) -> Result<Self> {
        let client = asl_server::http_client::plain().no_proxy().timeout(timeout).build().context("no HTTP client")?;
        Ok(HttpTargets { client, endpoint: format!("{}/", endpoint.trim_end_matches('/')), lambdas })
    }
}

impl Targets for HttpTargets {
    type Target = HttpTarget;

    async fn open(&self, stage: Stage) -> Result<HttpTarget> {
        for (name, behaviour) in stage.lambdas {
            self.lambdas.insert(name, behaviour);
        }
        let (client, endpoint) = (self.client.clone(), self.endpoint.clone());
        Ok(HttpTarget { client, endpoint, account: stage.account, region: stage.region })
    }
}

impl Target for HttpTarget {
    async fn call(&self, operation: &str, params: &Value, account: Option<&str>) -> Result<(u16, Value)> {
        let now = Timestamp::now();
        let key = account.unwrap_or(&self.account);
        // Emulators read the account from the access key. The signature is not a real one.
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={key}/{}/{}/states/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={:0>64}",
            now.strftime("%Y%m%d"),
            self.region,
            0
        );
        let request = self
            .client
            .post(&self.endpoint)
            .header("Content-Type", "application/x-amz-json-1.0")
            .header("X-Amz-Target", format!("AWSStepFunctions.{operation}"))
            .header("X-Amz-Date", now.strftime("%Y%m%dT%H%M%SZ").to_string())
            .header("Authorization", authorization)
            .body(params.to_string());
        let no_answer = || format!("{operation}: no answer from the endpoint");
        let response = request.send().await.with_context(no_answer)?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.with_context(no_answer)?;
        let body = match serde_json::from_slice(&bytes) {
            Ok(body) => body,
            Err(_) if bytes.is_empty() => json!({}),
            Err(_) => json!({"__unparsable__": String::from_utf8_lossy(&bytes[..bytes.len().min(300)])}),
        };
        Ok((status, body))
    }

    async fn advance(&self) -> bool {
        tokio::time::sleep(Duration::from_millis(30)).await;
        true
    }

    async fn sleep(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds.clamp(0.0, 3600.0))).await;
    }

    async fn idle(&self) {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    fn is_shared(&self) -> bool {
        true
    }
}
