//! How long JSONata expressions take: a line of JSON a case. `benchmarks/jsonata/run` compares it with the reference.
//!
//! `cargo run --release --example jsonata_speed benchmarks/jsonata/cases.json`

use asl_engine::Value;
use asl_engine::jsonata::{Bindings, Budget, Expression};
use std::hint::black_box;
use std::time::{Duration, Instant};

const MEASURE: Duration = Duration::from_secs(1);
const BATCH: Duration = Duration::from_millis(25);

struct States(Value);

impl Bindings for States {
    fn variable(&self, name: &str) -> Option<Value> {
        (name == "states").then(|| self.0.clone())
    }
    fn now_millis(&self) -> i64 {
        1_735_689_600_123
    }
    fn random(&self) -> u64 {
        4
    }
}

/// Nanoseconds a call: the best batch of a second, because other programs only ever make it slower.
fn measure<T>(call: impl Fn() -> T) -> f64 {
    let batch = |calls: u32| {
        let begun = Instant::now();
        (0..calls).for_each(|_| drop(black_box(call())));
        begun.elapsed()
    };
    let mut calls = 1;
    while batch(calls) < BATCH {
        calls *= 2;
    }
    let begun = Instant::now();
    let mut best = Duration::MAX;
    while begun.elapsed() < MEASURE {
        best = best.min(batch(calls));
    }
    best.as_nanos() as f64 / f64::from(calls)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: jsonata_speed CASES.json")?;
    let file = Value::parse(&std::fs::read_to_string(file)?)?;
    let text = |value: &Value, name: &str| {
        let found = value.get(name).and_then(Value::as_str).map(str::to_owned);
        found.ok_or_else(|| format!("a case has no `{name}`: {value}"))
    };
    let value = |expression: &Expression, states: &States| {
        let outcome = expression.evaluate(None, states, Budget::default())?;
        outcome.into_value().ok_or_else(|| format!("`{}` returns no JSON", expression.source()).into())
            as Result<Value, Box<dyn std::error::Error>>
    };
    for case in file.get("cases").and_then(Value::as_array).ok_or("the file has no `cases`")?.iter() {
        let inputs = file.get("inputs").ok_or("the file has no `inputs`")?;
        let input = Expression::parse(&text(inputs, &text(case, "input")?)?)?;
        let input = value(&input, &States(Value::Null))?;
        let states = States(asl_engine::object! { "input" => input });

        let source = text(case, "expression")?;
        let expression = Expression::parse(&source)?;
        let row = asl_engine::object! {
            "name" => text(case, "name")?,
            "parse_ns" => measure(|| Expression::parse(&source)),
            "evaluate_ns" => measure(|| expression.evaluate(None, &states, Budget::default())),
            "result" => value(&expression, &states)?,
        };
        println!("{row}");
    }
    Ok(())
}
