//! What the optimised integrations share. AWS made most of them with version 1 of its SDK for Java, and so they tell errors in
//! its words.

use crate::service::Caller;
use asl_engine::StatesError;
use asl_engine::task::TaskRequest;

/// A service as the SDK names it.
pub(super) struct Service {
    /// How its errors begin: `SQS`.
    pub(super) prefix: &'static str,
    /// Its name in causes, and in the exception of all that its model does not name: `AmazonSQS`.
    pub(super) name: &'static str,
}

impl Service {
    /// What it refused, as a task's error. `shape` is the exception when the service's model has it.
    pub(super) fn refused(
        &self,
        shape: Option<&str>,
        code: &str,
        message: &str,
        status: u16,
        request_id: &str,
    ) -> StatesError {
        let Service { prefix, name } = self;
        let kind = shape.unwrap_or(name);
        let suffix = if kind.ends_with("Exception") { "" } else { "Exception" };
        let cause = format!(
            "{message} (Service: {name}; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; Proxy: null)"
        );
        StatesError::new(format!("{prefix}.{kind}{suffix}"), cause)
    }
}

/// The account and region of the execution that asks.
pub(super) fn caller(request: &TaskRequest) -> Caller {
    let mut parts = request.execution_arn.split(':').skip(3).map(str::to_owned);
    let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    Caller { account, region }
}
