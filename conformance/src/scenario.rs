//! The saga's scenarios: `conformance/scenarios/*.yaml`, whose README explains every field.

use anyhow::Context;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// One execution of the saga, and what is to come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
    /// The execution's input, as JSON text.
    pub input: String,
    /// Attempts that do not reach their function.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// The states entered, in order.
    pub path: Vec<String>,
    /// How the execution ends.
    pub outcome: Outcome,
    /// How long it takes, in seconds of the virtual clock.
    pub seconds: Option<u64>,
    /// What the store holds of the order afterwards.
    pub stored: Stored,
    /// What the topic got, in order.
    pub notified: Vec<String>,
    /// How a person starts it.
    pub commands: Option<Commands>,
}

/// Attempts of a state that do not reach their function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The Task state.
    pub state: String,
    /// How many of its attempts, counted from the first.
    pub times: u32,
    /// The error they are answered with; `None`: they are never answered.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
}

/// How an execution ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// As DescribeExecution tells it.
    pub status: Status,
    /// The execution's error; `None`: it has none.
    pub error: Option<String>,
    /// The execution's cause; `None`: it has none.
    pub cause: Option<String>,
    /// Members of its output, when they matter.
    pub output: Option<serde_json::Value>,
}

/// The statuses that a scenario ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It reached a Succeed state or one with `End`.
    Succeeded,
    /// It failed with an error.
    Failed,
}

/// What the store holds of an order. Objects name members that the records have, among others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// The order; `null`: there is none.
    pub order: serde_json::Value,
    /// Every payment.
    pub payments: Vec<serde_json::Value>,
    /// Every movement of inventory.
    pub inventory: Vec<serde_json::Value>,
}

/// How a person starts a scenario, as the workshop shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commands {
    /// With curl.
    pub curl: String,
    /// With the AWS command line.
    pub aws: String,
}

impl Scenario {
    /// The id of the order that the input names, when it names one.
    pub fn order_id(&self) -> Option<String> {
        let input: serde_json::Value = serde_json::from_str(&self.input).ok()?;
        Some(input.get("order_id")?.as_str()?.to_owned())
    }
}

/// Where the project keeps its scenarios.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Reads every scenario in a directory, sorted by name.
///
/// # Errors
/// When the directory or a file in it cannot be read, or a file is no scenario.
pub fn read_all(directory: &Path) -> anyhow::Result<Vec<Scenario>> {
    let entries = std::fs::read_dir(directory).with_context(|| format!("cannot read `{}`", directory.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

/// Reads one scenario.
///
/// # Errors
/// When the file cannot be read or is no scenario.
pub fn read(path: &Path) -> anyhow::Result<Scenario> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let mut scenario: Scenario =
        serde_yaml::from_str(&text).with_context(|| format!("`{}` is no scenario", path.display()))?;
    scenario.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(scenario)
}

/// Is every member of `expected` in `found`? Members that are objects are compared the same way, all else exactly.
pub fn has_members(found: &serde_json::Value, expected: &serde_json::Value) -> bool {
    match (found, expected) {
        (serde_json::Value::Object(found), serde_json::Value::Object(expected)) => {
            expected.iter().all(|(name, value)| found.get(name).is_some_and(|found| has_members(found, value)))
        }
        _ => found == expected,
    }
}

#[cfg(test)]
mod tests {
    use super::has_members;
    use serde_json::json;

    #[test]
    fn compares_the_expected_members_alone() {
        let found = json!({"a": 1, "b": {"c": [1, 2], "d": null}});
        for (expected, same) in [
            (json!({}), true),
            (json!({"a": 1}), true),
            (json!({"b": {"c": [1, 2]}}), true),
            (json!({"a": 2}), false),
            (json!({"b": {"c": [1]}}), false),
            (json!({"e": null}), false),
            (json!(null), false),
        ] {
            assert_eq!(has_members(&found, &expected), same, "{expected}");
        }
    }
}
