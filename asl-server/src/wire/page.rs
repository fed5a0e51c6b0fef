//! Pages: opaque tokens that only this server makes, and only for the list they came from.

use super::ApiError;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest, Sha256};

/// How many results a page has when the caller does not say (API reference: "The default is 100").
pub const PAGE_SIZE_DEFAULT: usize = 100;

/// Makes and reads page tokens. Tokens of another process are refused, as AWS refuses old ones.
pub struct Pages {
    secret: [u8; 16],
}

impl Pages {
    /// With a secret of its own.
    pub fn new() -> Self {
        Pages { secret: *uuid::Uuid::new_v4().as_bytes() }
    }

    /// The token of the page of `list` that begins after `position`. `list` names the operation and its parameters.
    pub fn token(&self, list: &[&str], position: &str) -> String {
        let mut bytes = self.seal(list, position).to_vec();
        bytes.extend_from_slice(position.as_bytes());
        BASE64.encode(bytes)
    }

    /// The position after which the page begins; `None` for the first page.
    ///
    /// # Errors
    /// `InvalidToken` when the token was not made here for this list.
    pub fn position(&self, list: &[&str], token: Option<&str>) -> Result<Option<String>, ApiError> {
        let Some(token) = token else { return Ok(None) };
        let bytes = BASE64.decode(token).map_err(|_| ApiError::invalid_token())?;
        let (seal, position) = bytes.split_at_checked(16).ok_or_else(ApiError::invalid_token)?;
        let position = std::str::from_utf8(position).map_err(|_| ApiError::invalid_token())?;
        if seal != self.seal(list, position) {
            return Err(ApiError::invalid_token());
        }
        Ok(Some(position.to_owned()))
    }

    fn seal(&self, list: &[&str], position: &str) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.secret);
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

impl Default for Pages {
    fn default() -> Self {
        Pages::new()
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

    #[test]
    fn a_token_leads_back_to_its_position_in_its_own_list_only() {
        let pages = Pages::new();
        let token = pages.token(&["ListX", "a"], "17");
        assert_eq!(pages.position(&["ListX", "a"], Some(&token)), Ok(Some("17".to_owned())));
        assert_eq!(pages.position(&["ListX", "a"], None), Ok(None));
        assert_eq!(pages.position(&["ListX", "b"], Some(&token)), Err(ApiError::invalid_token()));
        assert_eq!(Pages::new().position(&["ListX", "a"], Some(&token)), Err(ApiError::invalid_token()));
        for forged in ["", "InvalidToken", "AAAA", "ä"] {
            assert_eq!(pages.position(&["ListX", "a"], Some(forged)), Err(ApiError::invalid_token()), "{forged}");
        }
    }
}
