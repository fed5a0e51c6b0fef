//! The query protocol, and EC2's variant of it: parameters as a form, results in XML.

use super::parameter::{self, Given, Parameters, Path};
use super::{ParameterError, Unreadable, WireRequest, scalar, xml};
use crate::aws::model::{Model, Operation, Protocol};
use crate::aws::shape::{Member, Shape, ShapeId, Structure, TimeForm};
use asl_engine::Value;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use percent_encoding::utf8_percent_encode;
use std::borrow::Cow;

pub(super) fn request(
    model: &Model,
    operation: &Operation<'_>,
    parameters: &Parameters<'_, '_>,
) -> Result<WireRequest, ParameterError> {
    let ec2 = model.service.protocol == Protocol::Ec2;
    let mut form = Form { model, ec2, token: parameters.token, text: String::new() };
    form.add("Action", operation.name);
    form.add("Version", &model.service.version);
    if let Some(structure) = parameters.structure {
        form.structure("", structure, &parameters.given, &Path::Top)?;
    }
    let content_type = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
    Ok(WireRequest {
        method: Method::POST,
        path_and_query: "/".to_owned(),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]),
        body: form.text.into_bytes(),
        host_prefix: None,
    })
}

struct Form<'a> {
    model: &'a Model,
    ec2: bool,
    token: &'a str,
    text: String,
}

impl Form<'_> {
    fn add(&mut self, name: &str, text: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.extend(utf8_percent_encode(name, super::rest::UNRESERVED));
        self.text.push('=');
        self.text.extend(utf8_percent_encode(text, super::rest::UNRESERVED));
    }

    /// Adds a parameter, and everything in it, under a name. Recurs as values nest, whose depth is bounded.
    fn value(&mut self, name: &str, shape: ShapeId, value: &Value, path: &Path<'_>) -> Result<(), ParameterError> {
        match (self.model.shape(shape), value) {
            (Shape::Structure(structure), Value::Object(object)) => {
                let given = parameter::given(structure, object, path)?;
                self.structure(name, structure, &given, path)
            }
            (Shape::Map(map), Value::Object(object)) => {
                let name = if map.flat { Cow::Borrowed(name) } else { Cow::Owned(format!("{name}.entry")) };
                for (index, (key, value)) in object.iter().enumerate() {
                    let entry = format!("{name}.{}", index + 1);
                    self.add(&format!("{entry}.{}", map.key_name), key);
                    let value_name = format!("{entry}.{}", map.value_name);
                    self.value(&value_name, map.value, value, &Path::Field(path, key))?;
                }
                Ok(())
            }
            (Shape::Structure(_) | Shape::Map(_), _) => Err(path.error("must be an object")),
            (Shape::List(list), Value::Array(items)) => {
                if items.is_empty() && !self.ec2 {
                    // A list without items is said to be there.
                    self.add(name, "");
                }
                let name = match (self.ec2, list.flat, list.item_name) {
                    (true, ..) | (false, true, None) => Cow::Borrowed(name),
                    (false, true, Some(item)) => match name.rsplit_once('.') {
                        Some((outer, _)) => Cow::Owned(format!("{outer}.{item}")),
                        None => Cow::Borrowed(item),
                    },
                    (false, false, item) => Cow::Owned(format!("{name}.{}", item.unwrap_or("member"))),
                };
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{name}.{}", index + 1), list.item, item, &Path::Item(path, index))?;
                }
                Ok(())
            }
            (Shape::List(_), _) => Err(path.error("must be an array")),
            (shape, value) => {
                let scalar = scalar::parameter(&shape, value, path)?;
                self.add(name, &scalar.text(TimeForm::Iso8601));
                Ok(())
            }
        }
    }

    fn structure<'m>(
        &mut self,
        name: &str,
        structure: Structure<'m>,
        given: &[Given<'m, '_>],
        path: &Path<'_>,
    ) -> Result<(), ParameterError> {
        for Given { member, value } in given {
            let name = self.member_name(name, member);
            self.value(&name, member.shape, value, &Path::Field(path, member.name))?;
        }
        for member in parameter::missing_tokens(structure, given) {
            let name = self.member_name(name, &member);
            self.add(&name, self.token);
        }
        Ok(())
    }

    fn member_name(&self, outer: &str, member: &Member<'_>) -> String {
        let name = match member.query {
            Some(name) if self.ec2 => Cow::Borrowed(name),
            // EC2 answers `instanceId` and takes `InstanceId`.
            _ if self.ec2 => Cow::Owned(crate::aws::shape::capital(&member.wire)),
            _ => Cow::Borrowed(member.wire.as_ref()),
        };
        if outer.is_empty() { name.into_owned() } else { format!("{outer}.{name}") }
    }
}

pub(super) fn result(model: &Model, operation: &Operation<'_>, body: &[u8]) -> Result<Value, Unreadable> {
    let Some(Shape::Structure(structure)) = operation.output.map(|id| model.shape(id)) else {
        return Ok(Value::empty_object());
    };
    if structure.members().next().is_none() {
        return Ok(Value::empty_object());
    }
    xml::read(body, |root| {
        let element = match operation.wrapper {
            Some(wrapper) => match xml::child(root, wrapper) {
                Some(element) => element,
                None => return Err(Unreadable(format!("it has no element {wrapper}"))),
            },
            None => root,
        };
        xml::result(model, operation, structure, element).map(Value::from)
    })
}
