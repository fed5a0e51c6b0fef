//! AWS's JSON spelling: errors, ARNs, times, pages, constraints and history events.
//!
//! INVARIANT: how AWS writes something is known here (and in the request and response types of `operation/`, whose
//! member names are AWS's in snake case), nowhere else.

pub mod arn;
pub mod error;
pub mod history;
pub mod json_text;
pub mod page;
pub mod timestamp;
pub mod validate;

pub use arn::Arn;
pub use error::ApiError;
pub use timestamp::EpochSeconds;
