//! The eight kinds of state, a file each. Each file begins with its transition table in words.

mod choice;
mod fail;
mod map;
pub(super) mod map_run;
mod map_run_fields;
mod map_run_names;
mod map_run_results;
mod map_run_writer;
mod map_trial;
mod parallel;
mod pass;
mod succeed;
mod task;
mod wait;
