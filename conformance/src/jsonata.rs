//! Plays the JSONata reference implementation's cases against the engine's evaluator.
//!
//! A folder holds `datasets.json` (named inputs) and `groups/NAME.json` (arrays of cases). A case has an `id`, an
//! `expr`, its input as `data` or `dataset`, `bindings`, and one outcome: `result`, `undefinedResult`, or `code`/`error`.

use asl_engine::Value;
use asl_engine::jsonata::{Bindings, Budget, Dialect, Expression, Outcome};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// What came of all cases.
#[derive(Debug, Default)]
pub struct Report {
    /// How many did as they should.
    pub passed: usize,
    /// Those that did not.
    pub failures: Vec<Failure>,
}

/// A case that did not do as it should.
#[derive(Debug)]
pub struct Failure {
    /// The case's id, `GROUP/CASE`.
    pub id: String,
    /// Its expression.
    pub expression: String,
    /// What was expected and what came.
    pub difference: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    {}", self.id, self.expression.replace('\n', " "), self.difference)
    }
}

impl Failure {
    /// The failure in one line.
    pub fn line(&self) -> String {
        format!("{}: {}: {}", self.id, self.expression, self.difference).replace('\n', " ")
    }
}

/// Cases that fail for a reason that is known: lines `ID  REASON`; `#` starts a comment.
#[derive(Debug, Default)]
pub struct KnownFailures<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> KnownFailures<'a> {
    /// Reads the list.
    pub fn parse(text: &'a str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        KnownFailures(
            lines
                .map(|line| line.split_once(char::is_whitespace).unwrap_or((line, "")))
                .map(|(id, reason)| (id, reason.trim()))
                .collect(),
        )
    }

    /// Why a case fails, when that is known.
    pub fn reason(&self, id: &str) -> Option<&'a str> {
        self.0.get(id).copied()
    }
}

impl Report {
    /// Compares with the failures known: one text for each surprise, which is a failure not known, or a known one that
    /// passes or is gone.
    pub fn surprises(&self, known: &KnownFailures<'_>) -> Vec<String> {
        let unknown = self.failures.iter().filter(|failure| known.reason(&failure.id).is_none());
        let mended = known.0.keys().filter(|id| !self.failures.iter().any(|failure| failure.id == **id));
        unknown.map(ToString::to_string).chain(mended.map(|id| format!("{id}: known to fail, but does not"))).collect()
    }
}

/// Plays all cases of a folder.
///
/// # Errors
/// When the folder cannot be read, or a file in it is not of the format.
pub fn run(folder: &Path) -> Result<Report, String> {
    let datasets = load(&folder.join("datasets.json"))?;
    let groups = folder.join("groups");
    let mut files: Vec<_> = std::fs::read_dir(&groups)
        .map_err(|error| format!("cannot read `{}`: {error}", groups.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let mut report = Report::default();
    for file in files {
        let cases = load(&file)?;
        let cases = cases.as_array().ok_or_else(|| format!("`{}` is no array of cases", file.display()))?;
        for case in cases.iter() {
            match play(case, &datasets) {
                None => report.passed += 1,
                Some(difference) => report.failures.push(Failure {
                    id: text(case, "id").to_owned(),
                    expression: text(case, "expr").to_owned(),
                    difference,
                }),
            }
        }
    }
    Ok(report)
}

fn load(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    Value::parse(&without_lone_surrogates(&text)).map_err(|error| format!("`{}`: {error}", path.display()))
}

/// JSON may escape half a surrogate pair, which no Rust text can hold: it becomes the replacement character.
fn without_lone_surrogates(json: &str) -> String {
    let unit = |text: &str| text.strip_prefix("\\u").and_then(|hex| u32::from_str_radix(hex.get(..4)?, 16).ok());
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let low = rest.get(6..).and_then(unit).is_some_and(|low| (0xdc00..0xe000).contains(&low));
        let length = match unit(rest) {
            Some(0xd800..0xdc00) if low => 12,
            Some(0xd800..0xe000) => {
                out.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            Some(_) => 6,
            None => 2,
        };
        let length = length.min(rest.len());
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

fn text<'v>(case: &'v Value, name: &str) -> &'v str {
    case.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The variables of a case; time stands still, and chance is a counter's hash.
struct Surroundings<'c> {
    variables: Option<&'c Value>,
    drawn: Cell<u64>,
}

impl Bindings for Surroundings<'_> {
    fn variable(&self, name: &str) -> Option<Value> {
        self.variables?.get(name).cloned()
    }
    fn now_millis(&self) -> i64 {
        1_735_689_600_123
    }
    fn random(&self) -> u64 {
        let next = self.drawn.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.drawn.set(next);
        (next ^ next >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }
}

/// A millisecond of the reference's time limit, in steps.
const STEPS_PER_MILLISECOND: f64 = 2000.0;

/// Plays a case: nothing when it does as it should, else what differs.
fn play(case: &Value, datasets: &Value) -> Option<String> {
    let input = match case.get("data") {
        Some(data) => Some(data),
        None => case.get("dataset").and_then(Value::as_str).and_then(|name| datasets.get(name)),
    };
    let mut budget = Budget { steps: 20_000_000, ..Budget::default() };
    if let Some(milliseconds) = case.get("timelimit").and_then(Value::as_f64) {
        budget.steps = (milliseconds * STEPS_PER_MILLISECOND) as u64;
    }
    if let Some(depth) = case.get("depth").and_then(Value::as_i64) {
        budget.depth = usize::try_from(depth).unwrap_or(budget.depth);
    }
    let surroundings = Surroundings { variables: case.get("bindings"), drawn: Cell::new(0) };
    let outcome = Expression::parse_with(text(case, "expr"), Dialect::Reference)
        .and_then(|expression| expression.evaluate(input, &surroundings, budget));

    let error = case.get("error").unwrap_or(case);
    let code = error.get("code").and_then(Value::as_str);
    match outcome {
        Err(got) => {
            let token = error.get("token").and_then(Value::as_str);
            let message = error.get("message").and_then(Value::as_str);
            let as_expected = code == Some(got.code)
                && token.is_none_or(|token| got.token.as_deref() == Some(token))
                && message.is_none_or(|message| message == got.message);
            (!as_expected).then(|| format!("expected {}, got the error {got} (token {:?})", wanted(case), got.token))
        }
        Ok(Outcome::Undefined) if case.get("undefinedResult").is_some() => None,
        Ok(Outcome::Value(got)) => {
            let unordered = case.get("unordered").and_then(Value::as_bool).unwrap_or(false);
            let same = case.get("result").is_some_and(|wanted| match unordered {
                true => equal_unordered(wanted, &got),
                false => equal(wanted, &got),
            });
            (!same).then(|| format!("expected {}, got {got}", wanted(case)))
        }
        Ok(other) => Some(format!("expected {}, got {other:?}", wanted(case))),
    }
}

fn wanted(case: &Value) -> String {
    match (case.get("result"), case.get("undefinedResult")) {
        (Some(result), _) => result.to_json(),
        (_, Some(_)) => "nothing".to_owned(),
        _ => format!("the error {}", case.get("error").or_else(|| case.get("code")).unwrap_or(case)),
    }
}

/// The same JSON; numbers are doubles.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

fn equal_unordered(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_array(), b.as_array()) else { return equal(a, b) };
    let mut left: Vec<&Value> = b.iter().collect();
    a.len() == b.len()
        && a.iter().all(|a| match left.iter().position(|b| equal(a, b)) {
            Some(found) => {
                left.swap_remove(found);
                true
            }
            None => false,
        })
}
