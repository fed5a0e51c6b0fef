//! Diagnostics for people: the excerpt of the text with the place marked.

use super::{Diagnostic, Severity, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Diagnostics that are shown at once: nobody reads more.
const RENDERED_MAX: usize = 100;

/// The diagnostics as text, each with its excerpt of `text`; `name` is the name of the file.
pub(crate) fn render(name: &str, text: &str, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(RENDERED_MAX) {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let span = clamp(text, diagnostic.span);
        let excerpt = line(text, span.start);
        let shown = text.get(excerpt.start..excerpt.end).unwrap_or_default();
        let (number, _) = line_column(text, excerpt);
        let mut mark = AnnotationKind::Primary.span(span.start - excerpt.start..span.end - excerpt.start);
        if diagnostic.location.starts_with('/') {
            mark = mark.label(diagnostic.location.as_str());
        }
        let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
        let mut group =
            Group::with_title(title).element(Snippet::source(shown).line_start(number).path(name).annotation(mark));
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    if diagnostics.len() > RENDERED_MAX {
        out.push_str(&format!("… and {} more\n", diagnostics.len() - RENDERED_MAX));
    }
    out
}

/// The line of a byte. Only this is given to the renderer, which reads all it is given.
fn line(text: &str, at: usize) -> Span {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    Span { start, end }
}

/// The line and the column (in characters) of the start of a span, both counted from 1.
pub(crate) fn line_column(text: &str, span: Span) -> (usize, usize) {
    let start = clamp(text, span).start;
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The part of a span worth marking: within the text, on character boundaries, at most to the end of its first line.
fn clamp(text: &str, span: Span) -> Span {
    let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = boundary(span.start);
    let end = boundary(span.end).max(start);
    let end = text[start..end].find('\n').map_or(end, |newline| start + newline);
    Span { start, end }
}
