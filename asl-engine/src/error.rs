//! The language's own errors, and every sentence of AWS's that goes into a cause.
//!
//! INVARIANT: no other module spells an AWS cause. What is wrong with a *definition* is a
//! diagnostic; what is wrong with *us* is a Rust error; neither ever becomes one of
//! these.

use crate::query::{Expression, Location, QueryError};
use crate::value::{Str, Value};

/// Error names with a meaning in the specification ("Errors", appendix A), spelled as there.
pub mod names {
    /// Matches any error name, but for those that cannot be caught.
    pub const ALL: &str = "States.ALL";
    /// A heartbeat was missed.
    pub const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
    /// A task or execution ran longer than its timeout.
    pub const TIMEOUT: &str = "States.Timeout";
    /// Matches any error of a Task, but for timeouts.
    pub const TASK_FAILED: &str = "States.TaskFailed";
    /// Insufficient privileges.
    pub const PERMISSIONS: &str = "States.Permissions";
    /// ResultPath cannot be applied to the input.
    pub const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
    /// A Reference Path cannot be applied; AWS's own name for it.
    pub const REFERENCE_PATH_CONFLICT: &str = "States.ReferencePathConflict";
    /// A path within a payload template matches nothing.
    pub const PARAMETER_PATH_FAILURE: &str = "States.ParameterPathFailure";
    /// A branch of a Parallel state failed.
    pub const BRANCH_FAILED: &str = "States.BranchFailed";
    /// The specification's name for a Choice without a match, which AWS tells as [`RUNTIME`].
    pub const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";
    /// An intrinsic function failed.
    pub const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
    /// A Map state exceeded its tolerated failures.
    pub const EXCEED_TOLERATED_FAILURE_THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
    /// The items of a Map state could not be read.
    pub const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
    /// The results of a Map state could not be written.
    pub const RESULT_WRITER_FAILED: &str = "States.ResultWriterFailed";
    /// A JSONata expression failed.
    pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
    /// A problem of the execution itself; cannot be retried, nor caught by `States.ALL`.
    pub const RUNTIME: &str = "States.Runtime";
    /// A payload is over its limit; cannot be caught by `States.ALL`.
    pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
    /// An HTTP task was answered with a failure.
    pub const HTTP_SOCKET: &str = "States.Http.Socket";
}

/// An error of the language: what Retry and Catch see, and what an execution fails with.
///
/// Both parts may be absent, as a Fail state may leave them out.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StatesError {
    /// The error name, such as `States.Timeout`.
    pub error: Option<Str>,
    /// Human-readable text, or JSON text when a function told it so.
    pub cause: Option<Str>,
}

impl StatesError {
    /// An error with a name and a cause.
    pub fn new(error: impl Into<Str>, cause: impl Into<Str>) -> Self {
        StatesError { error: Some(error.into()), cause: Some(cause.into()) }
    }

    /// An error with a name only.
    pub fn named(error: impl Into<Str>) -> Self {
        StatesError { error: Some(error.into()), cause: None }
    }

    /// A `States.Runtime` error.
    pub fn runtime(cause: impl Into<Str>) -> Self {
        StatesError::new(names::RUNTIME, cause)
    }

    /// The name, or the empty text.
    pub fn name(&self) -> &str {
        self.error.as_deref().unwrap_or_default()
    }

    /// The Error Output (spec, "Error representation") that a Catcher hands on: `{"Error": …, "Cause": …}`.
    pub fn output(&self) -> Value {
        crate::object! {
            "Error" => self.error.clone().unwrap_or_default(),
            "Cause" => self.cause.clone().unwrap_or_default(),
        }
    }
}

/// The beginning of every cause that AWS gives for a failure inside a state:
/// `An error occurred while executing the state 'S' (entered at the event id #2). …`.
pub(crate) fn while_executing(state: &str, entered: u64, cause: &str) -> Str {
    format!("An error occurred while executing the state '{state}' (entered at the event id #{entered}). {cause}")
        .into()
}

/// A Lambda function failed without an `errorType` (seen in reports of users).
pub fn lambda_without_error_type(payload: &str) -> String {
    format!(
        "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
    )
}

