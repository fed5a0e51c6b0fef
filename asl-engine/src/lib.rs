//! An exact, deterministic, embeddable interpreter of the Amazon States Language.

pub mod definition;
pub mod error;
pub mod history;
pub mod jsonata;
pub mod jsonpath;
pub mod limits;
pub mod query;
pub mod task;
pub mod time;
pub mod value;

pub use definition::Program;
pub use error::StatesError;
pub use time::Timestamp;
pub use value::Value;
