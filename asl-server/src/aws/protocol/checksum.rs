//! The checksum that a request's body has in a header.
//!
//! As the AWS SDKs do it by default ("Data integrity protections for Amazon S3"): an operation that has a parameter for the
//! algorithm gets a checksum, CRC32 unless the parameter says otherwise; one that has none and must have a checksum gets
//! `Content-MD5`.

use super::parameter::{Parameters, Path};
use super::{ParameterError, WireRequest};
use crate::aws::model::Operation;
use axum::http::{HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::Digest as _;

/// The polynomials, their bits reversed.
const CRC32: u64 = 0xedb8_8320;
const CRC32C: u64 = 0x82f6_3b78;
const CRC64NVME: u64 = 0x9a6c_9329_ac4b_c9b5;

pub(super) fn add(
    operation: &Operation<'_>,
    parameters: &Parameters<'_, '_>,
    request: &mut WireRequest,
) -> Result<(), ParameterError> {
    // Who gives one knows better.
    let is_checksum =
        |name: &HeaderName| name.as_str().starts_with("x-amz-checksum-") || name.as_str() == "content-md5";
    if request.headers.keys().any(is_checksum) {
        return Ok(());
    }
    let Some(choice) = operation.checksum else {
        if operation.checksummed {
            let sum = BASE64.encode(md5::Md5::digest(&request.body));
            insert(request, "content-md5", &sum);
        }
        return Ok(());
    };
    let given = parameters.given.iter().find(|given| given.member.own_name() == choice);
    let algorithm = match given {
        Some(given) => given.value.as_str().unwrap_or_default(),
        None if request.body.is_empty() && !operation.checksummed => return Ok(()),
        None => "CRC32",
    };
    let body = &request.body;
    let (name, sum) = match algorithm {
        "CRC32" => ("x-amz-checksum-crc32", BASE64.encode((crc(body, CRC32, 32) as u32).to_be_bytes())),
        "CRC32C" => ("x-amz-checksum-crc32c", BASE64.encode((crc(body, CRC32C, 32) as u32).to_be_bytes())),
        "CRC64NVME" => ("x-amz-checksum-crc64nvme", BASE64.encode(crc(body, CRC64NVME, 64).to_be_bytes())),
        "SHA1" => ("x-amz-checksum-sha1", BASE64.encode(sha1::Sha1::digest(body))),
        "SHA256" => ("x-amz-checksum-sha256", BASE64.encode(sha2::Sha256::digest(body))),
        _ => {
            let name = given.map_or(choice, |given| given.member.name);
            let known = "must be one of CRC32, CRC32C, CRC64NVME, SHA1 and SHA256";
            return Err(Path::Field(&Path::Top, name).error(known));
        }
    };
    insert(request, name, &sum);
    if given.is_none() {
        insert(request, "x-amz-sdk-checksum-algorithm", algorithm);
    }
    Ok(())
}

fn insert(request: &mut WireRequest, name: &'static str, text: &str) {
    // Base64 and the names of algorithms are what headers can have.
    if let Ok(value) = HeaderValue::from_str(text) {
        request.headers.insert(HeaderName::from_static(name), value);
    }
}

/// A cyclic redundancy check of so many bits, least significant bit first.
fn crc(bytes: &[u8], polynomial: u64, bits: u32) -> u64 {
    let all = u64::MAX >> (64 - bits);
    let mut table = [0; 256];
    for (byte, entry) in (0..).zip(&mut table) {
        *entry = (0..8).fold(byte, |sum: u64, _| (sum >> 1) ^ if sum & 1 == 1 { polynomial } else { 0 });
    }
    bytes.iter().fold(all, |sum, byte| (sum >> 8) ^ table[((sum ^ u64::from(*byte)) & 0xff) as usize]) ^ all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of CRC algorithms, of `123456789`; and what S3 answered to an object `0`.
    #[test]
    fn checks_are_as_catalogued() {
        assert_eq!(crc(b"123456789", CRC32, 32), 0xcbf4_3926);
        assert_eq!(crc(b"123456789", CRC32C, 32), 0xe306_9283);
        assert_eq!(crc(b"123456789", CRC64NVME, 64), 0xae8b_1486_0a79_9888);
        assert_eq!(BASE64.encode((crc(b"0", CRC32, 32) as u32).to_be_bytes()), "9NvfIQ==");
    }
}