/// A task's parameters are none for its service: it is not scheduled.
pub fn task_not_started(parameters: &Value, problems: &[String]) -> StatesError {
    StatesError::runtime(format!(
        "The Parameters '{}' could not be used to start the Task: [{}]",
        parameters.to_json(),
        problems.join(", ")
    ))
}

/// A parameter that the service integration does not take (seen in reports of users, as is `parameter_missing`).
pub fn parameter_unsupported(name: &str) -> String {
    format!("The field \"{name}\" is not supported by Step Functions")
}

/// A parameter that must be there is not.
pub(crate) fn parameter_missing(name: &str) -> String {
    format!("The field '{name}' is required but was missing")
}

/// A parameter is of the wrong type.
pub(crate) fn parameter_format(name: &str) -> String {
    format!("The value of the field '{name}' has an invalid format")
}

/// A payload is over [`crate::limits::PAYLOAD_BYTES_MAX`]. `what` is the state, the function's ARN or the service.
pub fn data_limit_exceeded(what: &str) -> StatesError {
    StatesError::new(
        names::DATA_LIMIT_EXCEEDED,
        format!(
            "The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit."
        ),
    )
}

/// What one Assign sets is over [`crate::limits::ASSIGN_BYTES_MAX`]. AWS documents the limit, not its words.
pub(crate) fn assign_too_large(state: &str) -> StatesError {
    let max = crate::limits::ASSIGN_BYTES_MAX;
    StatesError::new(
        names::DATA_LIMIT_EXCEEDED,
        format!("The variables assigned in the state '{state}' exceed the service limit of {max} bytes."),
    )
}

/// All variables together are over [`crate::limits::VARIABLES_BYTES_MAX`]. AWS documents the limit, not its words.
pub(crate) fn variables_too_large(state: &str) -> StatesError {
    let max = crate::limits::VARIABLES_BYTES_MAX;
    StatesError::new(
        names::DATA_LIMIT_EXCEEDED,
        format!(
            "With the variables assigned in the state '{state}', the execution's variables exceed the service limit of {max} bytes."
        ),
    )
}

/// A value nests too deep. AWS documents no such limit: the words are ours.
pub(crate) fn nested_too_deep(limit: usize) -> StatesError {
    StatesError::runtime(format!("The state's output nests deeper than {limit} levels."))
}

/// A Wait state would wait longer than AWS allows.
pub(crate) fn wait_too_long() -> StatesError {
    StatesError::runtime("Wait state delay is too long.")
}

/// No rule of a Choice state matched, and it has no Default. The specification's name for it, `States.NoChoiceMatched`, is
/// reserved on AWS, which tells `States.Runtime` (Developer Guide, *Error names*).
pub(crate) fn no_choice_matched() -> StatesError {
    StatesError::runtime("Failed to transition out of the state. The state does not point to a next state.")
}

/// The `SecondsPath` of a Wait state matches nothing.
pub(crate) fn seconds_path_without_value(path: &str) -> StatesError {
    StatesError::runtime(format!("The SecondsPath parameter does not reference an input value: {path}"))
}

/// A `…Path` field that wants a whole number got something else.
pub(crate) fn not_an_integer(field: &str, path: &str, value: &Value) -> StatesError {
    let shown = value.as_str().map_or_else(|| value.to_json(), str::to_owned);
    StatesError::runtime(format!("The {field} field refers to value \"{shown}\" which is not a valid integer: {path}"))
}

/// A Timestamp that is none.
pub(crate) fn not_a_timestamp(field: &str, text: &str) -> StatesError {
    StatesError::runtime(format!(
        "The {field} field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
    ))
}

/// A Map state's items are no array.
pub(crate) fn items_not_an_array(value: &Value) -> StatesError {
    StatesError::runtime(format!("Map state input must be an array but was: {value}"))
}

/// The `ItemsPath` of a Map state leads to something else than an array.
pub(crate) fn items_path_not_an_array(path: &str) -> StatesError {
    // Recorded: a path into the context object is shown without its first `$`.
    let path = path.strip_prefix('$').filter(|rest| rest.starts_with('$')).unwrap_or(path);
    StatesError::runtime(format!("Reference path \"{path}\" must point to array."))
}

