//! What a Step Functions account holds besides executions: state machines, their versions and aliases, activities, tags.

mod alias;
mod configuration;
mod state_machine;
mod version;

pub use alias::{Alias, Route};
pub use configuration::{
    EncryptionConfiguration, LogDestination, LogGroup, LoggingConfiguration, TracingConfiguration,
};
pub use state_machine::{Publication, Revision, StateMachine};
pub use version::{Version, version_arn};

use crate::quota::Quotas;
use crate::table::{Changes, Row, Table};
use crate::wire::ApiError;
use anyhow::Context;
use asl_engine::Timestamp;
use asl_engine::runtime::{Engine, JournalError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::{Bound, Deref, DerefMut};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

impl Row for Activity {
    const TABLE: &'static str = "activity";
}

/// An activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Activity {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// `encryptionConfiguration`, when one was given.
    pub encryption: Option<EncryptionConfiguration>,
    /// Its tags.
    pub tags: Tags,
}

/// The tags of a resource, in the order in which they were set.
pub type Tags = Vec<Tag>;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Unique in a resource.
    #[serde(default)]
    pub key: String,
    /// Anything.
    #[serde(default)]
    pub value: String,
}

/// State machines and activities by their ARNs.
#[derive(Default)]
pub struct Registry {
    tables: RwLock<Tables>,
    /// What changed and is not kept yet, in the order of the changes.
    changes: Mutex<Changes>,
    /// Held while changes are handed to the journal, so that they get there in order.
    keeping: tokio::sync::Mutex<()>,
}

/// The tables while they are changed.
pub struct Change<'a> {
    tables: RwLockWriteGuard<'a, Tables>,
    changes: &'a Mutex<Changes>,
}

impl Deref for Change<'_> {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut Tables {
        &mut self.tables
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        match self.tables.changes() {
            Ok(changes) => self.changes.lock().unwrap_or_else(PoisonError::into_inner).extend(changes),
            Err(error) => tracing::error!(%error, "a change cannot be kept"),
        }
    }
}

/// The registry's contents. Sorted by ARN, so that a page can go on after any ARN, also after one that is gone.
#[derive(Default)]
pub struct Tables {
    /// How many rows there may be.
    pub quotas: Quotas,
    /// State machines.
    pub state_machines: Table<StateMachine>,
    /// Versions of state machines.
    pub versions: Table<Version>,
    /// Aliases of state machines.
    pub aliases: Table<Alias>,
    /// Activities.
    pub activities: Table<Activity>,
}

impl Registry {
    /// An empty one.
    pub fn new(quotas: Quotas) -> Self {
        Registry { tables: RwLock::new(Tables { quotas, ..Tables::default() }), ..Registry::default() }
    }

    /// To look at.
    pub fn read(&self) -> RwLockReadGuard<'_, Tables> {
        // INVARIANT: each change of the tables is one insertion, removal or assignment, so a panic leaves them whole.
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// To change. Held only for the change itself, never across an `await`.
    pub fn write(&self) -> Change<'_> {
        let tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        Change { tables, changes: &self.changes }
    }

    /// Keeps what changed. When this returns, it is kept, whoever changed it.
    ///
    /// # Errors
    /// When it is not.
    pub async fn keep(&self, engine: &Engine) -> Result<(), JournalError> {
        let changed = || self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let _in_order = self.keeping.lock().await;
        let changes = std::mem::take(&mut *changed());
        if changes.is_empty() {
            return Ok(());
        }
        let kept = engine.put(changes.clone()).await;
        if kept.is_err() {
            // They are still to be kept, before those that came meanwhile.
            changed().splice(..0, changes);
        }
        kept
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// When something of it cannot be understood.
    pub fn restore(&self, kept: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for (key, bytes) in kept {
            let read =
                tables.restore(key, bytes).unwrap_or_else(|| Err(serde::de::Error::custom("it is of no known kind")));
            read.with_context(|| format!("the journal's entry `{key}` cannot be understood"))?;
        }
        Ok(())
    }

    /// A state machine as it is now.
    ///
    /// # Errors
    /// `StateMachineDoesNotExist`
    pub fn state_machine(&self, arn: &str) -> Result<StateMachine, ApiError> {
        let found = self.read().state_machines.get(arn).cloned();
        found.ok_or_else(|| ApiError::state_machine_does_not_exist(arn))
    }

    /// An activity as it is now.
    ///
    /// # Errors
    /// `ActivityDoesNotExist`
    pub fn activity(&self, arn: &str) -> Result<Activity, ApiError> {
        let found = self.read().activities.get(arn).cloned();
        found.ok_or_else(|| ApiError::activity_does_not_exist(arn))
    }
}

impl Tables {
    /// What changed since it was asked last. One line a table.
    fn changes(&mut self) -> serde_json::Result<Changes> {
        let mut changes = self.state_machines.changes()?;
        changes.extend(self.versions.changes()?);
        changes.extend(self.aliases.changes()?);
        changes.extend(self.activities.changes()?);
        Ok(changes)
    }

    /// Reads what was kept under that key. `None`: no table knows it.
    fn restore(&mut self, key: &str, bytes: &[u8]) -> Option<serde_json::Result<()>> {
        let state_machines = self.state_machines.restore(key, bytes);
        state_machines
            .or_else(|| self.versions.restore(key, bytes))
            .or_else(|| self.aliases.restore(key, bytes))
            .or_else(|| self.activities.restore(key, bytes))
    }

    /// Deletes a state machine with its versions and aliases.
    pub fn delete_state_machine(&mut self, arn: &str) {
        let aliases: Vec<String> = self.aliases_of(arn, None).map(|alias| alias.arn.clone()).collect();
        let versions: Vec<String> = self.versions_of(arn, None).map(|(_, version)| version.arn.clone()).collect();
        aliases.iter().for_each(|alias| _ = self.aliases.remove(alias));
        versions.iter().for_each(|version| _ = self.versions.remove(version));
        self.state_machines.remove(arn);
    }

    /// The tags of a state machine or an activity.
    pub fn tags(&self, arn: &str) -> Option<&Tags> {
        match self.state_machines.get(arn) {
            Some(state_machine) => Some(&state_machine.tags),
            None => self.activities.get(arn).map(|activity| &activity.tags),
        }
    }

    /// The tags of a state machine or an activity, to be changed.
    pub fn tags_mut(&mut self, arn: &str) -> Option<&mut Tags> {
        match self.state_machines.get_mut(arn) {
            Some(state_machine) => Some(&mut state_machine.tags),
            None => self.activities.get_mut(arn).map(|activity| &mut activity.tags),
        }
    }
}

/// Are there so many entries whose keys begin with `prefix`? Looks at them only when it is not obvious.
pub fn is_full<T>(table: &BTreeMap<String, T>, prefix: String, most: usize) -> bool {
    table.len() >= most && entries_after(table, prefix, None).count() >= most
}

/// The entries whose keys begin with `prefix`, after the key `after`.
pub fn entries_after<T>(
    table: &BTreeMap<String, T>,
    prefix: String,
    after: Option<String>,
) -> impl Iterator<Item = &T> {
    let from = match &after {
        Some(after) => Bound::Excluded(after.as_str()),
        None => Bound::Included(prefix.as_str()),
    };
    let entries = table.range::<str, _>((from, Bound::Unbounded));
    entries.take_while(move |(key, _)| key.starts_with(&prefix)).map(|(_, value)| value)
}
