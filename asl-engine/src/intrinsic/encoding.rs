//! Base64 and hashes.

use crate::value::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;
use std::fmt::Write;

/// Characters that these functions take (Developer Guide: "up to 10,000 characters").
const CHARS_MAX: usize = 10_000;

/// The Base64 text of a text.
pub(super) fn base64_encode(arguments: &[Value]) -> Option<Value> {
    Some(Value::String(STANDARD.encode(text(&arguments[0])?).into()))
}

/// The text that a Base64 text encodes.
pub(super) fn base64_decode(arguments: &[Value]) -> Option<Value> {
    let bytes = STANDARD.decode(text(&arguments[0])?).ok()?;
    Some(Value::String(String::from_utf8_lossy(&bytes).into()))
}

/// The hash of a text, in hexadecimal digits.
pub(super) fn hash(arguments: &[Value]) -> Option<Value> {
    let bytes = text(&arguments[0])?.as_bytes();
    let digits = match arguments[1].as_str()? {
        "MD5" => hexadecimal(&md5::Md5::digest(bytes)),
        "SHA-1" => hexadecimal(&sha1::Sha1::digest(bytes)),
        "SHA-256" => hexadecimal(&sha2::Sha256::digest(bytes)),
        "SHA-384" => hexadecimal(&sha2::Sha384::digest(bytes)),
        "SHA-512" => hexadecimal(&sha2::Sha512::digest(bytes)),
        _ => return None,
    };
    Some(Value::String(digits.into()))
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| text.len() <= CHARS_MAX || text.encode_utf16().count() <= CHARS_MAX)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
