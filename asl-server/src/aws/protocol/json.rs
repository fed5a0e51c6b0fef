//! JSON 1.0 and 1.1, and the JSON that REST has in its bodies.

use super::parameter::{self, Given, Parameters, Path};
use super::{DEPTH_MAX, ParameterError, Said, Unreadable, WireRequest, scalar};
use crate::aws::model::{Model, Operation};
use crate::aws::shape::{Member, Shape, ShapeId, Structure};
use asl_engine::Value;
use asl_engine::value::{Array, Object};
use axum::http::{HeaderMap, HeaderValue, Method, header};

pub(super) fn request(
    model: &Model,
    operation: &Operation<'_>,
    parameters: &Parameters<'_, '_>,
) -> Result<WireRequest, ParameterError> {
    let service = &model.service;
    let mut headers = HeaderMap::new();
    let mut add = |name, text: String| HeaderValue::from_str(&text).map(|value| headers.insert(name, value)).is_ok();
    add(header::CONTENT_TYPE.as_str(), format!("application/x-amz-json-{}", service.json_version));
    add("x-amz-target", format!("{}.{}", service.target, operation.name));
    if service.query_compatible {
        add("x-amzn-query-mode", "true".to_owned());
    }
    Ok(WireRequest {
        method: Method::POST,
        path_and_query: "/".to_owned(),
        headers,
        body: body(model, parameters.structure, &parameters.given, parameters.token)?,
        host_prefix: None,
    })
}

/// The members as one JSON object.
pub(super) fn body<'m>(
    model: &Model,
    structure: Option<Structure<'m>>,
    given: &[Given<'m, '_>],
    token: &str,
) -> Result<Vec<u8>, ParameterError> {
    let object = match structure {
        Some(structure) => members(&Encoder { model, token }, structure, given, &Path::Top)?,
        None => Object::default(),
    };
    Ok(Value::from(object).to_json().into_bytes())
}

/// One member that is the whole body.
pub(super) fn payload(model: &Model, given: &Given<'_, '_>, token: &str) -> Result<Vec<u8>, ParameterError> {
    let path = Path::Field(&Path::Top, given.member.name);
    let value = Encoder { model, token }.value(given.member.shape, given.value, &path)?;
    Ok(value.to_json().into_bytes())
}

struct Encoder<'a> {
    model: &'a Model,
    token: &'a str,
}

impl Encoder<'_> {
    /// A parameter, with the names and forms that the wire has. Recurs as values nest, whose depth is bounded.
    fn value(&self, shape: ShapeId, value: &Value, path: &Path<'_>) -> Result<Value, ParameterError> {
        match (self.model.shape(shape), value) {
            (Shape::Structure(structure), Value::Object(object)) => {
                let given = parameter::given(structure, object, path)?;
                Ok(Value::from(members(self, structure, &given, path)?))
            }
            (Shape::Map(map), Value::Object(object)) => {
                let entry = |(name, value): (&asl_engine::value::Str, &Value)| {
                    Ok((name.clone(), self.value(map.value, value, &Path::Field(path, name))?))
                };
                object.iter().map(entry).collect::<Result<Object, _>>().map(Value::from)
            }
            (Shape::Structure(_) | Shape::Map(_), _) => Err(path.error("must be an object")),
            (Shape::List(list), Value::Array(items)) => {
                let item = |(index, item)| self.value(list.item, item, &Path::Item(path, index));
                let items = items.iter().enumerate().map(item).collect::<Result<Vec<_>, _>>()?;
                Ok(Value::from(items))
            }
            (Shape::List(_), _) => Err(path.error("must be an array")),
            (Shape::Json, value) => Ok(Value::from(scalar::json_text(value))),
            (Shape::Document | Shape::Unknown, value) => Ok(value.clone()),
            (shape, value) => Ok(scalar::parameter(&shape, value, path)?.json()),
        }
    }
}

