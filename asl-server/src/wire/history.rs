//! History events as GetExecutionHistory writes them (API reference, *HistoryEvent*).

use asl_engine::history::{HistoryDetail, HistoryEvent};
use asl_engine::machine::Start;
use asl_engine::value::{Object, Str};
use asl_engine::{StatesError, Value};

/// How events are written.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// Inputs, outputs, errors' causes and variables are left out when false (`includeExecutionData`).
    pub data: bool,
    /// The region that tasks are said to run in.
    pub region: &'a str,
    /// How the execution began, where more of it is told than the events know: the version and the alias it was started by,
    /// and its input as it was sent. AWS shows that when the execution starts and when it enters its first state.
    pub start: Option<&'a Start>,
}

/// One event in AWS's JSON.
pub fn event(event: &HistoryEvent, style: Style<'_>) -> Value {
    // The first two events are the start and the entry of the first state.
    let style = Style { start: style.start.filter(|_| event.id <= 2), ..style };
    let detail = Detail { members: Object::default(), style };
    let (kind, details) = describe(&event.detail, detail);
    let mut members = Object::default();
    members.insert("timestamp", Value::from(event.timestamp.as_seconds_f64()));
    members.insert("type", Value::from(kind));
    members.insert("id", Value::from(event.id));
    members.insert("previousEventId", Value::from(event.previous));
    if let Some((name, details)) = details {
        members.insert(name, Value::Object(details));
    }
    Value::Object(members)
}

/// The members of an event's details, as they are written one by one.
struct Detail<'a> {
    members: Object,
    style: Style<'a>,
}

type Details = Option<(&'static str, Object)>;

impl Detail<'_> {
    fn set(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.insert(name, value.into());
        self
    }

    fn set_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// `input` as JSON text, with `inputDetails`.
    fn input(self, value: &Value) -> Self {
        let sent = self.style.start.and_then(|start| start.input_text.as_deref());
        self.payload("input", "inputDetails", || sent.map_or_else(|| value.to_json(), str::to_owned))
    }

    /// `output` as JSON text, with `outputDetails`.
    fn output(self, value: &Value) -> Self {
        self.payload("output", "outputDetails", || value.to_json())
    }

    fn payload(self, name: &'static str, details: &'static str, text: impl FnOnce() -> String) -> Self {
        if !self.style.data {
            return self;
        }
        self.set(name, text()).set(details, asl_engine::object! { "truncated" => false })
    }

    /// `error` and `cause`.
    fn error(self, error: &StatesError) -> Self {
        let cause = error.cause.clone().filter(|_| self.style.data);
        self.set_some("error", error.error.clone()).set_some("cause", cause)
    }

    fn resource(self, resource_type: &Str, resource: &Str) -> Self {
        self.set("resourceType", resource_type.clone()).set("resource", resource.clone())
    }

    fn credentials(self, credentials: &Option<Value>) -> Self {
        let role = credentials.as_ref().and_then(|credentials| credentials.get("RoleArn")).cloned();
        let role = role.map(|role| asl_engine::object! { "roleArn" => role });
        self.set_some("taskCredentials", role)
    }

    /// `assignedVariables`: each variable's value as JSON text.
    fn assigned(self, variables: &Option<Value>) -> Self {
        let Some(variables) = variables.as_ref().and_then(Value::as_object).filter(|_| self.style.data) else {
            return self;
        };
        let texts: Object =
            variables.iter().map(|(name, value)| (name.clone(), Value::from(value.to_json()))).collect();
        self.set("assignedVariables", Value::Object(texts))
            .set("assignedVariablesDetails", asl_engine::object! { "truncated" => false })
    }

    fn named(self, name: &'static str) -> Details {
        Some((name, self.members))
    }
}

