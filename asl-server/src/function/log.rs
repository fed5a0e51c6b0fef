//! What a function writes to its standard output and error goes into the server's log, a line at a time and bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A longer line is cut.
const LINE_BYTES_MAX: usize = 4096;
/// What is logged of one invocation; what comes after is read and dropped.
const LINES_MAX: u64 = 1000;

/// How many lines the current invocation has written, on both streams.
#[derive(Clone, Default)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    /// Another invocation begins.
    pub(super) fn renew(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// How many lines of the invocation were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.0.load(Ordering::Relaxed).saturating_sub(LINES_MAX)
    }

    fn take(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) < LINES_MAX
    }
}

/// Reads the stream to its end and logs its lines.
pub(super) async fn forward(function: Arc<str>, mut stream: impl AsyncRead + Unpin, budget: Budget) {
    let mut lines = Lines::default();
    let mut chunk = vec![0; 8192];
    while let Ok(length @ 1..) = stream.read(&mut chunk).await {
        lines.push(&chunk[..length], |line| {
            if budget.take() {
                tracing::info!("{function}: {line}");
            }
        });
    }
    lines.finish(|line| {
        if budget.take() {
            tracing::info!("{function}: {line}");
        }
    });
}

/// Cuts a stream into lines without holding more than one.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    cut: bool,
}

impl Lines {
    fn push(&mut self, chunk: &[u8], mut log: impl FnMut(&str)) {
        // A carriage return ends a line, too: with one `awslambdaric` keeps a traceback together.
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
        for part in chunk.split_inclusive(ends) {
            let (text, whole) = match part.split_last() {
                Some((last, text)) if ends(last) => (text, true),
                _ => (part, false),
            };
            let room = LINE_BYTES_MAX - self.line.len();
            self.cut |= text.len() > room;
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if whole {
                self.finish(&mut log);
            }
        }
    }

    /// The line ends here, with or without a line feed.
    fn finish(&mut self, mut log: impl FnMut(&str)) {
        let text = String::from_utf8_lossy(&self.line);
        let text = text.trim_end();
        match std::mem::take(&mut self.cut) {
            true => log(&format!("{text}…")),
            false if text.is_empty() => (),
            false => log(text),
        }
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.push(chunk, |line| seen.push(line.to_owned()));
            assert!(lines.line.len() <= LINE_BYTES_MAX);
        }
        lines.finish(|line| seen.push(line.to_owned()));
        seen
    }

    #[test]
    fn lines_are_whole_whatever_the_chunks() {
        assert_eq!(lines(&[b"a", b"b\nc\r\n\n", b"d\re"]), ["ab", "c", "d", "e"]);
        assert_eq!(lines(&[b"\xff\n"]), ["\u{fffd}"]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let chunk = [b'x'; 1000];
        let seen = lines(&[&chunk, &chunk, &chunk, &chunk, &chunk, b"\nnext\n"]);
        assert_eq!((seen[0].len(), seen[0].ends_with('…')), (LINE_BYTES_MAX + '…'.len_utf8(), true));
        assert_eq!(seen[1..], ["next"]);
    }

    #[test]
    fn an_invocation_has_so_many_lines_and_no_more() {
        let budget = Budget::default();
        assert_eq!((0..LINES_MAX + 5).filter(|_| budget.take()).count() as u64, LINES_MAX);
        assert_eq!(budget.dropped(), 5);
        budget.renew();
        assert!(budget.take());
    }
}
