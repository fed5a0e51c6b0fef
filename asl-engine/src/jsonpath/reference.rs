//! Reference Paths: `$`, member names and array indexes only; they identify one node, to read or to write.

use crate::error::{StatesError, names};
use crate::query::ExpressionError;
use crate::value::{Str, Value};

/// One step of a definite path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A member of an object.
    Member(Str),
    /// An item of an array; negative: counted from the end.
    Index(i64),
}

/// A path that identifies one node of a value (spec, "Reference Paths").
#[derive(Clone, Debug)]
pub struct ReferencePath {
    source: Str,
    steps: Vec<Step>,
}

impl ReferencePath {
    /// Parses a Reference Path into the state's input.
    ///
    /// # Errors
    /// When the text is none: other operators than `.name`, `['name']` and `[0]`.
    pub fn parse(text: &str) -> Result<ReferencePath, ExpressionError> {
        let rest =
            text.strip_prefix('$').ok_or(ExpressionError { message: "a path begins with `$`".into(), offset: 0 })?;
        Ok(ReferencePath { source: text.into(), steps: parse_steps(rest, 1)? })
    }

    /// The path as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// `input` with `result` written at the path; objects on the way are created where there is nothing.
    ///
    /// # Errors
    /// `States.ResultPathMatchFailure` when something on the way is neither object nor array, or an index is out of range.
    pub fn write(&self, input: Value, result: Value) -> Result<Value, StatesError> {
        let mut root = input;
        let mut place = &mut root;
        for step in &self.steps {
            place = match (step, place) {
                (Step::Member(name), Value::Object(object)) => object.entry_mut(name),
                (Step::Member(name), place @ Value::Null) => {
                    *place = Value::empty_object();
                    let Value::Object(object) = place else { unreachable!() };
                    object.entry_mut(name)
                }
                (Step::Index(index), Value::Array(array)) if usize::try_from(*index).is_ok_and(|i| i < array.len()) => {
                    &mut array.make_mut()[*index as usize]
                }
                _ => {
                    return Err(StatesError::new(
                        names::RESULT_PATH_MATCH_FAILURE,
                        format!("Unable to apply ResultPath '{}' to the input", self.source),
                    ));
                }
            };
        }
        *place = result;
        Ok(root)
    }
}

/// Parses `.name`, `['name']` and `[0]` steps. `base` is the offset of `text` in the whole path.
pub(super) fn parse_steps(text: &str, base: usize) -> Result<Vec<Step>, ExpressionError> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let error = |message: &str| ExpressionError { message: message.into(), offset: base + text.len() - rest.len() };
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return Err(error("a member name is missing after `.`"));
            }
            steps.push(Step::Member(after[..end].into()));
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = after.find(']').ok_or_else(|| error("`[` is never closed"))?;
            let inner = after[..end].trim();
            let quoted = ['\'', '"'].iter().find_map(|q| inner.strip_prefix(*q)?.strip_suffix(*q));
            steps.push(match quoted {
                Some(name) => Step::Member(name.into()),
                None => Step::Index(inner.parse().map_err(|_| error("an index is a whole number"))?),
            });
            rest = &after[end + 1..];
        } else {
            return Err(error("`.` or `[` is expected here"));
        }
    }
    Ok(steps)
}

/// The node that the steps lead to.
pub(super) fn walk<'a>(root: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(root, |value, step| match step {
        Step::Member(name) => value.get(name),
        Step::Index(index) => {
            let items = value.as_array()?;
            let index = if *index < 0 { items.len() as i64 + index } else { *index };
            items.get(usize::try_from(index).ok()?)
        }
    })
}
