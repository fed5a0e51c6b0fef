//! Signature Version 4 (IAM User Guide, *AWS Signature Version 4 for API requests*).

use super::credentials::Credentials;
use asl_engine::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use ring::{digest, hmac};
use std::fmt::Write;

/// Everything but the characters that AWS leaves as they are, and `/`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What a request is signed with.
pub(super) struct Signing<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) region: &'a str,
    /// The service's name in signatures: `execute-api`, `s3`.
    pub(super) service: &'a str,
    pub(super) time: Timestamp,
}

/// A request, as it goes over the wire.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// With its port, unless that is the usual one.
    pub(super) host: &'a str,
    /// Encoded as it is sent.
    pub(super) path: &'a str,
    /// Encoded as it is sent; empty when there is none.
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
}

impl Signing<'_> {
    /// Adds `x-amz-date`, what goes with it, and `authorization` to the headers. All that are there already are signed.
    ///
    /// # Errors
    /// When a credential has characters that no header can have.
    pub(super) fn sign(&self, request: &Request<'_>, headers: &mut HeaderMap) -> Result<(), InvalidHeaderValue> {
        let time = basic(self.time);
        headers.insert(HeaderName::from_static("x-amz-date"), HeaderValue::from_str(&time)?);
        if let Some(token) = &self.credentials.session_token {
            let mut token = HeaderValue::from_str(token)?;
            token.set_sensitive(true);
            headers.insert(HeaderName::from_static("x-amz-security-token"), token);
        }
        let body_hash = hex(digest::digest(&digest::SHA256, request.body).as_ref());
        if self.is_s3() {
            let name = HeaderName::from_static("x-amz-content-sha256");
            headers.entry(name).or_insert(HeaderValue::from_str(&body_hash)?);
        }
        let (names, lines) = canonical_headers(request.host, headers);
        let canonical = format!(
            "{}\n{}\n{}\n{lines}\n{names}\n{body_hash}",
            request.method,
            self.canonical_path(request.path),
            canonical_query(request.query)
        );
        let date = &time[..8];
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{hash}");

        let secret = format!("AWS4{}", self.credentials.secret_access_key);
        let mut key = mac(secret.as_bytes(), date);
        for part in [self.region, self.service, "aws4_request"] {
            key = mac(key.as_ref(), part);
        }
        let signature = hex(mac(key.as_ref(), &to_sign).as_ref());
        let id = &self.credentials.access_key_id;
        let authorization =
            format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
        let mut authorization = HeaderValue::from_str(&authorization)?;
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        Ok(())
    }

    fn is_s3(&self) -> bool {
        self.service == "s3" || self.service.starts_with("s3-") || self.service == "s3express"
    }

    /// The path encoded once more, and without what a path can do without: but for S3, whose keys are any text.
    fn canonical_path(&self, path: &str) -> String {
        if self.is_s3() {
            return path.to_owned();
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            match part {
                "." => {}
                ".." => _ = parts.pop(),
                part => parts.push(part),
            }
        }
        let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
        utf8_percent_encode(&format!("/{}{end}", parts.join("/")), ENCODED).to_string()
    }
}

/// `20130524T000000Z`
fn basic(time: Timestamp) -> String {
    // `2013-05-24T00:00:00.000Z`
    let text = time.to_string();
    let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
    seconds.replace(['-', ':'], "") + "Z"
}

/// The names of the headers, and a line for each.
fn canonical_headers(host: &str, headers: &HeaderMap) -> (String, String) {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let words = |text: String| text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let values = |name: &HeaderName| headers.get_all(name).iter().map(|value| words(text(value))).collect::<Vec<_>>();
    let mut all: Vec<(&str, String)> = headers.keys().map(|name| (name.as_str(), values(name).join(","))).collect();
    all.push(("host", host.to_owned()));
    all.sort();
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let lines = all.iter().fold(String::new(), |lines, (name, value)| lines + name + ":" + value + "\n");
    (names.join(";"), lines)
}

