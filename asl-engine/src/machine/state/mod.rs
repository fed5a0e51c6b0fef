//! The eight kinds of state, a file each. Each file begins with its transition table in words.

mod choice;
mod fail;
mod map;
mod parallel;
mod pass;
mod succeed;
mod task;
mod wait;
