//! Histories: how concurrent branches interleave is free, so they are compared as trees when their order differs.

use crate::compare::{Comparer, Difference, Place, assign, differs};
use crate::pattern::Bindings;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Branchings inside each other that are followed; the deepest recorded one has less than ten.
const MAX_DEPTH: usize = 200;

impl Comparer {
    /// Compares answers that hold the `events` of an execution.
    ///
    /// Ids and order must be equal; only when they are not and the history has concurrent branches is it compared as a
    /// tree. `folded`: the recording's events inside Parallel states were sorted and their ids removed.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare_history(
        &self,
        expected: &Value,
        actual: &Value,
        place: Place<'_>,
        folded: bool,
        bindings: &mut Bindings,
    ) -> Result<(), Difference> {
        let (Some(expected_events), Some(actual_events)) = (events(expected), events(actual)) else {
            return self.compare(expected, actual, place, bindings);
        };
        if folded {
            return self.compare_folded(expected_events, &fold_parallel(actual_events), place.key("events"), bindings);
        }
        let mut trial = bindings.clone();
        let Err(difference) = self.compare(expected, actual, place, &mut trial) else {
            *bindings = trial;
            return Ok(());
        };
        let concurrent = is_concurrent(expected_events) || is_concurrent(actual_events);
        if !concurrent || expected_events.len() != actual_events.len() {
            return Err(difference);
        }
        let (Some(expected_tree), Some(actual_tree)) = (Tree::of(expected_events), Tree::of(actual_events)) else {
            return Err(difference);
        };
        let mut trial = bindings.clone();
        let trees =
            Trees { comparer: self, expected: &expected_tree, actual: &actual_tree, place: place.key("events") };
        match trees.compare(0, 0, 0, &mut trial) {
            Ok(()) => {
                *bindings = trial;
                self.compare(&without_events(expected), &without_events(actual), place, bindings)
            }
            Err(also) => Err(Difference(format!(
                "{difference}\n      (also differs after reordering of concurrent branches: {also})"
            ))),
        }
    }

    fn compare_folded(
        &self,
        expected: &[Value],
        actual: &[Value],
        place: Place<'_>,
        bindings: &mut Bindings,
    ) -> Result<(), Difference> {
        if expected.len() != actual.len() {
            let types: Vec<&str> = actual.iter().map(event_type).collect();
            return differs!(place, "expected {} events, got {} ({})", expected.len(), actual.len(), types.join(", "));
        }
        let mut index = 0;
        while index < expected.len() {
            let sorted = expected[index..].iter().take_while(|event| is_folded(event)).count();
            if sorted > 0 {
                let run = index..index + sorted;
                self.compare_unordered(&expected[run.clone()], &actual[run], place, bindings)?;
                index += sorted;
            } else {
                self.compare(&expected[index], &actual[index], place.index(index), bindings)?;
                index += 1;
            }
        }
        Ok(())
    }
}

/// The events of an answer, if it has any.
pub fn events(answer: &Value) -> Option<&Vec<Value>> {
    answer.get("events")?.as_array()
}

