//! Latencies in little space: whoever measures for hours needs no more of it.

use std::time::Duration;

/// Buckets a power of two is divided into: a percentile is told within 1.6 %.
const STEPS: u64 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// How many latencies fell where.
#[derive(Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { counts: vec![0; ((64 - STEP_BITS as usize) + 1) * STEPS as usize], total: 0, max: 0 }
    }
}

impl Histogram {
    pub(super) fn add(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros)] += 1;
        self.total += 1;
        self.max = self.max.max(micros);
    }

    pub(super) fn merge(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// How many there are.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The latency in milliseconds that so many of a hundred stay below.
    pub(super) fn percentile(&self, percent: f64) -> f64 {
        let rank = ((self.total as f64 * percent / 100.0).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map_or(0, |bucket| upper(bucket).min(self.max)) as f64 / 1000.0
    }
}

/// Below `STEPS` each number has its own bucket; from there each power of two has `STEPS` of them.
fn bucket(micros: u64) -> usize {
    let shift = (u64::BITS - micros.leading_zeros()).saturating_sub(STEP_BITS + 1);
    (u64::from(shift) * STEPS + (micros >> shift)) as usize
}

/// The largest number of a bucket.
fn upper(bucket: usize) -> u64 {
    let shift = (bucket as u64 / STEPS).saturating_sub(1);
    let top = bucket as u64 - shift * STEPS;
    u64::try_from((u128::from(top + 1) << shift) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_its_numbers_and_is_narrow() {
        for micros in [0, 1, 63, 64, 65, 127, 128, 1_000, 123_456, 1 << 40] {
            let upper = upper(bucket(micros));
            assert!(upper >= micros && upper - micros <= micros / STEPS, "{micros}: {upper}");
        }
    }

    #[test]
    fn percentiles_are_those_of_a_sorted_list() {
        let mut histogram = Histogram::default();
        for millis in 1..=100 {
            histogram.add(Duration::from_millis(millis));
        }
        for percent in [1.0, 50.0, 99.0, 100.0] {
            let told = histogram.percentile(percent);
            assert!((percent..percent * 1.016).contains(&told), "{percent}: {told}");
        }
    }
}
