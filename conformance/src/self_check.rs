//! Checks the comparison itself: answers made of a recording must pass, and must fail once the recording is spoilt.

use crate::case::{Case, Check, Step};
use crate::compare::Difference;
use crate::history_tree::{events, is_concurrent};
use crate::pattern::Bindings;
use crate::placeholder::{Environment, Piece, pieces};
use crate::play::{Options, check, initial_bindings};
use anyhow::Result;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// What came out for one case.
#[derive(Clone, Debug)]
pub struct SelfCheck {
    /// The answers made of the recording, by the name they are saved as.
    pub answers: Map<String, Value>,
    /// What differs between them and the recording they were made of: nothing.
    pub differences: Vec<Difference>,
    /// The case with a recording that was spoilt in one place; `None` when it has no place that counts.
    pub spoilt: Option<Spoilt>,
}

/// A recording spoilt in one place.
#[derive(Clone, Debug)]
pub struct Spoilt {
    /// What was done.
    pub change: String,
    /// The spoilt `expected`.
    pub expected: Map<String, Value>,
    /// What differs from it: at least one thing.
    pub differences: Vec<Difference>,
}

/// Makes answers of a recording, compares them, spoils one place (chosen by `seed`) and compares again.
///
/// `None` for cases that check no answer.
///
/// # Errors
/// When the case's own placeholders cannot be filled.
pub fn self_check(case: &Case, seed: u64) -> Result<Option<SelfCheck>> {
    let options = Options::default();
    let mut environment = options.environment(case);
    let mut bindings = initial_bindings(case, &environment)?;
    for check in checks(case) {
        let recorded = &case.expected[&check.check];
        put_answers(&check.value, &plausible(recorded, &mut bindings), &mut environment.saved);
    }
    if environment.saved.is_empty() {
        return Ok(None);
    }
    let differences = differences(case, &environment)?;
    let spoilt = match spoil(case, &mut Random::new(&case.id, seed)) {
        Some((change, expected)) => {
            let spoilt = Case { expected: expected.clone(), ..case.clone() };
            Some(Spoilt { change, expected, differences: self::differences(&spoilt, &environment)? })
        }
        None => None,
    };
    Ok(Some(SelfCheck { answers: environment.saved, differences, spoilt }))
}

fn checks(case: &Case) -> impl Iterator<Item = &Check> {
    case.steps.iter().filter_map(|step| if let Step::Check(check) = step { Some(check) } else { None })
}

fn differences(case: &Case, environment: &Environment) -> Result<Vec<Difference>> {
    let mut bindings = initial_bindings(case, environment)?;
    Ok(checks(case).filter_map(|step| check(case, step, false, environment, &mut bindings).err()).collect())
}

/// A recording with values in the place of its placeholders. They hold letters and digits only, so that neighbouring
/// placeholders are told apart.
fn plausible(recorded: &Value, bindings: &mut Bindings) -> Value {
    match recorded {
        Value::String(text) if text == "<<time>>" => json!(1_704_067_200.123),
        Value::String(text) => Value::String(plausible_text(text, bindings)),
        Value::Array(items) => items.iter().map(|item| plausible(item, bindings)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| (plausible_text(key, bindings), plausible(member, bindings)))
            .collect::<Map<_, _>>()
            .into(),
        plain => plain.clone(),
    }
}

fn plausible_text(text: &str, bindings: &mut Bindings) -> String {
    let mut value = |piece: Piece<'_>| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Placeholder("iso") => "2024-01-01T00:00:00.123Z".to_owned(),
        Piece::Placeholder("partition") => "aws".to_owned(),
        Piece::Placeholder("account") => "000000000000".to_owned(),
        Piece::Placeholder("region") => "us-east-1".to_owned(),
        Piece::Placeholder(name) => {
            let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            bindings.entry(name.to_owned()).or_insert_with(|| format!("{letters}{}", digest(name) % 1000)).clone()
        }
    };
    pieces(text).into_iter().map(&mut value).collect()
}

