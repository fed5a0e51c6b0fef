//! State machines and their revisions.

use super::{EncryptionConfiguration, LoggingConfiguration, Tags, TracingConfiguration};
use crate::table::Row;
use asl_engine::machine::MachineType;
use asl_engine::{Program, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A state machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StateMachine {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// STANDARD or EXPRESS, for ever.
    pub machine_type: MachineType,
    /// When it was created.
    pub created: Timestamp,
    /// Its deletion was asked for; it goes once its executions have ended.
    pub deleting: bool,
    /// What new executions run.
    pub current: Arc<Revision>,
    /// Earlier revisions, which executions may still refer to.
    pub earlier: Vec<Arc<Revision>>,
    /// Its tags.
    pub tags: Tags,
    /// The numbers of its versions, ascending.
    #[serde(default)]
    pub versions: Vec<u64>,
    /// The largest number that a version of it ever had.
    #[serde(default)]
    pub last_version: u64,
    /// The version that its creation asked for.
    #[serde(default)]
    pub publication: Option<Publication>,
}

/// What was asked for with `publish: true`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// `versionDescription`
    pub description: Option<String>,
}

/// What an update of a state machine replaces.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Revision {
    /// Names the revision; the first one has none.
    pub id: Option<String>,
    /// When it was made.
    pub updated: Timestamp,
    /// The definition as it was given.
    pub definition: String,
    /// The definition compiled, for this revision alone: an execution's program tells its revision.
    #[serde(with = "crate::table::program")]
    pub program: Arc<Program>,
    /// The role that executions act in.
    pub role_arn: String,
    /// `loggingConfiguration`
    pub logging: LoggingConfiguration,
    /// `tracingConfiguration`
    pub tracing: TracingConfiguration,
    /// `encryptionConfiguration`, when one was given.
    pub encryption: Option<EncryptionConfiguration>,
}

impl StateMachine {
    /// The revision that runs this program.
    pub fn revision_of(&self, program: &Arc<Program>) -> Option<&Arc<Revision>> {
        let all = || std::iter::once(&self.current).chain(&self.earlier);
        let same = all().find(|revision| Arc::ptr_eq(&revision.program, program));
        // After a restart the program of an execution is another one, compiled of the same definition.
        same.or_else(|| all().find(|revision| revision.program.source == program.source))
    }

    /// Makes `revision` the current one. The latest of the earlier ones are kept for the executions that ran them.
    pub fn revise(&mut self, revision: Revision) {
        let previous = std::mem::replace(&mut self.current, Arc::new(revision));
        self.earlier.push(previous);
        let old = self.earlier.len().saturating_sub(EARLIER_MAX);
        self.earlier.drain(..old);
    }
}

/// How many earlier revisions of a state machine are kept.
const EARLIER_MAX: usize = 100;

impl Row for StateMachine {
    const TABLE: &'static str = "stateMachine";
}
