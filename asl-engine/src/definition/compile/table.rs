//! Which fields there are, and in which query language (spec, "Table of State Types and Fields").

use crate::query::QueryLanguage;

/// A field and the query language it belongs to; `None`: both.
pub(super) type Field = (&'static str, Option<QueryLanguage>);

const JSONPATH: Option<QueryLanguage> = Some(QueryLanguage::JsonPath);
const JSONATA: Option<QueryLanguage> = Some(QueryLanguage::Jsonata);
const BOTH: Option<QueryLanguage> = None;

/// The types of state.
pub(super) const STATE_TYPES: &[&str] = &["Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"];

/// Joins lists of fields.
macro_rules! fields {
    ($($group:ident),*; $($name:literal $language:ident),* $(,)?) => {
        &[$($group),*, &[$(($name, $language)),*]]
    };
}

/// A table: some groups of fields.
pub(super) type Table = &'static [&'static [Field]];

/// A group that stands for itself.
macro_rules! group {
    ($($name:literal $language:ident),* $(,)?) => { &[$(($name, $language)),*] };
}

const COMMON: &[Field] = group!["Type" BOTH, "Comment" BOTH, "QueryLanguage" BOTH];
const TRANSITION: &[Field] = group!["Next" BOTH, "End" BOTH];
const DATA: &[Field] = group!["InputPath" JSONPATH, "OutputPath" JSONPATH, "Output" JSONATA];
const ASSIGN: &[Field] = group!["Assign" BOTH];
const RESULT: &[Field] = group!["ResultPath" JSONPATH, "ResultSelector" JSONPATH];
const RECOVERY: &[Field] = group!["Retry" BOTH, "Catch" BOTH];

/// The machine itself.
pub(super) const MACHINE: Table = &[group![
    "Comment" BOTH, "StartAt" BOTH, "States" BOTH, "Version" BOTH, "TimeoutSeconds" BOTH, "QueryLanguage" BOTH,
]];
/// A branch of a Parallel state.
pub(super) const BRANCH: Table = &[group!["Comment" BOTH, "StartAt" BOTH, "States" BOTH]];
/// `ItemProcessor` and `Iterator` of a Map state.
pub(super) const PROCESSOR: Table = &[group!["Comment" BOTH, "StartAt" BOTH, "States" BOTH, "ProcessorConfig" BOTH]];
/// `ProcessorConfig`.
pub(super) const PROCESSOR_CONFIG: Table = &[group!["Mode" BOTH, "ExecutionType" BOTH]];
/// `ItemReader`.
pub(super) const ITEM_READER: Table = &[group![
    "Resource" BOTH, "Parameters" JSONPATH, "Arguments" JSONATA, "ReaderConfig" BOTH,
]];
/// `ReaderConfig`.
pub(super) const READER_CONFIG: Table = &[group![
    "InputType" BOTH, "Transformation" BOTH, "ManifestType" BOTH, "CSVHeaderLocation" BOTH, "CSVHeaders" BOTH,
    "CSVDelimiter" BOTH, "ItemsPointer" BOTH, "MaxItems" BOTH, "MaxItemsPath" JSONPATH,
]];
/// `WriterConfig`.
pub(super) const WRITER_CONFIG: Table = &[group!["OutputType" BOTH, "Transformation" BOTH]];
/// `ItemBatcher`.
pub(super) const ITEM_BATCHER: Table = &[group![
    "BatchInput" BOTH, "MaxItemsPerBatch" BOTH, "MaxItemsPerBatchPath" JSONPATH,
    "MaxInputBytesPerBatch" BOTH, "MaxInputBytesPerBatchPath" JSONPATH,
]];
/// `ResultWriter`.
pub(super) const RESULT_WRITER: Table = &[group![
    "Resource" BOTH, "Parameters" JSONPATH, "Arguments" JSONATA, "WriterConfig" BOTH,
]];
/// One Retrier.
pub(super) const RETRIER: Table = &[group![
    "ErrorEquals" BOTH, "IntervalSeconds" BOTH, "MaxAttempts" BOTH, "BackoffRate" BOTH, "MaxDelaySeconds" BOTH,
    "JitterStrategy" BOTH, "Comment" BOTH,
]];
/// One Catcher.
pub(super) const CATCHER: Table = &[group![
    "ErrorEquals" BOTH, "Next" BOTH, "ResultPath" JSONPATH, "Output" JSONATA, "Assign" BOTH, "Comment" BOTH,
]];

/// The fields of a state of that type.
pub(super) fn of_state(type_name: &str) -> Option<Table> {
    Some(match type_name {
        "Pass" => {
            fields![COMMON, TRANSITION, DATA, ASSIGN; "Result" JSONPATH, "Parameters" JSONPATH, "ResultPath" JSONPATH]
        }
        "Task" => fields![COMMON, TRANSITION, DATA, ASSIGN, RESULT, RECOVERY;
            "Resource" BOTH, "Parameters" JSONPATH, "Arguments" JSONATA, "Credentials" BOTH,
            "TimeoutSeconds" BOTH, "TimeoutSecondsPath" JSONPATH,
            "HeartbeatSeconds" BOTH, "HeartbeatSecondsPath" JSONPATH,
        ],
        "Choice" => fields![COMMON, DATA, ASSIGN; "Choices" BOTH, "Default" BOTH],
        "Wait" => fields![COMMON, TRANSITION, DATA, ASSIGN;
            "Seconds" BOTH, "SecondsPath" JSONPATH, "Timestamp" BOTH, "TimestampPath" JSONPATH,
        ],
        "Succeed" => fields![COMMON, DATA;],
        "Fail" => fields![COMMON; "Error" BOTH, "ErrorPath" JSONPATH, "Cause" BOTH, "CausePath" JSONPATH],
        "Parallel" => fields![COMMON, TRANSITION, DATA, ASSIGN, RESULT, RECOVERY;
            "Branches" BOTH, "Parameters" JSONPATH, "Arguments" JSONATA,
        ],
        "Map" => fields![COMMON, TRANSITION, DATA, ASSIGN, RESULT, RECOVERY;
            "ItemProcessor" BOTH, "Iterator" BOTH, "ItemsPath" JSONPATH, "Items" JSONATA,
            "ItemSelector" BOTH, "Parameters" JSONPATH,
            "MaxConcurrency" BOTH, "MaxConcurrencyPath" JSONPATH,
            "ToleratedFailureCount" BOTH, "ToleratedFailureCountPath" JSONPATH,
            "ToleratedFailurePercentage" BOTH, "ToleratedFailurePercentagePath" JSONPATH,
            "ItemReader" BOTH, "ItemBatcher" BOTH, "ResultWriter" BOTH, "Label" BOTH,
        ],
        _ => return None,
    })
}

/// The field of that name.
pub(super) fn find(table: Table, name: &str) -> Option<Field> {
    table.iter().copied().flatten().copied().find(|(field, _)| *field == name)
}
