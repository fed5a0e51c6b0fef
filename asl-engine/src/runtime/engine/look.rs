//! What the engine tells of executions.

use super::{Engine, readable};
use crate::history::HistoryEvent;
use crate::runtime::history::{HistoryPage, HistoryRange};
use crate::runtime::journal::{Journal, JournalError, Kept};
use crate::runtime::record::{Execution, Status};

impl Engine {
    /// An execution, as it is now.
    pub fn execution(&self, execution_arn: &str) -> Option<Execution> {
        // First where it runs: it leaves there only for the journal.
        match self.0.shared.records.get(execution_arn) {
            Some(record) => Some(record.snapshot()),
            None => self.kept(execution_arn).map(Execution::from),
        }
    }

    pub(super) fn kept(&self, execution_arn: &str) -> Option<Kept> {
        readable(self.0.shared.log.find(execution_arn)).flatten()
    }

    /// The executions of a state machine, or of a version or an alias of one: newest first, those whose numbers are below
    /// `before`.
    pub fn executions(
        &self,
        state_machine_arn: &str,
        status: Option<Status>,
        before: Option<u64>,
        limit: usize,
    ) -> Vec<Execution> {
        self.list(state_machine_arn, status, before, limit)
    }

    /// The child executions of a Map Run, as [`Self::executions`].
    pub fn children(
        &self,
        map_run_arn: &str,
        status: Option<Status>,
        before: Option<u64>,
        limit: usize,
    ) -> Vec<Execution> {
        self.list(map_run_arn, status, before, limit)
    }

    fn list(&self, of: &str, status: Option<Status>, before: Option<u64>, limit: usize) -> Vec<Execution> {
        let log = &self.0.shared.log;
        let list = |journal: &dyn Journal| readable(journal.list(of, status, before, limit)).unwrap_or_default();
        let mut found = list(&*log.journal);
        if found.is_empty() {
            // A list is kept as a whole or not at all.
            found = list(&log.passing);
        }
        found.into_iter().map(Execution::from).collect()
    }

    /// The history of an execution so far. `None`: there is no such execution.
    ///
    /// # Errors
    /// When it cannot be read, or a replay of its events does not do what the execution did.
    pub async fn history(&self, execution_arn: &str) -> Result<Option<Vec<HistoryEvent>>, JournalError> {
        let page = self.history_page(execution_arn, HistoryRange::default()).await?;
        Ok(page.map(|page| page.events))
    }

    /// A part of the history of an execution: reading it costs what the part costs, not what lies before it.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub async fn history_page(
        &self,
        execution_arn: &str,
        range: HistoryRange,
    ) -> Result<Option<HistoryPage>, JournalError> {
        let log = &self.0.shared.log;
        match log.find(execution_arn)? {
            Some(kept) => HistoryPage::read(log.of(&kept.birth), &kept, range).map(Some),
            None => Ok(None),
        }
    }
}
