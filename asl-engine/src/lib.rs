//! An exact, deterministic, embeddable interpreter of the Amazon States Language.

pub mod definition;
pub mod diagnostic;
pub mod error;
pub mod history;
pub mod integration;
pub mod intrinsic;
pub mod item_reader;
pub mod jsonata;
pub mod jsonpath;
pub mod limits;
pub mod machine;
pub mod mock;
pub mod query;
#[cfg(feature = "runtime")]
pub mod runtime;
pub mod simulation;
pub mod task;
pub mod test_state;
pub mod time;
pub mod value;

pub use definition::{Definition, Program};
pub use error::StatesError;
pub use time::Timestamp;
pub use value::Value;
