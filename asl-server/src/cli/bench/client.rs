//! One connection to a server: requests one after the other, the connection kept.

use anyhow::{Context, bail};
use asl_engine::limits::REQUEST_BYTES_MAX;
use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

/// Answers are at most so many times as long as requests: a payload within a text can need escapes.
const ANSWER_BYTES_MAX: usize = 4 * REQUEST_BYTES_MAX;

/// `HOST:PORT` of a server.
#[derive(Clone, Debug)]
pub(super) struct Address(pub(super) String);

pub(super) struct Client {
    address: Address,
    sender: SendRequest<Full<Bytes>>,
}

/// What a server answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// An answer that is an error.
#[derive(Deserialize)]
pub(super) struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(default, alias = "Message")]
    message: String,
}

impl Client {
    pub(super) async fn connect(address: &Address) -> anyhow::Result<Client> {
        Ok(Client { address: address.clone(), sender: connection(address).await? })
    }

    /// Calls an operation.
    pub(super) async fn call(&mut self, operation: &str, body: Bytes) -> anyhow::Result<Answer> {
        let request = Request::post("/")
            .header("host", &self.address.0)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .header("authorization", "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0")
            .body(Full::new(body))?;
        self.send(request).await
    }

    /// Reads a page.
    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.send(Request::get(path).header("host", &self.address.0).body(Full::default())?).await
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        if self.sender.ready().await.is_err() {
            self.sender = connection(&self.address).await?;
        }
        let answer = self.sender.send_request(request).await.context("the server hung up")?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("the answer cannot be read: {error}"))?.to_bytes();
        Ok(Answer { status, body })
    }
}

async fn connection(address: &Address) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(&address.0).await.with_context(|| format!("no server at {}", address.0))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; what went wrong is told to whoever waits for an answer.
    tokio::spawn(async move { _ = connection.await });
    Ok(sender)
}

impl Answer {
    /// The answer's members.
    ///
    /// # Errors
    /// When it is a refusal, or has other members.
    pub(super) fn read<'a, T: Deserialize<'a>>(&'a self) -> anyhow::Result<T> {
        if let Some(refusal) = self.refusal() {
            bail!("{}: {}", refusal.kind, refusal.message);
        }
        if !self.status.is_success() {
            bail!("the server answered {}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        serde_json::from_slice(&self.body).context("the answer is not understood")
    }

    fn refusal(&self) -> Option<Refusal> {
        if self.status.is_success() {
            return None;
        }
        serde_json::from_slice(&self.body).ok()
    }

    /// Does the server have enough to do?
    pub(super) fn is_overloaded(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            let kind = refusal.kind.rsplit('#').next().unwrap_or_default();
            matches!(kind, "ExecutionLimitExceeded" | "ThrottlingException")
        })
    }
}
