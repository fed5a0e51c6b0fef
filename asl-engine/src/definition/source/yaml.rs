//! YAML 1.2 with the core schema: `on`, `off`, `y`, `n` and dates are strings.

use super::{Kind, Member, Node, Places, json};
use crate::diagnostic::{Diagnostic, Finding, Span, syntax};
use crate::limits::DEFINITION_DEPTH_MAX;
use crate::value::{Number, Str};
use granit_parser::{Event, Parser, ScalarStyle, Tag};
use std::collections::BTreeMap;

/// Nodes of a document with its aliases expanded: more than the largest text without aliases can have, and few enough
/// that a bomb of aliases does no harm.
const NODES_MAX: usize = 1_000_000;

/// Reads one YAML document.
pub(super) fn read(text: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut reader = Reader { text, diagnostics, anchors: BTreeMap::new(), open: Vec::new(), root: None, nodes: 0 };
    let mut documents = 0;
    for next in Parser::new_from_str(text) {
        let outcome = match next {
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                let mut finding = syntax::invalid_yaml(error.info());
                if text.get(at.saturating_sub(1)..).is_some_and(|rest| rest.starts_with("{%")) {
                    finding = finding.help("an expression stands in quotes, or in a block after `|-`: \"{% … %}\"");
                }
                Err((finding, Span::new(at, at)))
            }
            Ok((Event::DocumentStart(..), span)) => {
                documents += 1;
                if documents == 1 {
                    Ok(())
                } else {
                    let finding = syntax::invalid_yaml("a definition is one document").help("remove all after `---`");
                    Err((finding, reader.span(&span)))
                }
            }
            Ok((event, span)) => reader.event(event, &span),
        };
        if let Err((finding, span)) = outcome {
            reader.diagnostics.push(finding.at(String::new(), span));
            return None;
        }
    }
    if reader.root.is_none() {
        diagnostics.push(syntax::not_an_object().at(String::new(), Span::new(0, 0)));
        return None;
    }
    reader.root
}

/// A container that is not closed yet.
struct Open {
    span: Span,
    anchor: usize,
    content: Content,
}

enum Content {
    Array(Vec<Node>),
    Object { members: Vec<Member>, name: Option<(Str, Span)> },
}

type Refusal = (Finding, Span);

struct Reader<'a, 'd> {
    text: &'a str,
    diagnostics: &'d mut Vec<Diagnostic>,
    /// Finished nodes with an anchor.
    anchors: BTreeMap<usize, Node>,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
}

