//! TestState

mod request;
mod response;

use crate::integration::Exchange;
use crate::service::{Caller, Service};
use crate::wire::ApiError;
use asl_engine::machine::TaskCommand;
use asl_engine::task::{Resource, TaskRequest, TaskResult};
use asl_engine::test_state::{Progress, Report, StateTest};
use asl_engine::value::Str;
use std::time::Duration;

use request::Level;
pub(super) use request::Request;
pub(super) use response::Response;

pub(super) async fn run(service: &Service, caller: &Caller, request: Request) -> Result<Response, ApiError> {
    let checked = request.check(caller)?;
    let mut tasks = Tasks {
        service,
        execution_arn: checked.subject.start.execution_arn.clone(),
        traces: checked.level == Level::Trace,
        exchange: Exchange::new(checked.reveals_secrets),
    };
    let test = StateTest::new(checked.program, checked.subject).map_err(|_| ApiError::state_type_needs_mock())?;
    let report = drive(test, &mut tasks).await;
    Ok(Response::new(&report, checked.input, checked.level, tasks.exchange))
}

/// Sees a test to its end: answers its task, if it asks for one, as the tasks of executions are answered.
async fn drive(mut test: StateTest, tasks: &mut Tasks<'_>) -> Report {
    let clock = tasks.service.engine().clock();
    let mut progress = test.run(clock.now());
    loop {
        let command = match progress {
            Progress::Done(report) => return *report,
            Progress::Asks(command) => command,
        };
        let left = test.deadline().map_or(0, |at| at.as_millis() - clock.now().as_millis());
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        progress = tokio::select! {
            biased;
            result = tasks.answer(*command) => test.answer(clock.now(), result),
            () = clock.sleep(left) => test.deadline_reached(),
        };
    }
}

/// Who answers the tasks of a test.
struct Tasks<'a> {
    service: &'a Service,
    execution_arn: Str,
    /// Are the request and the response of an HTTP task looked at?
    traces: bool,
    exchange: Exchange,
}

impl Tasks<'_> {
    async fn answer(&mut self, command: TaskCommand) -> TaskResult {
        let request = TaskRequest {
            purpose: command.purpose,
            execution_arn: self.execution_arn.clone(),
            state: command.state,
            task: command.task.0,
            token: command.token,
            timeout_seconds: command.timeout_seconds,
            heartbeat_seconds: command.heartbeat_seconds,
            credentials: command.credentials,
            ..TaskRequest::new(command.resource, command.input)
        };
        match &request.resource {
            Resource::Service { service, action, .. } if self.traces && (&**service, &**action) == ("http", "invoke") => {
                self.service.dispatcher().exchange(&request, &mut self.exchange).await
            }
            _ => self.service.engine().call(request).await,
        }
    }
}
