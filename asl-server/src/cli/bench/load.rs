//! A load: clients that start one execution after the other.

use super::client::{Address, Client};
use super::histogram::Histogram;
use super::report::Measured;
use super::server::Server;
use super::workload::Workload;
use anyhow::bail;
use axum::body::Bytes;
use serde::Deserialize;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long to wait before asking again for a STANDARD execution: first, and at most.
const ASK_AGAIN: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(20));
/// How often a client that is alone asks: what it measures is latency.
const ASK_ALONE: Duration = Duration::from_micros(200);
/// How often the progress is told.
const PROGRESS: Duration = Duration::from_millis(250);
const WARM_UP_MAX: Duration = Duration::from_secs(1);

/// Who asks for what, and for how long.
#[derive(Clone)]
pub(super) struct Load {
    pub(super) address: Address,
    pub(super) standard: bool,
    pub(super) concurrency: u16,
    pub(super) duration: Duration,
    pub(super) executions: Option<u64>,
}

/// What the clients did up to now.
#[derive(Default)]
struct Tally {
    taken: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    execution_arn: String,
}

#[derive(Deserialize)]
struct Ended {
    status: String,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    cause: Option<String>,
}

impl Load {
    /// Measures a workload whose executions end.
    pub(super) async fn measure(&self, workload: &Workload, server: Option<&Server>) -> anyhow::Result<Measured> {
        let mut client = Client::connect(&self.address).await?;
        let arn = super::create(&mut client, workload.name, &workload.definition(), self.standard).await?;
        let request = request(&arn, &workload.input());
        let warm_up = Load { duration: (self.duration / 5).min(WARM_UP_MAX), ..self.clone() };
        warm_up.play(&request, "warms up").await?;
        let cpu_before = server.and_then(Server::cpu_millis);
        let mut measured = self.play(&request, workload.name).await?;
        measured.cpu_millis = cpu_before.zip(server.and_then(Server::cpu_millis)).map(|(before, after)| after - before);
        measured.peak_mb = server.and_then(|server| server.memory_mb("VmHWM"));
        Ok(measured)
    }

    /// Lets the clients go on until the time is over or everything is done.
    async fn play(&self, request: &Bytes, what: &'static str) -> anyhow::Result<Measured> {
        let tally = Arc::new(Tally::default());
        let began = Instant::now();
        let mut clients = JoinSet::new();
        for _ in 0..self.concurrency {
            clients.spawn(self.clone().client(request.clone(), tally.clone(), began + self.duration));
        }
        let done = tally.clone();
        let progress = Progress::tell(move || {
            let (done, seconds) = (done.done.load(Ordering::Relaxed), began.elapsed().as_secs_f64());
            format!("{what}: {done} executions, {:.0}/s, {seconds:.0} s", done as f64 / seconds)
        });
        let mut latencies = Histogram::default();
        let mut first_failure = None;
        while let Some(client) = clients.join_next().await {
            let (of_one, failure) = client??;
            latencies.merge(&of_one);
            first_failure = first_failure.or(failure);
        }
        let elapsed = began.elapsed();
        drop(progress);
        if let Some(failure) = first_failure {
            eprintln!("{what}: an execution failed: {failure}");
        }
        let failed = tally.failed.load(Ordering::Relaxed);
        Ok(Measured { standard: self.standard, latencies, failed, elapsed, ..Measured::default() })
    }

    /// One client; the first failure it saw is told.
    async fn client(
        self,
        request: Bytes,
        tally: Arc<Tally>,
        until: Instant,
    ) -> anyhow::Result<(Histogram, Option<anyhow::Error>)> {
        let mut client = Client::connect(&self.address).await?;
        let (mut latencies, mut failure) = (Histogram::default(), None);
        while Instant::now() < until
            && self.executions.is_none_or(|most| tally.taken.fetch_add(1, Ordering::Relaxed) < most)
        {
            let began = Instant::now();
            match execute(&mut client, &self, request.clone()).await {
                Ok(()) => {
                    latencies.add(began.elapsed());
                    tally.done.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => {
                    // A server that is gone would be asked again and again.
                    if tally.failed.fetch_add(1, Ordering::Relaxed) >= 100 {
                        return Err(error.context("a hundred executions failed"));
                    }
                    failure.get_or_insert(error);
                }
            }
        }
        Ok((latencies, failure))
    }
}

/// The request that starts an execution.
pub(super) fn request(state_machine_arn: &str, input: &str) -> Bytes {
    serde_json::json!({"stateMachineArn": state_machine_arn, "input": input}).to_string().into()
}

/// Starts an execution and waits for its end.
async fn execute(client: &mut Client, load: &Load, request: Bytes) -> anyhow::Result<()> {
    if !load.standard {
        return client.call("StartSyncExecution", request).await?.read::<Ended>()?.succeeded();
    }
    let arn = client.call("StartExecution", request).await?.read::<Started>()?.execution_arn;
    let question = Bytes::from(serde_json::json!({"executionArn": arn}).to_string());
    let mut pause = ASK_AGAIN.0;
    loop {
        let answer = client.call("DescribeExecution", question.clone()).await?.read::<Ended>()?;
        if answer.status != "RUNNING" {
            return answer.succeeded();
        }
        if load.concurrency == 1 {
            // A timer of tokio's is up to two milliseconds late.
            tokio::task::spawn_blocking(|| std::thread::sleep(ASK_ALONE)).await?;
        } else {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(ASK_AGAIN.1);
        }
    }
}

impl Ended {
    fn succeeded(self) -> anyhow::Result<()> {
        if self.status == "SUCCEEDED" {
            return Ok(());
        }
        let Ended { status, error, cause } = self;
        bail!("{status}: {}: {}", error.unwrap_or_default(), cause.unwrap_or_default())
    }
}

/// Tells how far it is, when somebody looks, until it is dropped.
pub(super) struct Progress(Option<tokio::task::AbortHandle>);

impl Progress {
    /// Tells this line again and again.
    pub(super) fn tell(line: impl Fn() -> String + Send + 'static) -> Progress {
        let telling = std::io::stderr().is_terminal().then(|| {
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(PROGRESS).await;
                    eprint!("\r\x1b[K{}", line());
                    _ = std::io::stderr().flush();
                }
            })
        });
        Progress(telling.map(|telling| telling.abort_handle()))
    }

    /// Tells how many of so many starts have begun.
    pub(super) fn of_starts(what: &str, taken: Arc<AtomicU64>, most: u64) -> Progress {
        let (what, began) = (what.to_owned(), Instant::now());
        Progress::tell(move || {
            let (taken, seconds) = (taken.load(Ordering::Relaxed).min(most), began.elapsed().as_secs_f64());
            let of = if most == u64::MAX { String::new() } else { format!(" of {most}") };
            format!("{what}: {taken}{of} starts, {:.0}/s, {seconds:.0} s", taken as f64 / seconds)
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(telling) = &self.0 {
            telling.abort();
            eprint!("\r\x1b[K");
        }
    }
}
