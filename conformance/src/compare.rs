//! The comparison rules: does an answer equal what AWS answered?

use crate::pattern::{Bindings, fits};
use crate::placeholder::{Piece, brief, has_placeholder, pieces};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fmt;

/// The first thing that differs, as a text that starts with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference(pub String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes a [`Difference`] of a place and what is wrong there.
macro_rules! differs {
    ($place:expr, $($text:tt)*) => {
        Err($crate::compare::Difference(format!("{}: {}", $place, format_args!($($text)*))))
    };
}
pub(crate) use differs;

/// A place in the compared values; kept on the stack, written out only when something differs.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// The whole.
    Root,
    /// A member of an object.
    Key(&'a Place<'a>, &'a str),
    /// An item of a list.
    Index(&'a Place<'a>, usize),
}

impl<'a> Place<'a> {
    /// The place of a member.
    pub fn key(&'a self, key: &'a str) -> Place<'a> {
        Place::Key(self, key)
    }

    /// The place of an item.
    pub fn index(&'a self, index: usize) -> Place<'a> {
        Place::Index(self, index)
    }

    fn segments(&self) -> Vec<String> {
        let mut segments = Vec::new();
        let mut place = self;
        loop {
            match place {
                Place::Root => break,
                Place::Key(parent, key) => {
                    segments.push((*key).to_owned());
                    place = parent;
                }
                Place::Index(parent, index) => {
                    segments.push(index.to_string());
                    place = parent;
                }
            }
        }
        segments.reverse();
        segments
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.segments().iter().try_for_each(|segment| write!(f, ".{segment}"))
    }
}

/// Compares expected with actual values.
#[derive(Clone, Debug, Default)]
pub struct Comparer {
    ignored: Vec<PathPattern>,
    unordered: HashSet<String>,
    extensible: HashSet<String>,
}

impl Comparer {
    /// Compares everything, every list in its order.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves out what a JSONPath points at.
    pub fn ignore(mut self, path: &str) -> Self {
        self.ignored.push(PathPattern::parse(path));
        self
    }

    /// The order of the list at this place (`$.check.list`) is free.
    pub fn unordered(mut self, place: String) -> Self {
        self.unordered.insert(place);
        self
    }

    /// The object at this place may have more members than expected.
    pub fn extensible(mut self, place: String) -> Self {
        self.extensible.insert(place);
        self
    }

    fn ignores(&self, place: &Place<'_>) -> bool {
        !self.ignored.is_empty() && {
            let segments = place.segments();
            self.ignored.iter().any(|pattern| pattern.covers(&segments))
        }
    }

