//! The function that the workloads' tasks call: every POST is answered with a small object.

use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, server::conn::http1};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};

/// What the tasks name.
pub(super) const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:Bench";
/// The name that the server under test is to answer by the stub.
pub(super) const NAME: &str = "Bench";

/// Serves until the process ends; returns with where.
pub(super) async fn serve(address: SocketAddr) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream));
        }
    });
    Ok(address)
}

async fn connection(stream: TcpStream) {
    _ = stream.set_nodelay(true);
    _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn answer(request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    let mut answer = Response::new(Full::new(Bytes::from_static(br#"{"status":"ok","reference":"47063fe3"}"#)));
    answer.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    Ok(answer)
}
