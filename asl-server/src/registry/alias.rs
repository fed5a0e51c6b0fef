//! Aliases of state machines: names that lead to one or two versions.

use super::{Tables, entries_after};
use crate::table::Row;
use crate::wire::ApiError;
use asl_engine::Timestamp;
use serde::{Deserialize, Serialize};

/// An alias of a state machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alias {
    /// The state machine's ARN, a colon and the name.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What its maker says about it.
    pub description: Option<String>,
    /// Where it leads to: one or two versions, whose weights add up to 100.
    pub routes: Vec<Route>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
}

/// A version that an alias leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// The version.
    pub state_machine_version_arn: String,
    /// Of 100 executions, how many it gets.
    pub weight: u8,
}

impl Row for Alias {
    const TABLE: &'static str = "alias";
}

impl Alias {
    /// Does it lead to that version?
    pub fn leads_to(&self, version_arn: &str) -> bool {
        self.routes.iter().any(|route| route.state_machine_version_arn == version_arn)
    }

    /// The version that an execution runs. `roll` is a random number below 100.
    pub fn choose(&self, roll: u8) -> Option<&str> {
        let mut above = 0;
        let chosen = self.routes.iter().find(|route| {
            above += route.weight;
            roll < above
        });
        chosen.map(|route| route.state_machine_version_arn.as_str())
    }
}

impl Tables {
    /// The aliases of a state machine, sorted by name, after the one of the ARN `after`.
    pub fn aliases_of<'a>(&'a self, arn: &str, after: Option<&str>) -> impl Iterator<Item = &'a Alias> {
        let (prefix, after) = (format!("{arn}:"), after.map(ToOwned::to_owned));
        entries_after(&self.aliases, prefix, after)
    }

    /// The aliases that lead to a version.
    pub fn aliases_to<'a>(&'a self, version_arn: &'a str) -> impl Iterator<Item = &'a Alias> {
        let of = version_arn.rsplit_once(':').map_or(version_arn, |(state_machine_arn, _)| state_machine_arn);
        self.aliases_of(of, None).filter(move |alias| alias.leads_to(version_arn))
    }

    /// Creates an alias. Creating it again is the same as creating it once (API reference, CreateStateMachineAlias).
    ///
    /// # Errors
    /// `ConflictException` when there is another of that name, `ServiceQuotaExceededException`
    pub fn create_alias(&mut self, state_machine_arn: &str, alias: Alias) -> Result<&Alias, ApiError> {
        match self.aliases.get(&alias.arn) {
            Some(known) if known.description == alias.description && known.routes == alias.routes => {}
            Some(_) => return Err(ApiError::alias_already_exists()),
            None if self.aliases_of(state_machine_arn, None).count() >= self.quotas.aliases => {
                return Err(ApiError::quota_exceeded("aliases", self.quotas.aliases, state_machine_arn));
            }
            None => self.aliases.insert(alias.arn.clone(), alias.clone()),
        }
        self.aliases.get(&alias.arn).ok_or_else(ApiError::references_nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_gets_its_share() {
        let route = |version: &str, weight| Route { state_machine_version_arn: version.to_owned(), weight };
        let mut alias = Alias {
            arn: "M:A".to_owned(),
            name: "A".to_owned(),
            description: None,
            routes: vec![route("M:1", 30), route("M:2", 70)],
            created: Timestamp::from_millis(0),
            updated: Timestamp::from_millis(0),
        };
        let share = |alias: &Alias, version| (0..100).filter(|roll| alias.choose(*roll) == Some(version)).count();
        assert_eq!((share(&alias, "M:1"), share(&alias, "M:2")), (30, 70));
        alias.routes = vec![route("M:1", 0), route("M:2", 100)];
        assert_eq!((share(&alias, "M:1"), share(&alias, "M:2")), (0, 100));
    }
}
