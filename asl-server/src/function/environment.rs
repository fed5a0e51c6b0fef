//! A process's environment: what Lambda sets, what the user sets, and what the server itself was started with, but for
//! everything of AWS's: a function is given no real credentials.

use super::{LocalFunction, Surroundings};
use std::ffi::OsString;
use std::net::SocketAddr;

/// All variables of a process.
pub(super) fn variables(
    function: &LocalFunction,
    surroundings: &Surroundings,
    runtime_api: SocketAddr,
) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<(OsString, OsString)> =
        std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_inherited)).collect();
    let mut set = |name: &str, value: &str| variables.push((name.into(), value.into()));
    let region = &surroundings.caller.region;
    for (name, value) in [
        ("AWS_REGION", region.as_str()),
        ("AWS_DEFAULT_REGION", region),
        // SDKs sign with these; local endpoints take any.
        ("AWS_ACCESS_KEY_ID", &surroundings.caller.account),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("TZ", ":UTC"),
    ] {
        set(name, value);
    }
    // A function sends its task token to where it came from, and calls the other functions there.
    if let Some(endpoint) = &surroundings.endpoint {
        set("AWS_ENDPOINT_URL_SFN", endpoint);
        set("AWS_ENDPOINT_URL_LAMBDA", endpoint);
    }
    for (name, value) in &function.environment {
        set(name, value);
    }
    let log_group = format!("/aws/lambda/{}", function.name);
    let directory = std::path::absolute(&function.directory).unwrap_or_else(|_| function.directory.clone());
    // Lambda reserves these.
    for (name, value) in [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("_HANDLER", function.handler.clone().unwrap_or_default()),
        ("LAMBDA_TASK_ROOT", directory.display().to_string()),
    ] {
        set(name, &value);
    }
    if let Some(runtime) = &function.runtime {
        set("AWS_EXECUTION_ENV", &format!("AWS_Lambda_{runtime}"));
    }
    variables
}

/// Does a process inherit the variable? AWS's are the user's own business, but for where local services answer.
fn is_inherited(name: &str) -> bool {
    let own = name.starts_with("AWS_") && !name.starts_with("AWS_ENDPOINT_URL");
    !own && !name.starts_with("ASL_") && name != "_HANDLER"
}

#[cfg(test)]
mod tests {
    use super::is_inherited;

    #[test]
    fn real_credentials_stay_outside() {
        for name in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "ASL_DATA", "_HANDLER"] {
            assert!(!is_inherited(name), "{name}");
        }
        for name in ["PATH", "HOME", "VIRTUAL_ENV", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"] {
            assert!(is_inherited(name), "{name}");
        }
    }
}
