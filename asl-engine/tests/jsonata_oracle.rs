//! Our JSONata beside an independent implementation, on expressions made up at random in the style of state machines.
//!
//! Wherever both give a JSON value, it must be the same one. (Errors are not compared: their texts are checked against the
//! reference's own cases.) With `FUZZ_SECONDS` in the environment the test goes on for that long.
//!
//! Where the other one was found to differ from the JavaScript reference, and ours not, the grammar below leaves the form
//! out: `$spread` of arrays, `$formatBase` of fractions, `$encodeUrlComponent`, `**[[0..1]]`, `$exists($)`.

use asl_engine::Value;
use asl_engine::jsonata::{Bindings, Budget, Dialect, Expression, Outcome};
use jsonata_core::value::JValue;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use std::cell::Cell;
use std::time::{Duration, Instant};

const DOCUMENT: &str = r#"{
    "order": {"id": "A-1042", "customer": {"name": "Ada Lovelace", "vip": true, "email": "ada@example.com"}, "total": 126.5,
        "lines": [{"sku": "x1", "qty": 2, "price": 10.25, "tags": ["red", "small"]},
                  {"sku": "b7", "qty": 1, "price": 99, "tags": []},
                  {"sku": "c3", "qty": 3, "price": 2.333, "tags": ["blue"]}]},
    "counts": [3, 1, 2, 3, 0], "words": ["pear", "fig", "apple"], "nested": [[1, 2], [3, [4]]], "single": [7],
    "empty": [], "nothing": null, "flag": false, "text": " Hello, World ", "zero": 0
}"#;

struct Nothing;

impl Bindings for Nothing {
    fn variable(&self, _: &str) -> Option<Value> {
        None
    }
    fn now_millis(&self) -> i64 {
        1_735_689_600_123
    }
    fn random(&self) -> u64 {
        7
    }
}

fn any_of(texts: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(texts).prop_map(str::to_owned).boxed()
}

/// Fills the places `#` of a form with expressions.
fn form(forms: &'static [&'static str], parts: BoxedStrategy<String>) -> BoxedStrategy<String> {
    (prop::sample::select(forms), prop::collection::vec(parts, 3))
        .prop_map(|(form, parts)| {
            let mut parts = parts.into_iter();
            form.chars().map(|c| if c == '#' { parts.next().unwrap_or_default() } else { c.to_string() }).collect()
        })
        .boxed()
}

/// The expressions of each type, so that most of them have a value.
struct Grammar {
    number: BoxedStrategy<String>,
    text: BoxedStrategy<String>,
    truth: BoxedStrategy<String>,
    array: BoxedStrategy<String>,
    object: BoxedStrategy<String>,
}

impl Grammar {
    fn leaves() -> Grammar {
        Grammar {
            number: any_of(&[
                "0",
                "1",
                "-2",
                "2.5",
                "order.total",
                "zero",
                "counts[0]",
                "order.lines[1].price",
                "$count(words)",
            ]),
            text: any_of(&["'a'", "''", "text", "order.id", "order.customer.name", "words[-1]", "'x,y,z'", "\"pear\""]),
            truth: any_of(&["true", "flag", "order.customer.vip", "$exists(nope)", "nothing = null"]),
            array: any_of(&[
                "counts",
                "words",
                "order.lines",
                "order.lines.price",
                "order.lines.tags",
                "nested",
                "single",
                "empty",
                "[1..4]",
                "order.lines[qty > 1]",
                "nested.$",
                "order.lines.sku[]",
                "[[1], 2]",
                "**.qty",
            ]),
            object: any_of(&["order", "order.customer", "order.lines[0]", "{}", "{'a': 1, 'b': [2]}"]),
        }
    }

    fn any(&self) -> BoxedStrategy<String> {
        prop_oneof![self.number.clone(), self.text.clone(), self.truth.clone(), self.array.clone(), self.object.clone()]
            .boxed()
    }

