//! Typical JSONata expressions of states, evaluated over an order of 200 items.

use asl_engine::Value;
use asl_engine::jsonata::{Bindings, Budget, Expression};
use divan::Bencher;

const EXPRESSIONS: [&str; 10] = [
    "$states.input.order.customer.name",
    "$states.input.order.total > 100 and $states.input.order.currency = 'EUR'",
    "{'id': $states.input.order.id, 'who': $states.input.order.customer.name}",
    "$sum($states.input.order.items.(quantity * price))",
    "$sum($states.input.few.(quantity * price))",
    "$states.input.order.items[price > 50].sku",
    "$map($states.input.few, function($i) { $i.sku & '-' & $i.quantity })",
    "$states.input.few^(>price).sku",
    "$string($states.input.order.customer)",
    "$fromMillis(1735689600123, '[Y0001]-[M01]-[D01] [H01]:[m01]')",
];

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

fn states() -> States {
    let item = |n: usize| format!(r#"{{"sku":"SKU-{n}","quantity":{},"price":{}.25}}"#, n % 7 + 1, n % 90);
    let items = |count: usize| (0..count).map(item).collect::<Vec<_>>().join(",");
    let input = format!(
        r#"{{"input":{{"order":{{"id":"o-1","total":120.5,"currency":"EUR","customer":{{"name":"Ada","vip":true}},
           "items":[{}]}},"few":[{}]}}}}"#,
        items(200),
        items(5)
    );
    States(Value::parse(&input).unwrap_or_default())
}

#[divan::bench(args = EXPRESSIONS)]
fn evaluate(bencher: Bencher<'_, '_>, source: &str) {
    let states = states();
    let expression = Expression::parse(source).expect("the expression parses");
    bencher.bench_local(|| expression.evaluate(None, &states, Budget::default()));
}

#[divan::bench(args = EXPRESSIONS)]
fn parse(bencher: Bencher<'_, '_>, source: &str) {
    bencher.bench_local(|| Expression::parse(source));
}

fn main() {
    divan::main();
}
