//! Map Runs through EXPRESS child executions, on the runtime: time should grow with the number of items, and no faster.

use asl_engine::machine::{Outcome, Start};
use asl_engine::runtime::Engine;
use asl_engine::task::{Purpose, TaskRequest, TaskResult};
use asl_engine::{Definition, Program, Value, object};
use std::sync::Arc;

fn main() {
    divan::main();
}

/// A distributed Map whose items a reader makes up, and whose results a writer drops.
fn program() -> Arc<Program> {
    let definition = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "MaxConcurrency": 1000,
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "Parameters": {"Bucket": "b", "Key.$": "$.key"}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}}}}"#;
    Definition::parse(definition, &Default::default()).program.unwrap()
}

async fn store(request: TaskRequest) -> TaskResult {
    match &request.purpose {
        Purpose::ReadItems { .. } => {
            let items = request.input.get("Key").and_then(Value::as_i64).unwrap_or(0);
            Ok((0..items).map(|id| object! { "id" => id.to_string(), "amount" => "42" }).collect())
        }
        _ => Ok(object! { "Bucket" => "b", "Key" => "manifest.json" }),
    }
}

async fn run(program: Arc<Program>, items: i64) {
    let engine = Engine::builder().dispatcher(Arc::new(store)).build();
    let arn = "arn:aws:states:us-east-1:123456789012:execution:Orders:e1";
    let start = Start { input: object! { "key" => items }, execution_arn: arn.into(), ..Start::default() };
    engine.start(program, start).await.unwrap();
    let outcome = engine.finished(arn).await.unwrap().outcome;
    assert!(matches!(outcome, Some(Outcome::Succeeded { .. })), "{outcome:?}");
}

#[divan::bench(args = [1_000, 10_000, 100_000], sample_count = 3, sample_size = 1)]
fn express_children(items: i64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    runtime.block_on(run(program(), items));
    // How much memory the process ever had, where the system tells.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find(|line| line.starts_with("VmHWM")) {
        eprintln!("{items} items: {peak}");
    }
}
