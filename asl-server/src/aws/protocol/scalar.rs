//! Texts, numbers, blobs and times, as they are in parameters, in results and on the wire.

use super::ParameterError;
use super::parameter::Path;
use crate::aws::shape::{Shape, TimeForm};
use asl_engine::value::Number;
use asl_engine::{Timestamp, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::fmt::rfc2822;
use std::borrow::Cow;

/// A parameter that has no parts.
pub(super) enum Scalar<'v> {
    Text(&'v str),
    Number(&'v Number),
    Boolean(bool),
    Blob(Vec<u8>),
    Time(Timestamp, TimeForm),
}

/// Reads a parameter that has no parts.
pub(super) fn parameter<'v>(
    shape: &Shape<'_>,
    value: &'v Value,
    path: &Path<'_>,
) -> Result<Scalar<'v>, ParameterError> {
    match (shape, value) {
        (Shape::String(_) | Shape::Enum(_), Value::String(text)) => Ok(Scalar::Text(text)),
        (Shape::Id, Value::String(text)) => Ok(Scalar::Text(id(text))),
        (Shape::String(_) | Shape::Id | Shape::Enum(_), _) => Err(path.error("must be a string")),
        (Shape::Integer(_), Value::Number(number)) if number.as_i64().is_some() => Ok(Scalar::Number(number)),
        (Shape::Integer(_), _) => Err(path.error("must be an integer")),
        (Shape::Float(_), Value::Number(number)) => Ok(Scalar::Number(number)),
        (Shape::Float(_), Value::String(text)) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => {
            Ok(Scalar::Text(text))
        }
        (Shape::Float(_), _) => Err(path.error("must be a number")),
        (Shape::Boolean, Value::Bool(boolean)) => Ok(Scalar::Boolean(*boolean)),
        (Shape::Boolean, _) => Err(path.error("must be a boolean")),
        (Shape::Blob(_), value) => Ok(Scalar::Blob(blob(value))),
        (Shape::Timestamp(form), value) => match time(value) {
            Some(time) => Ok(Scalar::Time(time, *form)),
            None => Err(path.error("must be a time such as 2026-01-31T12:00:00Z")),
        },
        _ => Err(path.error("cannot be written in this place")),
    }
}

impl Scalar<'_> {
    /// As XML, queries and headers write it.
    pub(super) fn text(&self, usual: TimeForm) -> Cow<'_, str> {
        match self {
            Scalar::Text(text) => Cow::Borrowed(text),
            Scalar::Number(number) => Cow::Owned(number.to_string()),
            Scalar::Boolean(boolean) => Cow::Borrowed(if *boolean { "true" } else { "false" }),
            Scalar::Blob(bytes) => Cow::Owned(BASE64.encode(bytes)),
            Scalar::Time(time, form) => Cow::Owned(time_text(*time, or(*form, usual))),
        }
    }

    /// As JSON writes it.
    pub(super) fn json(&self) -> Value {
        match self {
            Scalar::Number(number) => Value::from((*number).clone()),
            Scalar::Boolean(boolean) => Value::from(*boolean),
            Scalar::Time(time, form) if or(*form, TimeForm::Seconds) == TimeForm::Seconds => seconds(*time),
            other => Value::from(other.text(TimeForm::Seconds).into_owned()),
        }
    }
}

/// The form that is meant by a shape in a place where times are usually written in another one.
pub(super) fn or(form: TimeForm, usual: TimeForm) -> TimeForm {
    if form == TimeForm::Usual { usual } else { form }
}

/// An id without the path before it: `/hostedzone/Z1` → `Z1`.
fn id(text: &str) -> &str {
    text.rsplit_once('/').map_or(text, |(_, id)| id)
}

/// The bytes that a parameter means: those of the text; of anything else, those of its JSON.
pub(super) fn blob(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        other => other.to_json().into_bytes(),
    }
}

/// Bytes in a result: their text; what is no text, in base64.
pub(super) fn blob_result(bytes: Vec<u8>) -> Value {
    match String::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(error) => Value::from(BASE64.encode(error.as_bytes())),
    }
}

/// Bytes that are in base64 on the wire.
pub(super) fn blob_from_base64(text: &str) -> Value {
    match BASE64.decode(text.trim()) {
        Ok(bytes) => blob_result(bytes),
        Err(_) => Value::from(text),
    }
}

/// A time in parameters or on the wire: seconds, ISO 8601, or as HTTP writes it.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => from_seconds(number.as_f64()),
        Value::String(text) => time_from_text(text),
        _ => None,
    }
}

fn from_seconds(seconds: f64) -> Option<Timestamp> {
    // Years up to 9999, which is what the other forms can say.
    let millis = (seconds * 1000.0).round();
    (millis.abs() < 253_402_300_800_000.0).then(|| Timestamp::from_millis(millis as i64))
}

fn time_from_text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    Timestamp::parse(text)
        .or_else(|| from_seconds(text.parse().ok()?))
        .or_else(|| Some(Timestamp::from_millis(rfc2822::parse(text).ok()?.timestamp().as_millisecond())))
}

/// A time in a result, as the AWS SDK for Java prints it: `2026-01-31T12:00:00Z`, `2026-01-31T12:00:00.123Z`.
fn time_result(time: Timestamp) -> Value {
    Value::from(time_text(time, TimeForm::Iso8601))
}

fn time_text(time: Timestamp, form: TimeForm) -> String {
    match form {
        TimeForm::Seconds => seconds(time).to_json(),
        TimeForm::Rfc822 => {
            let moment = jiff::Timestamp::from_millisecond(time.as_millis()).unwrap_or_default();
            // Years beyond 9999 have no such form, and no time here has them.
            rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).unwrap_or_default()
        }
        TimeForm::Iso8601 | TimeForm::Usual => time.to_string().replace(".000Z", "Z"),
    }
}

fn seconds(time: Timestamp) -> Value {
    match time.as_millis() {
        millis if millis % 1000 == 0 => Value::from(millis / 1000),
        _ => Value::from(time.as_seconds_f64()),
    }
}

/// What a text on the wire (in XML, in a header) means.
pub(super) fn result_from_text(shape: &Shape<'_>, text: &str) -> Value {
    match shape {
        Shape::Integer(_) => text.trim().parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        Shape::Float(_) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::from(Number::from_f64_shortest(number)),
            _ => Value::from(text),
        },
        Shape::Boolean => match text.trim() {
            "true" | "True" | "TRUE" => Value::from(true),
            "false" | "False" | "FALSE" => Value::from(false),
            other => Value::from(other),
        },
        Shape::Id => Value::from(id(text)),
        Shape::Blob(_) | Shape::Json => blob_from_base64(text),
        Shape::Timestamp(_) => time_from_text(text).map_or_else(|| Value::from(text), time_result),
        _ => Value::from(text),
    }
}

/// What a value in JSON on the wire means.
pub(super) fn result_from_json(shape: &Shape<'_>, value: &Value) -> Value {
    match (shape, value) {
        (Shape::Blob(_), Value::String(text)) => blob_from_base64(text),
        (Shape::Timestamp(_), value) => time(value).map_or_else(|| value.clone(), time_result),
        (_, value) => value.clone(),
    }
}

/// The text of JSON that a parameter means: that of the text; of anything else, its JSON.
pub(super) fn json_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_json(), str::to_owned)
}

/// A text in base64, as headers have JSON.
pub(super) fn json_header(value: &Value) -> String {
    BASE64.encode(json_text(value))
}
