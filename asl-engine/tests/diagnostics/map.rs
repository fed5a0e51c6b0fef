//! Map states, inline and distributed.

use crate::{Case, Snippet::*};

pub const CASES: &[Case] = &[
    (
        "map::label_too_long",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "Label": "12345678901234567890123456789012345678901"}"#,
        ),
        &[
            "3:11 INVALID_LABEL_NAME /States/S/Label: Invalid Label name: Label '12345678901234567890123456789012345678901' exceeds the 40-character limit allowed by the service",
        ],
    ),
    (
        "map::label_character",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "Label": "a b"}"#,
        ),
        &["3:13 INVALID_LABEL_NAME /States/S/Label: Label contains invalid character: ' '"],
    ),
    (
        "map::label_character",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "Label": "a\u0000"}"#,
        ),
        &[r#"3:13 INVALID_LABEL_NAME /States/S/Label: Label contains invalid character: '\0'"#],
    ),
    (
        "map::duplicate_label",
        Machine(
            r#"{"StartAt": "A", "States": {
"A": {"Type": "Map", "Label": "L", "Next": "B", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}},
"B": {"Type": "Map", "Label": "L", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "J", "States": {"J": {"Type": "Succeed"}}}}}}"#,
        ),
        &["3:31 DUPLICATE_LABEL_NAME /States/B/Label: Duplicate Label name: L"],
    ),
    (
        "map::distributed_only",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"ItemReader": {"Resource": "arn:aws:states:::s3:getObject"}}"#,
        ),
        &[
            "3:1 SCHEMA_VALIDATION_FAILED /States/S: Field 'ItemReader' is only supported for Map states in DISTRIBUTED mode",
        ],
    ),
    (
        "map::distributed_only",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"ItemBatcher": {"MaxItemsPerBatch": 2}}"#,
        ),
        &[
            "3:1 SCHEMA_VALIDATION_FAILED /States/S: Field 'ItemBatcher' is only supported for Map states in DISTRIBUTED mode",
        ],
    ),
    (
        "map::distributed_only",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject"}}"#,
        ),
        &[
            "3:1 SCHEMA_VALIDATION_FAILED /States/S: Field 'ResultWriter' is only supported for Map states in DISTRIBUTED mode",
        ],
    ),
    (
        "map::express",
        Express(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
        ),
        &[
            "2:76 SCHEMA_VALIDATION_FAILED /States/S/ItemProcessor/ProcessorConfig/Mode: The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines",
        ],
    ),
    (
        "map::resource",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getBucket"}}"#,
        ),
        &[
            "3:29 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/Resource: The field 'Resource' does not match any of the allowed values",
        ],
    ),
    (
        "map::resource",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:putObject"}}"#,
        ),
        &[
            "3:29 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/Resource: The field 'Resource' does not match any of the allowed values",
        ],
    ),
    (
        "map::resource",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ResultWriter": {"Resource": "arn:aws:states:::s3:getObject"}}"#,
        ),
        &[
            "3:31 SCHEMA_VALIDATION_FAILED /States/S/ResultWriter/Resource: The field 'Resource' does not match any of the allowed values",
        ],
    ),
    (
        "schema::required",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
        ),
        &[
            "2:67 SCHEMA_VALIDATION_FAILED /States/S/ItemProcessor/ProcessorConfig: These fields are required: [ExecutionType]",
        ],
    ),
    (
        "schema::required",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}}}"#,
        ),
        &["3:96 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig: These fields are required: [CSVHeaders]"],
    ),
    (
        "schema::required",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {}}"#,
        ),
        &["3:16 SCHEMA_VALIDATION_FAILED /States/S/ItemReader: These fields are required: [Resource]"],
    ),
    (
        "schema::field_missing",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": {"InputType": "CSV"}}}"#,
        ),
        &[
            "3:96 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig: The field 'CSVHeaderLocation' is required but was missing",
        ],
    ),
    (
        "schema::unsupported",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
        ),
        &[
            "2:86 SCHEMA_VALIDATION_FAILED /States/S/ItemProcessor/ProcessorConfig: Field 'ExecutionType' is not supported",
        ],
    ),
    (
        "schema::unsupported",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": {"InputType": "JSON", "CSVHeaderLocation": "FIRST_ROW"}}}"#,
        ),
        &[
            "3:118 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig: Field 'CSVHeaderLocation' is not supported",
        ],
    ),
    (
        "schema::unsupported",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": {"InputType": "JSON", "Delimiter": ","}}}"#,
        ),
        &["3:118 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig: Field 'Delimiter' is not supported"],
    ),
    (
        "schema::one_of",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "REMOTE"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
        ),
        &[
            "2:76 SCHEMA_VALIDATION_FAILED /States/S/ItemProcessor/ProcessorConfig/Mode: Value should be one of the following: [INLINE, DISTRIBUTED]",
        ],
    ),
    (
        "schema::one_of",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "FAST"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
        ),
        &[
            "2:108 SCHEMA_VALIDATION_FAILED /States/S/ItemProcessor/ProcessorConfig/ExecutionType: Value should be one of the following: [STANDARD, EXPRESS]",
        ],
    ),
    (
        "schema::one_of",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": {"InputType": "XML"}}}"#,
        ),
        &[
            "3:110 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig/InputType: Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST]",
        ],
    ),
    (
        "schema::one_of",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "LAST_ROW", "CSVDelimiter": ","}}}"#,
        ),
        &[
            "3:138 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig/CSVHeaderLocation: Value should be one of the following: [FIRST_ROW, GIVEN]",
            "3:166 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig/CSVDelimiter: Value should be one of the following: [COMMA, PIPE, SEMICOLON, SPACE, TAB]",
        ],
    ),
    (
        "schema::one_of",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": {"InputType": "MANIFEST", "ManifestType": "LIST", "Transformation": "LOAD"}}}"#,
        ),
        &[
            "3:164 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig/Transformation: Value should be one of the following: [NONE, LOAD_AND_FLATTEN]",
            "3:138 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig/ManifestType: Value should be one of the following: [ATHENA_DATA, S3_INVENTORY]",
        ],
    ),
    (
        "schema::one_of",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ResultWriter": {"WriterConfig": {"OutputType": "CSV", "Transformation": "SOME"}}}"#,
        ),
        &[
            "3:50 SCHEMA_VALIDATION_FAILED /States/S/ResultWriter/WriterConfig/OutputType: Value should be one of the following: [JSON, JSONL]",
            "3:75 SCHEMA_VALIDATION_FAILED /States/S/ResultWriter/WriterConfig/Transformation: Value should be one of the following: [NONE, COMPACT, FLATTEN]",
        ],
    ),
    (
        "schema::maximum",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": {"InputType": "JSON", "MaxItems": 100000001}}}"#,
        ),
        &["3:130 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig/MaxItems: Maximum value is 100000000"],
    ),
    (
        "schema::maximum",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ToleratedFailurePercentage": 101, "ItemBatcher": {"MaxInputBytesPerBatch": 262145}}"#,
        ),
        &[
            "3:32 SCHEMA_VALIDATION_FAILED /States/S/ToleratedFailurePercentage: Maximum value is 100.0",
            "3:78 SCHEMA_VALIDATION_FAILED /States/S/ItemBatcher/MaxInputBytesPerBatch: Maximum value is 262144",
        ],
    ),
    (
        "schema::minimum",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ToleratedFailureCount": -1, "ToleratedFailurePercentage": -1}"#,
        ),
        &[
            "3:27 SCHEMA_VALIDATION_FAILED /States/S/ToleratedFailureCount: Minimum value is 0",
            "3:61 SCHEMA_VALIDATION_FAILED /States/S/ToleratedFailurePercentage: Minimum value is 0.0",
        ],
    ),
    (
        "schema::some_required",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemBatcher": {}}"#,
        ),
        &[
            "3:17 SCHEMA_VALIDATION_FAILED /States/S/ItemBatcher: One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
        ],
    ),
    (
        "schema::some_required",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ResultWriter": {"Parameters": {}}}"#,
        ),
        &[
            "3:18 SCHEMA_VALIDATION_FAILED /States/S/ResultWriter: One of these fields is required: [Resource, WriterConfig]",
        ],
    ),
    (
        "schema::wrong_language",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Arguments": {}}}"#,
        ),
        &[
            "3:62 SCHEMA_VALIDATION_FAILED /States/S/ItemReader: The QueryLanguage is set to 'JSONPath', but field 'Arguments' is only supported for the 'JSONata' QueryLanguage",
        ],
    ),
    (
        "schema::wrong_language",
        Jsonata(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
 "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$.m"}}}"#,
        ),
        &[
            "3:62 SCHEMA_VALIDATION_FAILED /States/S/ItemReader: The QueryLanguage is set to 'JSONata', but field 'Parameters' is only supported for the 'JSONPath' QueryLanguage",
            "3:118 SCHEMA_VALIDATION_FAILED /States/S/ItemReader/ReaderConfig: The QueryLanguage is set to 'JSONata', but field 'MaxItemsPath' is only supported for the 'JSONPath' QueryLanguage",
        ],
    ),
    (
        "query::not_a_reference_path",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"ItemsPath": "$.a[*]"}"#,
        ),
        &["3:14 SCHEMA_VALIDATION_FAILED /States/S/ItemsPath: Value is not a Reference Path"],
    ),
    (
        "query::invalid_path",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"ItemsPath": "a"}"#,
        ),
        &["3:14 SCHEMA_VALIDATION_FAILED /States/S/ItemsPath: Value must be a valid JSONPath."],
    ),
    (
        "schema::expected",
        Jsonata(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"Items": {"a": 1}}"#,
        ),
        &["3:10 SCHEMA_VALIDATION_FAILED /States/S/Items: Expected value of type Array"],
    ),
];
