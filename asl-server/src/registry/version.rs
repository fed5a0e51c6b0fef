//! Versions of state machines: revisions that are published under a number and do not change any more.

use super::{Revision, Tables};
use crate::table::Row;
use crate::wire::ApiError;
use asl_engine::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A version of a state machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Version {
    /// The state machine's ARN, a colon and the number.
    pub arn: String,
    /// Whose version it is.
    pub state_machine_arn: String,
    /// When it was published.
    pub created: Timestamp,
    /// What its publisher says about it.
    pub description: Option<String>,
    /// What it runs.
    pub revision: Arc<Revision>,
}

impl Row for Version {
    const TABLE: &'static str = "version";
}

/// The ARN of a version.
pub fn version_arn(state_machine_arn: &str, number: u64) -> String {
    format!("{state_machine_arn}:{number}")
}

impl Tables {
    /// The versions of a state machine, newest first, those older than the number `before`.
    pub fn versions_of<'a>(&'a self, arn: &str, before: Option<u64>) -> impl Iterator<Item = (u64, &'a Version)> {
        let numbers = self.state_machines.get(arn).map_or(&[][..], |machine| &machine.versions);
        let older = numbers.partition_point(|number| before.is_none_or(|before| *number < before));
        let arn = arn.to_owned();
        let version = move |number: &u64| Some((*number, self.versions.get(&version_arn(&arn, *number))?));
        numbers[..older].iter().rev().filter_map(version)
    }

    /// Publishes the current revision of a state machine. Publishing a revision again is the same as publishing it once
    /// (API reference, PublishStateMachineVersion).
    ///
    /// # Errors
    /// `StateMachineDoesNotExist`, `ServiceQuotaExceededException`
    pub fn publish(&mut self, arn: &str, description: Option<String>, now: Timestamp) -> Result<Version, ApiError> {
        let machine = self.state_machines.get(arn).ok_or_else(|| ApiError::state_machine_does_not_exist(arn))?;
        let revision = Arc::clone(&machine.current);
        if let Some((_, latest)) = self.versions_of(arn, None).next()
            && latest.revision.id == revision.id
        {
            return Ok(latest.clone());
        }
        if machine.versions.len() >= self.quotas.versions {
            return Err(ApiError::quota_exceeded("versions", self.quotas.versions, arn));
        }
        // INVARIANT: numbers are never used again, also not those of deleted versions.
        let number = machine.last_version + 1;
        let version = Version {
            arn: version_arn(arn, number),
            state_machine_arn: arn.to_owned(),
            created: now,
            description,
            revision,
        };
        self.versions.insert(version.arn.clone(), version.clone());
        if let Some(machine) = self.state_machines.get_mut(arn) {
            machine.last_version = number;
            machine.versions.push(number);
        }
        Ok(version)
    }

    /// Deletes a version; one that is not there is deleted already.
    ///
    /// # Errors
    /// `ConflictException` when an alias leads to it.
    pub fn delete_version(&mut self, arn: &str) -> Result<(), ApiError> {
        let Some(state_machine_arn) = self.versions.get(arn).map(|version| version.state_machine_arn.clone()) else {
            return Ok(());
        };
        let aliases: Vec<&str> = self.aliases_to(arn).map(|alias| alias.name.as_str()).collect();
        if !aliases.is_empty() {
            return Err(ApiError::version_has_aliases(&aliases));
        }
        self.versions.remove(arn);
        if let Some(machine) = self.state_machines.get_mut(&state_machine_arn) {
            machine.versions.retain(|number| version_arn(&state_machine_arn, *number) != arn);
        }
        Ok(())
    }
}
