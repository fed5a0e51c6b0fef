//! Definitions within requests.

use crate::aws;
use crate::registry::Revision;
use crate::wire::ApiError;
use asl_engine::Program;
use asl_engine::definition::{self, Definition, Format, ParseOptions};
use asl_engine::diagnostic::aws_message;
use asl_engine::machine::MachineType;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Which variables each state reads; told only when there are any.
pub(super) type VariableReferences = BTreeMap<String, BTreeSet<String>>;

/// The variables that the states of a program read.
pub(super) fn variable_references(program: &Program) -> Option<VariableReferences> {
    let references = asl_engine::definition::variable_references(program);
    Some(references).filter(|references| !references.is_empty())
}

/// A definition as it is told; `{}` without data (`METADATA_ONLY`): the member is always there.
pub(super) fn told(revision: &Revision, data: bool) -> String {
    if data { revision.definition.clone() } else { "{}".to_owned() }
}

/// Reads a definition as the API takes it: JSON, without substitutions.
pub(super) fn parse(text: &str, kind: MachineType) -> Definition {
    Definition::parse(text, &ParseOptions { kind: definition_type(kind), ..options() })
}

/// How the API reads a definition.
pub(super) fn options() -> ParseOptions {
    ParseOptions { format: Format::Json, sdk_actions: Some(aws::check_action), ..ParseOptions::default() }
}

/// The type as the definition reader calls it.
pub(crate) fn definition_type(kind: MachineType) -> definition::MachineType {
    match kind {
        MachineType::Standard => definition::MachineType::Standard,
        MachineType::Express => definition::MachineType::Express,
    }
}

/// Reads a definition that is to be run.
pub(super) fn compile(text: &str, kind: MachineType) -> Result<Arc<Program>, ApiError> {
    let definition = parse(text, kind);
    definition.program.ok_or_else(|| ApiError::invalid_definition(aws_message(&definition.diagnostics)))
}

/// The type of a state machine as the API spells it.
pub(super) fn type_name(kind: MachineType) -> &'static str {
    match kind {
        MachineType::Standard => "STANDARD",
        MachineType::Express => "EXPRESS",
    }
}

/// The types of state machine, in the order in which AWS prints them.
pub(super) const TYPES: &[&str] = &["STANDARD", "EXPRESS"];

/// The type of that name; STANDARD when there is none.
pub(super) fn type_named(name: Option<&str>) -> MachineType {
    if name == Some("EXPRESS") { MachineType::Express } else { MachineType::Standard }
}
