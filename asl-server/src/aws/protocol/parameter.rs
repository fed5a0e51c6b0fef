//! The parameters of a call, beside the model's members that they are.

use super::scalar;
use crate::aws::model::{Model, Operation};
use crate::aws::shape::{Member, Shape, ShapeId, Structure};
use asl_engine::Value;
use asl_engine::value::Object;
use std::fmt;

/// Parameters that the operation does not take: which, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ParameterError(pub(super) String);

/// Where in the parameters we are. Lives on the stack, and is only written out for an error.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Top,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    pub(super) fn error(&self, problem: impl fmt::Display) -> ParameterError {
        ParameterError(format!("The field '{self}' {problem}"))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Top => Ok(()),
            Path::Field(Path::Top, name) => f.write_str(name),
            Path::Field(outer, name) => write!(f, "{outer}.{name}"),
            Path::Item(outer, index) => write!(f, "{outer}[{index}]"),
        }
    }
}

/// A member that is given, and its value.
#[derive(Clone)]
pub(super) struct Given<'m, 'v> {
    pub(super) member: Member<'m>,
    pub(super) value: &'v Value,
}

/// The parameters of a call, and the structure that they are.
pub(super) struct Parameters<'m, 'v> {
    pub(super) given: Vec<Given<'m, 'v>>,
    /// `None`: the operation takes none.
    pub(super) structure: Option<Structure<'m>>,
    pub(super) token: &'v str,
}

/// Reads the parameters of a call.
pub(super) fn top<'m, 'v>(
    model: &'m Model,
    operation: &Operation<'m>,
    parameters: &'v Value,
    token: &'v str,
) -> Result<Parameters<'m, 'v>, ParameterError> {
    let object = match parameters {
        Value::Object(object) => object,
        _ => return Err(ParameterError("The parameters must be an object".to_owned())),
    };
    let structure = match operation.input.map(|id| model.shape(id)) {
        Some(Shape::Structure(structure)) => Some(structure),
        _ => None,
    };
    let given = match structure {
        Some(structure) => given(structure, object, &Path::Top)?,
        None => match object.iter().find(|(_, value)| !value.is_null()) {
            Some((name, _)) => return Err(unsupported(name)),
            None => Vec::new(),
        },
    };
    Ok(Parameters { given, structure, token })
}

/// AWS names the member alone, however deep it is.
fn unsupported(name: &str) -> ParameterError {
    ParameterError(asl_engine::error::parameter_unsupported(name))
}

/// The members of a structure that an object gives. `null` is as good as left out.
pub(super) fn given<'m, 'v>(
    structure: Structure<'m>,
    object: &'v Object,
    path: &Path<'_>,
) -> Result<Vec<Given<'m, 'v>>, ParameterError> {
    let mut members: Vec<Option<Member<'m>>> = structure.members().map(Some).collect();
    let mut given = Vec::with_capacity(object.len());
    for (name, value) in object {
        let is_it = |member: &&mut Option<Member<'m>>| member.as_ref().is_some_and(|member| member.is_called(name));
        match members.iter_mut().find(is_it).and_then(Option::take) {
            Some(member) if !value.is_null() => given.push(Given { member, value }),
            Some(_) => {}
            None => return Err(unsupported(name)),
        }
    }
    if structure.union && given.len() != 1 {
        return Err(path.error("must have exactly one member"));
    }
    Ok(given)
}

/// The idempotency tokens that are left out.
pub(super) fn missing_tokens<'m>(
    structure: Structure<'m>,
    given: &[Given<'m, '_>],
) -> impl Iterator<Item = Member<'m>> {
    structure.members().filter(|member| member.token && given.iter().all(|given| given.member.name != member.name))
}

/// Why the operation cannot be called from a state machine: it takes or answers a stream of events.
pub(super) fn stream(model: &Model, operation: &Operation<'_>) -> Option<String> {
    let has_events = |id: Option<ShapeId>| match model.shape(id?) {
        Shape::Structure(structure) => structure.members().any(|member| member.events).then_some(()),
        _ => None,
    };
    has_events(operation.input).or(has_events(operation.output)).map(|()| {
        let name = operation.name;
        format!("{name} takes or answers a stream of events, which a state machine cannot hold")
    })
}

/// What goes before the host: `{AccountId}.` with the parameter in its place.
pub(super) fn host_prefix(
    operation: &Operation<'_>,
    parameters: &Parameters<'_, '_>,
) -> Result<Option<String>, ParameterError> {
    let Some(template) = operation.host else { return Ok(None) };
    let mut prefix = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (label, after) = after.split_once('}').unwrap_or((after, ""));
        let mut given = parameters.given.iter();
        let given = given.find(|given| given.member.host && given.member.name.eq_ignore_ascii_case(label));
        let path = Path::Field(&Path::Top, given.map_or(label, |given| given.member.name));
        let text = given.and_then(|given| given.value.as_str()).unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if text.is_empty() || !text.chars().all(fits) {
            return Err(path.error("must be a part of a host's name: letters, digits, '-' and '.'"));
        }
        prefix.push_str(before);
        prefix.push_str(text);
        rest = after;
    }
    prefix.push_str(rest);
    Ok(Some(prefix))
}

/// The bytes of a blob or a text that is the whole body.
///
/// What streams is the JSON of the value, of texts, too: `"a text"` with its quotes (recorded, S3 putObject).
pub(super) fn bytes(streaming: bool, value: &Value) -> Vec<u8> {
    if streaming { value.to_json().into_bytes() } else { scalar::blob(value) }
}
