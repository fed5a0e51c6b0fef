//! The random sequence of an execution: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
//! 2014). It serves jitter, UUIDs and `States.MathRandom`; it is no source of secrets.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// INVARIANT: seeded from the Start alone, so a replay draws the same numbers.
// Atomic so that a machine written out can be shared; only its own thread ever draws.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Rng(AtomicU64);

impl Clone for Rng {
    fn clone(&self) -> Self {
        Rng::new(self.0.load(Ordering::Relaxed))
    }
}

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Rng(AtomicU64::new(seed))
    }

    pub(super) fn next(&self) -> u64 {
        let state = self.0.load(Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.store(state, Ordering::Relaxed);
        mix(state)
    }

    /// A version 4 UUID.
    pub(super) fn uuid(&self) -> String {
        let high = self.next();
        crate::intrinsic::format_uuid(high, self.next())
    }
}

/// The finaliser of SplitMix64: every bit of the input changes every bit of the output.
pub(super) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
