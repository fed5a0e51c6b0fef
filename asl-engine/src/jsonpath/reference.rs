//! Reference Paths: `$`, member names and array indexes only; they identify one node, to read or to write.

use super::parse;
use super::step::Step;
use crate::error::{self, StatesError};
use crate::query::ExpressionError;
use crate::value::{Str, Value};

/// A path that identifies one node of a value (spec, "Reference Paths").
#[derive(Clone, Debug)]
pub struct ReferencePath {
    source: Str,
    steps: Vec<Place>,
}

#[derive(Clone, Debug)]
enum Place {
    Member(Str),
    Index(usize),
}

impl ReferencePath {
    /// Parses a Reference Path into the state's input.
    ///
    /// # Errors
    /// When the text is none: other operators than `.name`, `['name']` and `[0]`.
    pub fn parse(text: &str) -> Result<ReferencePath, ExpressionError> {
        if !text.starts_with('$') {
            return Err(ExpressionError { message: "a path begins with `$`".into(), offset: 0 });
        }
        if text.starts_with("$$") {
            return Err(ExpressionError { message: "the context object cannot be written".into(), offset: 0 });
        }
        let places = parse::steps(text, 1)?.into_iter().map(|step| match step {
            Step::Member(name) => Ok(Place::Member(name)),
            Step::Index(index) if index >= 0 => Ok(Place::Index(index as usize)),
            other => Err(ExpressionError {
                message: format!("`{other}` does not identify one place; a Reference Path has names and indexes only"),
                offset: 0,
            }),
        });
        Ok(ReferencePath { source: text.into(), steps: places.collect::<Result<_, _>>()? })
    }

    /// The path as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// `input` with `result` written at the path; objects on the way are created where there is nothing.
    ///
    /// # Errors
    /// `States.ReferencePathConflict` when something on the way is neither object nor array, or an index is out of
    /// range (arrays are not extended).
    pub fn write(&self, input: Value, result: Value) -> Result<Value, StatesError> {
        // Looked at first, so that the input is whole when it is told in the error, and changed in place when it is
        // not shared.
        if let Some(conflict) = self.conflict(&input) {
            return Err(conflict);
        }
        let mut root = input;
        let mut place = &mut root;
        for step in &self.steps {
            if place.is_null() {
                *place = Value::empty_object();
            }
            let next = match (step, place) {
                (Place::Member(name), Value::Object(object)) => Some(object.entry_mut(name)),
                (Place::Index(index), Value::Array(array)) => array.make_mut().get_mut(*index),
                _ => None,
            };
            // INVARIANT: `conflict` found every step possible.
            place = next.ok_or_else(|| error::reference_path_conflict(&self.source, &Value::Null))?;
        }
        *place = result;
        Ok(root)
    }

    /// Why the path cannot be written, if it cannot.
    fn conflict(&self, input: &Value) -> Option<StatesError> {
        let mut place = Some(input);
        for step in &self.steps {
            place = match (step, place) {
                // From where there is nothing on, objects are created.
                (Place::Member(_), None | Some(Value::Null)) => None,
                (Place::Member(name), Some(Value::Object(object))) => object.get(name),
                (Place::Index(index), Some(Value::Array(items))) if *index < items.len() => items.get(*index),
                (_, Some(Value::Array(_) | Value::Object(_)) | None) => {
                    return Some(error::reference_step_conflict(&step.to_string(), input));
                }
                _ => return Some(error::reference_path_conflict(&self.source, input)),
            };
        }
        None
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Member(name) => f.write_str(name),
            Place::Index(index) => write!(f, "{index}"),
        }
    }
}
