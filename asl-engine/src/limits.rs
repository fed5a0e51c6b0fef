//! Every limit of the language and the service, each with its source.
//!
//! "Quotas" is the Step Functions Developer Guide's page *Service quotas*; "spec" is the States Language specification.

/// Bytes of a state's, task's or execution's input or output (Quotas: "Maximum input or output size for a task, state,
/// or execution", 256 KiB).
pub const PAYLOAD_BYTES_MAX: usize = 262_144;
/// How often an execution can be redriven (Developer Guide, *Redrive eligibility*).
pub const REDRIVES_MAX: u64 = 1000;
/// How many days after its end an execution can be redriven (Developer Guide, *Redrive eligibility*).
pub const REDRIVABLE_DAYS: i64 = 14;
/// An execution with so many history events cannot be redriven (Developer Guide, *Redrive eligibility*).
pub const HISTORY_EVENTS_REDRIVABLE: u64 = 24_999;
/// Events in the history of a STANDARD execution (Quotas: "Maximum execution history size").
pub const HISTORY_EVENTS_MAX: u64 = 25_000;
/// Bytes of a definition (Quotas: "Maximum state machine definition size", 1 MB).
pub const DEFINITION_BYTES_MAX: usize = 1_048_576;
/// Bytes of one request, headers included (Quotas: "Maximum request size", 1 MB).
pub const REQUEST_BYTES_MAX: usize = 1_048_576;
/// Characters of a state name (spec, "States").
pub const STATE_NAME_CHARS_MAX: usize = 80;
/// Seconds a STANDARD execution may run: one year (Quotas: "Maximum execution time").
pub const EXECUTION_SECONDS_MAX: u64 = 31_536_000;
/// Seconds an EXPRESS execution may run: five minutes (Quotas: "Maximum execution time").
pub const EXPRESS_SECONDS_MAX: u64 = 300;
/// Seconds of `TimeoutSeconds` and `HeartbeatSeconds` (spec, "Timeouts": 99999999).
pub const TIMEOUT_SECONDS_MAX: u64 = 99_999_999;
/// Characters of a Fail state's Error (API reference, ExecutionFailedEventDetails).
pub const ERROR_CHARS_MAX: usize = 256;
/// Characters of a Fail state's Cause (API reference, ExecutionFailedEventDetails).
pub const CAUSE_CHARS_MAX: usize = 32_768;
/// How deep values may nest. AWS does not document one; ours keeps every walk over a value within the stack.
pub const VALUE_DEPTH_MAX: usize = 512;
/// How deep a definition may nest (states within branches, templates within fields). Ours, for the same reason.
pub const DEFINITION_DEPTH_MAX: usize = 128;
/// How deep intrinsic function calls may nest (Developer Guide, *Intrinsic functions*: "up to 10").
pub const INTRINSIC_DEPTH_MAX: usize = 10;
/// Concurrent iterations of an inline Map whose MaxConcurrency is 0 (Developer Guide, *Inline mode*: 40).
pub const INLINE_MAP_CONCURRENCY_MAX: usize = 40;
/// Concurrent child executions of a Distributed Map whose MaxConcurrency is 0 (Developer Guide, *Distributed mode*).
pub const DISTRIBUTED_MAP_CONCURRENCY_MAX: usize = 10_000;
/// Bytes of one item that an ItemReader reads from a text (Developer Guide, *ItemReader*: "an item of up to 8 MB").
pub const READ_ITEM_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of an object that an ItemReader reads as one JSON document. AWS allows 10 GB; ours has to fit into memory.
pub const READ_DOCUMENT_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Bytes of a row group of a Parquet file (Developer Guide, *ItemReader*: 256 MB).
pub const PARQUET_ROW_GROUP_BYTES_MAX: i64 = 256 * 1024 * 1024;
/// Bytes of the footer of a Parquet file (Developer Guide, *ItemReader*: 5 MB).
pub const PARQUET_FOOTER_BYTES_MAX: u32 = 5 * 1024 * 1024;
/// Bytes of all headers of a CSV file (Developer Guide, *ItemReader*: "headers of up to 10 KiB").
pub const CSV_HEADER_BYTES_MAX: usize = 10 * 1024;
/// Bytes of results that a Map Run holds before it hands them to its ResultWriter. AWS splits result files at 5 GB; ours are
/// smaller, as a part is in memory until it is written.
pub const RESULT_PART_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes that one Assign may set, and with it the bytes of one variable (Developer Guide, *Variables*: 256 KiB).
pub const ASSIGN_BYTES_MAX: usize = 262_144;
/// Bytes of all variables of an execution (Developer Guide, *Variables*: 10 MiB).
pub const VARIABLES_BYTES_MAX: usize = 10_485_760;
/// Characters of a variable's name (Developer Guide, *Variables*: 80).
pub const VARIABLE_NAME_CHARS_MAX: usize = 80;
/// Transitions one `step` makes before it yields, so that a looping execution cannot starve others. Ours.
pub const TRANSITIONS_PER_STEP: usize = 1_000;