fn without_events(answer: &Value) -> Value {
    let members = answer.as_object().into_iter().flatten().filter(|(key, _)| *key != "events");
    Value::Object(members.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn event_type(event: &Value) -> &str {
    event.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// Whether a history has branches or iterations that may interleave.
pub fn is_concurrent(events: &[Value]) -> bool {
    events.iter().any(|event| matches!(event_type(event), "ParallelStateStarted" | "MapStateStarted"))
}

fn is_folded(event: &Value) -> bool {
    event.get("id").and_then(Value::as_array).is_some_and(|id| id.len() == 1 && id[0] == 0)
}

/// A history in which the interleaving of concurrent branches leaves no trace.
///
/// The followers of an event are those with its id as `previousEventId`, except: a `MapIterationStarted` follows the
/// `MapStateStarted` of its Map, and what joins branches (`MapStateSucceeded`, `ParallelStateExited`, …) follows the
/// event that started them. Node 0 stands before the first event.
struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

struct Node<'a> {
    id: u64,
    kind: &'a str,
    /// The event without its ids.
    event: Value,
    followers: Vec<usize>,
}

impl<'a> Tree<'a> {
    /// `None` when the events are no history: an id is missing or used twice, or a join follows nothing.
    ///
    /// The events may come in any order. Each has one place where it hangs, so what is reached from node 0 is a tree
    /// even when wrong ids make a circle elsewhere.
    fn of(events: &'a [Value]) -> Option<Self> {
        let mut nodes = vec![Node { id: 0, kind: "", event: Value::Object(Map::new()), followers: Vec::new() }];
        let mut index_of = HashMap::from([(0, 0)]);
        let mut previous = vec![0];
        for event in events {
            let members = event.as_object()?;
            let id = members.get("id")?.as_u64()?;
            previous.push(members.get("previousEventId")?.as_u64().unwrap_or(0));
            if index_of.insert(id, nodes.len()).is_some() {
                return None;
            }
            let own = members.iter().filter(|(key, _)| !matches!(key.as_str(), "id" | "previousEventId"));
            let event_without_ids = Value::Object(own.map(|(key, value)| (key.clone(), value.clone())).collect());
            nodes.push(Node { id, kind: event_type(event), event: event_without_ids, followers: Vec::new() });
        }
        // From ids to indices; `None` for an id that no event has.
        let before: Vec<Option<usize>> = previous.iter().map(|id| index_of.get(id).copied()).collect();
        for index in 1..nodes.len() {
            let start = match nodes[index].kind {
                "MapIterationStarted"
                | "MapStateSucceeded"
                | "MapStateFailed"
                | "MapStateAborted"
                | "MapStateExited" => enclosing(&nodes, &before, before[index], "MapStateStarted")?,
                "ParallelStateSucceeded" | "ParallelStateFailed" | "ParallelStateAborted" | "ParallelStateExited" => {
                    enclosing(&nodes, &before, before[index], "ParallelStateStarted")?
                }
                _ => 0,
            };
            let parent = if start == 0 { before[index].unwrap_or(0) } else { start };
            nodes[parent].followers.push(index);
        }
        Some(Tree { nodes })
    }
}

/// The nearest event of a kind from this one back, over Map and Parallel states that are already left; 0 when there is
/// none, `None` when the way back leads nowhere.
fn enclosing(nodes: &[Node<'_>], before: &[Option<usize>], from: Option<usize>, kind: &str) -> Option<usize> {
    let (mut index, mut left) = (from?, 0_usize);
    for _ in 0..nodes.len() {
        match nodes[index].kind {
            _ if index == 0 => break,
            "MapStateExited" | "ParallelStateExited" => left += 1,
            found if found == kind && left == 0 => return Some(index),
            "MapStateEntered" | "ParallelStateEntered" => left = left.saturating_sub(1),
            _ => {}
        }
        index = before[index]?;
    }
    Some(0)
}

struct Trees<'a> {
    comparer: &'a Comparer,
    expected: &'a Tree<'a>,
    actual: &'a Tree<'a>,
    place: Place<'a>,
}

impl Trees<'_> {
    /// Compares what starts with these nodes. Chains are walked; only branchings recurse.
    fn compare(&self, expected: usize, actual: usize, depth: usize, bindings: &mut Bindings) -> Result<(), Difference> {
        let (mut expected, mut actual) = (&self.expected.nodes[expected], &self.actual.nodes[actual]);
        loop {
            let place = self.place.key(expected.kind);
            self.comparer.compare(&expected.event, &actual.event, place, bindings)?;
            let (ours, theirs) = (&expected.followers, &actual.followers);
            if ours.len() != theirs.len() {
                let names = |tree: &Tree<'_>, nodes: &[usize]| {
                    let kinds: Vec<&str> = nodes.iter().map(|node| tree.nodes[*node].kind).collect();
                    kinds.join(", ")
                };
                let (ours, theirs) = (names(self.expected, ours), names(self.actual, theirs));
                return differs!(
                    format_args!("after event {}", expected.id),
                    "expected the followers [{ours}], got [{theirs}]"
                );
            }
            match (ours.as_slice(), theirs.as_slice()) {
                ([], _) => return Ok(()),
                ([our], [their]) => (expected, actual) = (&self.expected.nodes[*our], &self.actual.nodes[*their]),
                (ours, theirs) => {
                    if depth == MAX_DEPTH {
                        return differs!(place, "more than {MAX_DEPTH} branchings inside each other");
                    }
                    return assign(ours.len(), 3000, bindings, |index, candidate, bindings| {
                        self.compare(ours[index], theirs[candidate], depth + 1, bindings)
                    });
                }
            }
        }
    }
}