fn members<'m>(
    encoder: &Encoder<'_>,
    structure: Structure<'m>,
    given: &[Given<'m, '_>],
    path: &Path<'_>,
) -> Result<Object, ParameterError> {
    let mut object = Object::default();
    for Given { member, value } in given {
        let value = encoder.value(member.shape, value, &Path::Field(path, member.name))?;
        object.insert(member.wire.as_ref(), value);
    }
    for member in parameter::missing_tokens(structure, given).filter(Member::is_in_body) {
        object.insert(member.wire.as_ref(), Value::from(encoder.token));
    }
    Ok(object)
}

pub(super) fn result(model: &Model, operation: &Operation<'_>, body: &[u8]) -> Result<Value, Unreadable> {
    let Some(shape) = operation.output else { return Ok(Value::empty_object()) };
    decode(model, operation, shape, &parse(body)?)
}

/// A body. No body at all is an empty object.
pub(super) fn parse(body: &[u8]) -> Result<Value, Unreadable> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::empty_object());
    }
    let text = str::from_utf8(body).map_err(|_| Unreadable("it is not UTF-8".to_owned()))?;
    Value::parse(text).map_err(|error| Unreadable(format!("it is not JSON: {error}")))
}

/// A value of the wire, in Step Functions' spelling.
pub(super) fn decode(
    model: &Model,
    operation: &Operation<'_>,
    shape: ShapeId,
    value: &Value,
) -> Result<Value, Unreadable> {
    check_depth(value)?;
    Ok(Decoder { model, operation }.value(shape, value))
}

/// The members of a result that are in the body, in Step Functions' spelling.
pub(super) fn structure(
    model: &Model,
    operation: &Operation<'_>,
    structure: Structure<'_>,
    value: &Value,
) -> Result<Object, Unreadable> {
    check_depth(value)?;
    match value {
        Value::Object(object) => {
            let members = structure.members().filter(Member::is_answered_in_body);
            Ok(Decoder { model, operation }.members(members, object))
        }
        _ => Err(Unreadable("it is not a JSON object".to_owned())),
    }
}

fn check_depth(value: &Value) -> Result<(), Unreadable> {
    if value.depth() > DEPTH_MAX {
        return Err(Unreadable(format!("it nests deeper than {DEPTH_MAX} levels")));
    }
    Ok(())
}

struct Decoder<'a> {
    model: &'a Model,
    operation: &'a Operation<'a>,
}

impl Decoder<'_> {
    /// Recurs as the value nests, whose depth `decode` has bounded. What is of another type than the model says stays as it is.
    fn value(&self, shape: ShapeId, value: &Value) -> Value {
        match (self.model.shape(shape), value) {
            (Shape::Structure(structure), Value::Object(object)) => {
                Value::from(self.members(structure.members(), object))
            }
            (Shape::Map(map), Value::Object(object)) => {
                let entries = object.iter().filter(|(_, value)| !value.is_null());
                Value::from(entries.map(|(key, value)| (key.clone(), self.value(map.value, value))).collect::<Object>())
            }
            (Shape::List(list), Value::Array(items)) => {
                Value::from(Array::from(items.iter().map(|item| self.value(list.item, item)).collect::<Vec<_>>()))
            }
            (shape, value) => scalar::result_from_json(&shape, value),
        }
    }

    fn members<'m>(&self, members: impl Iterator<Item = Member<'m>>, object: &Object) -> Object {
        let mut result = Object::default();
        for member in members {
            match object.get(&member.wire) {
                None | Some(Value::Null) => {}
                Some(value) => {
                    result.insert(self.operation.name_of(&member).as_ref(), self.value(member.shape, value));
                }
            }
        }
        result
    }
}

pub(super) fn error(headers: &HeaderMap, body: &[u8]) -> Said {
    let body = parse(body).unwrap_or(Value::Null);
    let text = |names: &[&str]| {
        let found = names.iter().find_map(|name| Some(body.get(name)?.as_str()?.to_owned()));
        found.unwrap_or_default()
    };
    let header = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(str::to_owned);
    Said {
        code: header.unwrap_or_else(|| text(&["__type", "code", "Code"])),
        message: text(&["message", "Message", "errorMessage"]),
    }
}
