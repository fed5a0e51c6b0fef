//! Virtual time in the local runtime.
#![cfg(feature = "runtime")]

use asl_engine::machine::{Outcome, Start};
use asl_engine::runtime::{Clock, Engine, VirtualClock};
use asl_engine::task::TaskRequest;
use asl_engine::{Definition, Timestamp};
use std::sync::Arc;
use std::time::Duration;

const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:M:e1";

/// Whoever advances waits for handlers to answer or to fall asleep, however long that takes.
#[tokio::test]
async fn a_handler_may_fall_asleep_after_somebody_asked_to_advance() {
    let clock = Clock::Virtual(VirtualClock::at(Timestamp::from_millis(0)));
    let own = clock.clone();
    let hangs = move |request: TaskRequest| {
        let clock = own.clone();
        async move {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            clock.sleep(Duration::from_secs(1000)).await;
            Ok(request.input)
        }
    };
    let engine = Engine::builder().clock(clock).function("F", Arc::new(hangs)).build();
    let definition = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "TimeoutSeconds": 10, "End": true,
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:F"}}}"#;
    let program = Definition::parse(definition, &Default::default()).program.unwrap();
    engine.start(program, Start { execution_arn: ARN.into(), ..Start::default() }).await.unwrap();
    while engine.execution(ARN).unwrap().outcome.is_none() {
        assert!(engine.advance().await, "nothing will happen any more");
    }
    let execution = engine.execution(ARN).unwrap();
    assert!(matches!(&execution.outcome, Some(Outcome::Failed(error)) if error.name() == "States.Timeout"));
    assert_eq!(execution.stopped.unwrap().as_millis() - execution.started.as_millis(), 10_000);
}