/// Puts what a check expects into the answers that it looks at.
fn put_answers(template: &Value, content: &Value, saved: &mut Map<String, Value>) {
    if let Some(part) = template.get("$") {
        let mut place = saved.entry(part["from"].as_str().unwrap_or_default()).or_insert(Value::Null);
        for step in part["path"].as_array().into_iter().flatten() {
            place = match step {
                Value::String(key) => {
                    if !place.is_object() {
                        *place = json!({});
                    }
                    &mut place[key.as_str()]
                }
                index => {
                    // Counted from the end or from the start: the list gets long enough for either.
                    let index = index.as_i64().unwrap_or_default();
                    let length = if index < 0 { index.unsigned_abs() as usize } else { index as usize + 1 };
                    if !place.is_array() {
                        *place = json!([]);
                    }
                    let Value::Array(items) = place else { return };
                    items.resize(items.len().max(length), Value::Null);
                    let at = if index < 0 { items.len() - length } else { length - 1 };
                    &mut items[at]
                }
            };
        }
        merge(place, content);
        return;
    }
    match (template, content) {
        (Value::Object(members), Value::Object(contents)) => {
            let known = members.iter().filter_map(|(key, member)| Some((member, contents.get(key)?)));
            known.for_each(|(member, content)| put_answers(member, content, saved));
        }
        (Value::Array(items), Value::Array(contents)) => {
            items.iter().zip(contents).for_each(|(item, content)| put_answers(item, content, saved));
        }
        _ => {}
    }
}

/// Several checks may look at parts of one answer: what is there already stays.
fn merge(place: &mut Value, content: &Value) {
    match (place, content) {
        (Value::Object(there), Value::Object(content)) => {
            for (key, value) in content {
                merge(there.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (place @ Value::Null, content) => *place = content.clone(),
        _ => {}
    }
}

/// Spoils one place of what the checks expect: what was done, and the spoilt recording.
fn spoil(case: &Case, random: &mut Random) -> Option<(String, Map<String, Value>)> {
    let mut expected = case.expected.clone();
    let mut pointers = Vec::new();
    for check in checks(case) {
        // A check of a check's own text compares nothing with an answer.
        if check.value.to_string().contains("\"$\"") {
            let recorded = &expected[&check.check];
            let mut found = Vec::new();
            places(recorded, &mut format!("/{}", escape(&check.check)), &mut found);
            if events(recorded).is_some_and(|events| is_concurrent(events)) {
                // Ids are free where branches interleave, as long as the tree stays the same.
                found.retain(|pointer| !pointer.ends_with("/id") && !pointer.ends_with("/previousEventId"));
            }
            if check.parallel_events_sorted {
                // Of a folded recording only the events are compared.
                let events = format!("/{}/events", escape(&check.check));
                found.retain(|pointer| pointer.starts_with(&events));
            }
            pointers.extend(found);
        }
    }
    let pointer = pointers.get(random.below(pointers.len().max(1)))?.clone();
    let mut whole = Value::Object(expected);
    let place = whole.pointer_mut(&pointer)?;
    let change = match place {
        Value::String(text) => {
            text.push('~');
            "a text is longer"
        }
        Value::Number(number) => {
            *place = match number.as_i64().and_then(|number| number.checked_add(1)) {
                Some(next) => json!(next),
                None => json!(-12345.5),
            };
            "another number"
        }
        Value::Bool(value) => {
            *value = !*value;
            "the other truth"
        }
        Value::Null => {
            *place = json!(0);
            "a number where there was null"
        }
        Value::Array(items) if items.is_empty() || random.below(2) == 0 => {
            items.push(json!("more"));
            "an item more"
        }
        Value::Array(items) => {
            items.remove(random.below(items.len()));
            "an item less"
        }
        Value::Object(members) => {
            let removable: Vec<String> = members.keys().filter(|key| *key != "ResponseMetadata").cloned().collect();
            if removable.is_empty() || random.below(2) == 0 {
                members.insert("more".to_owned(), json!(1));
                "a member more"
            } else {
                members.remove(&removable[random.below(removable.len())]);
                "a member less"
            }
        }
    };
    let change = format!("{pointer}: {change}");
    expected = match whole {
        Value::Object(expected) => expected,
        _ => return None,
    };
    Some((change, expected))
}

/// The JSON pointers of all values.
fn places(value: &Value, pointer: &mut String, found: &mut Vec<String>) {
    found.push(pointer.clone());
    let length = pointer.len();
    let mut visit = |step: String, value: &Value| {
        pointer.extend(["/", &step]);
        places(value, pointer, found);
        pointer.truncate(length);
    };
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| visit(index.to_string(), item)),
        Value::Object(members) => members.iter().for_each(|(key, member)| visit(escape(key), member)),
        _ => {}
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn digest(text: &str) -> u64 {
    let digest = Sha256::digest(text);
    digest[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// SplitMix64, seeded by a name and a number: the same places are spoilt each time.
struct Random(u64);

impl Random {
    fn new(name: &str, seed: u64) -> Self {
        Random(digest(name) ^ seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % limit as u64) as usize
    }
}
