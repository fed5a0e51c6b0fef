//! The order saga's functions as Lambda functions: one program, whose handler chooses the function, as `saga.order_new`
//! chooses `order-new`. Records are files below `SAGA_RECORDS`, so that the functions share them.

use asl_engine::runtime::Clock;
use asl_engine::{StatesError, Value};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use std::path::PathBuf;
use tasks::{Saga, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let handler = std::env::var("_HANDLER").unwrap_or_default();
    let name = handler.rsplit('.').next().unwrap_or_default().replace('_', "-");
    let function = tasks::function(&name).ok_or_else(|| format!("the saga has no function `{handler}`"))?;
    let saga = &Saga::new(Store::shared(records()), || Clock::System.now());
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        function.run(saga, event.payload).map_err(diagnostic)
    }))
    .await
}

fn records() -> PathBuf {
    let named = std::env::var_os("SAGA_RECORDS").filter(|folder| !folder.is_empty());
    named.map_or_else(|| std::env::temp_dir().join("saga-records"), PathBuf::from)
}

/// The error as the runtime client tells it to Lambda: its name as `errorType`, its reason as `errorMessage`.
fn diagnostic(error: StatesError) -> Diagnostic {
    let report = error.cause.as_deref().and_then(|cause| Value::parse(cause).ok());
    let message = report.as_ref().and_then(|report| report.get("errorMessage")?.as_str()).unwrap_or_default();
    Diagnostic { error_type: error.name().to_owned(), error_message: message.to_owned() }
}