    /// Expressions one level deeper.
    fn deeper(self) -> Grammar {
        let Grammar { number, text, truth, array, object } = &self;
        let (n, t, b, a, o, any) =
            (number.clone(), text.clone(), truth.clone(), array.clone(), object.clone(), self.any());
        Grammar {
            number: prop_oneof![
                number.clone(),
                form(
                    &[
                        "(# + #)",
                        "(# - #)",
                        "(# * #)",
                        "-#",
                        "$abs(#)",
                        "$floor(#)",
                        "$ceil(#)",
                        "$round(#, 1)",
                        "(# % 3)",
                        "$power(#, 2)"
                    ],
                    n.clone()
                ),
                form(
                    &[
                        "$sum(#)",
                        "$count(#)",
                        "$max(#)",
                        "$average(#.qty)",
                        "$sum(#.(qty * price))",
                        "$sum(order.lines.(qty * price))"
                    ],
                    a.clone()
                ),
                form(&["$length(#)"], t.clone()),
                form(&["$reduce(counts, function($i, $j) { $i + $j }, #)", "($x := #; $x * $x)"], n.clone()),
            ]
            .boxed(),
            text: prop_oneof![
                text.clone(),
                form(&["(# & #)"], any.clone()),
                form(
                    &[
                        "$uppercase(#)",
                        "$lowercase(#)",
                        "$trim(#)",
                        "$substring(#, 1, 3)",
                        "$substringBefore(#, 'l')",
                        "$substringAfter(#, 'e')",
                        "$pad(#, 8, '.')",
                        "$pad(#, -8)",
                        "$replace(#, 'a', 'b')",
                        "$replace(#, /[aeiou]/, '_', 2)",
                        "$base64encode(#)",
                        "# ~> $trim ~> $uppercase"
                    ],
                    t.clone(),
                ),
                form(&["$string(#)"], any.clone()),
                form(&["$join(words, #)"], t.clone()),
                form(&["$formatNumber(#, '0.00')", "$formatBase($floor(#), 2)"], n.clone()),
                form(&["$type(#)"], any.clone()),
            ]
            .boxed(),
            truth: prop_oneof![
                truth.clone(),
                form(&["(# = #)", "(# != #)", "$exists(#)", "$boolean(#)", "$not(#)"], any.clone()),
                form(&["(# < #)", "(# >= #)"], n.clone()),
                form(&["(# < #)", "(# in words)", "$contains(#, 'l')", "$contains(#, /^[a-p]/i)"], t.clone()),
                form(&["(# and #)", "(# or #)"], b.clone()),
            ]
            .boxed(),
            array: prop_oneof![
                array.clone(),
                form(&["[#, #]", "[#]"], any.clone()),
                form(
                    &[
                        "$reverse(#)",
                        "$distinct(#)",
                        "$append(#, #)",
                        "#[0]",
                        "#[-1]",
                        "#[$ != 1]",
                        "#.$string($)",
                        "$sort(#.qty)",
                        "((#)^(>price, sku))",
                        "((#)^(<$))",
                        "$map(#, $string)",
                        "$map(#, function($v, $i) { [$i, $v] })",
                        "$filter(#, function($v) { $v > 1 })",
                        "#.{'s': sku, 'q': qty}",
                        "#.tags",
                        "$zip(#, #)",
                        "#[]",
                        "#{$string($): $count($)}",
                        "#.(qty ? sku : 'none')",
                        "#.*",
                        "#@$l.{'l': $l.sku}",
                        "#[$ in [1, 2]]"
                    ],
                    a.clone(),
                ),
                form(&["$split(#, 'e')", "$split(#, ',', 2)", "$match(#, /l+/).match"], t.clone()),
                form(&["$keys(#)", "#.*", "$each(#, function($v, $k) { $k & ':' & $type($v) })"], o.clone()),
                form(&["[1..#]"], any_of(&["0", "3", "zero", "$count(words)"])),
            ]
            .boxed(),
            object: prop_oneof![
                object.clone(),
                form(&["{'v': #, 'w': #}", "{'only': [#]}"], any.clone()),
                form(
                    &["$merge([#, #])", "$sift(#, function($v) { $v })", "$merge(#)", "# ~> |$|{'extra': 1}, ['id']|"],
                    o.clone()
                ),
                form(&["#{sku: $sum(qty)}", "#{`sku`: price}"], a.clone()),
                form(&["(# ? # : #)"], any),
            ]
            .boxed(),
        }
    }
}

fn ours(source: &str, document: &Value) -> Option<Value> {
    let expression = Expression::parse_with(source, Dialect::Reference).ok()?;
    match expression.evaluate(Some(document), &Nothing, Budget::default()) {
        Ok(Outcome::Value(value)) => Some(value),
        _ => None,
    }
}

fn theirs(source: &str, document: &JValue) -> Option<Value> {
    let value = jsonata_core::Expression::compile(source).ok()?.evaluate(document).ok()?;
    if value.is_undefined() || value.is_function() {
        return None;
    }
    Value::parse(&value.to_json_string().ok()?).ok()
}

/// The same value? Numbers by their value: the two write some of them otherwise.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64(), right.as_f64());
            left == right || (left - right).abs() <= 1e-12 * left.abs().max(right.abs())
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}

#[test]
fn both_give_the_same_values() {
    let document = Value::parse(DOCUMENT).unwrap();
    let other = JValue::from_json_str(DOCUMENT).unwrap();
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let until = Instant::now() + Duration::from_secs(seconds);
    let expressions = Grammar::leaves().deeper().deeper().any();
    let (played, compared) = (Cell::new(0), Cell::new(0));
    loop {
        let mut runner =
            TestRunner::new(ProptestConfig { cases: 1_500, failure_persistence: None, ..Default::default() });
        let result = runner.run(&expressions, |source| {
            played.set(played.get() + 1);
            let (Some(left), Some(right)) = (ours(&source, &document), theirs(&source, &other)) else { return Ok(()) };
            compared.set(compared.get() + 1);
            prop_assert!(same(&left, &right), "{} gives {} here, {} there", source, left, right);
            Ok(())
        });
        if let Err(TestError::Fail(reason, source)) = result {
            panic!("{source}: {reason}");
        }
        if Instant::now() >= until {
            break;
        }
    }
    // If most expressions had no value, nothing would be tested.
    assert!(compared.get() * 2 > played.get(), "{} of {}", compared.get(), played.get());
}
