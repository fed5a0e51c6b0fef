//! Numbers: `States.MathRandom`, `States.MathAdd`.

use super::whole;
use crate::value::Value;

/// Both numbers together.
pub(super) fn add(arguments: &[Value]) -> Option<Value> {
    Some(Value::from(integer(&arguments[0])? + integer(&arguments[1])?))
}

/// An integer from the first argument's up to, but without, the second's. A third one is a seed: the same seed yields
/// the same number.
pub(super) fn random(arguments: &[Value], chance: &dyn Fn() -> u64) -> Option<Value> {
    let (from, to) = (integer(&arguments[0])?, integer(&arguments[1])?);
    let span = u64::try_from(to - from).ok().filter(|span| *span > 0)?;
    let offset = match arguments.get(2) {
        Some(seed) => seeded(whole(seed)?, span),
        // The upper half of the product is below `span`.
        None => ((u128::from(chance()) * u128::from(span)) >> 64) as u64,
    };
    Some(Value::from(from + offset as i64))
}

/// Arguments lie in the range of Java's `int` (Developer Guide).
fn integer(value: &Value) -> Option<i64> {
    whole(value).filter(|value| i32::try_from(*value).is_ok())
}

/// The first number below `span` of the sequence that `java.util.Random` makes of the seed.
fn seeded(seed: i64, span: u64) -> u64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let mut state = (seed as u64 ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        state >> (48 - bits)
    };
    if span > i32::MAX as u64 {
        return (next(32) << 32 | next(32)) % span;
    }
    if span.is_power_of_two() {
        return (span * next(31)) >> 31;
    }
    loop {
        let bits = next(31);
        let value = bits % span;
        // The last, incomplete run of the range would favour small numbers.
        if bits - value + (span - 1) <= i32::MAX as u64 {
            return value;
        }
    }
}
