//! `States.UUID`.

use crate::value::Value;

/// A version 4 UUID made of the execution's own random sequence.
pub(super) fn uuid(_: &[Value], chance: &dyn Fn() -> u64) -> Option<Value> {
    let high = chance();
    Some(Value::String(format_uuid(high, chance()).into()))
}

/// A version 4 UUID (RFC 9562) made of 128 bits.
pub(crate) fn format_uuid(high: u64, low: u64) -> String {
    // Digit by digit: `format!` takes nine times as long, and every child execution of a Map Run has two of them.
    let (high, low) = (high & !0xf000 | 0x4000, low & !(0b11 << 62) | 0b10 << 62);
    let bits = u128::from(high) << 64 | u128::from(low);
    let mut text = String::with_capacity(36);
    for digit in 0..32 {
        if matches!(digit, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        let value = (bits >> (124 - 4 * digit)) as usize & 0xf;
        text.push(char::from(b"0123456789abcdef"[value]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::format_uuid;

    #[test]
    fn version_and_variant_are_set_and_the_other_bits_kept() {
        assert_eq!(format_uuid(0, 0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(format_uuid(u64::MAX, u64::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(format_uuid(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210), "01234567-89ab-4def-bedc-ba9876543210");
    }
}
