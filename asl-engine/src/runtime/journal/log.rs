//! Where the shards hand in what happened: one commit for all that waits.

use super::{Birth, Entry, Journal, JournalError, Kept, MemoryJournal};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// How many finished executions that nobody keeps can still be looked at.
const PASSING_KEPT: usize = 1000;

type Batch = (Vec<Entry>, oneshot::Sender<Result<(), JournalError>>);

/// The journal of an engine, and the memory of what is not kept.
pub(crate) struct Log {
    pub(crate) journal: Arc<dyn Journal>,
    /// EXPRESS executions and those that only the caller waits for: they end with the process.
    pub(crate) passing: MemoryJournal,
    /// The thread that waits for the disk, when the journal has one.
    writer: Option<mpsc::Sender<Batch>>,
}

impl Log {
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        let writer = journal.blocks().then(|| {
            let (sender, batches) = mpsc::channel();
            let journal = journal.clone();
            let thread = std::thread::Builder::new().name("journal".to_owned());
            if let Err(error) = thread.spawn(move || write(&*journal, &batches)) {
                tracing::error!(%error, "the journal's thread cannot be started");
            }
            sender
        });
        Log { journal, passing: MemoryJournal::passing(PASSING_KEPT), writer }
    }

    /// The execution of that ARN, kept or not.
    pub(crate) fn find(&self, execution_arn: &str) -> Result<Option<Kept>, JournalError> {
        match self.passing.find(execution_arn)? {
            Some(found) => Ok(Some(found)),
            None => self.journal.find(execution_arn),
        }
    }

    /// Which of the two has this execution?
    pub(crate) fn of(&self, birth: &Birth) -> &dyn Journal {
        match self.passing.find(&birth.start.execution_arn) {
            Ok(Some(_)) => &self.passing,
            _ => &*self.journal,
        }
    }

    /// Keeps these entries. When this returns, they are kept.
    pub(crate) async fn commit(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        let Some(writer) = &self.writer else { return self.journal.commit(&entries) };
        let (answer, done) = oneshot::channel();
        writer.send((entries, answer)).map_err(|_| JournalError::Stopped)?;
        done.await.unwrap_or(Err(JournalError::Stopped))
    }
}

/// Group commit: what was handed in while the last commit ran is committed together.
fn write(journal: &dyn Journal, batches: &mpsc::Receiver<Batch>) {
    while let Ok((mut entries, answer)) = batches.recv() {
        let mut answers = vec![answer];
        while let Ok((more, answer)) = batches.try_recv() {
            entries.extend(more);
            answers.push(answer);
        }
        let outcome = journal.commit(&entries);
        for answer in answers {
            _ = answer.send(outcome.clone());
        }
        if outcome.is_err() {
            // INVARIANT: nothing is committed after a commit that failed, so nothing can follow from what is lost.
            return;
        }
    }
}
