//! XML: writing parameters, and reading results and errors.

use super::parameter::{self, Given, Path};
use super::{DEPTH_MAX, ParameterError, Said, Unreadable, scalar};
use crate::aws::model::{Model, Operation};
use crate::aws::shape::{List, Member, Shape, ShapeId, Structure, TimeForm};
use asl_engine::Value;
use asl_engine::value::{Array, Object};
use roxmltree::{Document, Node, ParsingOptions};

/// Elements and texts of an answer.
const NODES_MAX: u32 = 1_000_000;
/// The namespace of `xsi:type`, the one attribute with a prefix (of S3's grantees).
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Parameters in an element.
pub(super) fn body<'m>(
    model: &Model,
    root: &str,
    namespace: Option<&str>,
    structure: Structure<'m>,
    given: &[Given<'m, '_>],
    token: &str,
) -> Result<Vec<u8>, ParameterError> {
    let mut writer = Writer { model, token, text: String::new() };
    writer.structure(root, namespace, structure, given, &Path::Top)?;
    Ok(writer.text.into_bytes())
}

/// One parameter that is the whole body.
pub(super) fn payload(
    model: &Model,
    namespace: Option<&str>,
    given: &Given<'_, '_>,
    token: &str,
) -> Result<Vec<u8>, ParameterError> {
    let path = Path::Field(&Path::Top, given.member.name);
    let mut writer = Writer { model, token, text: String::new() };
    match (model.shape(given.member.shape), given.value) {
        (Shape::Structure(structure), Value::Object(object)) => {
            let members = parameter::given(structure, object, &path)?;
            writer.structure(&given.member.wire, namespace, structure, &members, &path)?;
        }
        (_, value) => writer.value(&given.member.wire, given.member.shape, value, &path)?,
    }
    Ok(writer.text.into_bytes())
}

struct Writer<'a> {
    model: &'a Model,
    token: &'a str,
    text: String,
}

impl Writer<'_> {
    /// Writes a parameter as an element. Recurs as values nest, whose depth is bounded.
    fn value(&mut self, name: &str, shape: ShapeId, value: &Value, path: &Path<'_>) -> Result<(), ParameterError> {
        match (self.model.shape(shape), value) {
            (Shape::Structure(structure), Value::Object(object)) => {
                let given = parameter::given(structure, object, path)?;
                self.structure(name, None, structure, &given, path)
            }
            (Shape::Map(map), Value::Object(object)) => {
                let entry = if map.flat { name } else { "entry" };
                self.open(name, !map.flat);
                for (key, value) in object {
                    self.open(entry, true);
                    self.element(map.key_name, key);
                    self.value(map.value_name, map.value, value, &Path::Field(path, key))?;
                    self.close(entry, true);
                }
                self.close(name, !map.flat);
                Ok(())
            }
            (Shape::Structure(_) | Shape::Map(_), _) => Err(path.error("must be an object")),
            (Shape::List(list), Value::Array(items)) => {
                let item_name = if list.flat { name } else { list.item_name.unwrap_or("member") };
                self.open(name, !list.flat);
                for (index, item) in items.iter().enumerate() {
                    self.value(item_name, list.item, item, &Path::Item(path, index))?;
                }
                self.close(name, !list.flat);
                Ok(())
            }
            (Shape::List(_), _) => Err(path.error("must be an array")),
            (shape, value) => {
                let scalar = scalar::parameter(&shape, value, path)?;
                self.element(name, &scalar.text(TimeForm::Iso8601));
                Ok(())
            }
        }
    }

    fn structure<'m>(
        &mut self,
        name: &str,
        namespace: Option<&str>,
        structure: Structure<'m>,
        given: &[Given<'m, '_>],
        path: &Path<'_>,
    ) -> Result<(), ParameterError> {
        self.text.push('<');
        self.text.push_str(name);
        if let Some(namespace) = namespace {
            self.attribute("xmlns", namespace);
        }
        let (attributes, elements): (Vec<_>, Vec<_>) = given.iter().partition(|given| given.member.attribute);
        for Given { member, value } in attributes {
            let path = Path::Field(path, member.name);
            let scalar = scalar::parameter(&self.model.shape(member.shape), value, &path)?;
            if member.wire.starts_with("xsi:") {
                self.attribute("xmlns:xsi", SCHEMA_INSTANCE);
            }
            self.attribute(&member.wire, &scalar.text(TimeForm::Iso8601));
        }
        self.text.push('>');
        for Given { member, value } in elements {
            self.value(&member.wire, member.shape, value, &Path::Field(path, member.name))?;
        }
        let token = self.token;
        for member in parameter::missing_tokens(structure, given).filter(Member::is_in_body) {
            self.element(&member.wire, token);
        }
        self.close(name, true);
        Ok(())
    }

    fn element(&mut self, name: &str, text: &str) {
        self.open(name, true);
        escape(text, &mut self.text);
        self.close(name, true);
    }

    fn attribute(&mut self, name: &str, text: &str) {
        self.text.extend([" ", name, "=\""]);
        escape(text, &mut self.text);
        self.text.push('"');
    }

    fn open(&mut self, name: &str, is_there: bool) {
        if is_there {
            self.text.extend(["<", name, ">"]);
        }
    }

    fn close(&mut self, name: &str, is_there: bool) {
        if is_there {
            self.text.extend(["</", name, ">"]);
        }
    }
}

