//! The engine: starts executions and answers for them.

mod builder;
mod look;
mod map_runs;
mod recover;
mod start;
mod tasks;

pub use builder::EngineBuilder;
pub use start::StartError;
pub use tasks::{TokenError, TokenReport};

use super::clock::Clock;
use super::journal::{Entry, Journal, JournalError};
use super::retention;
use super::shard::{Message, Shared};
use crate::machine::Start;
use crate::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::{mpsc, oneshot};

/// Executes state machines. Clones are the same engine; it ends when the last of them is gone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    shards: Vec<mpsc::Sender<Message>>,
    running_max: usize,
    anonymous: AtomicU64,
}

impl Engine {
    /// An engine to be made.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The engine's time.
    pub fn now(&self) -> Timestamp {
        self.0.shared.clock.now()
    }

    /// The engine's clock.
    pub fn clock(&self) -> &Clock {
        &self.0.shared.clock
    }

    /// How many executions have not ended, and how many of them are in memory: the others are parked.
    pub fn running(&self) -> (usize, usize) {
        (self.0.shared.records.running(), self.0.shared.records.in_memory())
    }

    /// Why nothing can be kept at the moment: the journal's writes fail, and are tried again until they succeed. Meanwhile
    /// starts are refused and what runs waits.
    pub fn trouble(&self) -> Option<JournalError> {
        self.0.shared.log.trouble()
    }

    /// Waits until the journal fails for good, and tells how. From then on nothing goes on; a new engine over the same
    /// journal loses nothing that was acknowledged.
    pub async fn failed(&self) -> JournalError {
        let mut failure = self.0.shared.failure.subscribe();
        let failed = failure.wait_for(Option::is_some).await;
        failed.ok().and_then(|error| error.clone()).unwrap_or(JournalError::Stopped)
    }

    /// Where executions are kept.
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.0.shared.log.journal
    }

    /// Puts entries of the caller's own into the journal ([`Entry::Put`]). When this returns, they are kept.
    ///
    /// # Errors
    /// When they are not.
    pub async fn put(&self, entries: Vec<(String, Option<Vec<u8>>)>) -> Result<(), JournalError> {
        let entries = entries.into_iter().map(|(key, bytes)| Entry::Put { key, bytes });
        let log = &self.0.shared.log;
        log.unless_troubled(log.commit(entries.collect())).await?
    }

    /// Forgets the finished executions that are older than is to be kept; returns how many. The engine does so by itself once
    /// a minute, but not in virtual time.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub async fn sweep(&self) -> Result<usize, JournalError> {
        retention::sweep(&self.0.shared).await
    }

    /// Virtual time only: lets what can happen now happen, and otherwise jumps to the next moment at which something will.
    /// False: nothing happened, and nothing ever will by itself.
    pub async fn advance(&self) -> bool {
        let (moved, answer) = oneshot::channel();
        if let (Clock::Virtual(_), Some(shard)) = (self.clock(), self.0.shards.first()) {
            let _ = shard.send(Message::Advance { moved }).await;
        }
        answer.await.unwrap_or(false)
    }

    fn shard_at(&self, home: u64) -> usize {
        (home % self.0.shards.len() as u64) as usize
    }

    /// Where an execution is to be told something; `None`: there is none. One that has ended hears nothing.
    fn place(&self, execution_arn: &str) -> Option<Place> {
        let (birth, home) = match self.0.shared.records.get(execution_arn) {
            Some(record) => (record.birth.clone(), record.home),
            None => {
                let kept = self.kept(execution_arn)?;
                let home = self.0.shared.home_of(&kept.birth);
                (kept.birth, home)
            }
        };
        Some(Place { shard: self.shard_at(home), execution: birth.sequence, start: birth.start.clone() })
    }

    async fn send(&self, place: &Place, message: Message) {
        // A shard that is gone drops the message's answer channel, which is how the caller hears of it.
        let _ = self.0.shards[place.shard].send(message).await;
    }
}

/// Where an execution lives.
struct Place {
    shard: usize,
    execution: u64,
    start: Arc<Start>,
}

/// What the journal tells; what it cannot is logged.
fn readable<T>(outcome: Result<T, JournalError>) -> Option<T> {
    outcome.inspect_err(|error| tracing::error!(%error, "the journal cannot be read")).ok()
}
