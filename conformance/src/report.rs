//! What came out: a line a failing case, tables, and the totals.

use crate::compare::Difference;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What came out of one case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The case.
    pub id: String,
    /// Its area.
    pub area: String,
    /// Its kind.
    pub kind: String,
    /// Whether it passed.
    pub verdict: Verdict,
    /// How long it took in real time.
    pub seconds: f64,
}

/// Whether a case passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as recorded.
    Passed,
    /// These things differ.
    Failed(Vec<Difference>),
    /// It was not played, and why.
    Skipped(String),
}

impl Outcome {
    /// One line for a failing case: its id and the first difference.
    pub fn failure_line(&self) -> Option<String> {
        let Verdict::Failed(differences) = &self.verdict else { return None };
        let first = differences.first().map(|difference| one_line(&difference.0)).unwrap_or_default();
        Some(format!("FAIL  {}  {first}", self.id))
    }

    /// All that is known of a case.
    pub fn full_text(&self) -> String {
        match &self.verdict {
            Verdict::Passed => format!("PASS  {} ({:.2} s)", self.id, self.seconds),
            Verdict::Skipped(reason) => format!("SKIP  {} ({reason})", self.id),
            Verdict::Failed(differences) => {
                let mut text = format!("FAIL  {} ({:.2} s)", self.id, self.seconds);
                differences.iter().for_each(|difference| _ = write!(text, "\n      {difference}"));
                text
            }
        }
    }
}

/// A difference on one line of readable length.
fn one_line(difference: &str) -> String {
    const LENGTH: usize = 400;
    let line = difference.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// Counts of cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Played and as recorded.
    pub passed: usize,
    /// Played and different.
    pub failed: usize,
    /// Not played: how many for which reason.
    pub skipped: BTreeMap<String, usize>,
}

impl Counts {
    /// Counts the outcomes.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let mut counts = Counts::default();
        for outcome in outcomes {
            match &outcome.verdict {
                Verdict::Passed => counts.passed += 1,
                Verdict::Failed(_) => counts.failed += 1,
                Verdict::Skipped(reason) => *counts.skipped.entry(reason.clone()).or_default() += 1,
            }
        }
        counts
    }

    fn row(&self, name: &str) -> String {
        let skipped: usize = self.skipped.values().sum();
        let reasons: Vec<String> = self.skipped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let cases = self.passed + self.failed + skipped;
        let row =
            format!("{name:<26}{cases:>7}{:>8}{:>8}{skipped:>9}  {}", self.passed, self.failed, reasons.join("; "));
        row.trim_end().to_owned()
    }
}

/// A table with a row for each area (or kind) and the total.
pub fn table(heading: &str, outcomes: &[Outcome], group: impl Fn(&Outcome) -> &str) -> String {
    let mut groups: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        groups.entry(group(outcome)).or_default().push(outcome);
    }
    let mut text = format!("{heading:<26}{:>7}{:>8}{:>8}{:>9}\n", "cases", "passed", "failed", "skipped");
    for (name, outcomes) in groups {
        text.extend([&Counts::of(outcomes).row(name), "\n"]);
    }
    text + &Counts::of(outcomes).row("total") + "\n"
}

/// The results for other programs.
pub fn to_json(outcomes: &[Outcome]) -> Value {
    let counts = Counts::of(outcomes);
    let (mut results, mut skipped) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        let (passed, differences) = match &outcome.verdict {
            Verdict::Skipped(reason) => {
                skipped.push(json!({"id": outcome.id, "reason": reason}));
                continue;
            }
            Verdict::Passed => (true, vec![]),
            Verdict::Failed(differences) => (false, differences.iter().map(ToString::to_string).collect()),
        };
        results.push(json!({
            "id": outcome.id,
            "area": outcome.area,
            "kind": outcome.kind,
            "passed": passed,
            "differences": differences,
            "seconds": (outcome.seconds * 1000.0).round() / 1000.0,
        }));
    }
    results.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
    json!({"passed": counts.passed, "failed": counts.failed, "skipped": skipped, "results": results})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes() -> Vec<Outcome> {
        let outcome = |id: &str, area: &str, verdict| Outcome {
            id: id.into(),
            area: area.into(),
            kind: "api".into(),
            verdict,
            seconds: 0.25,
        };
        vec![
            outcome("a", "base", Verdict::Passed),
            outcome("b", "base", Verdict::Failed(vec![Difference("$.x: expected 1\n      got 2".into())])),
            outcome("c", "logs", Verdict::Skipped("needs logs".into())),
            outcome("d", "logs", Verdict::Skipped("needs logs".into())),
        ]
    }

    #[test]
    fn a_failing_case_is_one_line() {
        let lines: Vec<String> = outcomes().iter().filter_map(Outcome::failure_line).collect();
        assert_eq!(lines, ["FAIL  b  $.x: expected 1 got 2"]);
        assert_eq!(one_line(&"é".repeat(500)).chars().count(), 403);
    }

    #[test]
    fn the_table_tells_why_cases_were_skipped() {
        let expected = "\
area                        cases  passed  failed  skipped
base                            2       1       1        0
logs                            2       0       0        2  2 needs logs
total                           4       1       1        2  2 needs logs
";
        assert_eq!(table("area", &outcomes(), |outcome| &outcome.area), expected);
    }

    #[test]
    fn results_are_data_too() {
        let json = to_json(&outcomes());
        assert_eq!((json["passed"].as_u64(), json["failed"].as_u64()), (Some(1), Some(1)));
        assert_eq!(json["skipped"][0], json!({"id": "c", "reason": "needs logs"}));
        assert_eq!(json["results"][1]["differences"], json!(["$.x: expected 1\n      got 2"]));
    }
}
