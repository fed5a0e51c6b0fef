//! What services answer: checks a mocked result against the model of the API that a Task state would call.
//!
//! The models are in `asl-server/models/`, a text file a service, one line a shape; its README.md explains them. A service
//! without a model is not checked.

use asl_engine::Value;
use asl_engine::task::{Pattern, Resource};
use asl_engine::value::Object;
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// How strictly a result is checked (API reference, MockInput: *fieldValidationMode*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The required fields must be there, and what is there must fit.
    Strict,
    /// What is there must fit.
    Present,
    /// Nothing is checked.
    None,
}

/// The first field that does not fit, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) field: String,
    pub(crate) problem: &'static str,
}

/// Checks the result of a task.
///
/// # Errors
/// The first field that does not fit.
pub(crate) fn check(resource: &Resource, result: &Value, mode: Mode) -> Result<(), Mismatch> {
    let Resource::Service { service, action, pattern: Pattern::RequestResponse, .. } = resource else {
        // A function answers anything; a job's or a callback's result is not the answer of the service.
        return Ok(());
    };
    if mode == Mode::None {
        return Ok(());
    }
    let (name, untyped) = match service.strip_prefix("aws-sdk:") {
        Some(name) => (name, None),
        None => match service.as_str() {
            "states" => ("sfn", None),
            "events" => ("eventbridge", None),
            // The optimised integration parses the payload.
            "lambda" => ("lambda", Some("Payload")),
            name => (name, None),
        },
    };
    let Some(model) = Model::of(name) else { return Ok(()) };
    let Some(output) = model.outputs.get(action.as_str()) else { return Ok(()) };
    let check = Check { model: &model, strict: mode == Mode::Strict, untyped };
    check.value("result", output, result)
}

struct Model {
    /// Operation → shape of its answer.
    outputs: HashMap<&'static str, &'static str>,
    /// Shape → what its line says of it.
    shapes: HashMap<&'static str, &'static str>,
}

impl Model {
    fn of(service: &str) -> Option<Model> {
        let text = match service {
            "batch" => include_str!("../models/batch.txt"),
            "dynamodb" => include_str!("../models/dynamodb.txt"),
            "ecs" => include_str!("../models/ecs.txt"),
            "eventbridge" => include_str!("../models/eventbridge.txt"),
            "kms" => include_str!("../models/kms.txt"),
            "lambda" => include_str!("../models/lambda.txt"),
            "s3" => include_str!("../models/s3.txt"),
            "secretsmanager" => include_str!("../models/secretsmanager.txt"),
            "sfn" => include_str!("../models/sfn.txt"),
            "sns" => include_str!("../models/sns.txt"),
            "sqs" => include_str!("../models/sqs.txt"),
            _ => return None,
        };
        let mut model = Model { outputs: HashMap::new(), shapes: HashMap::new() };
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("operation", rest)) => {
                    _ = rest.split_once(' ').map(|(name, out)| model.outputs.insert(name, out))
                }
                Some((name, rest)) => _ = model.shapes.insert(name, rest),
                None => {}
            }
        }
        Some(model)
    }
}

struct Check<'m> {
    model: &'m Model,
    strict: bool,
    /// A field of the answer that may hold anything.
    untyped: Option<&'static str>,
}

impl Check<'_> {
    /// Checks a value, which is that of `field`, against a shape. Shapes nest as values do, whose depth is bounded.
    fn value(&self, field: &str, shape: &str, value: &Value) -> Result<(), Mismatch> {
        let mismatch = |problem| Err(Mismatch { field: field.to_owned(), problem });
        let Some(line) = self.model.shapes.get(shape) else { return Ok(()) };
        let (kind, details) = line.split_once(' ').unwrap_or((line, ""));
        match (kind, value) {
            ("structure", Value::Object(object)) => self.structure(details, object),
            ("map", Value::Object(object)) => {
                object.iter().try_for_each(|(name, value)| self.value(name, details, value))
            }
            ("structure" | "map", _) => mismatch("must be an object"),
            ("list", Value::Array(items)) => items.iter().try_for_each(|item| self.value(field, details, item)),
            ("list", _) => mismatch("must be an array"),
            ("string" | "blob", Value::String(text)) => match side(bounds(details), text.chars().count() as f64) {
                Side::Below => mismatch("is smaller than the minimum length"),
                Side::Above => mismatch("exceeds the maximum length"),
                Side::Within => Ok(()),
            },
            ("enum", Value::String(word)) if details.split(' ').any(|known| known == word.as_str()) => Ok(()),
            ("enum", Value::String(_)) => mismatch("is not an expected value"),
            ("string" | "blob" | "enum", _) => mismatch("must be a string"),
            ("number", Value::Number(number)) => match side(bounds(details), number.as_f64()) {
                Side::Below => mismatch("is less than the minimum value"),
                Side::Above => mismatch("exceeds the maximum value"),
                Side::Within => Ok(()),
            },
            ("number", _) => mismatch("must be a number"),
            ("boolean", Value::Bool(_)) => Ok(()),
            ("boolean", _) => mismatch("must be a boolean"),
            _ => Ok(()),
        }
    }

    /// Checks an object against `Name:Shape Name!:Shape …`, where `!` marks what is required. Other members are free.
    fn structure(&self, members: &str, object: &Object) -> Result<(), Mismatch> {
        for member in members.split(' ') {
            let Some((name, shape)) = member.split_once(':') else { continue };
            let (name, required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
            match object.get(name) {
                None | Some(Value::Null) if required && self.strict => {
                    return Err(Mismatch { field: name.to_owned(), problem: "is required" });
                }
                None | Some(Value::Null) => {}
                Some(_) if self.untyped == Some(name) => {}
                Some(value) => self.value(name, shape, value)?,
            }
        }
        Ok(())
    }
}

