//! Where the functions keep their records: orders, payments and movements of inventory.
//!
//! A record is JSON text. An order's key is its id, any other record's key is its transaction id, so writing a record
//! again overwrites it.

use crate::model::{Inventory, Order, Payment};
use crate::transaction::{NAMESPACE, TransactionType, transaction_id};
use asl_engine::Value;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use uuid::Uuid;

/// The saga's records, in memory or on disk. Cloning is cheap; clones share the records.
#[derive(Clone)]
pub struct Store(Arc<Place>);

/// Where the records are.
struct Place {
    /// What is opened when a record is first wanted.
    directory: PathBuf,
    opening: Mutex<()>,
    tables: OnceLock<Tables>,
}

struct Tables {
    orders: Table,
    payments: Table,
    inventory: Table,
}

impl Tables {
    fn open(directory: &Path) -> Result<Tables, StoreError> {
        let open = || {
            let database = Database::builder(directory).worker_threads(1).open()?;
            let table = |name| {
                let keyspace = database.keyspace(name, KeyspaceCreateOptions::default)?;
                Ok::<_, fjall::Error>(Table { name, rows: Rows::Disk { database: database.clone(), keyspace } })
            };
            Ok(Tables { orders: table("orders")?, payments: table("payments")?, inventory: table("inventory")? })
        };
        open().map_err(|source| match source {
            fjall::Error::Locked => StoreError::InUse { directory: directory.to_owned() },
            source => StoreError::Open { directory: directory.to_owned(), reason: reason(&source), source },
        })
    }
}

/// What is wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Two stores in one directory would overwrite each other.
    #[error("the store in `{}` is in use by another process: stop it, or choose another directory", .directory.display())]
    InUse {
        /// The store's directory.
        directory: PathBuf,
    },
    /// The directory cannot be made, read or written.
    #[error("the store in `{}` cannot be opened: {reason}", .directory.display())]
    Open {
        /// The store's directory.
        directory: PathBuf,
        /// What to know about it.
        reason: String,
        /// The storage engine's own error.
        source: fjall::Error,
    },
    /// A record was not read or written.
    #[error("the store's {table} cannot be {action}: {reason}")]
    Access {
        /// Which records.
        table: &'static str,
        /// `read` or `written`.
        action: &'static str,
        /// What to know about it.
        reason: String,
        /// The storage engine's own error.
        source: fjall::Error,
    },
    /// A record on disk is not what was written.
    #[error("the store's {table} hold a record that cannot be understood, under `{key}`: {reason}")]
    Record {
        /// Which records.
        table: &'static str,
        /// The record's key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Store {
    /// An empty store that ends with the process.
    pub fn in_memory() -> Store {
        let table = |name| Table { name, rows: Rows::Memory(Mutex::default()) };
        Store::of(Tables { orders: table("orders"), payments: table("payments"), inventory: table("inventory") })
    }

    fn of(tables: Tables) -> Store {
        Store(Arc::new(Place { directory: PathBuf::new(), opening: Mutex::default(), tables: tables.into() }))
    }

    /// The store in that directory, made when it is not there. What it acknowledges survives a crash of the process
    /// and of the machine.
    ///
    /// # Errors
    /// When another process has it open, or the directory cannot be read and written.
    pub fn open(directory: impl AsRef<Path>) -> Result<Store, StoreError> {
        let store = Store::later(directory);
        store.tables()?;
        Ok(store)
    }

    /// As [`Self::open`], but when a record is first wanted: until then the directory stays as it is, and what is wrong with it
    /// is told by whoever wants the record.
    pub fn later(directory: impl AsRef<Path>) -> Store {
        let directory = directory.as_ref().to_owned();
        Store(Arc::new(Place { directory, opening: Mutex::default(), tables: OnceLock::new() }))
    }

    fn tables(&self) -> Result<&Tables, StoreError> {
        let Place { directory, opening, tables } = &*self.0;
        let _one_opens = opening.lock().unwrap_or_else(PoisonError::into_inner);
        match tables.get() {
            Some(tables) => Ok(tables),
            None => {
                let opened = Tables::open(directory)?;
                Ok(tables.get_or_init(|| opened))
            }
        }
    }

    /// Records as files in that directory, one each, so that several processes share them: the functions as Lambda
    /// functions, in any language (`tasks/lambda/`).
    pub fn shared(directory: impl AsRef<Path>) -> Store {
        let table = |name| Table { name, rows: Rows::Files(directory.as_ref().join(name)) };
        Store::of(Tables { orders: table("orders"), payments: table("payments"), inventory: table("inventory") })
    }

    /// Every order, sorted by id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn orders(&self) -> Result<Vec<Value>, StoreError> {
        let mut orders: Vec<Value> = self.tables()?.orders.all()?;
        // Files come in no order.
        orders.sort_by(|one, other| {
            let id = |order: &Value| order.get("order_id").and_then(Value::as_str).map(str::to_owned);
            id(one).cmp(&id(other))
        });
        Ok(orders)
    }

    /// The order of that id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn order(&self, order_id: &str) -> Result<Option<Value>, StoreError> {
        self.tables()?.orders.get(order_id)
    }

    /// The order's payments: its debit, then its refund, as far as there are.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn payments(&self, order_id: &str) -> Result<Vec<Payment>, StoreError> {
        let types = [TransactionType::Debit, TransactionType::Credit];
        types.into_iter().filter_map(|kind| self.payment(order_id, kind).transpose()).collect()
    }

    /// What happened to the order's goods: their reservation, then their release, as far as there are.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn inventory(&self, order_id: &str) -> Result<Vec<Inventory>, StoreError> {
        let types = [TransactionType::Reserve, TransactionType::Release];
        types.into_iter().filter_map(|kind| self.movement(order_id, kind).transpose()).collect()
    }

    pub(crate) fn payment(&self, order_id: &str, kind: TransactionType) -> Result<Option<Payment>, StoreError> {
        self.tables()?.payments.get(&transaction_id(order_id, kind))
    }

    pub(crate) fn movement(&self, order_id: &str, kind: TransactionType) -> Result<Option<Inventory>, StoreError> {
        self.tables()?.inventory.get(&transaction_id(order_id, kind))
    }

    pub(crate) fn put_order(&self, order: &Order) -> Result<(), StoreError> {
        self.tables()?.orders.put(order.order_id(), &order.document())
    }

    pub(crate) fn put_payment(&self, payment: &Payment) -> Result<(), StoreError> {
        self.tables()?.payments.put(&payment.transaction_id, &payment.into())
    }

    pub(crate) fn put_inventory(&self, inventory: &Inventory) -> Result<(), StoreError> {
        self.tables()?.inventory.put(&inventory.transaction_id, &inventory.into())
    }
}

