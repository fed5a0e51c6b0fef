//! The functions that cases call: what they answer, and a server that answers Lambda's Invoke call with them.

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// What a function does.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum LambdaBehaviour {
    /// Returns its input.
    Identity,
    /// Returns a value.
    Constant {
        /// The value.
        value: Value,
    },
    /// Returns a character many times.
    ConstantSizeString {
        /// How often.
        bytes: usize,
        /// The character.
        char: String,
    },
    /// Returns `input-event-` and the input as Python writes it.
    Format,
    /// Waits, then returns its input.
    SleepThenIdentity {
        /// How long.
        seconds: f64,
    },
    /// Raises an error.
    Raise {
        /// The name of the error.
        error_type: String,
        /// Its message.
        error_message: String,
        /// Where it was raised.
        #[serde(default)]
        stack_trace: Value,
    },
    /// Not described by the case.
    Other,
}

/// A function ended with an error: what Lambda answers together with `X-Amz-Function-Error: Unhandled`.
#[derive(Clone, Debug, PartialEq)]
pub struct LambdaError {
    /// The name of the error.
    pub error_type: String,
    /// The body of the answer, with `errorMessage` and `errorType`.
    pub body: Value,
}

impl LambdaBehaviour {
    /// How many seconds pass before the function answers.
    pub fn delay_seconds(&self) -> f64 {
        match self {
            LambdaBehaviour::SleepThenIdentity { seconds } => seconds.clamp(0.0, 3600.0),
            _ => 0.0,
        }
    }

    /// What the function answers to a payload, without its delay.
    ///
    /// # Errors
    /// When the function raises an error.
    pub fn answer(&self, payload: Value, request_id: &str) -> Result<Value, LambdaError> {
        match self {
            LambdaBehaviour::Identity | LambdaBehaviour::SleepThenIdentity { .. } => Ok(payload),
            LambdaBehaviour::Constant { value } => Ok(value.clone()),
            LambdaBehaviour::ConstantSizeString { bytes, char } => Ok(Value::String(char.repeat(*bytes))),
            LambdaBehaviour::Format => {
                let mut text = "input-event-".to_owned();
                match &payload {
                    Value::String(payload) => text.push_str(payload),
                    payload => write_python(payload, &mut text),
                }
                Ok(Value::String(text))
            }
            LambdaBehaviour::Raise { error_type, error_message, stack_trace } => {
                let stack_trace = if stack_trace.is_null() { json!([]) } else { stack_trace.clone() };
                let body = json!({
                    "errorMessage": error_message,
                    "errorType": error_type,
                    "requestId": request_id,
                    "stackTrace": stack_trace,
                });
                Err(LambdaError { error_type: error_type.clone(), body })
            }
            LambdaBehaviour::Other => {
                let error_type = "NotDescribed".to_owned();
                let message = "the case does not describe this function";
                Err(LambdaError { body: json!({"errorMessage": message, "errorType": error_type}), error_type })
            }
        }
    }
}

/// Writes a value as Python's `repr` does. The depth is that of parsed JSON, which is bounded.
fn write_python(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("None"),
        Value::Bool(true) => text.push_str("True"),
        Value::Bool(false) => text.push_str("False"),
        Value::Number(number) => text.push_str(&python_number(&number.to_string())),
        Value::String(string) => write_python_string(string, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                write_python(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                write_python_string(key, text);
                text.push_str(": ");
                write_python(member, text);
            }
            text.push('}');
        }
    }
}

/// Python writes exponents with a sign and at least two digits.
fn python_number(number: &str) -> String {
    match number.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            format!("{digits}e{sign}{:0>2}", exponent.trim_start_matches('+'))
        }
        None => number.to_owned(),
    }
}

fn write_python_string(string: &str, text: &mut String) {
    let quote = if string.contains('\'') && !string.contains('"') { '"' } else { '\'' };
    text.push(quote);
    for c in string.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\\' => text.push_str("\\\\"),
            c if c == quote => text.extend(['\\', c]),
            c if (c as u32) < 0x100 && c.is_control() || c == '\u{a0}' || c == '\u{ad}' => {
                text.push_str(&format!("\\x{:02x}", c as u32));
            }
            c => text.push(c),
        }
    }
    text.push(quote);
}

/// Functions by name, shared between the player that adds them and the server that calls them.
#[derive(Clone, Debug, Default)]
pub struct LambdaTable(Arc<RwLock<HashMap<String, LambdaBehaviour>>>);

