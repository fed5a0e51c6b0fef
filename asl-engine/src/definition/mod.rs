//! From the text of a definition to a [`Program`].
//!
//! ```
//! use asl_engine::definition::{Definition, ParseOptions};
//! let text = r#"{ "StartAt": "A", "States": { "A": { "Type": "Pass", "Next": "B" } } }"#;
//! let definition = Definition::parse(text, &ParseOptions::default());
//! assert!(definition.program.is_none());
//! assert_eq!(definition.diagnostics[0].message, "Missing 'Next' target: B");
//! assert_eq!(definition.diagnostics[0].location, "/States/A/Next");
//! ```

mod compile;
pub mod program;
pub(crate) mod source;
mod substitute;
mod variable_references;

pub use program::{Program, ProgramSource};
pub use source::Format;
pub use substitute::Substitutions;
pub use variable_references::{sets_variables, variable_references};

use crate::diagnostic::graph::MISSING_TRANSITION_TARGET;
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::value::Value;
use std::sync::Arc;

/// What kind of machine a definition is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum MachineType {
    /// STANDARD: durable, up to a year.
    #[default]
    Standard,
    /// EXPRESS: up to five minutes; without `.sync`, `.waitForTaskToken` and activities.
    Express,
}

/// Says whether `aws-sdk:SERVICE:ACTION` is an action of an AWS service; when it is none, what to write instead.
pub type SdkActions = fn(service: &str, action: &str) -> Result<(), String>;

/// How to read a definition.
#[derive(Clone, Debug, Default)]
pub struct ParseOptions {
    /// JSON or YAML.
    pub format: Format,
    /// Values for `${Name}` placeholders.
    pub substitutions: Substitutions,
    /// The kind of machine; some states are refused in an EXPRESS one.
    pub kind: MachineType,
    /// Which actions AWS's services have. Left out: every action is taken.
    pub sdk_actions: Option<SdkActions>,
}

/// What a text means as a definition, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The compiled definition. `None` exactly when there is an error among the diagnostics.
    pub program: Option<Arc<Program>>,
    /// What is wrong, errors and warnings, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    text: String,
}

impl Definition {
    /// Reads a definition.
    ///
    /// INVARIANT: never fails and never panics, whatever the text.
    pub fn parse(text: &str, options: &ParseOptions) -> Definition {
        let (program, diagnostics) = Definition::read(text, options);
        Definition::new(text, program, diagnostics)
    }

    /// The program of a definition that was accepted before, whatever is found in it now. `None`: it cannot be executed.
    pub(crate) fn parse_accepted(text: &str, options: &ParseOptions) -> Option<Arc<Program>> {
        let (program, diagnostics) = Definition::read(text, options);
        // INVARIANT: every transition of a program leads to a state.
        let leads_nowhere = diagnostics.iter().any(|diagnostic| diagnostic.code == MISSING_TRANSITION_TARGET);
        program.filter(|_| !leads_nowhere).map(Arc::new)
    }

    fn read(text: &str, options: &ParseOptions) -> (Option<Program>, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut program = None;
        if let Some(mut root) = source::read(text, options.format, &mut diagnostics) {
            substitute::substitute(&mut root, &options.substitutions, &mut diagnostics);
            program = compile::compile(&root, options, &mut diagnostics);
            if let Some(program) = &mut program {
                let as_written = options.format == Format::Json && options.substitutions.are_none();
                let text = if as_written { text.into() } else { root.value().to_json().into() };
                program.source = Some(ProgramSource { text, kind: options.kind });
            }
        }
        (program, diagnostics)
    }

    /// The definition as one JSON value: YAML read, placeholders filled in. `None` when the text is no definition at all.
    pub fn resolve(text: &str, options: &ParseOptions) -> Option<Value> {
        let mut root = source::read(text, options.format, &mut Vec::new())?;
        substitute::substitute(&mut root, &options.substitutions, &mut Vec::new());
        Some(root.value())
    }

    /// Reads a definition that is one state alone, as the API's TestState takes it. The program starts at that state,
    /// named `name`; the states it leads to are Succeed states that have nothing but their names.
    pub fn parse_state(text: &str, name: &str, options: &ParseOptions) -> Definition {
        let mut diagnostics = Vec::new();
        let mut program = None;
        if let Some(mut root) = source::read(text, options.format, &mut diagnostics) {
            substitute::substitute(&mut root, &options.substitutions, &mut diagnostics);
            program = compile::compile_state(&root, &name.into(), options, &mut diagnostics);
        }
        Definition::new(text, program, diagnostics)
    }

    fn new(text: &str, program: Option<Program>, mut diagnostics: Vec<Diagnostic>) -> Definition {
        diagnostics.sort_by_key(|diagnostic| diagnostic.location.is_empty() as usize);
        let sound = diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Warning);
        Definition { program: program.filter(|_| sound).map(Arc::new), diagnostics, text: text.to_owned() }
    }

    /// The diagnostics that forbid to run it.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line and the column (in characters) where a span begins, both counted from 1.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        crate::diagnostic::line_column(&self.text, span)
    }

    /// The diagnostics for people: each with `name:line:column`, an excerpt of the text and what to do. Empty when
    /// there are none.
    pub fn render(&self, name: &str, color: bool) -> String {
        crate::diagnostic::render(name, &self.text, &self.diagnostics, color)
    }
}
