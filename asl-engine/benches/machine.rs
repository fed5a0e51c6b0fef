//! The pure machine: transitions per second, without journal, history, threads or I/O.
//!
//! `cargo bench -p asl-engine --bench machine`

use asl_engine::machine::Start;
use asl_engine::simulation::{Answer, Simulation};
use asl_engine::{Definition, Program, Value, object};
use divan::{Bencher, counter::ItemsCount};
use std::sync::Arc;

fn main() {
    divan::main();
}

fn compile(definition: &str) -> Arc<Program> {
    let definition = Definition::parse(definition, &Default::default());
    assert!(definition.program.is_some(), "{}", definition.render("bench", false));
    definition.program.unwrap()
}

fn run(program: &Arc<Program>, input: &Value) {
    let start = Start { input: input.clone(), ..Start::default() };
    let mut simulation = Simulation::new(program.clone(), start).without_history();
    simulation.run(|task| Answer::Now(Ok(task.input.clone())));
    assert!(
        matches!(simulation.outcome(), Some(asl_engine::machine::Outcome::Succeeded { .. })),
        "{:?}",
        simulation.outcome()
    );
}

fn chain(states: usize, fields: &str) -> Arc<Program> {
    let states: Vec<String> = (0..states)
        .map(|i| {
            let next = if i + 1 == states { r#""End": true"#.into() } else { format!(r#""Next": "S{}""#, i + 1) };
            format!(r#""S{i}": {{"Type": "Pass", {fields} {next}}}"#)
        })
        .collect();
    compile(&format!(r#"{{"StartAt": "S0", "States": {{{}}}}}"#, states.join(",")))
}

#[divan::bench]
fn ten_pass(bencher: Bencher<'_, '_>) {
    let program = chain(10, "");
    let input = object! { "order_id" => "47063fe3", "amount" => 12.5 };
    bencher.counter(ItemsCount::new(10usize)).bench(|| run(&program, &input));
}

#[divan::bench]
fn ten_pass_with_templates(bencher: Bencher<'_, '_>) {
    let program = chain(10, r#""Parameters": {"id.$": "$.id", "n.$": "States.MathAdd($.n, 1)", "fixed": [1, 2]},"#);
    let input = object! { "id" => "47063fe3", "n" => 1 };
    bencher.counter(ItemsCount::new(10usize)).bench(|| run(&program, &input));
}

/// 200 KB that only pass through must not be copied: compare with `ten_pass`.
#[divan::bench]
fn ten_pass_200_kb_with_result_path(bencher: Bencher<'_, '_>) {
    let program = chain(10, r#""Result": 1, "ResultPath": "$.step","#);
    let items: Value = (0..2000).map(|i| object! { "id" => i, "text" => "x".repeat(70) }).collect();
    let input = object! { "items" => items };
    bencher.counter(ItemsCount::new(10usize)).bench(|| run(&program, &input));
}

#[divan::bench(args = [100, 1_000, 3_000])]
fn choice_loop(bencher: Bencher<'_, '_>, turns: usize) {
    let program = compile(&format!(
        r#"{{"StartAt": "Add", "States": {{
            "Add": {{"Type": "Pass", "Parameters": {{"n.$": "States.MathAdd($.n, 1)"}}, "Next": "Enough"}},
            "Enough": {{"Type": "Choice", "Choices": [{{"Variable": "$.n", "NumericGreaterThanEquals": {turns}, "Next": "Done"}}], "Default": "Add"}},
            "Done": {{"Type": "Succeed"}}}}}}"#
    ));
    bencher.counter(ItemsCount::new(turns * 2)).bench(|| run(&program, &object! { "n" => 0 }));
}

#[divan::bench(args = [100, 1_000, 10_000])]
fn map(bencher: Bencher<'_, '_>, items: usize) {
    let program = compile(
        r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true,
            "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}}}"#,
    );
    let input: Value = (0..items).map(Value::from).collect();
    bencher.counter(ItemsCount::new(items)).bench(|| run_any(&program, &input));
}

/// Each item is an execution of its own: a machine is made, run and dropped.
#[divan::bench(args = [1_000, 10_000])]
fn distributed_map(bencher: Bencher<'_, '_>, items: usize) {
    let program = compile(
        r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}}}"#,
    );
    let input: Value = (0..items).map(Value::from).collect();
    bencher.counter(ItemsCount::new(items)).bench(|| run(&program, &input));
}

/// A Map of 10,000 iterations is over the history limit of a STANDARD execution: EXPRESS has none.
fn run_any(program: &Arc<Program>, input: &Value) {
    let start =
        Start { input: input.clone(), machine_type: asl_engine::machine::MachineType::Express, ..Start::default() };
    Simulation::new(program.clone(), start).without_history().run(|task| Answer::Now(Ok(task.input.clone())));
}

#[divan::bench]
fn parallel_10_by_3(bencher: Bencher<'_, '_>) {
    let branch = |i: usize| {
        format!(
            r#"{{"StartAt": "B{i}a", "States": {{"B{i}a": {{"Type": "Pass", "Next": "B{i}b"}},
            "B{i}b": {{"Type": "Pass", "Next": "B{i}c"}}, "B{i}c": {{"Type": "Pass", "End": true}}}}}}"#
        )
    };
    let branches: Vec<String> = (0..10).map(branch).collect();
    let program = compile(&format!(
        r#"{{"StartAt": "P", "States": {{"P": {{"Type": "Parallel", "End": true, "Branches": [{}]}}}}}}"#,
        branches.join(",")
    ));
    bencher.counter(ItemsCount::new(31usize)).bench(|| run(&program, &object! { "n" => 0 }));
}
