//! What went wrong with an invocation, as Lambda tells its caller.
//!
//! INVARIANT: these are Lambda's own words (Lambda Developer Guide, *Troubleshoot invocation issues*, *Runtime API*); what
//! a function says of itself passes through as it is.

use std::process::ExitStatus;
use std::time::Duration;

/// The payload that Lambda answers with when the function failed, beside `X-Amz-Function-Error`: JSON text as a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The function, its runtime client or Lambda reports an error.
    Function(Vec<u8>),
    /// Too many invocations wait already: Lambda refuses this one (`TooManyRequestsException`).
    Throttled,
}

/// Lambda's limit on what a function answers: 6 MB and a little for the envelope, as its error tells.
pub const RESPONSE_BYTES_MAX: usize = 6 * 1024 * 1024 + 100;

fn report(kind: &str, message: String) -> Report {
    Report::Function(serde_json::json!({ "errorType": kind, "errorMessage": message }).to_string().into_bytes())
}

/// The invocation took longer than the function's timeout.
pub fn timed_out(request_id: &str, timeout: Duration) -> Report {
    let seconds = timeout.as_secs_f64();
    report("Sandbox.Timedout", format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds"))
}

/// The process ended without an answer.
pub fn exited(request_id: &str, status: ExitStatus) -> Report {
    let how = match (status.code(), signal(status)) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(signal)) => format!("Runtime exited with error: signal: {signal}"),
        (None, None) => "Runtime exited with error".to_owned(),
    };
    report("Runtime.ExitError", format!("RequestId: {request_id} Error: {how}"))
}

/// The process cannot be started.
pub fn invalid_entrypoint(request_id: &str, reason: &str) -> Report {
    report("Runtime.InvalidEntrypoint", format!("RequestId: {request_id} Error: {reason}"))
}

/// The response is larger than Lambda's limit.
pub fn response_too_large() -> Report {
    let message = format!("Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes).");
    report("Function.ResponseSizeTooLarge", message)
}

/// How Go, and so Lambda, spells the signals that end processes.
#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<String> {
    let number = std::os::unix::process::ExitStatusExt::signal(&status)?;
    Some(match number {
        2 => "interrupt".to_owned(),
        6 => "aborted".to_owned(),
        9 => "killed".to_owned(),
        11 => "segmentation fault".to_owned(),
        15 => "terminated".to_owned(),
        other => format!("signal {other}"),
    })
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<String> {
    None
}