/// A field that must not be negative is.
pub(crate) fn negative(expression: &Expression, field: &str) -> QueryError {
    out_of_range(expression, field, format!("{field} cannot be negative."))
}

/// Developer Guide, *Transforming data with JSONata*: an expression whose value is out of a field's range is a
/// `States.QueryEvaluationError`. Of a path it is a `States.Runtime` error (recorded).
fn out_of_range(expression: &Expression, field: &str, cause: String) -> QueryError {
    match expression {
        Expression::Jsonata(_) => QueryError {
            error: StatesError::new(names::QUERY_EVALUATION_ERROR, cause),
            location: Some(field.to_owned()),
        },
        _ => StatesError::runtime(cause).into(),
    }
}

/// A `…Path` field that wants a number got something else.
pub(crate) fn not_a_number(field: &str, path: &str, value: &Value) -> StatesError {
    let shown = value.as_str().map_or_else(|| value.to_json(), str::to_owned);
    StatesError::runtime(format!("The {field} field refers to value \"{shown}\" which is not a valid number: {path}"))
}

/// A percentage that is none.
pub(crate) fn not_a_percentage(expression: &Expression, field: &str) -> QueryError {
    out_of_range(expression, field, format!("{field} must be between 0 and 100."))
}

/// More items of a Map Run failed than are tolerated.
pub(crate) fn tolerated_failures_exceeded() -> StatesError {
    StatesError::new(
        names::EXCEED_TOLERATED_FAILURE_THRESHOLD,
        "The specified tolerated failure threshold was exceeded",
    )
}

/// The items of a Map Run could not be read.
pub(crate) fn item_reader_failed(cause: impl Into<Str>) -> StatesError {
    StatesError::new(names::ITEM_READER_FAILED, cause)
}

/// The items that were read are no array.
pub(crate) fn items_not_iterable() -> StatesError {
    item_reader_failed("Attempting to map over non-iterable node.")
}

/// `MaxItems` of an ItemReader is negative.
pub(crate) fn max_items_not_positive() -> StatesError {
    item_reader_failed("field MaxItems must be positive")
}

/// Two columns of a CSV file have the same header.
pub(crate) fn duplicate_csv_headers() -> StatesError {
    item_reader_failed("CSV headers cannot contain duplicates.")
}

/// An expression of a field gave a value of another type than the field wants.
pub(crate) fn unexpected_type(
    expression: &Expression,
    location: &Location<'_>,
    expected: &str,
    value: &Value,
) -> QueryError {
    if let Expression::Jsonata(jsonata) = expression {
        let what = format!(
            "returned an unexpected result type. Expected '{expected}', but was '{}' for value: {value}",
            value.type_name()
        );
        let error = jsonata_error(jsonata.source(), location, &what);
        return QueryError { error, location: Some(location.to_string()) };
    }
    let cause = format!("The value of the field '{location}' must be of the type {expected}, but was: {value}");
    StatesError::runtime(cause).into()
}

// The causes of paths, payload templates, intrinsic functions and choice rules.

/// A path of a state's own field matches nothing. The reason is worded by Jayway JsonPath; AWS hands it through.
pub(crate) fn invalid_path(path: &str, reason: &str) -> String {
    format!("Invalid path '{path}' : {reason}")
}

/// The last step of a definite path matches nothing.
pub(crate) fn no_results(canonical: &str) -> String {
    format!("No results for path: {canonical}")
}

/// A member on the way is missing.
pub(crate) fn missing_property(canonical: &str) -> String {
    format!("Missing property in path {canonical}")
}

/// A member of something that is no object.
pub(crate) fn not_an_object(step: &str, canonical: &str, class: &str) -> String {
    format!(
        "Expected to find an object with property {step} in path {canonical} but found '{class}'. This is not a json \
         object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'."
    )
}

/// An item of something that is no array.
pub(crate) fn not_an_array(steps: &str, found: &str) -> String {
    format!("Filter: {steps} can only be applied to arrays. Current context is: {found}")
}

