//! The functions that Step Functions adds (Developer Guide, *Transforming data with JSONata*, "JSONata functions
//! provided by Step Functions").

use super::numeric::unit;
use super::{Args, Context};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::evaluate::Evaluator;
use crate::jsonata::item::Item;
use crate::value::{Number, Value};
use sha1::Digest;

/// AWS documents no code for what these functions refuse; like `$error`, they fail with their text.
fn refuse<T>(text: impl Into<String>) -> Fallible<T> {
    Err(Fault::new("D3137").text(text))
}

fn integer(args: &Args, index: usize) -> Option<f64> {
    args.number(index).filter(|number| number.fract() == 0.0)
}

/// `$partition(array, size)`: chunks of that size; the last may be smaller.
pub(super) fn partition(evaluator: &mut Evaluator<'_>, mut args: Args, _: Context<'_>) -> Fallible<Item> {
    let array = args.take(0);
    if array.is_undefined() {
        return Ok(Item::Undefined);
    }
    let Some(size) = integer(&args, 1).filter(|size| *size >= 1.0) else {
        return refuse("The second argument of the $partition function must be a positive integer");
    };
    let items = array.into_items();
    evaluator.charge(items.len())?;
    let chunks = items.chunks(size.min(u32::MAX.into()) as usize).map(|chunk| Item::array(chunk.to_vec()));
    Ok(Item::array(chunks.collect()))
}

/// `$range(first, last, delta)`: the numbers from first up or down to last, last included.
pub(super) fn range(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let (Some(first), Some(last), Some(delta)) = (integer(&args, 0), integer(&args, 1), integer(&args, 2)) else {
        if (0..3).any(|index| args.get(index).is_undefined()) {
            return Ok(Item::Undefined);
        }
        return refuse("The arguments of the $range function must be integers");
    };
    if delta == 0.0 {
        return refuse("The third argument of the $range function must not be 0");
    }
    let count = ((last - first) / delta).floor() + 1.0;
    if count > 1e7 {
        return Err(Fault::new("D2014").value(&Item::Number(count)));
    }
    evaluator.charge(count.max(0.0) as usize)?;
    let numbers = (0..count.max(0.0) as usize).map(|index| Item::Number(first + index as f64 * delta));
    // Recorded: `$range(1, 9, 9)` is 1, so it gives a sequence.
    Ok(Item::sequence(numbers.collect()))
}

/// `$hash(text, algorithm)`: the hash in hexadecimal.
pub(super) fn hash(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let (Some(text), Some(algorithm)) = (args.text(0), args.text(1)) else { return Ok(Item::Undefined) };
    evaluator.charge_text(text.len())?;
    let bytes = text.as_bytes();
    let digest: Vec<u8> = match algorithm.as_str() {
        "MD5" => md5::Md5::digest(bytes).to_vec(),
        "SHA-1" => sha1::Sha1::digest(bytes).to_vec(),
        "SHA-256" => sha2::Sha256::digest(bytes).to_vec(),
        "SHA-384" => sha2::Sha384::digest(bytes).to_vec(),
        "SHA-512" => sha2::Sha512::digest(bytes).to_vec(),
        _ => {
            return refuse(
                "The second argument of the $hash function must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512",
            );
        }
    };
    Ok(Item::from(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// `$random()` or `$random(seed)`: the same seed gives the same number.
pub(super) fn random(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let bits = match args.number(0) {
        Some(seed) => split_mix(seed.to_bits()),
        None => evaluator.bindings.random(),
    };
    Ok(Item::Number(unit(bits)))
}

/// SplitMix64: spreads a seed over 64 bits.
fn split_mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// `$uuid()`: a version 4 UUID.
pub(super) fn uuid(evaluator: &mut Evaluator<'_>, _: Args, _: Context<'_>) -> Fallible<Item> {
    let (high, low) = (evaluator.bindings.random(), evaluator.bindings.random());
    // RFC 9562, section 5.4: version 4, variant 10.
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    Ok(Item::from(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff,
    )))
}

/// `$parse(text)`: the value that a JSON text says.
pub(super) fn parse(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    evaluator.charge_text(text.len() * 4)?;
    match Value::parse(&text) {
        // Recorded: `-0` is 0.
        Ok(Value::Number(Number::Float(0.0))) => Ok(Item::Number(0.0)),
        Ok(value) => Ok(Item::Json(value)),
        Err(error) => refuse(format!("The argument of the $parse function is no JSON: {error}")),
    }
}