    /// Compares; placeholders seen for the first time are bound, also when something differs later.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare(
        &self,
        expected: &Value,
        actual: &Value,
        place: Place<'_>,
        bindings: &mut Bindings,
    ) -> Result<(), Difference> {
        if self.ignores(&place) {
            return Ok(());
        }
        if let Value::String(expected) = expected {
            return compare_text(expected, actual, place, bindings);
        }
        let parsed = parse_recorded(expected, actual, &place)?;
        let actual = parsed.as_ref().unwrap_or(actual);
        match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => self.compare_objects(expected, actual, place, bindings),
            (Value::Array(expected), Value::Array(actual)) if self.is_unordered(&place) => {
                self.compare_unordered(expected, actual, place, bindings)
            }
            (Value::Array(expected), Value::Array(actual)) => self.compare_lists(expected, actual, place, bindings),
            (Value::Number(a), Value::Number(b))
                if a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64() =>
            {
                Ok(())
            }
            (Value::Null, Value::Null) => Ok(()),
            (Value::Bool(a), Value::Bool(b)) if a == b => Ok(()),
            _ => differs!(place, "expected {}, got {}", brief(expected, 160), brief(actual, 160)),
        }
    }

    fn is_unordered(&self, place: &Place<'_>) -> bool {
        !self.unordered.is_empty() && self.unordered.contains(&place.to_string())
    }

    fn compare_objects(
        &self,
        expected: &Map<String, Value>,
        actual: &Map<String, Value>,
        place: Place<'_>,
        bindings: &mut Bindings,
    ) -> Result<(), Difference> {
        let mut unexpected: Vec<&str> =
            actual.keys().filter(|key| !expected.contains_key(*key)).map(String::as_str).collect();
        let mut missing = Vec::new();
        for (key, value) in expected.iter().filter(|(key, _)| !actual.contains_key(*key)) {
            // A key that holds a placeholder is the first actual one that fits together with its value.
            let found = has_placeholder(key).then(|| {
                unexpected.iter().position(|candidate| {
                    let mut trial = bindings.clone();
                    let fit = fits(key, candidate, &mut trial)
                        && self.compare(value, &actual[*candidate], place.key(candidate), &mut trial).is_ok();
                    if fit {
                        *bindings = trial;
                    }
                    fit
                })
            });
            match found.flatten() {
                Some(index) => {
                    unexpected.remove(index);
                }
                None => missing.push((key, value)),
            }
        }
        for (key, expected) in expected {
            if let Some(actual) = actual.get(key) {
                self.compare(expected, actual, place.key(key), bindings)?;
            }
        }
        for (key, value) in missing {
            if !self.ignores(&place.key(key)) {
                let got = brief(&Value::Object(actual.clone()), 160);
                return differs!(place, "`{key}` is missing (expected {}); got {got}", brief(value, 160));
            }
        }
        // What an SDK adds is not part of the answer.
        unexpected.retain(|key| *key != "ResponseMetadata" && !self.ignores(&place.key(key)));
        match unexpected.first() {
            Some(key) if !self.extensible.contains(&place.to_string()) => {
                differs!(place, "unexpected `{key}`: {}", brief(&actual[*key], 160))
            }
            _ => Ok(()),
        }
    }

    fn compare_lists(
        &self,
        expected: &[Value],
        actual: &[Value],
        place: Place<'_>,
        bindings: &mut Bindings,
    ) -> Result<(), Difference> {
        for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
            self.compare(expected, actual, place.index(index), bindings)?;
        }
        let shared = expected.len().min(actual.len());
        match expected.get(shared).or_else(|| actual.get(shared)) {
            Some(extra) => {
                let (expected, got) = (expected.len(), actual.len());
                differs!(place, "expected {expected} items, got {got}; first extra: {}", brief(extra, 160))
            }
            None => Ok(()),
        }
    }

    /// Compares lists whose order is free.
    ///
    /// # Errors
    /// The first difference on the way that went furthest.
    pub fn compare_unordered(
        &self,
        expected: &[Value],
        actual: &[Value],
        place: Place<'_>,
        bindings: &mut Bindings,
    ) -> Result<(), Difference> {
        if expected.len() != actual.len() {
            return differs!(place, "expected {} items (any order), got {}", expected.len(), actual.len());
        }
        assign(expected.len(), 4000, bindings, |index, candidate, bindings| {
            self.compare(&expected[index], &actual[candidate], place.index(index), bindings)
        })
    }
}

/// Finds for each of `count` expected things another actual one that equals it, trying them in their order.
///
/// # Errors
/// The difference met at the furthest expected thing.
pub(crate) fn assign(
    count: usize,
    mut budget: usize,
    bindings: &mut Bindings,
    mut compare: impl FnMut(usize, usize, &mut Bindings) -> Result<(), Difference>,
) -> Result<(), Difference> {
    // The choices so far, each with the bindings that follow from it.
    let mut chosen: Vec<(usize, Bindings)> = Vec::new();
    let mut used = vec![false; count];
    let mut next = 0;
    let mut furthest: Option<(usize, Difference)> = None;
    while chosen.len() < count {
        let index = chosen.len();
        let Some(candidate) = (next..count).find(|candidate| !used[*candidate]) else {
            let Some((candidate, _)) = chosen.pop() else { break };
            used[candidate] = false;
            next = candidate + 1;
            continue;
        };
        if budget == 0 {
            break;
        }
        budget -= 1;
        let mut trial = chosen.last().map_or(&*bindings, |(_, bindings)| bindings).clone();
        match compare(index, candidate, &mut trial) {
            Ok(()) => {
                used[candidate] = true;
                chosen.push((candidate, trial));
                next = 0;
            }
            Err(difference) => {
                if furthest.as_ref().is_none_or(|(reached, _)| *reached < index) {
                    furthest = Some((index, difference));
                }
                next = candidate + 1;
            }
        }
    }
    if chosen.len() == count {
        if let Some((_, found)) = chosen.pop() {
            *bindings = found;
        }
        return Ok(());
    }
    Err(furthest.map_or_else(|| Difference("too many combinations".to_owned()), |(_, difference)| difference))
}