/// The event's `type`, and the name and the members of its details when it has any.
fn describe(event: &HistoryDetail, detail: Detail<'_>) -> (String, Details) {
    use HistoryDetail as H;
    let (kind, details): (&str, Details) = match event {
        H::ExecutionStarted { input, role_arn } => {
            let start = detail.style.start;
            let details = detail
                .input(input)
                .set("roleArn", role_arn.clone())
                .set_some("stateMachineAliasArn", start.and_then(|start| start.state_machine_alias_arn.clone()))
                .set_some("stateMachineVersionArn", start.and_then(|start| start.state_machine_version_arn.clone()));
            ("ExecutionStarted", details.named("executionStartedEventDetails"))
        }
        H::ExecutionSucceeded { output } => {
            ("ExecutionSucceeded", detail.output(output).named("executionSucceededEventDetails"))
        }
        H::ExecutionFailed(error) => ("ExecutionFailed", detail.error(error).named("executionFailedEventDetails")),
        H::ExecutionTimedOut(error) => {
            ("ExecutionTimedOut", detail.error(error).named("executionTimedOutEventDetails"))
        }
        H::ExecutionAborted(error) => ("ExecutionAborted", detail.error(error).named("executionAbortedEventDetails")),
        H::ExecutionRedriven { redrive_count } => {
            ("ExecutionRedriven", detail.set("redriveCount", *redrive_count).named("executionRedrivenEventDetails"))
        }

        H::StateEntered { state_type, name, input } => {
            let details = detail.set("name", name.clone()).input(input).named("stateEnteredEventDetails");
            return (format!("{state_type:?}StateEntered"), details);
        }
        H::StateExited { state_type, name, output, assigned } => {
            let details = detail.set("name", name.clone()).output(output).assigned(assigned);
            return (format!("{state_type:?}StateExited"), details.named("stateExitedEventDetails"));
        }
        H::StateAborted { state_type } => return (format!("{state_type:?}StateAborted"), None),
        H::EvaluationFailed { error, location, state } => (
            "EvaluationFailed",
            detail
                .error(error)
                .set_some("location", location.clone())
                .set("state", state.clone())
                .named("evaluationFailedEventDetails"),
        ),

        H::LambdaFunctionScheduled { resource, input, timeout_seconds, credentials } => (
            "LambdaFunctionScheduled",
            detail
                .set("resource", resource.clone())
                .input(input)
                .set_some("timeoutInSeconds", *timeout_seconds)
                .credentials(credentials)
                .named("lambdaFunctionScheduledEventDetails"),
        ),
        H::LambdaFunctionScheduleFailed(error) => {
            ("LambdaFunctionScheduleFailed", detail.error(error).named("lambdaFunctionScheduleFailedEventDetails"))
        }
        H::LambdaFunctionStarted => ("LambdaFunctionStarted", None),
        H::LambdaFunctionStartFailed(error) => {
            ("LambdaFunctionStartFailed", detail.error(error).named("lambdaFunctionStartFailedEventDetails"))
        }
        H::LambdaFunctionSucceeded { output } => {
            ("LambdaFunctionSucceeded", detail.output(output).named("lambdaFunctionSucceededEventDetails"))
        }
        H::LambdaFunctionFailed(error) => {
            ("LambdaFunctionFailed", detail.error(error).named("lambdaFunctionFailedEventDetails"))
        }
        H::LambdaFunctionTimedOut(error) => {
            ("LambdaFunctionTimedOut", detail.error(error).named("lambdaFunctionTimedOutEventDetails"))
        }

        H::ActivityScheduled { resource, input, timeout_seconds, heartbeat_seconds } => (
            "ActivityScheduled",
            detail
                .set("resource", resource.clone())
                .input(input)
                .set_some("timeoutInSeconds", *timeout_seconds)
                .set_some("heartbeatInSeconds", *heartbeat_seconds)
                .named("activityScheduledEventDetails"),
        ),
        H::ActivityScheduleFailed(error) => {
            ("ActivityScheduleFailed", detail.error(error).named("activityScheduleFailedEventDetails"))
        }
        H::ActivityStarted { worker_name } => {
            ("ActivityStarted", detail.set_some("workerName", worker_name.clone()).named("activityStartedEventDetails"))
        }
        H::ActivitySucceeded { output } => {
            ("ActivitySucceeded", detail.output(output).named("activitySucceededEventDetails"))
        }
        H::ActivityFailed(error) => ("ActivityFailed", detail.error(error).named("activityFailedEventDetails")),
        H::ActivityTimedOut(error) => ("ActivityTimedOut", detail.error(error).named("activityTimedOutEventDetails")),

        H::TaskScheduled { resource_type, resource, parameters, timeout_seconds, heartbeat_seconds, credentials } => {
            // `region` and `parameters` are required members: without execution data the parameters are empty text.
            let parameters = if detail.style.data { parameters.to_json() } else { String::new() };
            let region = Str::from(detail.style.region);
            let details = detail
                .resource(resource_type, resource)
                .set("region", region)
                .set("parameters", parameters)
                .set_some("timeoutInSeconds", *timeout_seconds)
                .set_some("heartbeatInSeconds", *heartbeat_seconds)
                .credentials(credentials);
            ("TaskScheduled", details.named("taskScheduledEventDetails"))
        }
        H::TaskStarted { resource_type, resource } => {
            ("TaskStarted", detail.resource(resource_type, resource).named("taskStartedEventDetails"))
        }
        H::TaskStartFailed { resource_type, resource, error } => (
            "TaskStartFailed",
            detail.resource(resource_type, resource).error(error).named("taskStartFailedEventDetails"),
        ),
        H::TaskSubmitted { resource_type, resource, output } => (
            "TaskSubmitted",
            detail.resource(resource_type, resource).output(output).named("taskSubmittedEventDetails"),
        ),
        H::TaskSubmitFailed { resource_type, resource, error } => (
            "TaskSubmitFailed",
            detail.resource(resource_type, resource).error(error).named("taskSubmitFailedEventDetails"),
        ),
        H::TaskSucceeded { resource_type, resource, output } => (
            "TaskSucceeded",
            detail.resource(resource_type, resource).output(output).named("taskSucceededEventDetails"),
        ),
        H::TaskFailed { resource_type, resource, error } => {
            ("TaskFailed", detail.resource(resource_type, resource).error(error).named("taskFailedEventDetails"))
        }
        H::TaskTimedOut { resource_type, resource, error } => {
            ("TaskTimedOut", detail.resource(resource_type, resource).error(error).named("taskTimedOutEventDetails"))
        }

        H::ParallelStateStarted => ("ParallelStateStarted", None),
        H::ParallelStateSucceeded => ("ParallelStateSucceeded", None),
        H::ParallelStateFailed => ("ParallelStateFailed", None),

        H::MapStateStarted { length } => {
            ("MapStateStarted", detail.set("length", *length).named("mapStateStartedEventDetails"))
        }
        H::MapStateSucceeded => ("MapStateSucceeded", None),
        H::MapStateFailed => ("MapStateFailed", None),
        H::MapIterationStarted { name, index } => {
            ("MapIterationStarted", iteration(detail, name, *index).named("mapIterationStartedEventDetails"))
        }
        H::MapIterationSucceeded { name, index } => {
            ("MapIterationSucceeded", iteration(detail, name, *index).named("mapIterationSucceededEventDetails"))
        }
        H::MapIterationFailed { name, index } => {
            ("MapIterationFailed", iteration(detail, name, *index).named("mapIterationFailedEventDetails"))
        }
        H::MapIterationAborted { name, index } => {
            ("MapIterationAborted", iteration(detail, name, *index).named("mapIterationAbortedEventDetails"))
        }
        H::MapRunStarted { map_run_arn } => {
            ("MapRunStarted", detail.set("mapRunArn", map_run_arn.clone()).named("mapRunStartedEventDetails"))
        }
        H::MapRunSucceeded => ("MapRunSucceeded", None),
        H::MapRunFailed(error) => ("MapRunFailed", detail.error(error).named("mapRunFailedEventDetails")),
        H::MapRunAborted => ("MapRunAborted", None),
        H::MapRunRedriven { map_run_arn, redrive_count } => (
            "MapRunRedriven",
            detail
                .set("mapRunArn", map_run_arn.clone())
                .set("redriveCount", *redrive_count)
                .named("mapRunRedrivenEventDetails"),
        ),
    };
    (kind.to_owned(), details)
}

