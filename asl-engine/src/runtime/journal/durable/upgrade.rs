//! Journals that earlier versions wrote.

use super::codec;
use super::store::Store;
use super::tables::{Batch, number, read, reason, written};
use crate::runtime::journal::{End, JournalError};
use crate::runtime::record::Status;

/// The indexes when their keys held whole ARNs.
const OLD_INDEXES: [&str; 2] = ["arns", "lists"];

/// How many executions are written to the new indexes at once.
const CHUNK: usize = 10_000;

impl Store {
    /// Makes the indexes again, of what they index, when there are some of the old kind: an earlier version wrote here last.
    ///
    /// INVARIANT: the old ones go when the new ones are on the disk. Ended before, it begins again.
    pub(super) fn upgrade(&self) -> Result<(), JournalError> {
        let old: Vec<&str> = OLD_INDEXES.into_iter().filter(|name| self.database.keyspace_exists(name)).collect();
        if old.is_empty() {
            return Ok(());
        }
        tracing::info!("an earlier version wrote the journal: its indexes are made again");
        for index in [&self.tables.arns, &self.tables.lists] {
            index.clear().map_err(|error| written("indexes")(reason(&error)))?;
        }
        let mut births = self.tables.births.iter().peekable();
        while births.peek().is_some() {
            let mut batch = Batch::default();
            for birth in births.by_ref().take(CHUNK) {
                let (key, birth) = birth.into_inner().map_err(read("executions"))?;
                let sequence = number(&key);
                let (start, parent) = codec::read_start(sequence, &birth)?;
                let end = self.tables.ends.get(&key).map_err(read("ends"))?;
                let end: Option<End> = end.map(|end| codec::read("ends", &sequence.to_string(), &end)).transpose()?;
                let status = Status::of(end.as_ref().map(|end| &end.outcome));
                self.tables.index(sequence, &start, parent.as_ref(), status, &mut batch);
            }
            self.commit(batch)?;
        }
        self.flush()?;
        let forget = |name: &str| self.database.delete_keyspace(self.database.keyspace(name, Default::default)?);
        old.into_iter().try_for_each(forget).map_err(|error| written("indexes")(reason(&error)))
    }
}
