//! What services answer: checks a mocked result against the model of the API that a Task state would call.
//!
//! A service or an action that no model knows is not checked.

use crate::aws::model::Model;
use crate::aws::shape::{Bounds, Shape, ShapeId, Structure};
use asl_engine::Value;
use asl_engine::task::{Pattern, Resource};
use asl_engine::value::Object;

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
    let (name, optimised) = match service.strip_prefix("aws-sdk:") {
        Some(name) => (name, false),
        None => match service.as_str() {
            "states" => ("sfn", true),
            "events" => ("eventbridge", true),
            name => (name, true),
        },
    };
    // The optimised integration parses the payload.
    let untyped = (optimised && name == "lambda").then_some("Payload");
    let Some(model) = Model::of(name) else { return Ok(()) };
    let Some(output) = model.operation(action).and_then(|operation| operation.output) else { return Ok(()) };
    let check = Check { model, strict: mode == Mode::Strict, optimised, untyped };
    check.value("result", output, result)
}

struct Check<'m> {
    model: &'m Model,
    strict: bool,
    /// The integration is an optimised one, which spells members as the service does.
    optimised: bool,
    /// A field of the answer that may hold anything.
    untyped: Option<&'static str>,
}

impl Check<'_> {
    /// Checks a value, which is that of `field`, against a shape. Shapes nest as values do, whose depth is bounded.
    fn value(&self, field: &str, shape: ShapeId, value: &Value) -> Result<(), Mismatch> {
        let mismatch = |problem| Err(Mismatch { field: field.to_owned(), problem });
        match (self.model.shape(shape), value) {
            (Shape::Structure(structure), Value::Object(object)) => self.structure(structure, object),
            (Shape::Map(map), Value::Object(object)) => {
                object.iter().try_for_each(|(name, value)| self.value(name, map.value, value))
            }
            (Shape::Structure(_) | Shape::Map(_), _) => mismatch("must be an object"),
            (Shape::List(list), Value::Array(items)) => {
                items.iter().try_for_each(|item| self.value(field, list.item, item))
            }
            (Shape::List(_), _) => mismatch("must be an array"),
            (Shape::String(bounds) | Shape::Blob(bounds), Value::String(text)) => {
                match side(&bounds, text.chars().count() as f64) {
                    Side::Below => mismatch("is smaller than the minimum length"),
                    Side::Above => mismatch("exceeds the maximum length"),
                    Side::Within => Ok(()),
                }
            }
            (Shape::Enum(words), Value::String(word)) if words.have(word) => Ok(()),
            (Shape::Enum(_), Value::String(_)) => mismatch("is not an expected value"),
            (Shape::Timestamp(_) | Shape::Id, Value::String(_)) => Ok(()),
            // Times are strings in Step Functions' answers.
            (Shape::String(_) | Shape::Id | Shape::Blob(_) | Shape::Enum(_) | Shape::Timestamp(_), _) => {
                mismatch("must be a string")
            }
            (Shape::Integer(bounds) | Shape::Float(bounds), Value::Number(number)) => {
                match side(&bounds, number.as_f64()) {
                    Side::Below => mismatch("is less than the minimum value"),
                    Side::Above => mismatch("exceeds the maximum value"),
                    Side::Within => Ok(()),
                }
            }
            (Shape::Integer(_) | Shape::Float(_), _) => mismatch("must be a number"),
            (Shape::Boolean, Value::Bool(_)) => Ok(()),
            (Shape::Boolean, _) => mismatch("must be a boolean"),
            (Shape::Json | Shape::Document | Shape::Unknown, _) => Ok(()),
        }
    }

    /// Members that the model does not have are free.
    fn structure(&self, structure: Structure<'_>, object: &Object) -> Result<(), Mismatch> {
        for member in structure.members() {
            let name = if self.optimised { member.own_name() } else { member.name.into() };
            match object.get(&name) {
                None | Some(Value::Null) if member.required && self.strict => {
                    return Err(Mismatch { field: name.into_owned(), problem: "is required" });
                }
                None | Some(Value::Null) => {}
                Some(_) if self.untyped == Some(&name) => {}
                Some(value) => self.value(&name, member.shape, value)?,
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

fn side(bounds: &Bounds, number: f64) -> Side {
    match () {
        () if number < *bounds.start() => Side::Below,
        () if number > *bounds.end() => Side::Above,
        () => Side::Within,
    }
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
            ("sqs:sendMessage", r#"{"MD5OfMessageBody":1,"Md5OfMessageBody":1}"#, "MD5OfMessageBody must be a string"),
            ("aws-sdk:sqs:sendMessage", r#"{"Md5OfMessageBody":1}"#, "Md5OfMessageBody must be a string"),
            ("aws-sdk:rds:describeDBInstances", r#"{"DbInstances":{}}"#, "DbInstances must be an array"),
            (
                "aws-sdk:ec2:describeInstances",
                r#"{"Reservations":[{"Instances":[{"VpcId":1}]}]}"#,
                "VpcId must be a string",
            ),
            ("aws-sdk:glue:getJobRun", r#"{"JobRun":{"StartedOn":1}}"#, "StartedOn must be a string"),
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
}