/// The records of one kind.
struct Table {
    name: &'static str,
    rows: Rows,
}

enum Rows {
    Memory(Mutex<BTreeMap<String, String>>),
    Disk { database: Database, keyspace: Keyspace },
    Files(PathBuf),
}

/// The file of a record: a key can be longer than a file's name.
fn file_of(directory: &Path, key: &str) -> PathBuf {
    directory.join(format!("{}.json", Uuid::new_v5(&NAMESPACE, key.as_bytes())))
}

/// Writes beside the record, then takes its place: nobody reads half of it.
fn write_file(directory: &Path, key: &str, json: &str) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let draft = directory.join(format!("{}.tmp", Uuid::new_v4()));
    let mut file = fs::File::create(&draft)?;
    file.write_all(json.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, file_of(directory, key))
}

/// What `read` reads; `None`: it is not there.
fn read_if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// The records in a directory, with the names of their files.
fn read_files(directory: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let Some(entries) = read_if_there(fs::read_dir(directory))? else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push((path.display().to_string(), fs::read(path)?));
        }
    }
    Ok(files)
}

impl Table {
    fn put(&self, key: &str, record: &Value) -> Result<(), StoreError> {
        match &self.rows {
            Rows::Memory(rows) => {
                lock(rows).insert(key.to_owned(), record.to_json());
                Ok(())
            }
            Rows::Disk { database, keyspace } => {
                // INVARIANT: a record is on the disk before anyone can read it, let alone be told of it. A batch syncs
                // before it applies; a plain insert would be visible first.
                let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
                batch.insert(keyspace, key, record.to_json());
                batch.commit().map_err(|source| self.access("written", source))
            }
            Rows::Files(directory) => {
                write_file(directory, key, &record.to_json()).map_err(|source| self.access("written", source.into()))
            }
        }
    }

    fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        match &self.rows {
            Rows::Memory(rows) => lock(rows).get(key).map(|json| self.decode(key, json.as_bytes())).transpose(),
            Rows::Disk { keyspace, .. } => {
                let json = keyspace.get(key).map_err(|source| self.access("read", source))?;
                json.map(|json| self.decode(key, &json)).transpose()
            }
            Rows::Files(directory) => {
                let json = read_if_there(fs::read(file_of(directory, key)));
                let json = json.map_err(|source| self.access("read", source.into()))?;
                json.map(|json| self.decode(key, &json)).transpose()
            }
        }
    }

    fn all<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        match &self.rows {
            Rows::Memory(rows) => lock(rows).iter().map(|(key, json)| self.decode(key, json.as_bytes())).collect(),
            Rows::Disk { keyspace, .. } => keyspace
                .iter()
                .map(|row| {
                    let (key, json) = row.into_inner().map_err(|source| self.access("read", source))?;
                    self.decode(&String::from_utf8_lossy(&key), &json)
                })
                .collect(),
            Rows::Files(directory) => {
                let files = read_files(directory).map_err(|source| self.access("read", source.into()))?;
                files.iter().map(|(name, json)| self.decode(name, json)).collect()
            }
        }
    }

    fn decode<T: DeserializeOwned>(&self, key: &str, json: &[u8]) -> Result<T, StoreError> {
        serde_json::from_slice(json).map_err(|error| StoreError::Record {
            table: self.name,
            key: key.to_owned(),
            reason: error.to_string(),
        })
    }

    fn access(&self, action: &'static str, source: fjall::Error) -> StoreError {
        StoreError::Access { table: self.name, action, reason: reason(&source), source }
    }
}