impl Reader<'_, '_> {
    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        Span::new(range.start.min(self.text.len()), range.end.min(self.text.len()))
    }

    fn event(&mut self, event: Event<'_>, source: &granit_parser::Span) -> Result<(), Refusal> {
        let span = self.span(source);
        let tag_start = source.tag_start.and_then(|start| start.byte_offset()).unwrap_or(span.start);
        if let Some(tag) = event.tag().filter(|tag| !is_core(tag, &event)) {
            return Err((syntax::tag(&tag_text(tag)), Span::new(tag_start, span.end.max(tag_start))));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), span)?;
                self.finish(node, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.container(anchor, span, Content::Array(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                let content = Content::Object { members: Vec::new(), name: None };
                self.container(anchor, span, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(node) => {
                    let mut node = node.clone();
                    self.count(&node, self.open.len(), span)?;
                    // Diagnostics about the alias itself point at it; those below point into the anchored node.
                    node.span = span;
                    node.places = Places::Unknown;
                    self.finish(node, 0)
                }
                None => Err((syntax::invalid_yaml("an alias cannot stand inside its own anchor"), span)),
            },
            Event::UnresolvedAlias(name) => Err((syntax::invalid_yaml(format!("there is no anchor `&{name}`")), span)),
            _ => Ok(()),
        }
    }

    /// Counts the nodes of an alias's target. Recursion over a node whose depth is bounded already.
    fn count(&mut self, node: &Node, depth: usize, span: Span) -> Result<(), Refusal> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err((syntax::alias_bomb(), span));
        }
        let children: Box<dyn Iterator<Item = &Node>> = match &node.kind {
            Kind::Array(items) => Box::new(items.iter()),
            Kind::Object(members) => Box::new(members.iter().map(|member| &member.value)),
            _ => return Ok(()),
        };
        if depth >= DEFINITION_DEPTH_MAX {
            return Err((syntax::too_deep(), span));
        }
        for child in children {
            self.count(child, depth + 1, span)?;
        }
        Ok(())
    }

    fn container(&mut self, anchor: usize, span: Span, content: Content) -> Result<(), Refusal> {
        if self.open.len() >= DEFINITION_DEPTH_MAX {
            return Err((syntax::too_deep(), span));
        }
        if let Some(Open { content: Content::Object { name: None, .. }, .. }) = self.open.last() {
            return Err((syntax::invalid_yaml("a field name must be a string"), span));
        }
        self.open.push(Open { span, anchor, content });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Refusal> {
        let Some(Open { span, anchor, content }) = self.open.pop() else { return Ok(()) };
        let kind = match content {
            Content::Array(items) => Kind::Array(items),
            Content::Object { members, .. } => Kind::Object(members),
        };
        self.finish(Node::new(Span::new(span.start, end.end.max(span.start)), kind), anchor)
    }

    /// Puts a finished node where it belongs.
    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Refusal> {
        self.nodes += 1;
        if anchor != 0 {
            self.count(&node, self.open.len(), node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::Array(items)) => items.push(node),
            Some(Content::Object { members, name }) => match name.take() {
                Some((name, name_span)) => members.push(Member { name, name_span, value: node }),
                None => *name = Some((name_text(&node, self.text)?, node.span)),
            },
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Node, Refusal> {
        let source = self.text.get(span.start..span.end).unwrap_or_default();
        let string = |text: &str| Kind::String(text.into());
        let kind = match tag {
            None if style == ScalarStyle::Plain => self.resolve(text, span)?,
            None => string(text),
            Some(tag) if tag.is_yaml_core_schema_tag("str") => string(text),
            // What the other core tags say is checked where the value is used.
            Some(_) => self.resolve(text, span)?,
        };
        let mut node = Node::new(span, kind);
        node.places = match style {
            ScalarStyle::Plain if source == text => Places::Verbatim(span.start),
            _ if source.len() == text.len() + 2 && source.get(1..1 + text.len()) == Some(text) => {
                Places::Verbatim(span.start + 1)
            }
            ScalarStyle::SingleQuoted => Places::align(source, span.start, text, Some('\'')),
            ScalarStyle::DoubleQuoted => Places::align(source, span.start, text, Some('"')),
            _ => Places::align(source, span.start, text, None),
        };
        Ok(node)
    }

    /// The core schema's reading of a plain scalar (YAML 1.2.2, 10.3.2).
    fn resolve(&mut self, text: &str, span: Span) -> Result<Kind, Refusal> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        Ok(match text {
            "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
            "true" | "True" | "TRUE" => Kind::Bool(true),
            "false" | "False" | "FALSE" => Kind::Bool(false),
            _ if [".inf", ".Inf", ".INF"].contains(&unsigned) || [".nan", ".NaN", ".NAN"].contains(&text) => {
                return Err((syntax::invalid_yaml(format!("JSON has no number `{text}`")), span));
            }
            _ if unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.bytes().all(|b| b.is_ascii_digit()) => {
                self.diagnostics.push(syntax::leading_zero(text).at(String::new(), span));
                Kind::String(text.into())
            }
            _ => number(text).map_or_else(|| Kind::String(text.into()), Kind::Number),
        })
    }
}

/// A number of the core schema: decimal, `0o17`, `0x1F`, or a float with an optional sign and lone dots.
fn number(text: &str) -> Option<Number> {
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(Number::from);
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| digits.bytes().all(|b| b.is_ascii_digit())) {
        return radix(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit())) {
        return radix(digits, 16);
    }
    if let Some(number) = json::parse_number(text) {
        return Some(number);
    }
    // What JSON does not spell so: `+1`, `.5`, `1.`, `01.5`.
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    if !digits(whole) || !digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    if exponent.is_some_and(|exponent| exponent.is_empty() || !digits(exponent)) {
        return None;
    }
    let plain = text.strip_prefix('+').unwrap_or(text);
    json::parse_number(plain).or_else(|| plain.parse::<f64>().ok().filter(|v| v.is_finite()).map(Number::from))
}

/// A field name: any scalar, as written.
fn name_text(node: &Node, text: &str) -> Result<Str, Refusal> {
    match &node.kind {
        Kind::String(name) => Ok(name.clone()),
        Kind::Array(_) | Kind::Object(_) => Err((syntax::invalid_yaml("a field name must be a string"), node.span)),
        _ => Ok(text.get(node.span.start..node.span.end).unwrap_or_default().into()),
    }
}

/// Is it a tag of the core schema that fits the node?
fn is_core(tag: &Tag, event: &Event<'_>) -> bool {
    let fitting: &[&str] = match event {
        Event::SequenceStart(..) => &["seq"],
        Event::MappingStart(..) => &["map"],
        _ => &["str", "null", "bool", "int", "float"],
    };
    fitting.iter().any(|core| tag.is_yaml_core_schema_tag(core))
}

/// A tag as its author wrote it.
fn tag_text(tag: &Tag) -> String {
    format!("{}{}", tag.handle(), tag.suffix())
}
