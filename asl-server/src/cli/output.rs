//! Standard output. Who reads it may leave early (`asl validate … | head`): what is printed then is lost, and nothing else happens.
//! (`println!` would panic, and end a server that only tells how it was started.)

use std::fmt::Display;
use std::io::{Write, stdout};

/// Prints a text.
pub(super) fn text(text: impl Display) {
    let mut out = stdout();
    _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a line.
pub(super) fn line(line: impl Display) {
    text(format_args!("{line}\n"));
}