fn iteration<'a>(detail: Detail<'a>, name: &Str, index: u64) -> Detail<'a> {
    detail.set("name", name.clone()).set("index", index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use asl_engine::Timestamp;
    use asl_engine::definition::program::StateType;

    fn write(detail: HistoryDetail, data: bool) -> String {
        let moment = Timestamp::from_millis(1_706_702_400_120);
        let event = HistoryEvent { id: 3, previous: 2, timestamp: moment, detail };
        super::event(&event, Style { data, region: "us-east-1", start: None }).to_json()
    }

    #[test]
    fn the_input_stays_as_it_was_sent_until_a_state_has_worked_on_it() {
        let write = |id| {
            let detail = HistoryDetail::StateEntered {
                state_type: StateType::Pass,
                name: "P".into(),
                input: Value::parse("[1, 2]").unwrap(),
            };
            let event = HistoryEvent { id, previous: 0, timestamp: Timestamp::from_millis(0), detail };
            let start = Start { input_text: Some("[1, 2]".into()), ..Start::default() };
            let style = Style { data: true, region: "us-east-1", start: Some(&start) };
            let event = super::event(&event, style);
            event.get("stateEnteredEventDetails").unwrap().get("input").unwrap().as_str().unwrap().to_owned()
        };
        assert_eq!(write(2), "[1, 2]");
        assert_eq!(write(4), "[1,2]");
    }

    #[test]
    fn writes_events_as_the_api_reference_does() {
        let text = || Value::parse(r#"{"a":1.0}"#).unwrap();
        let head = |kind: &str| format!(r#"{{"timestamp":1706702400.12,"type":"{kind}","id":3,"previousEventId":2"#);
        let cases = [
            (
                HistoryDetail::ExecutionStarted { input: text(), role_arn: "R".into() },
                "ExecutionStarted",
                r#","executionStartedEventDetails":{"input":"{\"a\":1.0}","inputDetails":{"truncated":false},"roleArn":"R"}}"#,
                r#","executionStartedEventDetails":{"roleArn":"R"}}"#,
            ),
            (
                HistoryDetail::StateExited {
                    state_type: StateType::Pass,
                    name: "P".into(),
                    output: text(),
                    assigned: Some(Value::parse(r#"{"v":"x"}"#).unwrap()),
                },
                "PassStateExited",
                r#","stateExitedEventDetails":{"name":"P","output":"{\"a\":1.0}","outputDetails":{"truncated":false},"assignedVariables":{"v":"\"x\""},"assignedVariablesDetails":{"truncated":false}}}"#,
                r#","stateExitedEventDetails":{"name":"P"}}"#,
            ),
            (HistoryDetail::LambdaFunctionStarted, "LambdaFunctionStarted", "}", "}"),
            (
                HistoryDetail::ExecutionAborted(StatesError::default()),
                "ExecutionAborted",
                r#","executionAbortedEventDetails":{}}"#,
                r#","executionAbortedEventDetails":{}}"#,
            ),
            (
                HistoryDetail::TaskScheduled {
                    resource_type: "sns".into(),
                    resource: "publish".into(),
                    parameters: text(),
                    timeout_seconds: Some(10),
                    heartbeat_seconds: None,
                    credentials: Some(Value::parse(r#"{"RoleArn":"C"}"#).unwrap()),
                },
                "TaskScheduled",
                r#","taskScheduledEventDetails":{"resourceType":"sns","resource":"publish","region":"us-east-1","parameters":"{\"a\":1.0}","timeoutInSeconds":10,"taskCredentials":{"roleArn":"C"}}}"#,
                r#","taskScheduledEventDetails":{"resourceType":"sns","resource":"publish","region":"us-east-1","parameters":"","timeoutInSeconds":10,"taskCredentials":{"roleArn":"C"}}}"#,
            ),
            (
                HistoryDetail::TaskFailed {
                    resource_type: "lambda".into(),
                    resource: "invoke".into(),
                    error: StatesError::new("E", "secret"),
                },
                "TaskFailed",
                r#","taskFailedEventDetails":{"resourceType":"lambda","resource":"invoke","error":"E","cause":"secret"}}"#,
                r#","taskFailedEventDetails":{"resourceType":"lambda","resource":"invoke","error":"E"}}"#,
            ),
            (
                HistoryDetail::MapIterationFailed { name: "M".into(), index: 1 },
                "MapIterationFailed",
                r#","mapIterationFailedEventDetails":{"name":"M","index":1}}"#,
                r#","mapIterationFailedEventDetails":{"name":"M","index":1}}"#,
            ),
        ];
        for (detail, kind, with_data, without) in cases {
            assert_eq!(write(detail.clone(), true), head(kind) + with_data);
            assert_eq!(write(detail, false), head(kind) + without);
        }
    }
}
