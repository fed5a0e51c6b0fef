//! Where the shards hand in what happened: one commit for all that waits.

use super::{Birth, Entry, Journal, JournalError, Kept, MemoryJournal};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// How many finished executions that nobody keeps can still be looked at, by the program that embeds the engine: as many as
/// take a few megabytes. (AWS tells nothing of EXPRESS executions that have ended.)
const PASSING_KEPT: usize = 1000;
const PASSING_BYTES: usize = 8 << 20;

type Batch = (Vec<Entry>, oneshot::Sender<Result<(), JournalError>>);

/// How long it waits before it tries again to keep what could not be kept: longer and longer.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Why nothing can be kept at the moment, while that is so.
type Trouble = watch::Sender<Option<JournalError>>;

/// The journal of an engine, and the memory of what is not kept.
pub(crate) struct Log {
    pub(crate) journal: Arc<dyn Journal>,
    /// EXPRESS executions and those that only the caller waits for: they end with the process.
    pub(crate) passing: MemoryJournal,
    /// The thread that waits for the disk, when the journal has one.
    writer: Option<mpsc::Sender<Batch>>,
    trouble: Trouble,
}

impl Log {
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        let trouble = Trouble::new(None);
        let writer = journal.blocks().then(|| {
            let (sender, batches) = mpsc::channel();
            let (journal, trouble) = (journal.clone(), trouble.clone());
            let thread = std::thread::Builder::new().name("journal".to_owned());
            if let Err(error) = thread.spawn(move || write(&*journal, &batches, &trouble)) {
                tracing::error!(%error, "the journal's thread cannot be started");
            }
            sender
        });
        Log { journal, passing: MemoryJournal::passing(PASSING_KEPT, PASSING_BYTES), writer, trouble }
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

    /// Keeps these entries, however long that takes. When this returns, they are kept.
    ///
    /// # Errors
    /// When they never will be.
    pub(crate) async fn commit(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        let Some(writer) = &self.writer else { return self.journal.commit(&entries) };
        let (answer, done) = oneshot::channel();
        writer.send((entries, answer)).map_err(|_| JournalError::Stopped)?;
        done.await.unwrap_or(Err(JournalError::Stopped))
    }

    /// Waits for something that has to be kept, but no longer than things can be kept. It may be kept later all the same.
    ///
    /// # Errors
    /// What the journal suffers from.
    pub(crate) async fn unless_troubled<T>(&self, kept: impl Future<Output = T>) -> Result<T, JournalError> {
        let mut trouble = self.trouble.subscribe();
        let troubled = async {
            let error = trouble.wait_for(Option::is_some).await.ok().and_then(|error| error.clone());
            match error {
                Some(error) => error,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            error = troubled => Err(error),
            outcome = kept => Ok(outcome),
        }
    }

    /// Why nothing can be kept at the moment.
    pub(crate) fn trouble(&self) -> Option<JournalError> {
        self.trouble.borrow().clone()
    }
}

/// Group commit: what was handed in while the last commit ran is committed together.
fn write(journal: &dyn Journal, batches: &mpsc::Receiver<Batch>, trouble: &Trouble) {
    while let Ok((mut entries, answer)) = batches.recv() {
        let mut answers = vec![answer];
        while let Ok((more, answer)) = batches.try_recv() {
            entries.extend(more);
            answers.push(answer);
        }
        let outcome = keep(journal, &entries, &answers, trouble);
        for answer in answers {
            _ = answer.send(outcome.clone());
        }
        if outcome.is_err() {
            // INVARIANT: nothing is committed after a commit that failed for good, so nothing can follow from what is lost.
            return;
        }
    }
}

/// Commits, and when that fails for a while, tries again until it succeeds or nobody waits for it any more.
///
/// INVARIANT: nothing else is committed meanwhile, so that the order stays.
fn keep(
    journal: &dyn Journal,
    entries: &[Entry],
    answers: &[oneshot::Sender<Result<(), JournalError>>],
    trouble: &Trouble,
) -> Result<(), JournalError> {
    let mut pause = PAUSE_FIRST;
    loop {
        match journal.commit(entries) {
            Err(error) if error.may_pass() && answers.iter().any(|answer| !answer.is_closed()) => {
                if trouble.send_if_modified(|known| known.replace(error.clone()).is_none()) {
                    tracing::error!(%error, "nothing can be kept: starts are refused and what runs waits until that is over");
                }
                std::thread::sleep(pause);
                pause = (pause * 2).min(PAUSE_MAX);
            }
            outcome => {
                if outcome.is_ok() && trouble.send_if_modified(|known| known.take().is_some()) {
                    tracing::info!("everything is kept again; nothing was lost");
                }
                return outcome;
            }
        }
    }
}
