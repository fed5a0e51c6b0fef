//! The store's files: opened, and opened again after a write that failed.

use super::Durability;
use super::tables::{Batch, Tables, reason, written};
use super::tail;
use crate::runtime::journal::JournalError;
use ::fjall::{Database, PersistMode};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

/// How much of the log is kept before tables are written out so that it can be cut: as much as that is read at a start.
const LOG_BYTES: u64 = 64 << 20;

/// How much room there must be on the disk before it is tried again to write.
const ROOM_BYTES: usize = 4 << 20;

/// The store of a directory.
///
/// After a write that failed, the store refuses to write for good, for good reason: nobody knows what the disk has. It can
/// still be read. Once there is room again it is closed and opened, which cuts what was written in part.
pub(super) struct Stores {
    directory: PathBuf,
    durability: Durability,
    current: Mutex<Option<Arc<Store>>>,
    broken: AtomicBool,
}

/// The store while it is open.
pub(super) struct Store {
    pub(super) database: Database,
    pub(super) tables: Tables,
    mode: PersistMode,
    /// Ends the thread that syncs, when there is one.
    _syncing: Option<mpsc::Sender<()>>,
}

impl Stores {
    pub(super) fn open(directory: &Path, durability: Durability) -> Result<Stores, JournalError> {
        let current = Mutex::new(Some(Arc::new(Store::open(directory, durability)?)));
        Ok(Stores { directory: directory.to_owned(), durability, current, broken: AtomicBool::new(false) })
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Store>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store, to be read.
    pub(super) fn get(&self) -> Result<Arc<Store>, JournalError> {
        let closed = || JournalError::Open {
            directory: self.directory.clone(),
            reason: "it is being opened again after a write that failed".to_owned(),
        };
        self.current().clone().ok_or_else(closed)
    }

    /// The store, to be written; opened again when it is broken. Only one thread at a time writes.
    pub(super) fn for_writing(&self) -> Result<Arc<Store>, JournalError> {
        if self.broken.load(Ordering::Acquire) {
            self.probe()?;
            let mut current = self.current();
            // Readers are done within moments; until then the files are locked.
            if let Some(store) = current.take_if(|store| Arc::strong_count(store) == 1) {
                drop(store);
            }
            if current.is_none() {
                *current = Some(Arc::new(Store::open(&self.directory, self.durability)?));
                self.broken.store(false, Ordering::Release);
            }
        }
        self.get()
    }

    /// A write failed.
    pub(super) fn broken(&self) {
        self.broken.store(true, Ordering::Release);
    }

    /// Is there room to write?
    fn probe(&self) -> Result<(), JournalError> {
        let path = self.directory.join("room");
        let room = std::fs::File::create(&path).and_then(|mut file| {
            file.write_all(&vec![1; ROOM_BYTES])?;
            file.sync_all()
        });
        let removed = std::fs::remove_file(&path);
        room.and(removed).map_err(|error| written("log")(error.to_string()))
    }
}

impl Store {
    fn open(directory: &Path, durability: Durability) -> Result<Store, JournalError> {
        if directory.is_dir() {
            tail::check(directory)?;
        }
        let store = Store::try_open(directory, durability).map_err(|error| match error {
            ::fjall::Error::Locked => JournalError::InUse { directory: directory.to_owned() },
            error => JournalError::Open { directory: directory.to_owned(), reason: reason(&error) },
        })?;
        store.upgrade()?;
        Ok(store)
    }

    fn try_open(directory: &Path, durability: Durability) -> Result<Store, ::fjall::Error> {
        std::fs::create_dir_all(directory)?;
        // Of two threads one writes tables out while the other merges them: the log is cut only behind what is written out.
        let database = Database::builder(directory).worker_threads(2).max_journaling_size(LOG_BYTES).open()?;
        let tables = Tables::open(&database)?;
        let (mode, syncing) = match durability {
            Durability::Commit => (PersistMode::SyncData, None),
            Durability::Interval(interval) => (PersistMode::Buffer, Some(sync_every(&database, interval)?)),
        };
        Ok(Store { database, tables, mode, _syncing: syncing })
    }

    pub(super) fn commit(&self, batch: Batch<'_>) -> Result<(), JournalError> {
        let mut writes = self.database.batch().durability(Some(self.mode));
        let Batch { events, last } = batch;
        let rows = last.into_iter().map(|((_, key), (table, value))| (table, key, value));
        let events = events.into_iter().map(|(key, event)| (&self.tables.events, key, Some(event)));
        for (table, key, value) in events.chain(rows) {
            match value {
                Some(value) => table.insert(&mut writes, key, value).map_err(|error| written("log")(reason(&error)))?,
                None => table.remove(&mut writes, key),
            }
        }
        writes.commit().map_err(|error| written("log")(reason(&error)))
    }

    pub(super) fn flush(&self) -> Result<(), JournalError> {
        self.database.persist(PersistMode::SyncAll).map_err(|error| written("log")(reason(&error)))
    }

    /// Table by table, so that a reader or writer never waits for more than one.
    pub(super) fn compact(&self) -> Result<(), JournalError> {
        self.tables
            .all()
            .into_iter()
            .try_for_each(|table| table.compact().map_err(|error| written("tables")(reason(&error))))
    }

    pub(super) fn disk_space(&self) -> u64 {
        self.database.disk_space().unwrap_or_default()
    }
}

/// Syncs the disk this often, until the answer is dropped.
fn sync_every(database: &Database, interval: Duration) -> std::io::Result<mpsc::Sender<()>> {
    let (alive, ended) = mpsc::channel();
    let database = database.clone();
    std::thread::Builder::new().name("journal-sync".to_owned()).spawn(move || {
        while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(interval) {
            if let Err(error) = database.persist(PersistMode::SyncData) {
                tracing::error!(error = reason(&error), "the journal cannot be synced to the disk");
                return;
            }
        }
    })?;
    Ok(alive)
}
