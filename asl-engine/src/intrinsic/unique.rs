//! `States.UUID`.

use crate::value::Value;

/// A version 4 UUID made of the execution's own random sequence.
pub(super) fn uuid(_: &[Value], chance: &dyn Fn() -> u64) -> Option<Value> {
    let high = chance();
    Some(Value::String(format_uuid(high, chance()).into()))
}

/// A version 4 UUID (RFC 9562) made of 128 bits.
pub(crate) fn format_uuid(high: u64, low: u64) -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 48) & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}
