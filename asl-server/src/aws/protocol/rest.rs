//! REST, with JSON or XML in its bodies: parameters in the path, the query, headers and the body.

use super::parameter::{self, Given, Parameters, Path};
use super::{ParameterError, Unreadable, WireAnswer, WireRequest, json, scalar, xml};
use crate::aws::model::{Model, Operation, Protocol};
use crate::aws::shape::{Place, Shape, ShapeId, TimeForm};
use asl_engine::Value;
use asl_engine::value::{Array, Object};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a URI has as it is (RFC 3986, section 2.3).
pub(super) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const UNRESERVED_OR_SLASH: &AsciiSet = &UNRESERVED.remove(b'/');

pub(super) fn request(
    model: &Model,
    operation: &Operation<'_>,
    parameters: &Parameters<'_, '_>,
) -> Result<WireRequest, ParameterError> {
    let mut query = Query::default();
    let mut headers = HeaderMap::new();
    for given in &parameters.given {
        let path = Path::Field(&Path::Top, given.member.name);
        match given.member.place {
            Place::Query => query.parameter(model, &parameters.given, given, &path)?,
            Place::Header | Place::Headers => add_headers(model, given, &path, &mut headers)?,
            Place::Uri | Place::Body | Place::Status => {}
        }
    }
    if let Some(structure) = parameters.structure {
        for member in parameter::missing_tokens(structure, &parameters.given) {
            match member.place {
                Place::Query => query.add(&member.wire, parameters.token),
                Place::Header => {
                    let path = Path::Field(&Path::Top, member.name);
                    headers.insert(header_name(&member.wire, &path)?, header_value(parameters.token, &path)?);
                }
                _ => {}
            }
        }
    }
    let body = body(model, operation, parameters, &mut headers)?;
    let (path, fixed) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    let mut path_and_query = labels(model, path, parameters)?;
    let all = [fixed, &query.0].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
    if !all.is_empty() {
        path_and_query = format!("{path_and_query}?{all}");
    }
    let method = Method::from_bytes(operation.method.as_bytes()).unwrap_or(Method::POST);
    Ok(WireRequest { method, path_and_query, headers, body, host_prefix: None })
}

/// The path, with parameters in the place of `{Label}` and `{Label+}`, which may have slashes.
fn labels(model: &Model, template: &str, parameters: &Parameters<'_, '_>) -> Result<String, ParameterError> {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (label, after) = after.split_once('}').unwrap_or((after, ""));
        let (label, kept) = match label.strip_suffix('+') {
            Some(label) => (label, UNRESERVED_OR_SLASH),
            None => (label, UNRESERVED),
        };
        let is_it = |given: &&Given<'_, '_>| given.member.place == Place::Uri && given.member.wire == label;
        let given = parameters.given.iter().find(is_it);
        let name = given.map_or(label, |given| given.member.name);
        let at = Path::Field(&Path::Top, name);
        let Some(Given { member, value }) = given else { return Err(at.error("is required but was missing")) };
        let scalar = scalar::parameter(&model.shape(member.shape), value, &at)?;
        let text = scalar.text(TimeForm::Iso8601);
        if text.is_empty() {
            return Err(at.error("must not be empty"));
        }
        // A client resolves these before it sends them: they would name something else.
        if text.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(at.error("must not have '.' or '..' between slashes"));
        }
        path.push_str(before);
        path.extend(utf8_percent_encode(&text, kept));
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

/// A query string.
#[derive(Default)]
struct Query(String);

impl Query {
    fn add(&mut self, name: &str, text: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(utf8_percent_encode(name, UNRESERVED));
        self.0.push('=');
        self.0.extend(utf8_percent_encode(text, UNRESERVED));
    }

    fn parameter(
        &mut self,
        model: &Model,
        all: &[Given<'_, '_>],
        given: &Given<'_, '_>,
        path: &Path<'_>,
    ) -> Result<(), ParameterError> {
        match (model.shape(given.member.shape), given.value) {
            // The entries of a map are queries of their own, unless there is a parameter of that name.
            (Shape::Map(map), Value::Object(object)) => {
                let has_own =
                    |key: &str| all.iter().any(|given| given.member.place == Place::Query && given.member.wire == key);
                object
                    .iter()
                    .filter(|(key, _)| !has_own(key))
                    .try_for_each(|(key, value)| self.values(model, key, map.value, value, &Path::Field(path, key)))
            }
            (Shape::Map(_), _) => Err(path.error("must be an object")),
            _ => self.values(model, &given.member.wire, given.member.shape, given.value, path),
        }
    }

