//! What AWS's optimised integrations add to a service's answer: `SdkHttpMetadata` and `SdkResponseMetadata`.

use crate::wire::timestamp::http_date;
use asl_engine::runtime::Clock;
use asl_engine::value::{Array, Object, Str};
use asl_engine::{Value, object};
use reqwest::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};

/// Services that spell it `Connection` (recorded; the others write `connection`).
const CAPITAL_CONNECTION: [&str; 2] = ["ApiGateway", "DynamoDB"];

/// Adds what the HTTP answer of a service says beside its result. `service`: as its errors begin.
pub(super) fn add_headers(result: &mut Object, service: &str, status: u16, headers: &HeaderMap, request_id: &str) {
    let first = |value: &Value| value.as_array().and_then(|values| values.first().cloned()).unwrap_or_default();
    let all = lists(service, headers);
    let single: Object = all.iter().map(|(name, values)| (name.clone(), first(values))).collect();
    result.insert(
        "SdkHttpMetadata",
        object! {
            "AllHttpHeaders" => all,
            "HttpHeaders" => single,
            "HttpStatusCode" => u64::from(status),
        },
    );
    result.insert("SdkResponseMetadata", object! { "RequestId" => request_id });
}

/// The same for an answer of which no more is known.
pub(super) fn add(result: &mut Object, request_id: &str, content_type: &str, length: usize) {
    let text = |text: String| HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    let headers = HeaderMap::from_iter([
        (HeaderName::from_static("x-amzn-requestid"), text(request_id.to_owned())),
        (CONNECTION, HeaderValue::from_static("keep-alive")),
        (CONTENT_LENGTH, text(length.to_string())),
        (DATE, text(http_date(Clock::System.now()))),
        (CONTENT_TYPE, text(content_type.to_owned())),
    ]);
    add_headers(result, "", 200, &headers, request_id);
}

/// Each header with the list of its values, spelled as AWS's services do. (HTTP itself does not mind.)
pub(super) fn lists(service: &str, headers: &HeaderMap) -> Object {
    let text = |value: &HeaderValue| Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned());
    let values = |name| headers.get_all(name).iter().map(text).collect::<Array>();
    headers.keys().map(|name| (spelled(service, name.as_str()), Value::Array(values(name)))).collect()
}

fn spelled(service: &str, name: &str) -> Str {
    match name {
        "connection" if !CAPITAL_CONNECTION.contains(&service) => "connection".into(),
        "x-amzn-requestid" => "x-amzn-RequestId".into(),
        "x-amzn-trace-id" => "X-Amzn-Trace-Id".into(),
        "x-amz-cf-id" => "X-Amz-Cf-Id".into(),
        "x-amz-cf-pop" => "X-Amz-Cf-Pop".into(),
        name if name.starts_with("x-amz") => name.into(),
        name => {
            let mut begins = true;
            let letter = |letter: char| {
                let capital = std::mem::replace(&mut begins, letter == '-');
                if capital { letter.to_ascii_uppercase() } else { letter }
            };
            name.chars().map(letter).collect::<String>().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn headers_are_spelled_as_recorded() {
        for (service, name) in [
            ("SQS", "connection"),
            ("DynamoDB", "Connection"),
            ("DynamoDB", "x-amz-crc32"),
            ("SQS", "x-amzn-RequestId"),
            ("ApiGateway", "Content-Length"),
            ("ApiGateway", "x-amz-apigw-id"),
            ("ApiGateway", "X-Amzn-Trace-Id"),
            ("ApiGateway", "Via"),
        ] {
            assert_eq!(spelled(service, &name.to_ascii_lowercase()), name);
        }
    }
}