/// Does to an answer what was done to some recordings: inside a Parallel state the ids are zero, the events sorted, and
/// the `ParallelStateSucceeded` before the `ParallelStateExited` is lost.
pub fn fold_parallel(events: &[Value]) -> Vec<Value> {
    let mut folded = events.to_vec();
    let mut inside: Option<Vec<Value>> = None;
    // Where the events of the last Parallel state begin, and those events.
    let mut last: Option<(usize, Vec<Value>)> = None;
    let mut index = 0;
    while index < folded.len() {
        match event_type(&folded[index]) {
            "ParallelStateSucceeded" | "ParallelStateAborted" | "ParallelStateExited" | "ParallelStateFailed" => {
                if let (Some((_, events)), Some(seen)) = (&mut last, inside.take()) {
                    *events = seen;
                    events.sort_by_cached_key(sort_key);
                }
                if let Some((start, events)) = &last {
                    // A second end of the same state takes the place of the first one: this is how it got lost.
                    folded.splice(*start..index, events.iter().cloned());
                }
            }
            "ParallelStateStarted" => {
                inside = Some(Vec::new());
                last = Some((index + 1, Vec::new()));
            }
            _ => {
                if let (Some(seen), Value::Object(event)) = (&mut inside, &mut folded[index]) {
                    event.insert("id".to_owned(), Value::from(vec![0]));
                    event.insert("previousEventId".to_owned(), Value::from(0));
                    seen.push(folded[index].clone());
                }
            }
        }
        index += 1;
    }
    folded
}

