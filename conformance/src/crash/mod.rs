//! Kills a server at random moments while it works, and checks at the end that nothing was lost.
//!
//! The same load is played twice: against a server that is killed (SIGKILL) and started again over its data folder, and
//! against one that is left alone. Both must tell the same: every execution that was acknowledged ended once, with the same
//! outcome, with the same history but for the times; every function was called with the same payloads.

mod load;
mod machine;
mod results;
mod server;
mod world;

use anyhow::{Context, Result, bail, ensure};
use load::{Load, Report};
use results::Results;
use server::Server;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use world::World;

/// What is to be done.
pub struct Options {
    /// How often the server is killed.
    pub rounds: u32,
    /// How many executions of each state machine a round starts.
    pub load: u32,
    /// Chooses the moments.
    pub seed: u64,
    /// The server's data folder; a temporary one when there is none.
    pub data: Option<PathBuf>,
    /// The server's program.
    pub server: PathBuf,
}

/// Runs the test; returns what it saw, in a line.
///
/// # Errors
/// What was lost, repeated or told differently.
pub async fn run(options: &Options) -> Result<String> {
    let begin = Instant::now();
    let temporary = std::env::temp_dir().join(format!("asl-crash-{}", std::process::id()));
    let data = options.data.clone().unwrap_or_else(|| temporary.clone());
    let disturbed = disturbed(options, &data).await;
    if options.data.is_none() {
        // What failed can be looked at.
        match &disturbed {
            Ok(_) => _ = std::fs::remove_dir_all(&temporary),
            Err(_) => eprintln!("the server's data are left in `{}`", temporary.display()),
        }
    }
    let (reports, calls) = disturbed?;
    let (undisturbed, expected_calls) = undisturbed(options).await?;
    compare(&reports, &undisturbed)?;
    let (lost, made_up): (Vec<_>, Vec<_>) =
        (expected_calls.difference(&calls).collect(), calls.difference(&expected_calls).collect());
    ensure!(lost.is_empty(), "calls of functions that never happened: {lost:?}");
    ensure!(made_up.is_empty(), "calls of functions that should not have happened: {made_up:?}");
    let events: usize = reports.iter().map(|report| report.history.len()).sum();
    Ok(format!(
        "{} executions with {events} events came through {} kills in {:.1} s",
        reports.len(),
        options.rounds,
        begin.elapsed().as_secs_f64()
    ))
}

async fn disturbed(options: &Options, data: &Path) -> Result<(Vec<Report>, BTreeSet<String>)> {
    let world = World::start().await?;
    let results = Results::new("disturbed")?;
    let mut server = Server::start(&options.server, Some(data), &results, world.address()).await?;
    let load = Load::new(server.address(), results)?;
    load.create().await?;
    let workers = load.work(&world);
    let mut random = options.seed;
    for round in 0..options.rounds {
        let starting = tokio::spawn(load.clone().start(round, options.load));
        tokio::time::sleep(Duration::from_millis(50 + next(&mut random) % 900)).await;
        server.kill().await?;
        server.restart().await.with_context(|| format!("after kill {} (seed {})", round + 1, options.seed))?;
        starting.await??;
    }
    let reports = load.finish().await.with_context(|| format!("with seed {}", options.seed))?;
    drop(workers);
    server.stop().await?;
    Ok((reports, world.calls()))
}

async fn undisturbed(options: &Options) -> Result<(Vec<Report>, BTreeSet<String>)> {
    let world = World::start().await?;
    let results = Results::new("undisturbed")?;
    let mut server = Server::start(&options.server, None, &results, world.address()).await?;
    let load = Load::new(server.address(), results)?;
    load.create().await?;
    let workers = load.work(&world);
    for round in 0..options.rounds {
        load.clone().start(round, options.load).await?;
    }
    let reports = load.finish().await?;
    drop(workers);
    server.stop().await?;
    Ok((reports, world.calls()))
}

fn compare(disturbed: &[Report], undisturbed: &[Report]) -> Result<()> {
    ensure!(disturbed.len() == undisturbed.len(), "{} executions instead of {}", disturbed.len(), undisturbed.len());
    for (found, expected) in disturbed.iter().zip(undisturbed) {
        let name = &found.name;
        ensure!(found.name == expected.name, "the execution {} is missing", expected.name);
        ensure!(found.end == expected.end, "{name} ended so: {}\ninstead of: {}", found.end, expected.end);
        if !found.exact {
            continue;
        }
        for (index, event) in expected.history.iter().enumerate() {
            match found.history.get(index) {
                Some(told) if told == event => {}
                Some(told) => bail!("event {} of {name} is {told}\ninstead of {event}", index + 1),
                None => bail!("the history of {name} ends after event {index}; missing is {event}"),
            }
        }
        ensure!(found.history.len() == expected.history.len(), "the history of {name} goes on after its end");
    }
    Ok(())
}

/// SplitMix64: the moments of a seed are the same everywhere.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