fn compare_text(expected: &str, actual: &Value, place: Place<'_>, bindings: &mut Bindings) -> Result<(), Difference> {
    let whole = match pieces(expected).as_slice() {
        [Piece::Placeholder("time")] => Some("time"),
        [Piece::Placeholder(name)] => {
            name.split_once(':').map(|(family, _)| family).filter(|family| matches!(*family, "any" | "ref"))
        }
        _ => None,
    };
    let fit = match actual {
        Value::String(actual) => fits(expected, actual, bindings),
        Value::Number(_) => matches!(whole, Some("time" | "any" | "ref")),
        Value::Null => false,
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => whole == Some("any"),
    };
    if fit {
        return Ok(());
    }
    let expected = brief(&Value::from(expected), 500);
    differs!(place, "expected {expected}\n      got      {}", brief(actual, 500))
}

/// The recorder parsed strings that hold JSON: then the actual string is parsed, too.
fn parse_recorded(expected: &Value, actual: &Value, place: &Place<'_>) -> Result<Option<Value>, Difference> {
    let Value::String(text) = actual else { return Ok(None) };
    match expected {
        Value::Object(_) | Value::Array(_) => match serde_json::from_str(text) {
            Ok(parsed) => Ok(Some(parsed)),
            Err(_) => {
                differs!(place, "expected JSON {}, got the string {}", brief(expected, 160), brief(actual, 160))
            }
        },
        Value::Number(_) | Value::Bool(_) if matches!(place, Place::Key(_, "output")) => {
            Ok(serde_json::from_str(text).ok())
        }
        _ => Ok(None),
    }
}

/// The JSONPaths of the corpus: names, indices, `*`, `..` and filters (which stand for `*`).
#[derive(Clone, Debug)]
struct PathPattern(Vec<Segment>);

#[derive(Clone, Debug)]
enum Segment {
    Name(String),
    Any,
    AnyDepth,
}

impl PathPattern {
    fn parse(path: &str) -> Self {
        let mut segments = Vec::new();
        let mut rest = path.strip_prefix('$').unwrap_or(path);
        while let Some(first) = rest.chars().next() {
            if let Some(inside) = rest.strip_prefix('[') {
                let end = inside.find(']').unwrap_or(inside.len());
                let inner = inside[..end].trim_matches(['\'', '"']);
                let any = inner == "*" || inner.starts_with('?');
                segments.push(if any { Segment::Any } else { Segment::Name(inner.to_owned()) });
                rest = inside.get(end + 1..).unwrap_or_default();
            } else if let Some(after) = rest.strip_prefix("..") {
                segments.push(Segment::AnyDepth);
                rest = if after.starts_with('[') { after } else { Self::name(after, &mut segments) };
            } else if let Some(after) = rest.strip_prefix('.') {
                rest = Self::name(after, &mut segments);
            } else {
                rest = &rest[first.len_utf8()..];
            }
        }
        PathPattern(segments)
    }