/// Writes a text so that it is read as it is: line ends, too.
fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\r' => into.push_str("&#xD;"),
            '\n' => into.push_str("&#xA;"),
            '\u{85}' => into.push_str("&#x85;"),
            '\u{2028}' => into.push_str("&#x2028;"),
            other => into.push(other),
        }
    }
}

/// Reads a document and hands over its outermost element.
pub(super) fn read<T>(body: &[u8], then: impl FnOnce(Node<'_, '_>) -> Result<T, Unreadable>) -> Result<T, Unreadable> {
    let text = str::from_utf8(body).map_err(|_| Unreadable("it is not UTF-8".to_owned()))?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text.trim_start_matches('\u{feff}'), options)
        .map_err(|error| Unreadable(format!("it is not XML: {error}")))?;
    then(document.root_element())
}

/// A result in an element. Members that are not in the body are not looked for.
pub(super) fn result(
    model: &Model,
    operation: &Operation<'_>,
    structure: Structure<'_>,
    element: Node<'_, '_>,
) -> Result<Object, Unreadable> {
    Reader { model, operation }.structure(structure, element, 0)
}

/// A result in the outermost element. That is the structure's own, or the only member's (S3, getBucketLocation).
pub(super) fn body_result(
    model: &Model,
    operation: &Operation<'_>,
    structure: Structure<'_>,
    root: Node<'_, '_>,
) -> Result<Object, Unreadable> {
    let mut members = structure.members();
    match (members.next(), members.next()) {
        (Some(only), None) if root.tag_name().name() == only.wire => {
            let value = payload_result(model, operation, only.shape, root)?;
            Ok([(operation.name_of(&only).as_ref().into(), value)].into_iter().collect())
        }
        _ => result(model, operation, structure, root),
    }
}

/// A result that is the whole body.
pub(super) fn payload_result(
    model: &Model,
    operation: &Operation<'_>,
    shape: ShapeId,
    element: Node<'_, '_>,
) -> Result<Value, Unreadable> {
    Reader { model, operation }.value(shape, &[element], 1)
}

struct Reader<'a> {
    model: &'a Model,
    operation: &'a Operation<'a>,
}

