//! Tables of what an account holds. Each remembers which of its rows changed, so that they can be kept.

use asl_engine::Program;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::ops::Deref;
use std::sync::Arc;

/// What a table holds: kept as a whole, as JSON.
pub trait Row: Serialize + DeserializeOwned {
    /// Names the table among all that is kept.
    const TABLE: &'static str;

    /// Sets right what JSON cannot tell, after reading.
    fn restore(&mut self) {}
}

/// Rows by their ARNs, sorted.
pub struct Table<T> {
    rows: BTreeMap<String, T>,
    changed: BTreeSet<String>,
}

/// Keys, each with what is to be kept under it; `None`: nothing any more.
pub type Changes = Vec<(String, Option<Vec<u8>>)>;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { rows: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<T> Deref for Table<T> {
    type Target = BTreeMap<String, T>;

    fn deref(&self) -> &BTreeMap<String, T> {
        &self.rows
    }
}

impl<T> Table<T> {
    /// A row, to be changed.
    pub fn get_mut(&mut self, arn: &str) -> Option<&mut T> {
        let row = self.rows.get_mut(arn)?;
        self.changed.insert(arn.to_owned());
        Some(row)
    }

    /// The place of a row, to be filled or changed.
    pub fn entry(&mut self, arn: String) -> Entry<'_, String, T> {
        self.changed.insert(arn.clone());
        self.rows.entry(arn)
    }

    /// Puts a row in, in place of another one of that ARN.
    pub fn insert(&mut self, arn: String, row: T) {
        self.changed.insert(arn.clone());
        self.rows.insert(arn, row);
    }

    /// Takes a row away.
    pub fn remove(&mut self, arn: &str) -> Option<T> {
        let row = self.rows.remove(arn)?;
        self.changed.insert(arn.to_owned());
        Some(row)
    }
}

impl<T: Row> Table<T> {
    /// What changed since it was asked last.
    pub fn changes(&mut self) -> serde_json::Result<Changes> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        let change = |arn: String| {
            let bytes = self.rows.get(&arn).map(serde_json::to_vec).transpose()?;
            Ok((format!("{}/{arn}", T::TABLE), bytes))
        };
        changed.map(change).collect()
    }

    /// Reads a row that was kept. `None`: it is another table's.
    pub fn restore(&mut self, key: &str, bytes: &[u8]) -> Option<serde_json::Result<()>> {
        let (table, arn) = key.split_once('/')?;
        (table == T::TABLE).then(|| {
            let mut row: T = serde_json::from_slice(bytes)?;
            row.restore();
            self.rows.insert(arn.to_owned(), row);
            Ok(())
        })
    }
}

/// Programs are kept as what they were compiled of: `#[serde(with = "crate::table::program")]`.
pub mod program {
    use super::{Arc, Program};
    use asl_engine::definition::ProgramSource;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

    /// Writes the program's source.
    ///
    /// # Errors
    /// When it has none.
    pub fn serialize<S: Serializer>(program: &Arc<Program>, serializer: S) -> Result<S::Ok, S::Error> {
        let source = program.source.as_ref();
        source.ok_or_else(|| ser::Error::custom("the program has no definition"))?.serialize(serializer)
    }

    /// Compiles the program's source.
    ///
    /// # Errors
    /// When the definition is refused.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Program>, D::Error> {
        let source = ProgramSource::deserialize(deserializer)?;
        source.compile().ok_or_else(|| de::Error::custom("the definition is refused by this version"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Number(u64);

    impl Row for Number {
        const TABLE: &'static str = "number";
    }

    #[test]
    fn changes_are_told_once_and_read_back() {
        let mut table = Table::default();
        table.entry("a".to_owned()).or_insert(Number(1));
        table.entry("b".to_owned()).or_insert(Number(2));
        let first = table.changes().unwrap();
        assert_eq!(first.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["number/a", "number/b"]);
        assert!(table.changes().unwrap().is_empty());
        table.get_mut("b").unwrap().0 = 3;
        table.remove("a");
        assert!(table.remove("c").is_none() && table.get_mut("c").is_none());
        let second = table.changes().unwrap();
        assert_eq!(second, [("number/a".to_owned(), None), ("number/b".to_owned(), Some(b"3".to_vec()))]);

        let mut read = Table::<Number>::default();
        assert!(read.restore("number/b", b"3").unwrap().is_ok());
        assert!(read.restore("number/c", b"x").unwrap().is_err());
        assert!(read.restore("other/b", b"3").is_none());
        assert_eq!((read.get("b"), read.len()), (Some(&Number(3)), 1));
        assert!(read.changes().unwrap().is_empty());
    }
}
