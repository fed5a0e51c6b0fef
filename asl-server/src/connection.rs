//! Connections: how many there are, how long they may take to say something, and how they end.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Connections at once; further ones wait in the system's queue.
const CONNECTIONS_MAX: u32 = 10_000;

/// How long to wait when the system has no more files to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How much a server puts up with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: u32,
    /// How long a connection may stay without a whole request head: when it is new, between requests, or when somebody sends
    /// one byte after the other.
    pub head: Duration,
}

impl Limits {
    /// The usual ones: 10,000 connections, or as many as half of the files that the system lets this process open. The other
    /// half is for the journal and for functions.
    pub fn of_this_process() -> Limits {
        let connections = u32::try_from(files_max() / 2).unwrap_or(CONNECTIONS_MAX);
        Limits { connections: connections.clamp(1, CONNECTIONS_MAX), head: Duration::from_secs(60) }
    }
}

/// How many files may be open at once. Systems keep that low for the sake of old programs, and let those raise it that can do
/// with more.
fn files_max() -> u64 {
    let wanted = 2 * u64::from(CONNECTIONS_MAX);
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let now = limit.current.unwrap_or(wanted);
        let allowed = limit.maximum.unwrap_or(wanted).min(wanted);
        if now < allowed && setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), ..limit }).is_ok() {
            return allowed;
        }
        now
    }
    #[cfg(not(unix))]
    wanted
}

/// Serves until it is told to end and the requests that are under way are answered.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, told: impl Future<Output = ()>) {
    let free = Arc::new(Semaphore::new(limits.connections as usize));
    let end = watch::Sender::new(());
    let mut told = pin!(told);
    loop {
        let accepted = async {
            let place = Arc::clone(&free).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut told => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, router.clone(), limits, end.subscribe());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted for the moment");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    end.send_replace(());
    // All places are free again when all connections are gone.
    _ = free.acquire_many(limits.connections).await;
}

async fn connection(stream: TcpStream, router: Router, limits: Limits, mut end: watch::Receiver<()>) {
    // An answer is written at once and whole: nothing is won by waiting for more.
    _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = end.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Is this the trouble of one connection, which is gone before it was accepted?
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