impl Reader<'_> {
    /// The value in elements of one name; there is one, unless they are those of a flat list or map.
    fn value(&self, shape: ShapeId, elements: &[Node<'_, '_>], depth: usize) -> Result<Value, Unreadable> {
        if depth > DEPTH_MAX {
            return Err(Unreadable(format!("it nests deeper than {DEPTH_MAX} levels")));
        }
        let Some(&first) = elements.first() else { return Ok(Value::Null) };
        match self.model.shape(shape) {
            Shape::Structure(structure) => Ok(Value::from(self.structure(structure, first, depth)?)),
            Shape::List(list) => {
                let items: Vec<_> = if list.flat { elements.to_vec() } else { children(first).collect() };
                let items = items.into_iter().map(|item| self.value(list.item, &[item], depth + 1));
                Ok(Value::from(Array::from(items.collect::<Result<Vec<_>, _>>()?)))
            }
            Shape::Map(map) => {
                let entries: Vec<_> = if map.flat { elements.to_vec() } else { children(first).collect() };
                let mut object = Object::default();
                for entry in entries {
                    let key = child(entry, map.key_name).map(text).unwrap_or_default();
                    let value = child(entry, map.value_name);
                    object.insert(key, self.value(map.value, value.as_slice(), depth + 1)?);
                }
                Ok(Value::from(object))
            }
            shape => Ok(scalar::result_from_text(&shape, &text(first))),
        }
    }

    fn structure(&self, structure: Structure<'_>, element: Node<'_, '_>, depth: usize) -> Result<Object, Unreadable> {
        let mut object = Object::default();
        // Only the outermost structure has members in other places.
        for member in structure.members().filter(|member| depth > 0 || member.is_answered_in_body()) {
            let value = if member.attribute {
                let name = member.wire.rsplit(':').next().unwrap_or_default();
                let attribute = element.attributes().find(|attribute| attribute.name() == name);
                attribute.map(|attribute| Value::from(attribute.value()))
            } else {
                let elements = self.elements(&member, element);
                if elements.is_empty() { None } else { Some(self.value(member.shape, &elements, depth + 1)?) }
            };
            if let Some(value) = value {
                object.insert(self.operation.name_of(&member).as_ref(), value);
            }
        }
        Ok(object)
    }

    /// The elements of a member. The items of a flat list have their own name, if they have one, or else the list's.
    fn elements<'d, 'i>(&self, member: &Member<'_>, outer: Node<'d, 'i>) -> Vec<Node<'d, 'i>> {
        let named = |name: &str| children(outer).filter(|child| child.tag_name().name() == name).collect::<Vec<_>>();
        match self.model.shape(member.shape) {
            Shape::List(List { flat: true, item_name: Some(name), .. }) => {
                Some(named(name)).filter(|items| !items.is_empty()).unwrap_or_else(|| named(&member.wire))
            }
            _ => named(&member.wire),
        }
    }
}

/// The elements in an element.
pub(super) fn children<'d, 'i>(element: Node<'d, 'i>) -> impl Iterator<Item = Node<'d, 'i>> {
    element.children().filter(Node::is_element)
}

/// The first element of this name, of whatever namespace.
pub(super) fn child<'d, 'i>(element: Node<'d, 'i>, name: &str) -> Option<Node<'d, 'i>> {
    children(element).find(|child| child.tag_name().name() == name)
}

fn text(element: Node<'_, '_>) -> String {
    element.children().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

/// `<ErrorResponse><Error><Code>…`, `<Response><Errors><Error><Code>…`, and S3's `<Error><Code>…`.
pub(super) fn error(body: &[u8]) -> Said {
    let read = read(body, |root| {
        let error = root.descendants().find(|node| node.tag_name().name() == "Error").unwrap_or(root);
        let of = |names: [&str; 2]| names.iter().find_map(|name| child(error, name)).map(text).unwrap_or_default();
        Ok(Said { code: of(["Code", "code"]), message: of(["Message", "message"]) })
    });
    read.unwrap_or_default()
}

/// Is this S3's error, which it can answer with the status of a success ("Copy object", "Complete multipart upload")?
pub(super) fn is_error(body: &[u8]) -> bool {
    read(body, |root| Ok(root.tag_name().name() == "Error")).unwrap_or(false)
}
