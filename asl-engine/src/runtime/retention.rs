//! Finished executions are kept for a while, and then forgotten in the background.

use super::journal::{Entry, JournalError};
use super::shard::Shared;
use crate::time::Timestamp;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How long finished executions are kept: what comes first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// For so long after their ends; 90 days by default, as on AWS.
    pub age: Duration,
    /// As long as there are no more than so many; any number by default.
    pub count: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Retention { age: Duration::from_secs(90 * 24 * 3600), count: u64::MAX }
    }
}

/// How often it is looked for what is to be forgotten.
const PAUSE: Duration = Duration::from_secs(60);

/// How many executions are forgotten at once: others want to write, too.
const BATCH: usize = 64;

/// After so many forgotten executions the journal gives back their room.
const COMPACT_AFTER: usize = 10_000;

/// Forgets what is old, until the engine is gone.
pub(super) async fn keep_sweeping(shared: Weak<Shared>) {
    let mut forgotten = 0;
    loop {
        tokio::time::sleep(PAUSE).await;
        let Some(shared) = shared.upgrade() else { return };
        match sweep(&shared).await {
            Ok(0) => continue,
            Ok(number) => forgotten += number,
            Err(error) => tracing::error!(%error, "finished executions cannot be forgotten"),
        }
        if forgotten >= COMPACT_AFTER {
            let journal = shared.log.journal.clone();
            let compacted = tokio::task::spawn_blocking(move || journal.compact().map(|()| journal.disk_space())).await;
            match compacted.unwrap_or(Err(JournalError::Stopped)) {
                Ok(bytes) => {
                    tracing::info!(forgotten, bytes, "finished executions were forgotten, and their room given back")
                }
                Err(error) => tracing::error!(%error, "the room of forgotten executions is not given back"),
            }
            forgotten = 0;
        }
    }
}

/// Forgets what is old now; returns how many executions that were. A small batch at a time: others want to write, too.
pub(super) async fn sweep(shared: &Arc<Shared>) -> Result<usize, JournalError> {
    let retention = shared.retention;
    let age = i64::try_from(retention.age.as_millis()).unwrap_or(i64::MAX);
    let mut forgotten = 0;
    loop {
        let oldest = Timestamp::from_millis(shared.clock.now().as_millis().saturating_sub(age));
        let journal = shared.log.journal.clone();
        let look = move || {
            let excess = usize::try_from(journal.ended_count().saturating_sub(retention.count)).unwrap_or(usize::MAX);
            let mut old = Vec::new();
            for (number, (ended, sequence)) in journal.ended_first(BATCH)?.into_iter().enumerate() {
                if (number < excess || ended < oldest)
                    && let Some(kept) = journal.get(sequence)?
                {
                    old.push(Entry::Forgotten(kept));
                }
            }
            Ok(old)
        };
        let old = tokio::task::spawn_blocking(look).await.unwrap_or(Err(JournalError::Stopped))?;
        if old.is_empty() {
            return Ok(forgotten);
        }
        forgotten += old.len();
        shared.log.commit(old).await?;
    }
}
