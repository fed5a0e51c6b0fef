//! What is wrong with a definition, and where.
//!
//! Every kind of diagnostic is one function of this module's files, grouped by what is checked: its code, its
//! message, why it matters and how to mend it. Codes and messages are AWS's where AWS has them (API reference,
//! `ValidateStateMachineDefinitionDiagnostic`).

mod render;

pub(crate) mod graph;
pub(crate) mod jsonata;
pub(crate) mod map;
pub(crate) mod query;
pub(crate) mod resource;
pub(crate) mod schema;
pub(crate) mod substitution;
pub(crate) mod syntax;
pub(crate) mod variable;

pub(crate) use render::{line_column, render};

use std::fmt;

/// Does a diagnostic forbid to run the definition?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The definition cannot be run; AWS would refuse to create the state machine.
    Error,
    /// The definition can be run, but probably does not mean what it says.
    Warning,
}

impl Severity {
    /// The severity as the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        }
    }
}

/// A part of the definition's text: byte offsets, the end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The span from `start` to before `end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }
}

/// One thing that is wrong with a definition, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// AWS's code where AWS has one, else a code in the same style.
    pub code: &'static str,
    /// What is wrong, in AWS's words where they are known.
    pub message: String,
    /// The place as AWS writes it: `/States/X/Next`, `/States/C/Choices[0]/Next`, `/` for the whole machine.
    /// Empty when AWS gives none.
    pub location: String,
    /// The place in the text.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
}

/// Prints `CODE: message at location`, as AWS does.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = if self.location.is_empty() { "null" } else { &self.location };
        write!(f, "{}: {} at {location}", self.code, self.message)
    }
}

/// The text of the API's `InvalidDefinition` error for these diagnostics; warnings are left out.
pub fn aws_message(diagnostics: &[Diagnostic]) -> String {
    let errors: Vec<String> =
        diagnostics.iter().filter(|d| d.severity == Severity::Error).map(Diagnostic::to_string).collect();
    format!("Invalid State Machine Definition: '{}'", errors.join(", "))
}

/// Diagnostics of one definition; what follows them would help nobody.
pub(crate) const DIAGNOSTICS_MAX: usize = 1_000;

/// A diagnostic before its place is known.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Finding {
    pub(crate) fn error(code: &'static str, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Error, code, message: message.into(), help: None }
    }

    pub(crate) fn warning(code: &'static str, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, code, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn at(self, location: String, span: Span) -> Diagnostic {
        let Finding { severity, code, message, help } = self;
        Diagnostic { severity, code, message, location, span, help }
    }
}