/// An item of null.
pub(crate) fn path_is_null(canonical: &str) -> String {
    format!("The path {canonical} is null")
}

/// A path in a payload template matches nothing. (The specification names this error States.ParameterPathFailure;
/// executions recorded on AWS fail with States.Runtime.)
pub(crate) fn template_path_not_found(path: &str, member: &str, input: &Value) -> StatesError {
    StatesError::runtime(format!(
        "The JSONPath '{path}' specified for the field '{member}.$' could not be found in the input '{}'",
        input.to_json()
    ))
}

/// `Variable`, or the path of a `…Path` comparison, matches nothing.
pub(crate) fn choice_path_not_found(path: &str) -> StatesError {
    StatesError::runtime(format!(
        "Invalid path '{path}': The choice state's condition path references an invalid value."
    ))
}

/// An intrinsic function failed. (The specification names this error States.IntrinsicFailure; executions recorded on
/// AWS fail with States.Runtime.)
pub(crate) fn intrinsic_failure(call: &str, reason: &str) -> StatesError {
    StatesError::runtime(format!("The function '{call}' had the following error: {reason}"))
}

/// A path given to an intrinsic function matches nothing.
pub(crate) fn argument_not_found(path: &str, input: &Value) -> String {
    format!("The JsonPath argument for the field '{path}' could not be found in the input '{}'", input.to_json())
}

/// An intrinsic function cannot take these arguments.
pub(crate) fn invalid_arguments(function: &str) -> String {
    format!("Invalid arguments in {function}")
}

/// `States.Format` has more or fewer arguments than places.
pub(crate) fn format_count() -> String {
    "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}".into()
}

/// A Reference Path (`ResultPath`, `ItemsPath`) cannot be applied to a value that is neither object nor array.
/// (The specification names this error States.ResultPathMatchFailure; executions recorded on AWS fail with this name.)
pub(crate) fn reference_path_conflict(path: &str, input: &Value) -> StatesError {
    StatesError::new(
        names::REFERENCE_PATH_CONFLICT,
        format!("Unable to apply ReferencePath {path} to input {}", input.to_json()),
    )
}

/// One step of a Reference Path cannot be made: a name within an array, an index out of range, nothing to read.
pub(crate) fn reference_step_conflict(step: &str, input: &Value) -> StatesError {
    StatesError::new(
        names::REFERENCE_PATH_CONFLICT,
        format!("Unable to apply step \"{step}\" to input {}", input.to_json()),
    )
}

/// A path other than `$` has nothing to read from.
pub(crate) fn null_input() -> StatesError {
    StatesError::runtime("Unable to apply Path transformation to null or empty input.")
}

/// A Task state's activity was deleted, or there never was one.
pub(crate) fn activity_does_not_exist(arn: &str) -> StatesError {
    StatesError::runtime(format!("The activity {arn} does not exist."))
}

/// A STANDARD execution has used up its history.
pub(crate) fn history_full() -> StatesError {
    let max = crate::limits::HISTORY_EVENTS_MAX;
    StatesError::runtime(format!("The execution reached the maximum number of history events ({max})."))
}

/// A JSONata expression's value is undefined.
pub(crate) fn jsonata_undefined(source: &str, location: &Location<'_>) -> StatesError {
    jsonata_error(source, location, "returned nothing (undefined).")
}

/// A JSONata expression's value is a function.
pub(crate) fn jsonata_unsupported_result(source: &str, location: &Location<'_>) -> StatesError {
    jsonata_error(source, location, "returned an unsupported result type.")
}

/// A JSONata expression failed; the reason is told in the reference's own words.
pub(crate) fn jsonata_failed(source: &str, location: &Location<'_>, reason: &crate::jsonata::Error) -> StatesError {
    jsonata_error(source, location, &format!("threw an error during evaluation. {reason}"))
}

fn jsonata_error(source: &str, location: &Location<'_>, what: &str) -> StatesError {
    let cause = format!("The JSONata expression '{source}' specified for the field '{location}' {what}");
    StatesError::new(names::QUERY_EVALUATION_ERROR, cause)
}