impl LambdaTable {
    /// Adds a function, or gives it another behaviour.
    pub fn insert(&self, name: String, behaviour: LambdaBehaviour) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, behaviour);
    }

    /// Finds a function by its name or ARN, with or without qualifier.
    pub fn get(&self, name: &str) -> Option<LambdaBehaviour> {
        let name = name.rsplit_once(":function:").map_or(name, |(_, name)| name);
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Answers `POST /2015-03-31/functions/{name or ARN}/invocations` on a loopback port, in the background.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn serve(&self, port: u16) -> Result<std::net::SocketAddr> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("cannot answer Lambda calls on port {port}"))?;
        let address = listener.local_addr()?;
        let routes =
            Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(address)
    }
}

async fn invoke(State(table): State<LambdaTable>, Path(name): Path<String>, body: Bytes) -> Response {
    let request_id = uuid::Uuid::new_v4().to_string();
    let id_header = ("x-amzn-RequestId", request_id.clone());
    let Some(behaviour) = table.get(&name) else {
        let body = json!({"Type": "User", "Message": format!("Function not found: {name}")});
        let error = ("x-amzn-ErrorType", "ResourceNotFoundException");
        return (StatusCode::NOT_FOUND, [id_header], [error], axum::Json(body)).into_response();
    };
    let payload = if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(&body) };
    let Ok(payload) = payload else {
        let body = json!({"Type": "User", "Message": "Could not parse request body into json"});
        let error = ("x-amzn-ErrorType", "InvalidRequestContentException");
        return (StatusCode::BAD_REQUEST, [id_header], [error], axum::Json(body)).into_response();
    };
    tokio::time::sleep(Duration::from_secs_f64(behaviour.delay_seconds())).await;
    let version = ("X-Amz-Executed-Version", "$LATEST");
    match behaviour.answer(payload, &request_id) {
        Ok(output) => ([id_header], [version], axum::Json(output)).into_response(),
        Err(error) => {
            ([id_header], [version], [("X-Amz-Function-Error", "Unhandled")], axum::Json(error.body)).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behaviour(json: Value) -> LambdaBehaviour {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn functions_answer_as_described() {
        let input = json!({"a": [1, 2.5, 1e16, 1e-7, true, null], "it's": "\"é\"\n", "b": "it's"});
        let python = r#"input-event-{'a': [1, 2.5, 1e+16, 1e-07, True, None], "it's": '"é"\n', 'b': "it's"}"#;
        for (kind, output) in [
            (json!({"kind": "identity", "words": "returns its input"}), input.clone()),
            (json!({"kind": "sleep_then_identity", "seconds": 2}), input.clone()),
            (json!({"kind": "constant", "value": {"x": 1}}), json!({"x": 1})),
            (json!({"kind": "constant_size_string", "bytes": 3, "char": "a"}), json!("aaa")),
            (json!({"kind": "format"}), json!(python)),
        ] {
            assert_eq!(behaviour(kind.clone()).answer(input.clone(), "id"), Ok(output), "{kind}");
        }
        assert_eq!(behaviour(json!({"kind": "sleep_then_identity", "seconds": 2})).delay_seconds(), 2.0);
        assert_eq!(behaviour(json!({"kind": "format"})).answer(json!("x"), "id"), Ok(json!("input-event-x")));
    }

    #[test]
    fn a_function_raises() {
        let raise = json!({"kind": "raise", "errorType": "E", "errorMessage": "m", "stackTrace": ["at"]});
        let error = behaviour(raise).answer(json!(1), "id").unwrap_err();
        assert_eq!(error.error_type, "E");
        assert_eq!(error.body, json!({"errorMessage": "m", "errorType": "E", "requestId": "id", "stackTrace": ["at"]}));
    }

    #[tokio::test]
    async fn answers_invoke_calls() {
        let table = LambdaTable::default();
        table.insert("f".into(), behaviour(json!({"kind": "identity"})));
        table.insert("g".into(), behaviour(json!({"kind": "raise", "errorType": "E", "errorMessage": "m"})));
        let address = table.serve(0).await.unwrap();
        let client = asl_server::http_client::plain().no_proxy().build().unwrap();
        let invoke = async |name: &str, body: &'static str| {
            let url = format!("http://{address}/2015-03-31/functions/{name}/invocations");
            let answer = client.post(url).body(body).send().await.unwrap();
            let failed = answer.headers().contains_key("x-amz-function-error");
            (answer.status().as_u16(), failed, answer.json::<Value>().await.unwrap())
        };
        assert_eq!(invoke("f", "[1]").await, (200, false, json!([1])));
        assert_eq!(invoke("arn:aws:lambda:us-east-1:1:function:f:$LATEST", "").await, (200, false, json!({})));
        let (status, failed, body) = invoke("arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Ag", "{}").await;
        assert_eq!((status, failed, &body["errorType"]), (200, true, &json!("E")));
        assert_eq!(invoke("h", "{}").await.0, 404);
        assert_eq!(invoke("f", "{").await.0, 400);
    }
}
