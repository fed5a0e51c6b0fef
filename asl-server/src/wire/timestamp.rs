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
