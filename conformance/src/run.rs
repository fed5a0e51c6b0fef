//! Plays many cases, several at a time.

use crate::case::Case;
use crate::compare::Difference;
use crate::play::{Decision, Options, play};
use crate::report::{Outcome, Verdict};
use crate::target::Targets;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Plays cases and hands on each outcome, in the order of the cases.
///
/// Exclusive cases are played first, one by one; then `jobs` at a time. A panic fails its case alone.
pub async fn play_all<T: Targets + 'static>(
    cases: Vec<Case>,
    targets: T,
    options: Options,
    jobs: usize,
    mut done: impl FnMut(Outcome),
) {
    let (targets, options) = (Arc::new(targets), Arc::new(options));
    let start = move |case: Case, permit: Option<OwnedSemaphorePermit>| {
        let (targets, options) = (targets.clone(), options.clone());
        let names = [case.id.clone(), case.area.clone(), case.kind.clone()];
        let playing = tokio::spawn(async move {
            let _permit = permit;
            play_one(&case, &*targets, &options).await
        });
        (names, playing)
    };
    let (exclusive, others): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(|case| case.exclusive);
    for case in exclusive {
        let (names, playing) = start(case, None);
        done(outcome(names, playing.await));
    }
    // Cases start in their order as permits get free; outcomes are taken in the same order.
    let (sender, mut started) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let permits = Arc::new(Semaphore::new(jobs.max(1)));
        for case in others {
            let permit = permits.clone().acquire_owned().await.ok();
            if sender.send(start(case, permit)).is_err() {
                return;
            }
        }
    });
    while let Some((names, playing)) = started.recv().await {
        done(outcome(names, playing.await));
    }
}

type Played = (Verdict, f64);

async fn play_one<T: Targets>(case: &Case, targets: &T, options: &Options) -> Played {
    let start = Instant::now();
    let verdict = match options.decide(case) {
        Decision::Skip { reason } => Verdict::Skipped(reason),
        Decision::Play { mocked } => match play(case, mocked, targets, options).await {
            differences if differences.is_empty() => Verdict::Passed,
            differences => Verdict::Failed(differences),
        },
    };
    (verdict, start.elapsed().as_secs_f64())
}

fn outcome([id, area, kind]: [String; 3], played: Result<Played, tokio::task::JoinError>) -> Outcome {
    let (verdict, seconds) = played.unwrap_or_else(|error| {
        (Verdict::Failed(vec![Difference(format!("playing the case panicked: {error}"))]), 0.0)
    });
    Outcome { id, area, kind, verdict, seconds }
}