    /// One query, or one for each item.
    fn values(
        &mut self,
        model: &Model,
        name: &str,
        shape: ShapeId,
        value: &Value,
        path: &Path<'_>,
    ) -> Result<(), ParameterError> {
        let mut one = |shape: ShapeId, value: &Value, path: &Path<'_>| {
            let scalar = scalar::parameter(&model.shape(shape), value, path)?;
            self.add(name, &scalar.text(TimeForm::Iso8601));
            Ok(())
        };
        match (model.shape(shape), value) {
            (Shape::List(list), Value::Array(items)) => {
                let mut items = items.iter().enumerate();
                items.try_for_each(|(index, item)| one(list.item, item, &Path::Item(path, index)))
            }
            (Shape::List(_), _) => Err(path.error("must be an array")),
            _ => one(shape, value, path),
        }
    }
}

fn header_name(name: &str, path: &Path<'_>) -> Result<HeaderName, ParameterError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| path.error(format!("cannot be a header named '{name}'")))
}

fn header_value(text: &str, path: &Path<'_>) -> Result<HeaderValue, ParameterError> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| path.error("has characters that a header cannot have"))
}

fn add_headers(
    model: &Model,
    given: &Given<'_, '_>,
    path: &Path<'_>,
    headers: &mut HeaderMap,
) -> Result<(), ParameterError> {
    let Given { member, value } = given;
    let text = match (model.shape(member.shape), value) {
        // All headers that begin with this.
        (Shape::Map(map), Value::Object(object)) => {
            for (key, value) in object {
                let path = Path::Field(path, key);
                let scalar = scalar::parameter(&model.shape(map.value), value, &path)?;
                let name = header_name(&format!("{}{key}", member.wire), &path)?;
                headers.insert(name, header_value(&scalar.text(TimeForm::Rfc822), &path)?);
            }
            return Ok(());
        }
        (Shape::Map(_), _) => return Err(path.error("must be an object")),
        (Shape::List(list), Value::Array(items)) => {
            let item = |(index, item)| {
                let scalar = scalar::parameter(&model.shape(list.item), item, &Path::Item(path, index))?;
                let text = scalar.text(TimeForm::Rfc822).into_owned();
                let is_text = matches!(scalar, scalar::Scalar::Text(_));
                // Times have commas, too, and are read with them.
                let quoted = is_text && text.contains([',', '"']);
                Ok(if quoted { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) } else { text })
            };
            let items = items.iter().enumerate().map(item).collect::<Result<Vec<_>, ParameterError>>()?;
            if items.is_empty() {
                return Ok(());
            }
            items.join(",")
        }
        (Shape::List(_), _) => return Err(path.error("must be an array")),
        (Shape::Json, value) => scalar::json_header(value),
        (shape, value) => scalar::parameter(&shape, value, path)?.text(TimeForm::Rfc822).into_owned(),
    };
    headers.insert(header_name(&member.wire, path)?, header_value(&text, path)?);
    Ok(())
}

fn body(
    model: &Model,
    operation: &Operation<'_>,
    parameters: &Parameters<'_, '_>,
    headers: &mut HeaderMap,
) -> Result<Vec<u8>, ParameterError> {
    let Some(structure) = parameters.structure else { return Ok(Vec::new()) };
    let is_xml = model.service.protocol == Protocol::RestXml;
    let token = parameters.token;
    let (body, content_type) = if let Some(member) = structure.members().find(|member| member.payload) {
        let given = parameters.given.iter().find(|given| given.member.payload);
        match (model.shape(member.shape), given) {
            (Shape::Blob(_), Some(given)) => {
                let content_type = (!is_xml).then_some("application/octet-stream");
                (parameter::bytes(member.streaming, given.value), content_type)
            }
            (Shape::String(_) | Shape::Enum(_), Some(given)) => {
                (parameter::bytes(false, given.value), Some("text/plain"))
            }
            (Shape::Blob(_) | Shape::String(_) | Shape::Enum(_), None) => return Ok(Vec::new()),
            (_, Some(given)) if is_xml => {
                (xml::payload(model, operation.namespace, given, token)?, Some("application/xml"))
            }
            (_, Some(given)) => (json::payload(model, given, token)?, Some("application/json")),
            (_, None) if is_xml => return Ok(Vec::new()),
            (_, None) => (b"{}".to_vec(), Some("application/json")),
        }
    } else if structure.members().any(|member| member.is_in_body()) {
        let in_body = |given: &&Given<'_, '_>| given.member.is_in_body();
        let given: Vec<Given<'_, '_>> = parameters.given.iter().filter(in_body).cloned().collect();
        if !is_xml {
            (json::body(model, Some(structure), &given, token)?, Some("application/json"))
        } else if given.is_empty() && operation.root.is_none() {
            return Ok(Vec::new());
        } else {
            let root = operation.root.unwrap_or(operation.name);
            (xml::body(model, root, operation.namespace, structure, &given, token)?, Some("application/xml"))
        }
    } else {
        return Ok(Vec::new());
    };
    if let Some(content_type) = content_type {
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
    }
    Ok(body)
}

