//! TestState

mod request;
mod response;

use crate::service::{Caller, Service};
use crate::wire::ApiError;
use asl_engine::machine::TaskCommand;
use asl_engine::task::TaskRequest;
use asl_engine::test_state::{Progress, Report, StateTest};
use std::time::Duration;

pub(super) use request::Request;
pub(super) use response::Response;

pub(super) async fn run(service: &Service, caller: &Caller, request: Request) -> Result<Response, ApiError> {
    let checked = request.check(caller)?;
    let test = StateTest::new(checked.program, checked.subject).map_err(|_| ApiError::state_type_needs_mock())?;
    let report = drive(service, test).await;
    Ok(Response::new(&report, checked.input, checked.inspects))
}

/// Sees a test to its end: answers its task, if it asks for one, as the tasks of executions are answered.
async fn drive(service: &Service, mut test: StateTest) -> Report {
    let clock = service.engine().clock();
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
            result = service.engine().call(task_request(*command)) => test.answer(clock.now(), result),
            () = clock.sleep(left) => test.deadline_reached(),
        };
    }
}

fn task_request(command: TaskCommand) -> TaskRequest {
    TaskRequest {
        purpose: command.purpose,
        state: command.state,
        task: command.task.0,
        token: command.token,
        timeout_seconds: command.timeout_seconds,
        credentials: command.credentials,
        ..TaskRequest::new(command.resource, command.input)
    }
}
