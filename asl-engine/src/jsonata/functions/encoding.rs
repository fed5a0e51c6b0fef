//! Base64 and URLs.

use super::{Args, Context};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::evaluate::Evaluator;
use crate::jsonata::item::Item;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt::Write;

/// Lenient in reading, as the reference is.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Characters that stay in any part of a URL (`encodeURIComponent`).
const UNRESERVED: &str = "-_.!~*'()";
/// Characters that separate parts of a URL, and `#`.
const RESERVED: &str = ";/?:@&=+$,#";

/// Each character is one byte: its lowest eight bits, as the reference's "binary" strings have it.
pub(super) fn base64_encode(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    evaluator.charge_text(text.len())?;
    let bytes: Vec<u8> = text.encode_utf16().map(|unit| (unit & 0xff) as u8).collect();
    Ok(Item::from(BASE64.encode(bytes)))
}

pub(super) fn base64_decode(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    evaluator.charge_text(text.len())?;
    let symbols: String = text
        .chars()
        .take_while(|c| *c != '=')
        .filter_map(|c| match c {
            '-' => Some('+'),
            '_' => Some('/'),
            c if c.is_ascii_alphanumeric() || c == '+' || c == '/' => Some(c),
            _ => None,
        })
        .collect();
    // A single symbol over says nothing.
    let whole = symbols.len() - usize::from(symbols.len() % 4 == 1);
    let bytes = BASE64.decode(&symbols[..whole]).unwrap_or_default();
    Ok(Item::from(bytes.into_iter().map(char::from).collect::<String>()))
}

fn encode(evaluator: &mut Evaluator<'_>, args: &Args, keep: &[&str]) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    evaluator.charge_text(text.len())?;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || byte.is_ascii() && keep.iter().any(|set| set.contains(c)) {
            out.push(c);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Ok(Item::from(out))
}

/// Decodes `%XX`; those of characters in `keep` stay as they are.
fn decode(evaluator: &mut Evaluator<'_>, args: &Args, keep: &str, name: &'static str) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    evaluator.charge_text(text.len())?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let hex = after.get(..2).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) else {
            return Err(malformed(&text, name));
        };
        if byte.is_ascii() && keep.contains(char::from(byte)) {
            bytes.push(b'%');
            bytes.extend_from_slice(&after.as_bytes()[..2]);
        } else {
            bytes.push(byte);
        }
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map(Item::from).map_err(|_| malformed(&text, name))
}

fn malformed(text: &str, name: &'static str) -> Box<Fault> {
    Fault::new("D3140").token(name).text_value(text)
}

pub(super) fn encode_url_component(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    encode(evaluator, &args, &[UNRESERVED])
}

pub(super) fn encode_url(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    encode(evaluator, &args, &[UNRESERVED, RESERVED])
}

pub(super) fn decode_url_component(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    decode(evaluator, &args, "", "decodeUrlComponent")
}

pub(super) fn decode_url(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    decode(evaluator, &args, RESERVED, "decodeUrl")
}