/// Is this an error with the status of a success? An object's content can never be one.
pub(super) fn is_late_error(model: &Model, operation: &Operation<'_>, answer: &WireAnswer) -> bool {
    let streams = match operation.output.map(|id| model.shape(id)) {
        Some(Shape::Structure(structure)) => structure.members().any(|member| member.streaming),
        _ => false,
    };
    model.service.protocol == Protocol::RestXml && !streams && xml::is_error(&answer.body)
}

pub(super) fn result(model: &Model, operation: &Operation<'_>, answer: &WireAnswer) -> Result<Value, Unreadable> {
    let Some(Shape::Structure(structure)) = operation.output.map(|id| model.shape(id)) else {
        return Ok(Value::empty_object());
    };
    let mut result = Object::default();
    for member in structure.members() {
        let value = match member.place {
            Place::Status => Some(Value::from(i64::from(answer.status))),
            Place::Header => header_result(model, member.shape, &member.wire, &answer.headers),
            Place::Headers => Some(Value::from(prefixed(&member.wire, &answer.headers))),
            _ => None,
        };
        if let Some(value) = value {
            result.insert(operation.name_of(&member).as_ref(), value);
        }
    }
    let is_xml = model.service.protocol == Protocol::RestXml;
    if let Some(member) = structure.members().find(|member| member.payload) {
        let is_empty = answer.body.is_empty();
        let value = match model.shape(member.shape) {
            _ if is_empty && !member.streaming => None,
            Shape::Blob(_) | Shape::String(_) | Shape::Enum(_) => Some(scalar::blob_result(answer.body.clone())),
            _ if is_xml => {
                Some(xml::read(&answer.body, |root| xml::payload_result(model, operation, member.shape, root))?)
            }
            _ => Some(json::decode(model, operation, member.shape, &json::parse(&answer.body)?)?),
        };
        if let Some(value) = value {
            result.insert(operation.name_of(&member).as_ref(), value);
        }
    } else if structure.members().any(|member| member.is_answered_in_body()) && !answer.body.is_empty() {
        let in_body = if is_xml {
            xml::read(&answer.body, |root| xml::body_result(model, operation, structure, root))?
        } else {
            json::structure(model, operation, structure, &json::parse(&answer.body)?)?
        };
        for (name, value) in &in_body {
            result.insert(name.clone(), value.clone());
        }
    }
    Ok(Value::from(result))
}

fn header_result(model: &Model, shape: ShapeId, name: &str, headers: &HeaderMap) -> Option<Value> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let first = headers.get(name).map(text)?;
    Some(match model.shape(shape) {
        Shape::List(list) => {
            let item = model.shape(list.item);
            let all = headers.get_all(name).iter().map(text).collect::<Vec<_>>().join(",");
            let items = list_items(&all, matches!(item, Shape::Timestamp(_)));
            Value::from(Array::from(items.iter().map(|text| scalar::result_from_text(&item, text)).collect::<Vec<_>>()))
        }
        shape => scalar::result_from_text(&shape, &first),
    })
}

/// The items of a header: `a, "b,c"`. Times have one comma each: `Mon, 16 Dec 2019 23:48:18 GMT, …`.
fn list_items(text: &str, times: bool) -> Vec<String> {
    let (mut items, mut item) = (Vec::new(), String::new());
    let (mut quoted, mut commas) = (false, 0);
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' if quoted => item.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => {
                commas += 1;
                // A number of seconds and an ISO 8601 time have no comma.
                if times && commas % 2 == 1 && item.trim().chars().all(char::is_alphabetic) {
                    item.push(c);
                } else {
                    commas = 0;
                    items.push(std::mem::take(&mut item).trim().to_owned());
                }
            }
            other => item.push(other),
        }
    }
    items.push(item.trim().to_owned());
    items
}

/// The headers with this beginning, without it.
fn prefixed(prefix: &str, headers: &HeaderMap) -> Object {
    let prefix = prefix.to_ascii_lowercase();
    let mut object = Object::default();
    for (name, value) in headers {
        if let Some(name) = name.as_str().strip_prefix(&prefix) {
            object.insert(name, Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned()));
        }
    }
    object
}
