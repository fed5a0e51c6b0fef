//! The state machines of the load.

use serde_json::{Value, json};

pub(super) const PREFIX: &str = "arn:aws:states:us-east-1:123456789012";

/// All of them.
pub(super) const ALL: [&str; 7] = ["Chain", "Waits", "Maps", "Asks", "Acts", "Redrives", "Batches"];

/// Those that fail until somebody redrives them.
pub(super) const REDRIVEN: [&str; 2] = ["Redrives", "Batches"];

/// Where the results of `Batches` are stored.
pub(super) const BUCKET: &str = "results";

/// The input of an execution.
pub(super) fn input(name: &str) -> Value {
    let tries = [(1, 0), (2, 0), (3, 1), (4, 0)].map(|(item, least)| json!({"item": item, "least": least}));
    json!({"id": name, "items": [1, 2, 3, 4], "tries": tries})
}

/// A task that fails until the execution was redriven so often.
fn until(mut parameters: Value, fields: Value) -> Value {
    parameters["redrives.$"] = "$$.Execution.RedriveCount".into();
    let resource = "arn:aws:lambda:us-east-1:123456789012:function:Until";
    let mut state = json!({"Type": "Task", "Resource": resource, "Parameters": parameters});
    for (name, value) in fields.as_object().into_iter().flatten() {
        state[name] = value.clone();
    }
    state
}

fn work(step: u32, next: Value) -> Value {
    let mut state = json!({
        "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Work",
        "Parameters": {"id.$": "$.id", "step": step, "attempt.$": "$$.State.RetryCount"},
        "ResultPath": format!("$.s{step}"),
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 20}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}],
    });
    for (name, value) in next.as_object().into_iter().flatten() {
        state[name] = value.clone();
    }
    state
}

/// The state machine of that name.
pub(super) fn definition(name: &str) -> Value {
    let states = match name {
        "Chain" => json!({
            "First": work(1, json!({"Next": "Second"})), "Second": work(2, json!({"Next": "Third"})),
            "Third": work(3, json!({"End": true})), "Undo": {"Type": "Fail", "Error": "Undone"},
        }),
        "Waits" => json!({
            "First": {"Type": "Wait", "Seconds": 2, "Next": "Second"},
            "Second": {"Type": "Pass", "Parameters": {"id.$": "$.id", "n": 1.0}, "Next": "Third"},
            "Third": {"Type": "Wait", "Seconds": 1, "End": true},
        }),
        "Maps" => {
            let mut item = json!({
                "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Echo", "End": true,
            });
            item["Retry"] = json!([{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3}]);
            json!({
                "First": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "ResultPath": "$.first",
                    "ItemSelector": {"id.$": "$.id", "item.$": "$$.Map.Item.Value"}, "Next": "Second",
                    "ItemProcessor": {"StartAt": "Inline", "States": {"Inline": item.clone()}}},
                "Second": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.second", "End": true, "Label": "L",
                    "ItemSelector": {"id.$": "$.id", "child.$": "$$.Map.Item.Value"},
                    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                        "StartAt": "Pause", "States": {
                            "Pause": {"Type": "Wait", "Seconds": 1, "Next": "Child"}, "Child": item}}},
            })
        }
        // Fails until it is redriven twice.
        "Redrives" => json!({
            "First": work(1, json!({"Next": "Second"})),
            "Second": until(json!({"id.$": "$.id", "least": 2}), json!({"ResultPath": "$.second", "Next": "Third"})),
            "Third": {"Type": "Wait", "Seconds": 1, "End": true}, "Undo": {"Type": "Fail", "Error": "Undone"},
        }),
        // Fails at its third item until it is redriven. What it stores is told without the random names in it.
        "Batches" => json!({
            "First": {"Type": "Map", "ItemsPath": "$.tries", "MaxConcurrency": 1, "Label": "B", "End": true,
                "ItemSelector": {"id.$": "$.id", "item.$": "$$.Map.Item.Value.item", "least.$": "$$.Map.Item.Value.least"},
                "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Try", "States": {
                        "Try": until(json!({"id.$": "$.id", "item.$": "$.item", "least.$": "$.least"}), json!({"End": true}))}},
                "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
                    "Parameters": {"Bucket": BUCKET, "Prefix.$": "$.id"}, "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"}},
                "ResultSelector": {"bucket.$": "$.ResultWriterDetails.Bucket"}},
        }),
        "Asks" => json!({
            "First": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": {"FunctionName": "Ask", "Payload": {"id.$": "$.id", "token.$": "$$.Task.Token"}},
                "ResultPath": "$.answer", "Next": "Second"},
            "Second": {"Type": "Wait", "Seconds": 1, "End": true},
        }),
        _ => json!({
            "First": {"Type": "Task", "Resource": format!("{PREFIX}:activity:Act"), "TimeoutSeconds": 3, "End": true,
                "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 20}]},
        }),
    };
    json!({"StartAt": "First", "States": states})
}
