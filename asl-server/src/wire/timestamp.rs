//! Times as the AWS JSON protocol writes them.

use asl_engine::Timestamp;
use serde::{Serialize, Serializer};

/// A moment, written as seconds since the epoch with milliseconds as fraction: `1706702400.12`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochSeconds(pub Timestamp);

impl Serialize for EpochSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_seconds_f64())
    }
}

impl From<Timestamp> for EpochSeconds {
    fn from(moment: Timestamp) -> Self {
        EpochSeconds(moment)
    }
}

/// A moment as HTTP writes it: `Thu, 18 Apr 2024 06:27:01 GMT`.
pub fn http_date(moment: Timestamp) -> String {
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
        assert_eq!(http_date(moment), "Thu, 18 Apr 2024 06:27:01 GMT");
        assert_eq!(http_date(Timestamp::parse("1970-01-01T00:00:00Z").unwrap()), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
