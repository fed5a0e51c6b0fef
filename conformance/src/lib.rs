//! See ARCHITECTURE.md.

pub mod jsonata;
