//! Plays recorded Step Functions cases against the library or any server, and compares the answers with AWS's.

pub mod case;
pub mod compare;
pub mod crash;
pub mod history_tree;
pub mod jsonata;
pub mod lambda;
pub mod mock;
pub mod pattern;
pub mod placeholder;
pub mod play;
pub mod report;
pub mod run;
pub mod scenario;
pub mod self_check;
pub mod target;
