//! A Step-Functions-compatible server, and the `asl` command line.
pub mod wire;
