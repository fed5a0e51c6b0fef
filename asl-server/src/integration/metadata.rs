//! What AWS's optimised integrations add to a service's answer: `SdkHttpMetadata` and `SdkResponseMetadata`.

use asl_engine::value::{Array, Object};
use asl_engine::{Timestamp, Value, object};

/// Adds the metadata of an HTTP answer to a service's result.
pub(super) fn add(result: &mut Object, request_id: &str, content_type: &str, content_length: usize) {
    let headers = [
        ("x-amzn-RequestId", request_id.to_owned()),
        ("connection", "keep-alive".to_owned()),
        ("Content-Length", content_length.to_string()),
        ("Date", http_date()),
        ("Content-Type", content_type.to_owned()),
    ];
    let list = |text: &String| Value::Array(Array::from(vec![Value::from(text.clone())]));
    let all: Object = headers.iter().map(|(name, text)| ((*name).into(), list(text))).collect();
    let single: Object = headers.iter().map(|(name, text)| ((*name).into(), Value::from(text.clone()))).collect();
    result.insert(
        "SdkHttpMetadata",
        object! {
            "AllHttpHeaders" => all,
            "HttpHeaders" => single,
            "HttpStatusCode" => 200,
        },
    );
    result.insert("SdkResponseMetadata", object! { "RequestId" => request_id });
}

/// Now, as HTTP writes it: `Thu, 18 Apr 2024 06:27:01 GMT`.
fn http_date() -> String {
    let now = asl_engine::runtime::Clock::System.now();
    format_date(now)
}

fn format_date(moment: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // `2024-04-18T06:27:01.000Z`
    let text = moment.to_string();
    let days = moment.as_millis().div_euclid(86_400_000).rem_euclid(7) as usize;
    let month = text.get(5..7).and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    let month = MONTHS.get(month.wrapping_sub(1)).unwrap_or(&"Jan");
    format!("{}, {} {month} {} {} GMT", DAYS[days], part(8..10), part(0..4), part(11..19))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_http_does() {
        let moment = Timestamp::parse("2024-04-18T06:27:01Z").unwrap();
        assert_eq!(format_date(moment), "Thu, 18 Apr 2024 06:27:01 GMT");
        assert_eq!(format_date(Timestamp::parse("1970-01-01T00:00:00Z").unwrap()), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
