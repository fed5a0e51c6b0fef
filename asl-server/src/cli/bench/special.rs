//! The workloads that are no load of executions that end.

use super::client::Client;
use super::histogram::Histogram;
use super::load::{Load, Progress, request};
use super::report::Measured;
use super::server::{Launch, Server};
use super::workload::Workload;
use anyhow::bail;
use axum::body::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long executions are left alone until they have left memory.
const SETTLE: Duration = Duration::from_secs(3);
/// So many executions come first and do not count: what a server does for the first time takes memory once.
const WARM_UP: u64 = 100;
/// How long the server's idle CPU is watched.
const IDLE: Duration = Duration::from_secs(2);

/// Many executions that wait.
pub(super) async fn wait(
    workload: &Workload,
    load: &Load,
    server: &Server,
    launch: &Launch,
) -> anyhow::Result<Measured> {
    let mut client = Client::connect(&load.address).await?;
    let arn = super::create(&mut client, workload.name, &workload.definition(), true).await?;
    let request = request(&arn, &workload.input());
    Starters::default().start(load, request.clone(), WARM_UP, workload.name).await?;
    let memory_before = server.memory_mb("VmRSS");
    let cpu_before = server.cpu_millis();
    let began = Instant::now();
    let latencies = Starters::default().start(load, request, workload.size as u64, workload.name).await?;
    let elapsed = began.elapsed();
    let cpu = cpu_before.zip(server.cpu_millis()).map(|(before, after)| after - before);
    tokio::time::sleep(SETTLE).await;
    let mut more = Vec::new();
    if let Some((before, after)) = memory_before.zip(server.memory_mb("VmRSS")) {
        more.push(("memory each", (after - before) * 1000.0 / workload.size as f64, "KB"));
    }
    if let Some(before) = server.cpu_millis() {
        tokio::time::sleep(IDLE).await;
        let used = server.cpu_millis().unwrap_or(before) - before;
        more.push(("CPU while they wait", used / 10.0 / IDLE.as_secs_f64(), "% of a core"));
    }
    let peak_mb = server.memory_mb("VmHWM");
    if !launch.ephemeral {
        more.extend(restarted(launch, server).await?);
    }
    Ok(Measured { standard: true, latencies, elapsed, cpu_millis: cpu, peak_mb, more, failed: 0 })
}

async fn restarted(launch: &Launch, server: &Server) -> anyhow::Result<Vec<(&'static str, f64, &'static str)>> {
    server.kill().await;
    let again = launch.start().await?;
    let mut more = vec![("all back after a kill", again.first_answer.as_secs_f64() * 1000.0, "ms")];
    more.extend(again.memory_mb("VmRSS").map(|memory| ("memory after that", memory, "MB")));
    again.kill().await;
    Ok(more)
}

/// The time to the first answer, and the memory of a server that has nothing to do.
pub(super) async fn cold(workload: &Workload, launch: &Launch) -> anyhow::Result<Measured> {
    let (mut latencies, mut memory) = (Histogram::default(), Vec::new());
    let began = Instant::now();
    for turn in 0..workload.size {
        // A folder of its own each time: the first start of all.
        let folder = launch.folder.join(format!("cold-{turn}"));
        std::fs::create_dir(&folder)?;
        let server = Launch { folder, ..launch.clone() }.start().await?;
        latencies.add(server.first_answer);
        tokio::time::sleep(Duration::from_millis(300)).await;
        memory.extend(server.memory_mb("VmRSS"));
        server.kill().await;
    }
    memory.sort_by(f64::total_cmp);
    let more = memory.get(memory.len() / 2).map(|median| ("idle memory", *median, "MB")).into_iter().collect();
    Ok(Measured { standard: !launch.ephemeral, latencies, elapsed: began.elapsed(), more, ..Measured::default() })
}

/// More starts than the server takes, and what other calls feel of it.
pub(super) async fn flood(workload: &Workload, load: &Load, server: &Server) -> anyhow::Result<Measured> {
    let mut client = Client::connect(&load.address).await?;
    let arn = super::create(&mut client, workload.name, &workload.definition(), true).await?;
    let question = Bytes::from(serde_json::json!({"stateMachineArn": arn}).to_string());
    let began = Instant::now();
    let until = began + load.duration;
    let starters = Starters::default();
    let over = starters.over.clone();
    let flood = starters.start(load, request(&arn, &workload.input()), u64::MAX, workload.name);
    let asker = async {
        let mut latencies = Histogram::default();
        while Instant::now() < until {
            let asked = Instant::now();
            client.call("DescribeStateMachine", question.clone()).await?.read::<serde::de::IgnoredAny>()?;
            latencies.add(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        over.store(true, Ordering::Relaxed);
        anyhow::Ok(latencies)
    };
    let (started, others) = tokio::try_join!(flood, asker)?;
    let more = vec![
        ("refused", starters.refused.load(Ordering::Relaxed) as f64, "starts"),
        ("other calls, p50", others.percentile(50.0), "ms"),
        ("other calls, p99", others.percentile(99.0), "ms"),
        ("other calls, max", others.percentile(100.0), "ms"),
    ];
    let peak_mb = server.memory_mb("VmHWM");
    Ok(Measured { standard: true, latencies: started, elapsed: began.elapsed(), peak_mb, more, ..Measured::default() })
}

/// Clients that start executions and do not wait for their ends.
#[derive(Default)]
pub(super) struct Starters {
    over: Arc<AtomicBool>,
    taken: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
}

impl Starters {
    /// Starts executions until that many are started, or until it is over. `what` they are is told with the progress.
    pub(super) async fn start(&self, load: &Load, request: Bytes, most: u64, what: &str) -> anyhow::Result<Histogram> {
        let progress = Progress::of_starts(what, self.taken.clone(), most);
        let mut clients = JoinSet::new();
        for _ in 0..load.concurrency {
            let (over, taken, refused) = (self.over.clone(), self.taken.clone(), self.refused.clone());
            let (address, request) = (load.address.clone(), request.clone());
            clients.spawn(async move {
                let mut client = Client::connect(&address).await?;
                let mut latencies = Histogram::default();
                while !over.load(Ordering::Relaxed) && taken.fetch_add(1, Ordering::Relaxed) < most {
                    let began = Instant::now();
                    let answer = client.call("StartExecution", request.clone()).await?;
                    match answer.is_overloaded() {
                        true if most != u64::MAX => bail!("the server takes no more: raise its --max-running"),
                        true => _ = refused.fetch_add(1, Ordering::Relaxed),
                        false => {
                            answer.read::<serde::de::IgnoredAny>()?;
                            latencies.add(began.elapsed());
                        }
                    }
                }
                anyhow::Ok(latencies)
            });
        }
        let mut latencies = Histogram::default();
        while let Some(client) = clients.join_next().await {
            latencies.merge(&client??);
        }
        drop(progress);
        Ok(latencies)
    }
}
