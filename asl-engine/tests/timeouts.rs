//! TimeoutSeconds and HeartbeatSeconds (spec, "Timeouts"), event by event as recorded.

mod support;

use asl_engine::machine::{Outcome, TimerId};
use asl_engine::simulation::Answer;
use std::time::Duration;
use support::{alone, compile, outcome, run, told};

const LAMBDA: &str =
    r#""Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "F"}, "End": true"#;

/// Recorded: of tasks that time out at the same moment, all are told before what follows from the first of them.
#[test]
fn tasks_due_together_are_told_together() {
    let map = alone(&format!(
        r#"{{"Type": "Map", "End": true, "ItemProcessor": {{"StartAt": "T", "States": {{"T": {{"TimeoutSeconds": 5, {LAMBDA}}}}}}}}}"#
    ));
    let simulation = run(&map, "[1, 2]", |_| Answer::Never);
    assert_eq!(outcome(&simulation), "States.Timeout: -");
    assert_eq!(
        told(simulation.history())[11..],
        [
            "12<-10 TaskTimedOut",
            "13<-11 TaskTimedOut",
            "14<-12 MapIterationFailed",
            "15<-12 TaskStateAborted",
            "16<-12 MapIterationAborted",
            "17<-12 TaskStateAborted",
            "18<-12 MapStateFailed",
            "19<-18 ExecutionFailed"
        ]
    );
}

#[test]
fn a_task_that_is_retried_leaves_those_due_with_it_alone() {
    let parallel = alone(&format!(
        r#"{{"Type": "Parallel", "End": true, "Branches": [
            {{"StartAt": "A", "States": {{"A": {{"TimeoutSeconds": 5, {LAMBDA}, "Retry": [{{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}}]}}}}}},
            {{"StartAt": "B", "States": {{"B": {{"HeartbeatSeconds": 5, "TimeoutSeconds": 60, {LAMBDA},
                "Retry": [{{"ErrorEquals": ["States.HeartbeatTimeout"], "MaxAttempts": 1}}]}}}}}}]}}"#
    ));
    let mut calls = 0;
    let simulation = run(&parallel, "{}", |task| {
        calls += 1;
        if calls <= 2 { Answer::Never } else { Answer::Now(Ok(task.state.clone().into())) }
    });
    assert_eq!(outcome(&simulation), r#"["A","B"]"#);
    assert_eq!(simulation.elapsed(), Duration::from_secs(6));
}

/// A Retrier of a task that the first failure has ended is not asked any more.
#[test]
fn nothing_follows_once_the_first_failure_has_ended_the_execution() {
    let retry = r#", "Retry": [{"ErrorEquals": ["States.ALL"]}]"#;
    let branch = |name: &str, retry: &str| {
        format!(r#"{{"StartAt": "{name}", "States": {{"{name}": {{"TimeoutSeconds": 5, {LAMBDA}{retry}}}}}}}"#)
    };
    let (first, second) = (branch("A", ""), branch("B", retry));
    let parallel = alone(&format!(r#"{{"Type": "Parallel", "End": true, "Branches": [{first}, {second}]}}"#));
    let simulation = run(&parallel, "{}", |_| Answer::Never);
    assert_eq!(outcome(&simulation), "States.Timeout: -");
    assert!((0..10).all(|timer| !simulation.machine().awaits_timer(TimerId(timer))));
    assert!(told(simulation.history()).last().is_some_and(|last| last.ends_with("ExecutionFailed")));
}

#[test]
fn the_executions_own_timeout_ends_everything_at_once() {
    let program = compile(&format!(
        r#"{{"TimeoutSeconds": 3, "StartAt": "P", "States": {{"P": {{"Type": "Parallel", "End": true, "Branches": [
            {{"StartAt": "A", "States": {{"A": {{{LAMBDA}, "TimeoutSeconds": 3, "Retry": [{{"ErrorEquals": ["States.ALL"]}}]}}}}}}]}}}}}}"#
    ));
    let simulation = run(&program, "{}", |_| Answer::Never);
    assert!(matches!(simulation.outcome(), Some(Outcome::TimedOut(_))));
    assert_eq!(simulation.history().last().map(|event| event.previous), Some(0));
}