/// The JSON text with sorted keys.
fn sort_key(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// `(id, previous, type, name)`.
    fn history(events: &[(u64, u64, &str, &str)]) -> Value {
        let event = |(id, previous, kind, name): &(u64, u64, &str, &str)| json!({"id": id, "previousEventId": previous, "type": kind, "name": name});
        json!({"events": events.iter().map(event).collect::<Vec<_>>()})
    }

    fn compare(expected: &Value, actual: &Value) -> Result<(), String> {
        let compared = Comparer::new().compare_history(expected, actual, Place::Root, false, &mut Bindings::new());
        compared.map_err(|difference| difference.0)
    }

    const TWO_BRANCHES: [(u64, u64, &str, &str); 10] = [
        (1, 0, "ExecutionStarted", ""),
        (2, 0, "ParallelStateEntered", "P"),
        (3, 2, "ParallelStateStarted", "P"),
        (4, 3, "PassStateEntered", "A"),
        (5, 4, "PassStateExited", "A"),
        (6, 3, "PassStateEntered", "B"),
        (7, 6, "PassStateExited", "B"),
        (8, 7, "ParallelStateSucceeded", "P"),
        (9, 8, "ParallelStateExited", "P"),
        (10, 9, "ExecutionSucceeded", ""),
    ];

    #[test]
    fn branches_may_interleave() {
        let expected = history(&TWO_BRANCHES);
        let mut other = TWO_BRANCHES;
        other[3..8].copy_from_slice(&[
            (4, 3, "PassStateEntered", "B"),
            (5, 3, "PassStateEntered", "A"),
            (6, 4, "PassStateExited", "B"),
            (7, 5, "PassStateExited", "A"),
            (8, 7, "ParallelStateSucceeded", "P"),
        ]);
        assert_eq!(compare(&expected, &history(&other)), Ok(()));
        other[6].3 = "C";
        let difference = compare(&expected, &history(&other)).unwrap_err();
        assert!(difference.contains("also differs after reordering"), "{difference}");
    }

    #[test]
    fn a_reversed_history_may_interleave_too() {
        let reversed = |mut events: [(u64, u64, &'static str, &'static str); 10]| {
            events.reverse();
            history(&events)
        };
        let mut other = TWO_BRANCHES;
        (other[3].3, other[4].3, other[5].3, other[6].3) = ("B", "B", "A", "A");
        assert_eq!(compare(&reversed(TWO_BRANCHES), &reversed(other)), Ok(()));
    }

    #[test]
    fn order_counts_without_branches() {
        let chain = [(1, 0, "ExecutionStarted", ""), (2, 1, "PassStateEntered", "A"), (3, 1, "PassStateEntered", "B")];
        let swapped = [chain[0], (2, 1, "PassStateEntered", "B"), (3, 1, "PassStateEntered", "A")];
        assert!(compare(&history(&chain), &history(&swapped)).unwrap_err().starts_with("$.events.1.name"));
        let wrong_id = [chain[0], chain[1], (4, 1, "PassStateEntered", "B")];
        assert!(compare(&history(&chain), &history(&wrong_id)).is_err());
    }

    #[test]
    fn iterations_hang_on_the_map() {
        let map = |first: &'static str, second: &'static str| {
            history(&[
                (1, 0, "MapStateEntered", "M"),
                (2, 1, "MapStateStarted", "M"),
                (3, 2, "MapIterationStarted", first),
                (4, 3, "MapIterationSucceeded", first),
                (5, 4, "MapIterationStarted", second),
                (6, 5, "MapIterationSucceeded", second),
                (7, 6, "MapStateSucceeded", "M"),
                (8, 7, "MapStateExited", "M"),
            ])
        };
        assert_eq!(compare(&map("0", "1"), &map("1", "0")), Ok(()));
        assert!(compare(&map("0", "1"), &map("0", "0")).is_err());
    }

    #[test]
    fn what_is_no_history_is_no_tree() {
        let expected = history(&TWO_BRANCHES);
        for (index, id, previous) in [(4, 5, 99), (4, 5, 5), (7, 8, 8), (7, 8, 99), (4, 4, 3), (4, 0, 3)] {
            let mut other = TWO_BRANCHES;
            (other[index].0, other[index].1) = (id, previous);
            assert!(compare(&expected, &history(&other)).is_err(), "{id} after {previous}");
        }
        assert!(compare(&expected, &json!({"events": "none"})).is_err());
        assert!(compare(&expected, &json!({"events": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]})).is_err());
    }

    #[test]
    fn long_chains_take_no_stack() {
        let long = |last: &'static str| {
            let mut events = vec![(1, 0, "ParallelStateStarted", "")];
            events.extend((2..25_000).map(|id| (id, id - 1, "PassStateEntered", "")));
            events.push((25_000, 24_999, "PassStateEntered", last));
            history(&events)
        };
        assert!(compare(&long("a"), &long("b")).unwrap_err().contains("reordering"));
    }

    #[test]
    fn folds_as_the_recorder_did() {
        let actual = history(&TWO_BRANCHES);
        let folded = fold_parallel(events(&actual).unwrap());
        let seen: Vec<_> =
            folded.iter().map(|event| (event_type(event), event["name"].as_str().unwrap(), is_folded(event))).collect();
        assert_eq!(
            seen,
            [
                ("ExecutionStarted", "", false),
                ("ParallelStateEntered", "P", false),
                ("ParallelStateStarted", "P", false),
                ("PassStateEntered", "A", true),
                ("PassStateExited", "A", true),
                ("PassStateEntered", "B", true),
                ("PassStateExited", "B", true),
                ("ParallelStateExited", "P", false),
                ("ExecutionSucceeded", "", false),
            ]
        );
        let expected = json!({"events": folded});
        let compare = |actual: &Value| {
            Comparer::new().compare_history(&expected, actual, Place::Root, true, &mut Bindings::new())
        };
        assert_eq!(compare(&actual), Ok(()));
        let mut other = TWO_BRANCHES;
        other[5].3 = "C";
        assert!(compare(&history(&other)).is_err());
    }
}