    /// Reads a name, bare or quoted; gives what follows.
    fn name<'a>(text: &'a str, segments: &mut Vec<Segment>) -> &'a str {
        let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'));
        let (name, rest) = match quote.and_then(|quote| text[1..].split_once(quote)) {
            Some(quoted) => quoted,
            None => text.split_at(text.find(['.', '[']).unwrap_or(text.len())),
        };
        segments.push(if name == "*" { Segment::Any } else { Segment::Name(name.to_owned()) });
        rest
    }

    /// Whether the pattern points at this place or at something around it.
    fn covers(&self, place: &[String]) -> bool {
        fn covers(pattern: &[Segment], place: &[String]) -> bool {
            match pattern {
                [] => true,
                [Segment::AnyDepth, rest @ ..] => (0..=place.len()).any(|depth| covers(rest, &place[depth..])),
                [Segment::Any, rest @ ..] => !place.is_empty() && covers(rest, &place[1..]),
                [Segment::Name(name), rest @ ..] => place.first() == Some(name) && covers(rest, &place[1..]),
            }
        }
        covers(&self.0, place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn compare(comparer: &Comparer, expected: Value, actual: Value) -> Result<(), String> {
        comparer.compare(&expected, &actual, Place::Root, &mut Bindings::new()).map_err(|difference| difference.0)
    }

    #[test]
    fn equal_by_the_rules() {
        for (expected, actual) in [
            (json!({"a": 1, "b": [true, null]}), json!({"b": [true, null], "a": 1.0})),
            (json!({"a": "<<any:x>>"}), json!({"a": {"b": 1}})),
            (json!({"a": "<<any:x>>"}), json!({"a": false})),
            (json!({"a": "<<time>>", "b": "<<ref:x>>"}), json!({"a": 1.5, "b": 2})),
            (json!({"a": {"b": [1]}}), json!({"a": "{\"b\": [1]}"})),
            (json!({"output": 3, "x": {"output": true}}), json!({"output": "3", "x": {"output": "true"}})),
            (json!({"a": 1}), json!({"a": 1, "ResponseMetadata": {}})),
            (json!({"<<ref:x>>": {"n": 1}, "b": "<<ref:x>>"}), json!({"c": {"n": 1}, "b": "c"})),
            (json!({"a<<any:1>>": 1, "a<<any:2>>": 2}), json!({"ay": 2, "ax": 1})),
            (json!(18446744073709551615u64), json!(18446744073709551615u64)),
        ] {
            assert_eq!(compare(&Comparer::new(), expected.clone(), actual), Ok(()), "{expected}");
        }
    }

    #[test]
    fn says_where_and_what_differs() {
        for (expected, actual, difference) in [
            (json!({"a": 1}), json!({}), "$: `a` is missing (expected 1); got {}"),
            (json!({}), json!({"a": 1}), "$: unexpected `a`: 1"),
            (json!({"a": [1, 2]}), json!({"a": [1, 3]}), "$.a.1: expected 2, got 3"),
            (json!({"a": [1]}), json!({"a": [1, 3]}), "$.a: expected 1 items, got 2; first extra: 3"),
            (json!("a"), json!(1), "$: expected \"a\"\n      got      1"),
            (json!("<<any:x>>"), json!(null), "$: expected \"<<any:x>>\"\n      got      null"),
            (json!("<<ref:x>>"), json!(true), "$: expected \"<<ref:x>>\"\n      got      true"),
            (json!("<<ref:x>>y"), json!(1), "$: expected \"<<ref:x>>y\"\n      got      1"),
            (json!({"a": 1}), json!("b"), "$: expected JSON {\"a\":1}, got the string \"b\""),
            (json!({"a": 1}), json!("[]"), "$: expected {\"a\":1}, got []"),
            (json!({"input": 3}), json!({"input": "3"}), "$.input: expected 3, got \"3\""),
            (json!(1), json!(true), "$: expected 1, got true"),
            (json!(null), json!(0), "$: expected null, got 0"),
        ] {
            assert_eq!(compare(&Comparer::new(), expected, actual), Err(difference.to_owned()));
        }
    }

    #[test]
    fn the_order_of_a_list_may_be_free() {
        let free = Comparer::new().unordered("$.a".to_owned());
        assert_eq!(compare(&free, json!({"a": [1, 2, 2]}), json!({"a": [2, 1, 2]})), Ok(()));
        assert!(compare(&free, json!({"a": [1, 2, 2]}), json!({"a": [2, 1, 1]})).is_err());
        assert!(compare(&free, json!({"a": [1]}), json!({"a": [1, 1]})).is_err());
        assert!(compare(&free, json!({"b": [1, 2]}), json!({"b": [2, 1]})).is_err());
        // The first choice for the first item is wrong, and only the second item shows it.
        let expected = json!({"a": [["<<ref:x>>", "<<ref:y>>"], ["<<ref:y>>", "b"]]});
        assert_eq!(compare(&free, expected, json!({"a": [["a", "b"], ["c", "a"]]})), Ok(()));
    }

    #[test]
    fn objects_may_be_extensible() {
        let free = Comparer::new().extensible("$.a".to_owned());
        assert_eq!(compare(&free, json!({"a": {}}), json!({"a": {"b": 1}})), Ok(()));
        assert!(compare(&free, json!({"a": {}}), json!({"a": {}, "b": 1})).is_err());
    }

    #[test]
    fn paths_are_ignored() {
        for (path, ignored) in [
            ("$..output", true),
            ("$.events[*].details.output", true),
            ("$.events[0]", true),
            ("$['events'][0].details", true),
            ("$.*[?(@.x)].details.'output'", true),
            ("$..[0].details", true),
            ("$.events[1]", false),
            ("$..outputs", false),
            ("$.output", false),
        ] {
            let comparer = Comparer::new().ignore(path);
            let event = |output: &str| json!({"events": [{"details": {"output": output}}]});
            assert_eq!(compare(&comparer, event("a"), event("b")).is_ok(), ignored, "{path}");
        }
        let comparer = Comparer::new().ignore("$.a");
        assert_eq!(compare(&comparer, json!({"a": 1}), json!({})), Ok(()));
        assert_eq!(compare(&comparer, json!({}), json!({"a": 1})), Ok(()));
    }
}
