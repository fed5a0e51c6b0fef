//! From the text of a definition to a [`Program`].

pub mod program;

pub use program::Program;
