//! One table of the store. It is made when something is first written to it: making one takes the disk twenty syncs, and an
//! empty folder has to answer at once.

use ::fjall::{Database, Iter, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, Slice};
use std::ops::RangeBounds;
use std::sync::OnceLock;

/// How much of a table is held in memory before it is written out. Small: what is held is read again at each start. Rows of
/// indexes are small, so that fewer bytes hold as many of them.
const TABLE_BYTES: u64 = 1 << 20;
const INDEX_BYTES: u64 = 512 << 10;

/// Rows of a table, in the order of their keys; none when the table is not made yet.
type Rows = std::iter::Flatten<std::option::IntoIter<Iter>>;

pub(super) struct Table {
    database: Database,
    name: &'static str,
    held_bytes: u64,
    made: OnceLock<Keyspace>,
}

impl Table {
    pub(super) fn open(database: &Database, name: &'static str) -> Result<Table, ::fjall::Error> {
        Table::holding(TABLE_BYTES, database, name)
    }

    /// One of small rows.
    pub(super) fn open_index(database: &Database, name: &'static str) -> Result<Table, ::fjall::Error> {
        Table::holding(INDEX_BYTES, database, name)
    }

    fn holding(held_bytes: u64, database: &Database, name: &'static str) -> Result<Table, ::fjall::Error> {
        let table = Table { database: database.clone(), name, held_bytes, made: OnceLock::new() };
        if database.keyspace_exists(name) {
            table.make()?;
        }
        Ok(table)
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    fn make(&self) -> Result<&Keyspace, ::fjall::Error> {
        if let Some(keyspace) = self.made.get() {
            return Ok(keyspace);
        }
        let options = || KeyspaceCreateOptions::default().max_memtable_size(self.held_bytes);
        let keyspace = self.database.keyspace(self.name, options)?;
        Ok(self.made.get_or_init(|| keyspace))
    }

    pub(super) fn insert(&self, batch: &mut OwnedWriteBatch, key: Slice, value: Slice) -> Result<(), ::fjall::Error> {
        batch.insert(self.make()?, key, value);
        Ok(())
    }

    pub(super) fn remove(&self, batch: &mut OwnedWriteBatch, key: Slice) {
        if let Some(keyspace) = self.made.get() {
            batch.remove(keyspace, key);
        }
    }

    pub(super) fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Slice>, ::fjall::Error> {
        self.made.get().map_or(Ok(None), |keyspace| keyspace.get(key))
    }

    pub(super) fn iter(&self) -> Rows {
        self.each(Keyspace::iter)
    }

    pub(super) fn range<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Rows {
        self.each(|keyspace| keyspace.range(range))
    }

    pub(super) fn prefix(&self, prefix: impl AsRef<[u8]>) -> Rows {
        self.each(|keyspace| keyspace.prefix(prefix))
    }

    fn each(&self, of: impl FnOnce(&Keyspace) -> Iter) -> Rows {
        self.made.get().map(of).into_iter().flatten()
    }

    /// How many rows there are: reads all of them.
    pub(super) fn len(&self) -> Result<usize, ::fjall::Error> {
        self.made.get().map_or(Ok(0), Keyspace::len)
    }

    /// Removes all rows.
    pub(super) fn clear(&self) -> Result<(), ::fjall::Error> {
        self.made.get().map_or(Ok(()), Keyspace::clear)
    }

    /// Gives back the room of what was removed.
    pub(super) fn compact(&self) -> Result<(), ::fjall::Error> {
        let Some(keyspace) = self.made.get() else { return Ok(()) };
        keyspace.rotate_memtable_and_wait()?;
        keyspace.major_compact()
    }
}