fn canonical_query(query: &str) -> String {
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    let mut parameters: Vec<(&str, &str)> =
        parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, ""))).collect();
    parameters.sort_unstable();
    let parameters: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    parameters.join("&")
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(
        signing: &Signing<'_>,
        request: &Request<'_>,
        headers: &[(&'static str, &'static str)],
    ) -> (String, HeaderMap) {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        signing.sign(request, &mut all).unwrap();
        let authorization = all[AUTHORIZATION].to_str().unwrap();
        let signature = authorization.rsplit_once("Signature=").unwrap().1.to_owned();
        (signature, all)
    }

    /// S3's API reference, *Signature Calculations for the Authorization Header*, "Examples".
    #[test]
    fn signs_as_the_examples_of_s3() {
        let credentials = Credentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            session_token: None,
        };
        let time = Timestamp::parse("2013-05-24T00:00:00Z").unwrap();
        let signing = Signing { credentials: &credentials, region: "us-east-1", service: "s3", time };
        let host = "examplebucket.s3.amazonaws.com";
        let get = |path, query| Request { method: "GET", host, path, query, body: b"" };
        let put = Request { method: "PUT", host, path: "/test%24file.text", query: "", body: b"Welcome to Amazon S3." };
        for (request, headers, expected) in [
            (
                get("/test.txt", ""),
                &[("range", "bytes=0-9")][..],
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                put,
                &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            (get("/", "lifecycle"), &[], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            (get("/", "max-keys=2&prefix=J"), &[], "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
        ] {
            assert_eq!(signature(&signing, &request, headers).0, expected, "{}?{}", request.path, request.query);
        }
    }

    /// AWS's test suite of Signature Version 4; its cases whose path is to be encoded once more are botocore's.
    #[test]
    fn signs_as_the_test_suite() {
        const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeo\
             IYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd\
             8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabI\
             Qwj2ICCR/oLxBA==";
        let mut credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: None,
        };
        let time = Timestamp::parse("2015-08-30T12:36:00Z").unwrap();
        let of = |credentials: &Credentials, request: &Request<'_>, headers| {
            let signing = Signing { credentials, region: "us-east-1", service: "service", time };
            signature(&signing, request, headers)
        };
        let request = |method, path, query| Request { method, host: "example.amazonaws.com", path, query, body: b"" };
        let form = Request { body: b"Param1=value1", ..request("POST", "/", "") };
        for (request, headers, expected) in [
            (request("GET", "/", ""), &[][..], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                request("GET", "/", "Param2=value2&Param1=value1"),
                &[],
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                request("GET", "/", ""),
                &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            ),
            (
                form,
                &[("content-type", "application/x-www-form-urlencoded")],
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
            (
                request("GET", "//example//", ""),
                &[],
                "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
            ),
            (
                request("GET", "/example1/example2/../..", ""),
                &[],
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                request("GET", "/example%20space/", ""),
                &[],
                "446b817944c553435b35e813c261ff4e161fff982d1bacdef1c87f6785dd1662",
            ),
            (request("GET", "/%E1%88%B4", ""), &[], "697b34846207a3f72246f99d74ae1ee4fe54f44bb06730c58a0d339eb079596d"),
        ] {
            let (signature, _) = of(&credentials, &request, headers);
            assert_eq!(signature, expected, "{} {}?{}", request.method, request.path, request.query);
        }
        credentials.session_token = Some(TOKEN.to_owned());
        let (signature, headers) = of(&credentials, &request("POST", "/", ""), &[]);
        assert_eq!(signature, "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
        assert_eq!(headers["x-amz-date"], "20150830T123600Z");
        assert_eq!(headers["x-amz-security-token"], TOKEN);
        assert!(!format!("{headers:?}").contains(&signature), "what authorizes is not told");
    }
}
