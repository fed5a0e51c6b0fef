//! Moments and spans as the States Language knows them.

use std::fmt;

/// A moment: milliseconds since 1970-01-01T00:00:00Z, the resolution of AWS's histories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment from milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Timestamp(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, as AWS's JSON protocols write times.
    pub fn as_seconds_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The moment `millis` later (saturating).
    pub const fn plus_millis(self, millis: i64) -> Self {
        Timestamp(self.0.saturating_add(millis))
    }

    /// The moment `seconds` later (saturating).
    pub const fn plus_seconds(self, seconds: u64) -> Self {
        let seconds = if seconds > i64::MAX as u64 / 1000 { i64::MAX / 1000 } else { seconds as i64 };
        self.plus_millis(seconds * 1000)
    }

    /// Parses an ISO-8601 time with an offset (`2016-03-14T01:59:00Z`), the RFC 3339 profile that the States Language
    /// asks for: capital `T` and `Z`.
    pub fn parse(text: &str) -> Option<Self> {
        if !is_rfc_3339(text.as_bytes()) {
            return None;
        }
        let parsed: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp(parsed.as_millisecond()))
    }
}

/// Of the ways in which a time can be written, is it the one of RFC 3339, `2016-03-14T01:59:00.5+01:00`? Not whether it is a
/// time: that is for the parser, which takes more ways. The seconds may be left out.
fn is_rfc_3339(text: &[u8]) -> bool {
    let extended = matches!(text, [_, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', ..]);
    let offset = matches!(text, [.., b'Z'] | [.., b'+' | b'-', _, _, b':', _, _]);
    extended && offset && !text.iter().any(|byte| matches!(byte, b',' | b' ' | b'['))
}

/// Prints the moment as AWS does in the context object: `2024-01-31T12:00:00.123Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn prints_with_milliseconds_and_reads_back() {
        let moment = Timestamp::from_millis(1_706_702_400_120);
        assert_eq!(moment.to_string(), "2024-01-31T12:00:00.120Z");
        assert_eq!(Timestamp::parse("2024-01-31T12:00:00.120Z"), Some(moment));
        assert_eq!(Timestamp::parse("2024-01-31T13:00:00.120+01:00"), Some(moment));
    }

    #[test]
    fn refuses_what_is_no_rfc_3339_time() {
        for text in [
            "2016-12-05 21:29:29Z",
            "2016-12-05T21:29:29",
            "2016-13-05T21:29:29Z",
            "2016-12-05t21:29:29z",
            "20161205T212929Z",
            "2016-12-05T21Z",
            "2016-12-05T21:29:29+01",
            "2016-12-05T21:29:29+0100",
            "2016-12-05T21:29:29,5Z",
            "2016-12-05T21:29:29.Z",
            "2016-12-05T21:29:29Z[UTC]",
            "2016-12-05T21:29:29ü:00",
            "x",
            "",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        for text in ["2016-12-05T21:29Z", "2016-12-05T21:29:29.123456789-11:30"] {
            assert!(Timestamp::parse(text).is_some(), "{text}");
        }
    }
}
