//! Parameters and bodies as text: JSON, or URL-encoded (Developer Guide, *Call HTTPS APIs*, "Applying URL-encoding").

use super::invalid;
use asl_engine::{StatesError, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names and values, encoded and joined.
pub(in crate::integration) fn form(pairs: &[(String, String)]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

/// The members of an object as texts; an array stands for several values of one name.
pub(in crate::integration) fn pairs(field: &str, given: Option<&Value>) -> Result<Vec<(String, String)>, StatesError> {
    let members = match given {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(invalid(format!("'{field}' is no object"))),
    };
    let mut pairs = Vec::new();
    for (name, value) in members {
        match value {
            Value::Array(values) => pairs.extend(values.iter().map(|value| (name.to_string(), text(value)))),
            value => pairs.push((name.to_string(), text(value))),
        }
    }
    Ok(pairs)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_json(), str::to_owned)
}

/// The request body as text, as `Transform` asks.
pub(super) fn body(body: &Value, transform: Option<&Value>) -> Result<String, StatesError> {
    let setting = |name: &str| transform.and_then(|transform| transform.get(name));
    match setting("RequestBodyEncoding").and_then(Value::as_str) {
        None | Some("NONE") => return Ok(text(body)),
        Some("URL_ENCODED") => {}
        Some(other) => return Err(invalid(format!("'{other}' is no RequestBodyEncoding. Use NONE or URL_ENCODED"))),
    }
    let format =
        setting("RequestEncodingOptions").and_then(|options| options.get("ArrayFormat")).and_then(Value::as_str);
    let format = match format {
        None | Some("INDICES") => ArrayFormat::Indices,
        Some("REPEAT") => ArrayFormat::Repeat,
        Some("COMMAS") => ArrayFormat::Commas,
        Some("BRACKETS") => ArrayFormat::Brackets,
        Some(other) => {
            return Err(invalid(format!("'{other}' is no ArrayFormat. Use INDICES, REPEAT, COMMAS or BRACKETS")));
        }
    };
    match body {
        // What is a text already is taken as it is.
        Value::String(text) => Ok(text.to_string()),
        Value::Object(members) => {
            let mut pairs = Vec::new();
            members.iter().for_each(|(name, value)| flatten(name.to_string(), value, format, &mut pairs));
            Ok(form(&pairs))
        }
        _ => Err(invalid("'RequestBody' is no object, so it cannot be URL-encoded")),
    }
}

/// How arrays are encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ArrayFormat {
    Indices,
    Repeat,
    Commas,
    Brackets,
}

/// Recursion over a value whose depth is bounded when it is read.
fn flatten(name: String, value: &Value, format: ArrayFormat, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(member, value)| flatten(format!("{name}[{member}]"), value, format, pairs));
        }
        Value::Array(items) if format == ArrayFormat::Commas => {
            let items: Vec<String> = items.iter().map(text).collect();
            pairs.push((name, items.join(",")));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = match format {
                    ArrayFormat::Indices => format!("{name}[{index}]"),
                    ArrayFormat::Brackets => format!("{name}[]"),
                    ArrayFormat::Repeat | ArrayFormat::Commas => name.clone(),
                };
                flatten(name, item, format, pairs);
            }
        }
        value => pairs.push((name, text(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_encoded_as_documented() {
        let value = |json: &str| Value::parse(json).unwrap();
        let encoded = |json: &str, format: &str| {
            let options = format!(
                r#"{{"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {{"ArrayFormat": "{format}"}}}}"#
            );
            body(&value(json), Some(&value(&options))).unwrap()
        };
        let array = r#"{"array": ["a","b"]}"#;
        assert_eq!(encoded(array, "INDICES"), "array%5B0%5D=a&array%5B1%5D=b");
        assert_eq!(encoded(array, "REPEAT"), "array=a&array=b");
        assert_eq!(encoded(array, "COMMAS"), "array=a%2Cb");
        assert_eq!(encoded(array, "BRACKETS"), "array%5B%5D=a&array%5B%5D=b");
        let nested =
            r#"{"description": "Monthly subscription", "metadata": {"order_details": "monthly report data"}, "n": 1}"#;
        assert_eq!(
            encoded(nested, "INDICES"),
            "description=Monthly%20subscription&metadata%5Border_details%5D=monthly%20report%20data&n=1"
        );
        assert_eq!(body(&value(nested), None).unwrap(), value(nested).to_json());
        assert_eq!(body(&value(r#""plain""#), None).unwrap(), "plain");
        for (transform, says) in [
            (r#"{"RequestBodyEncoding": "BASE64"}"#, "'BASE64' is no RequestBodyEncoding"),
            (
                r#"{"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "X"}}"#,
                "'X' is no ArrayFormat",
            ),
        ] {
            let error = body(&value("{}"), Some(&value(transform))).unwrap_err();
            assert!(error.cause.unwrap().contains(says));
        }
    }
}