/// A panic elsewhere leaves no row half-written: the map is whole whoever held the lock.
fn lock(rows: &Mutex<BTreeMap<String, String>>) -> MutexGuard<'_, BTreeMap<String, String>> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The storage engine's error in words for people.
fn reason(error: &fjall::Error) -> String {
    match error {
        fjall::Error::Io(error) => error.to_string(),
        fjall::Error::Storage(fjall::LsmError::Io(error)) => error.to_string(),
        fjall::Error::InvalidVersion(_) => "it was written by another version of the storage engine".to_owned(),
        fjall::Error::Poisoned => "an earlier write failed; start again after checking the disk".to_owned(),
        _ => "its files are damaged; restore them, or choose another directory".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{order_value, run};
    use crate::{FUNCTIONS, Saga};
    use asl_engine::Timestamp;

    fn saga(directory: &Path) -> Saga {
        Saga::new(Store::open(directory).unwrap(), || Timestamp::from_millis(0))
    }

    #[test]
    fn what_was_acknowledged_is_there_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let written = saga(directory.path());
        let mut order = order_value("4");
        for function in &FUNCTIONS {
            order = function.run(&written, order).unwrap();
        }
        let (orders, payments) = (written.store().orders().unwrap(), written.store().payments("4").unwrap());
        let inventory = written.store().inventory("4").unwrap();
        assert_eq!((orders.len(), payments.len(), inventory.len()), (1, 2, 2));
        drop(written);

        let read = saga(directory.path());
        assert_eq!(read.store().orders().unwrap(), orders);
        assert_eq!(read.store().payments("4").unwrap(), payments);
        assert_eq!(read.store().inventory("4").unwrap(), inventory);
        // And the compensation of a reservation made before the restart finds it.
        run(&read, "inventory-release", order_value("4")).unwrap();
    }

    #[test]
    fn a_store_for_later_is_made_with_the_first_record() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("saga");
        let saga = Saga::new(Store::later(&directory), || Timestamp::from_millis(0));
        assert!(!directory.exists());
        run(&saga, "order-new", order_value("4")).unwrap();
        drop(saga);
        assert_eq!(Store::open(&directory).unwrap().orders().unwrap().len(), 1);

        let in_the_way = tempfile::NamedTempFile::new().unwrap();
        let refused = Store::later(in_the_way.path()).orders().unwrap_err().to_string();
        assert!(refused.contains("cannot be opened"), "{refused}");
    }

    #[test]
    fn a_record_is_on_the_disk_before_the_function_answers() {
        let directory = tempfile::tempdir().unwrap();
        let saga = saga(directory.path());
        run(&saga, "payment-debit", order_value("4")).unwrap();
        // The process is killed here: nothing is closed, nobody flushes. What a new process finds is what the files
        // hold now.
        let copy = tempfile::tempdir().unwrap();
        copy_files(directory.path(), copy.path());
        assert_eq!(Store::open(copy.path()).unwrap().payments("4").unwrap(), saga.store().payments("4").unwrap());
    }

    #[test]
    fn processes_share_records_in_files() {
        let directory = tempfile::tempdir().unwrap();
        let saga = || Saga::new(Store::shared(directory.path()), || Timestamp::from_millis(0));
        assert!(saga().store().orders().unwrap().is_empty());
        assert_eq!(saga().store().order("4").unwrap(), None);
        let order = run(&saga(), "payment-debit", order_value("4")).unwrap();
        run(&saga(), "payment-credit", order).unwrap();
        assert_eq!(saga().store().payments("4").unwrap().len(), 2);
    }

    #[test]
    fn orders_are_sorted_by_id_in_memory_and_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        let files = tempfile::tempdir().unwrap();
        for store in [Store::in_memory(), Store::open(directory.path()).unwrap(), Store::shared(files.path())] {
            let saga = Saga::new(store, || Timestamp::from_millis(0));
            for order_id in ["9", "4", "é", "5"] {
                run(&saga, "order-new", order_value(order_id)).unwrap();
            }
            let orders = saga.store().orders().unwrap();
            let ids: Vec<&str> = orders.iter().filter_map(|order| order.get("order_id")?.as_str()).collect();
            assert_eq!(ids, ["4", "5", "9", "é"]);
            assert_eq!(saga.store().order("nobody's").unwrap(), None);
        }
    }

    #[test]
    fn a_store_in_use_or_unusable_is_told_in_words() {
        let directory = tempfile::tempdir().unwrap();
        let _open = Store::open(directory.path()).unwrap();
        let error = Store::open(directory.path()).err().unwrap();
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");

        let file = directory.path().join("file");
        std::fs::write(&file, "no directory").unwrap();
        let error = Store::open(&file).err().unwrap().to_string();
        assert!(error.starts_with("the store in `") && error.contains("` cannot be opened: "), "{error}");
        assert!(!error.contains("Error"), "{error}");
    }

    fn copy_files(from: &Path, to: &Path) {
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                std::fs::create_dir(&target).unwrap();
                copy_files(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
}
