//! Pages: opaque tokens that only this server makes, and only for the list they came from.

use super::ApiError;
use asl_engine::runtime::Clock;
use asl_engine::time::Timestamp;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest, Sha256};

/// How many results a page has when the caller does not say (API reference: "The default is 100").
pub const PAGE_SIZE_DEFAULT: usize = 100;

/// API reference: "Each pagination token expires after 24 hours."
const EXPIRES_AFTER_SECONDS: u64 = 24 * 60 * 60;

/// Makes and reads page tokens. Tokens of another process are refused, as AWS refuses old ones.
pub struct Pages {
    secret: [u8; 16],
    clock: Clock,
}

impl Pages {
    /// With a secret of its own. The clock tells when tokens expire.
    pub fn new(clock: Clock) -> Self {
        Pages { secret: *uuid::Uuid::new_v4().as_bytes(), clock }
    }

    /// The token of the page of `list` that begins after `position`. `list` names the operation and its parameters.
    pub fn token(&self, list: &[&str], position: &str) -> String {
        let made = self.clock.now().as_millis().to_be_bytes();
        BASE64.encode([&self.seal(list, made, position)[..], &made, position.as_bytes()].concat())
    }

    /// The position after which the page begins; `None` for the first page.
    ///
    /// # Errors
    /// `InvalidToken` when the token was not made here for this list, or too long ago.
    pub fn position(&self, list: &[&str], token: Option<&str>) -> Result<Option<String>, ApiError> {
        let Some(token) = token else { return Ok(None) };
        self.read(list, token).ok_or_else(ApiError::invalid_token).map(Some)
    }

    fn read(&self, list: &[&str], token: &str) -> Option<String> {
        let bytes = BASE64.decode(token).ok()?;
        let (seal, rest) = bytes.split_first_chunk::<16>()?;
        let (made, position) = rest.split_first_chunk::<8>()?;
        let position = std::str::from_utf8(position).ok()?;
        let expires = Timestamp::from_millis(i64::from_be_bytes(*made)).plus_seconds(EXPIRES_AFTER_SECONDS);
        let good = *seal == self.seal(list, *made, position) && self.clock.now() < expires;
        good.then(|| position.to_owned())
    }

    fn seal(&self, list: &[&str], made: [u8; 8], position: &str) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(made);
        for part in list.iter().chain([&position]) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        let mut seal = [0; 16];
        seal.copy_from_slice(&digest[..16]);
        seal
    }
}

/// The page size that `maxResults` asks for; 0 asks for the default.
pub fn page_size(max_results: Option<i64>) -> usize {
    match max_results {
        None | Some(0) => PAGE_SIZE_DEFAULT,
        Some(size) => usize::try_from(size).unwrap_or(PAGE_SIZE_DEFAULT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_expires_after_a_day() {
        use asl_engine::definition::Definition;
        use asl_engine::runtime::{Engine, VirtualClock};

        let clock = Clock::Virtual(VirtualClock::at(Timestamp::from_millis(0)));
        let pages = Pages::new(clock.clone());
        let token = pages.token(&["ListX"], "17");
        let wait = |seconds: u32| {
            let text = r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": SECONDS, "End": true}}}"#;
            Definition::parse(&text.replace("SECONDS", &seconds.to_string()), &Default::default()).program.unwrap()
        };
        let engine = Engine::builder().clock(clock).build();
        engine.run(wait(24 * 60 * 60 - 1), Default::default()).await;
        assert_eq!(pages.position(&["ListX"], Some(&token)), Ok(Some("17".to_owned())));
        engine.run(wait(1), Default::default()).await;
        assert_eq!(pages.position(&["ListX"], Some(&token)), Err(ApiError::invalid_token()));
    }

    #[test]
    fn a_token_leads_back_to_its_position_in_its_own_list_only() {
        let pages = Pages::new(Clock::System);
        let token = pages.token(&["ListX", "a"], "17");
        assert_eq!(pages.position(&["ListX", "a"], Some(&token)), Ok(Some("17".to_owned())));
        assert_eq!(pages.position(&["ListX", "a"], None), Ok(None));
        assert_eq!(pages.position(&["ListX", "b"], Some(&token)), Err(ApiError::invalid_token()));
        assert_eq!(Pages::new(Clock::System).position(&["ListX", "a"], Some(&token)), Err(ApiError::invalid_token()));
        for forged in ["", "InvalidToken", "AAAA", "ä"] {
            assert_eq!(pages.position(&["ListX", "a"], Some(forged)), Err(ApiError::invalid_token()), "{forged}");
        }
    }
}