enum Side {
    Below,
    Within,
    Above,
}

fn side(bounds: RangeInclusive<f64>, number: f64) -> Side {
    match () {
        () if number < *bounds.start() => Side::Below,
        () if number > *bounds.end() => Side::Above,
        () => Side::Within,
    }
}

/// `LOW..HIGH`, either of which may be missing.
fn bounds(text: &str) -> RangeInclusive<f64> {
    let (low, high) = text.split_once("..").unwrap_or_default();
    low.parse().unwrap_or(f64::NEG_INFINITY)..=high.parse().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::{Mode, check};
    use asl_engine::Value;
    use asl_engine::task::Resource;

    fn verdict(service_action: &str, result: &str, mode: Mode) -> String {
        let resource = Resource::parse(&format!("arn:aws:states:::{service_action}")).unwrap();
        match check(&resource, &Value::parse(result).unwrap(), mode) {
            Ok(()) => "fits".to_owned(),
            Err(mismatch) => format!("{} {}", mismatch.field, mismatch.problem),
        }
    }

    #[test]
    fn what_is_there_must_fit() {
        for (resource, result, expected) in [
            ("aws-sdk:lambda:getFunction", r#"{"Configuration":{"MemorySize":128}}"#, "fits"),
            (
                "aws-sdk:lambda:getFunction",
                r#"{"Configuration":{"MemorySize":127}}"#,
                "MemorySize is less than the minimum value",
            ),
            ("aws-sdk:s3:getObject", r#"{"StorageClass":"Papyrus"}"#, "StorageClass is not an expected value"),
            ("aws-sdk:s3:getObject", r#"{"StorageClass":1}"#, "StorageClass must be a string"),
            ("aws-sdk:kms:encrypt", r#"{"CiphertextBlob":""}"#, "CiphertextBlob is smaller than the minimum length"),
            ("dynamodb:getItem", r#"{"Item":{"id":{"S":"1"},"n":{"L":[{"N":"1"}]}}}"#, "fits"),
            ("dynamodb:getItem", r#"{"Item":{"id":{"S":1}}}"#, "S must be a string"),
            ("dynamodb:getItem", r#"{"Item":[]}"#, "Item must be an object"),
            ("lambda:invoke", r#"{"Payload":{"any":"thing"},"StatusCode":200}"#, "fits"),
            ("aws-sdk:lambda:invoke", r#"{"Payload":{"any":"thing"}}"#, "Payload must be a string"),
            ("lambda:invoke", r#"{"StatusCode":"200"}"#, "StatusCode must be a number"),
            ("sqs:sendMessage", r#"{"Unknown":1}"#, "fits"),
            ("sqs:sendMessage.waitForTaskToken", "1", "fits"),
            ("apigateway:invoke", "1", "fits"),
            ("sqs:noSuchAction", "1", "fits"),
            ("states:startExecution", r#"{"executionArn":1}"#, "fits"),
        ] {
            assert_eq!(verdict(resource, result, Mode::Present), expected, "{resource} {result}");
            assert_eq!(verdict(resource, result, Mode::None), "fits");
        }
    }

    #[test]
    fn strict_results_have_the_required_fields() {
        assert_eq!(verdict("states:startExecution", "{}", Mode::Strict), "ExecutionArn is required");
        assert_eq!(verdict("states:startExecution", "{}", Mode::Present), "fits");
        let whole = r#"{"ExecutionArn":"arn","StartDate":"2026-01-01T00:00:00Z"}"#;
        assert_eq!(verdict("states:startExecution", whole, Mode::Strict), "fits");
    }

    #[test]
    fn models_are_whole() {
        for service in
            ["batch", "dynamodb", "ecs", "eventbridge", "kms", "lambda", "s3", "secretsmanager", "sfn", "sns", "sqs"]
        {
            let model = super::Model::of(service).unwrap();
            assert!(!model.outputs.is_empty());
            for shape in model.outputs.values() {
                assert!(model.shapes.contains_key(shape), "{service}: {shape}");
            }
        }
    }
}
