//! The order saga: reading its definition, and executing it with its in-process functions.
//!
//! `cargo bench -p tasks --bench saga`

use asl_engine::machine::Outcome;
use asl_engine::runtime::{Clock, Engine};
use asl_engine::task::{TaskFuture, TaskRequest};
use asl_engine::{Definition, Program, Value, definition::ParseOptions, object};
use divan::{Bencher, counter::ItemsCount};
use std::sync::Arc;
use tasks::{Saga, Store};
use tokio::runtime::Runtime;

const CLIENTS: usize = 64;

fn main() {
    divan::main();
}

fn options() -> ParseOptions {
    let substitutions = tasks::substitutions("us-east-1", "123456789012").into_iter().collect();
    ParseOptions { substitutions, ..ParseOptions::default() }
}

fn program() -> Arc<Program> {
    Definition::parse(tasks::DEFINITION, &options()).program.expect("the saga's definition is right")
}

#[divan::bench]
fn parse_and_compile(bencher: Bencher<'_, '_>) {
    let options = options();
    bencher.bench(|| Definition::parse(divan::black_box(tasks::DEFINITION), &options));
}

fn order(number: usize) -> Value {
    let item = object! { "item_id" => "567", "qty" => 1.0, "description" => "Cart item 1", "unit_price" => 199.99 };
    object! {
        "order_id" => format!("4-{number}"),
        "order_date" => "2018-10-19T10:50:16+08:00",
        "customer_id" => "8d04ea6f-c6b2-4422-8550-839a16f01feb",
        "items" => Value::from(vec![item]),
    }
}

/// Sixty-four executions at a time, the store in memory, the topic answered at once.
#[divan::bench]
fn executions(bencher: Bencher<'_, '_>) {
    let tokio = Runtime::new().expect("a tokio runtime");
    let saga = Saga::new(Store::in_memory(), || Clock::System.now());
    let program = program();
    let engine = tokio.block_on(async {
        let topic = |_: TaskRequest| -> TaskFuture { Box::pin(async { Ok(object! { "MessageId" => "1" }) }) };
        let functions = tasks::handlers(&saga).into_iter();
        let builder = functions.fold(Engine::builder(), |builder, (name, handler)| builder.function(name, handler));
        builder.dispatcher(Arc::new(topic)).build()
    });
    bencher.counter(ItemsCount::new(CLIENTS)).bench(|| {
        tokio.block_on(async {
            let runs = (0..CLIENTS).map(|number| {
                let (engine, program) = (engine.clone(), program.clone());
                tokio::spawn(async move { engine.run(program, order(number)).await })
            });
            for run in runs.collect::<Vec<_>>() {
                let outcome = run.await.expect("an outcome");
                assert!(matches!(outcome, Outcome::Succeeded { .. }), "{outcome:?}");
            }
        });
    });
}
