//! A template's text as a tree that knows its lines. Short forms (`!Sub …`) become long ones (`{"Fn::Sub": …}`).

use anyhow::{anyhow, bail};
use granit_parser::{Event, Parser, ScalarStyle, Tag};
use std::collections::BTreeMap;

/// Deeper templates are refused: what walks over a tree is recursive.
const DEPTH_MAX: usize = 100;
/// A bomb of aliases is refused.
const NODES_MAX: usize = 500_000;

/// A place in a template and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// From 1; 0: not known.
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Anything that has no parts.
    Scalar(serde_json::Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The member of that name, if this is a map that has it.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.members().iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The members of a map; none if it is no map.
    pub(super) fn members(&self) -> &[(String, Node)] {
        match &self.kind {
            Kind::Map(members) => members,
            _ => &[],
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(value) => value.as_str(),
            _ => None,
        }
    }

    fn of_json(value: serde_json::Value) -> Node {
        let kind = match value {
            serde_json::Value::Array(items) => Kind::List(items.into_iter().map(Node::of_json).collect()),
            serde_json::Value::Object(members) => {
                Kind::Map(members.into_iter().map(|(name, value)| (name, Node::of_json(value))).collect())
            }
            scalar => Kind::Scalar(scalar),
        };
        Node { line: 0, kind }
    }
}

/// Reads a template in JSON or YAML.
///
/// # Errors
/// What is wrong with the text, and where.
pub(super) fn read(text: &str) -> anyhow::Result<Node> {
    // Strict JSON, whose depth its reader bounds, first: YAML reads most of it, but not all of its escapes.
    if let Ok(value @ serde_json::Value::Object(_)) = serde_json::from_str(text) {
        return Ok(Node::of_json(value));
    }
    let mut reader = Reader::default();
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| anyhow!("line {}: {}", error.marker().line(), error.info()))?;
        let line = span.start.line();
        if reader.root.is_some() && matches!(event, Event::DocumentStart(..)) {
            bail!("line {line}: a template is one document");
        }
        reader.event(event, line).map_err(|error| error.context(format!("line {line}")))?;
    }
    match reader.root {
        Some(root @ Node { kind: Kind::Map(_), .. }) => Ok(root),
        _ => bail!("a template is an object with `Resources`"),
    }
}

/// A container that is not closed yet.
struct Open {
    line: usize,
    anchor: usize,
    tag: Option<String>,
    items: Vec<Node>,
    /// `Some` for a map: its keys so far.
    keys: Option<Vec<String>>,
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    nodes: usize,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, line: usize) -> anyhow::Result<()> {
        let tag = event.tag().and_then(intrinsic);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = match style {
                    ScalarStyle::Plain if tag.is_none() => plain(&text),
                    _ => text.as_ref().into(),
                };
                self.finish(tagged(tag, Node { line, kind: Kind::Scalar(value) }), anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(Open { line, anchor, tag, items: vec![], keys: None }),
            Event::MappingStart(_, anchor, _) => {
                self.begin(Open { line, anchor, tag, items: vec![], keys: Some(vec![]) })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { bail!("it ends something that has not begun") };
                let kind = match open.keys {
                    Some(keys) => Kind::Map(keys.into_iter().zip(open.items).collect()),
                    None => Kind::List(open.items),
                };
                self.finish(tagged(open.tag, Node { line: open.line, kind }), open.anchor)
            }
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(node) => {
                    let node = node.clone();
                    self.nodes += size(&node);
                    self.finish(node, 0)
                }
                None => bail!("an alias stands inside its own anchor"),
            },
            Event::UnresolvedAlias(name) => bail!("there is no anchor `&{name}`"),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, open: Open) -> anyhow::Result<()> {
        if self.open.len() >= DEPTH_MAX {
            bail!("it nests deeper than {DEPTH_MAX} levels");
        }
        self.open.push(open);
        Ok(())
    }

    fn finish(&mut self, node: Node, anchor: usize) -> anyhow::Result<()> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            bail!("with its aliases it has more than {NODES_MAX} parts");
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { keys: Some(keys), items, .. }) if keys.len() == items.len() => {
                let Kind::Scalar(key) = node.kind else { bail!("a key must be a string") };
                let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                if keys.contains(&key) {
                    bail!("there is a second `{key}`");
                }
                keys.push(key);
            }
            Some(open) => open.items.push(node),
        }
        Ok(())
    }
}

fn size(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 1,
        Kind::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Kind::Map(members) => 1 + members.iter().map(|(_, value)| size(value)).sum::<usize>(),
    }
}

/// The long name of a short form: `!Sub` is `Fn::Sub`. YAML's own tags (`!!str`) are none.
fn intrinsic(tag: &Tag) -> Option<String> {
    if tag.handle() != "!" {
        return None;
    }
    Some(match tag.suffix() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    })
}

fn tagged(tag: Option<String>, mut node: Node) -> Node {
    let Some(name) = tag else { return node };
    // `!GetAtt A.B` is `Fn::GetAtt: [A, B]`.
    if name == "Fn::GetAtt"
        && let Some((resource, attribute)) = node.as_str().and_then(|text| text.split_once('.'))
    {
        let parts = [resource, attribute].map(|part| Node { line: node.line, kind: Kind::Scalar(part.into()) });
        node.kind = Kind::List(parts.into());
    }
    Node { line: node.line, kind: Kind::Map(vec![(name, node)]) }
}

/// A plain scalar by YAML's core schema. What is no JSON number stays text: `2010-09-09`, `012345678901`, `yes`.
fn plain(text: &str) -> serde_json::Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => serde_json::Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => match serde_json::from_str::<serde_json::Number>(text) {
            Ok(number) => number.into(),
            Err(_) => text.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_become_long_ones() {
        let text =
            "A: !Sub 'x${B}'\nB: !GetAtt R.Arn.Rest\nC: !Join [',', [!Ref P, 012]]\nD: !If\n  - Cond\n  - 1\n  - yes\n";
        let read = read(text).unwrap();
        let json = |node: &Node| format!("{:?}", node.kind);
        let expected = Node::of_json(serde_json::json!({
            "A": {"Fn::Sub": "x${B}"},
            "B": {"Fn::GetAtt": ["R", "Arn.Rest"]},
            "C": {"Fn::Join": [",", [{"Ref": "P"}, "012"]]},
            "D": {"Fn::If": ["Cond", 1, "yes"]},
        }));
        for (name, node) in expected.members() {
            let seen = json(read.get(name).unwrap());
            let lines = |text: String| {
                text.split("line: ")
                    .map(|part| part.trim_start_matches(char::is_numeric).to_owned())
                    .collect::<String>()
            };
            assert_eq!(lines(seen), lines(json(node)), "{name}");
        }
        assert_eq!(read.get("C").unwrap().line, 3);
    }

    #[test]
    fn what_is_no_template_is_refused_with_its_line() {
        let deep = "[".repeat(DEPTH_MAX + 1) + &"]".repeat(DEPTH_MAX + 1);
        let bomb =
            (1..30).fold("a0: &a0 x\n".to_owned(), |text, n| format!("{text}a{n}: &a{n} [*a{m}, *a{m}]\n", m = n - 1));
        for (text, says) in [
            ("a: b\na: c\n", "line 2: there is a second `a`"),
            ("a: [\n", "line "),
            ("- a\n", "a template is an object"),
            ("", "a template is an object"),
            ("a: 1\n---\nb: 2\n", "a template is one document"),
            (&deep, "nests deeper"),
            (&bomb, "with its aliases"),
            ("a: *b\n", "line 1: "),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(says), "{error}");
        }
    }
}
