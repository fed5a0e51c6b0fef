//! CloudFormation's intrinsic functions, resolved against the template itself (CloudFormation Template Reference,
//! *Intrinsic functions*).

use super::document::{Kind, Node};
use super::{Problem, resource};
use crate::service::Caller;
use serde_json::{Map, Value};
use std::cell::Cell;
use std::collections::BTreeMap;

/// How far resources' names and conditions may lead from one to the next.
const LINKS_MAX: usize = 50;

/// Resolves what a template refers to.
pub(super) struct Resolver<'a> {
    pub(super) template: &'a Node,
    pub(super) parameters: &'a BTreeMap<String, String>,
    pub(super) caller: &'a Caller,
    pub(super) stack: &'a str,
    /// How deep the current reference leads.
    links: Cell<usize>,
}

/// A value; `None` where the template says that there is none (`AWS::NoValue`).
type Resolved = Result<Option<Value>, Problem>;

impl<'a> Resolver<'a> {
    pub(super) fn new(
        template: &'a Node,
        parameters: &'a BTreeMap<String, String>,
        caller: &'a Caller,
        stack: &'a str,
    ) -> Self {
        Resolver { template, parameters, caller, stack, links: Cell::new(0) }
    }

    /// What stands there once everything is resolved. Recursion over a tree whose depth is bounded already.
    pub(super) fn resolve(&self, node: &Node) -> Resolved {
        Ok(Some(match &node.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => {
                let items = items.iter().filter_map(|item| self.resolve(item).transpose());
                items.collect::<Result<Vec<Value>, Problem>>()?.into()
            }
            Kind::Map(members) => match &members[..] {
                [(name, argument)] if name == "Ref" || name.starts_with("Fn::") => {
                    return self.function(name, argument);
                }
                _ => {
                    let mut object = Map::new();
                    for (name, value) in members {
                        if let Some(value) = self.resolve(value)? {
                            object.insert(name.clone(), value);
                        }
                    }
                    object.into()
                }
            },
        }))
    }

    /// The text that stands there.
    pub(super) fn text(&self, node: &Node) -> Result<Option<String>, Problem> {
        match self.resolve(node)? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Object(_) | Value::Array(_)) => Err(Problem::at(node, "a text was expected here")),
            Some(scalar) => Ok(Some(scalar.to_string())),
        }
    }

    /// Is the resource to be created? It is when its condition, if it has one, holds.
    pub(super) fn is_wanted(&self, resource: &Node) -> Result<bool, Problem> {
        match resource.get("Condition") {
            None => Ok(true),
            Some(name) => self.named_condition(name),
        }
    }

    fn function(&self, name: &str, argument: &Node) -> Resolved {
        let text = match name {
            "Ref" => return self.reference(argument),
            "Fn::If" => return self.choose(argument),
            "Fn::FindInMap" => return self.find_in_map(argument),
            "Fn::Select" => return self.select(argument),
            "Fn::GetAtt" => self.attribute(argument)?,
            "Fn::Sub" => self.substitute(argument)?,
            "Fn::Join" => self.join(argument)?,
            "Fn::Split" => {
                let [separator, text] = self.arguments(name, argument)?;
                let (separator, text) = (self.needed_text(separator)?, self.needed_text(text)?);
                return Ok(Some(text.split(&separator).collect::<Vec<_>>().into()));
            }
            "Fn::Base64" => {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.encode(self.needed_text(argument)?)
            }
            "Fn::ToJsonString" => self.resolve(argument)?.unwrap_or_default().to_string(),
            "Fn::Length" => {
                let list = self.resolve(argument)?.unwrap_or_default();
                let length = list.as_array().ok_or_else(|| Problem::at(argument, "Fn::Length takes a list"))?.len();
                return Ok(Some(length.into()));
            }
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
                return Ok(Some(self.holds(name, argument)?.into()));
            }
            _ => return Err(Problem::at(argument, format!("{name} cannot be resolved on this machine"))),
        };
        Ok(Some(text.into()))
    }

    fn arguments<'n, const N: usize>(&self, name: &str, node: &'n Node) -> Result<[&'n Node; N], Problem> {
        let items: Option<[&Node; N]> = match &node.kind {
            Kind::List(items) => items.iter().collect::<Vec<_>>().try_into().ok(),
            _ => None,
        };
        items.ok_or_else(|| Problem::at(node, format!("{name} takes a list of {N}")))
    }

    fn needed_text(&self, node: &Node) -> Result<String, Problem> {
        self.text(node)?.ok_or_else(|| Problem::at(node, "a text was expected here"))
    }

    fn reference(&self, node: &Node) -> Resolved {
        let Some(name) = node.as_str() else { return Err(Problem::at(node, "Ref takes a name")) };
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(parameter) = self.template.get("Parameters").and_then(|parameters| parameters.get(name)) {
            return self.parameter(name, parameter, node).map(Some);
        }
        self.named(name, node).map(|text| Some(text.into()))
    }

    /// What a name other than a parameter's refers to.
    fn named(&self, name: &str, node: &Node) -> Result<String, Problem> {
        let Caller { account, region } = self.caller;
        let partition = self.caller.partition();
        Ok(match name {
            "AWS::AccountId" => account.clone(),
            "AWS::Region" => region.clone(),
            "AWS::Partition" => partition.to_owned(),
            "AWS::URLSuffix" => (if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }).to_owned(),
            "AWS::StackName" => self.stack.to_owned(),
            "AWS::StackId" => {
                format!("arn:{partition}:cloudformation:{region}:{account}:stack/{}/local", self.stack)
            }
            _ => match name.split_once('.') {
                // What SAM makes of a function with AutoPublishAlias.
                Some((function, "Alias" | "Version")) => self.alias_of(function, node)?,
                _ => {
                    let (kind, physical) = self.resource(name, node)?;
                    match kind {
                        "AWS::Lambda::Alias" => self.qualified(name, &physical, node)?,
                        "AWS::Lambda::Version" => self.qualified(name, "1", node)?,
                        _ => resource::reference(kind, &physical, self.caller),
                    }
                }
            },
        })
    }

    /// The ARN of the alias that SAM publishes a function under.
    fn alias_of(&self, function: &str, node: &Node) -> Result<String, Problem> {
        let arn = self.attribute_of(function, "Arn", node)?;
        let properties =
            self.template.get("Resources").and_then(|resources| resources.get(function)?.get("Properties"));
        match properties.and_then(|properties| properties.get("AutoPublishAlias")) {
            Some(alias) => Ok(format!("{arn}:{}", self.needed_text(alias)?)),
            None => Err(Problem::at(node, format!("{function} has no AutoPublishAlias"))),
        }
    }

    /// The ARN of a version or an alias: that of its function, with a qualifier.
    fn qualified(&self, id: &str, qualifier: &str, node: &Node) -> Result<String, Problem> {
        let resource = self.template.get("Resources").and_then(|resources| resources.get(id));
        let function = resource.and_then(|resource| resource.get("Properties")?.get("FunctionName"));
        let function = function.ok_or_else(|| Problem::at(node, format!("{id} has no FunctionName")))?;
        let function = self.linked(function, || self.needed_text(function))?;
        let named = |name: &str| resource::attribute("AWS::Lambda::Function", name, "Arn", self.caller);
        let arn = if function.starts_with("arn:") { Some(function) } else { named(&function) };
        Ok(format!("{}:{qualifier}", arn.unwrap_or_default()))
    }

    fn parameter(&self, name: &str, parameter: &Node, node: &Node) -> Result<Value, Problem> {
        let given = self.parameters.get(name).map(|value| Value::from(value.as_str()));
        let default = || Some(parameter.get("Default")?.kind.clone());
        let value = match (given, default()) {
            (Some(value), _) => value,
            (None, Some(Kind::Scalar(value))) => value,
            _ => {
                return Err(Problem::at(
                    node,
                    format!("the parameter {name} has no value: give --parameter {name}=VALUE"),
                ));
            }
        };
        let kind = parameter.get("Type").and_then(Node::as_str).unwrap_or_default();
        if kind.starts_with("AWS::SSM::Parameter::Value") && !self.parameters.contains_key(name) {
            let message = format!("the parameter {name} is in Parameter Store: give --parameter {name}=VALUE");
            return Err(Problem::at(node, message));
        }
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            return Ok(text.split(',').map(str::trim).collect::<Vec<_>>().into());
        }
        Ok(value)
    }

    /// A resource's type and the name it is given.
    pub(super) fn resource(&self, id: &str, node: &Node) -> Result<(&'a str, String), Problem> {
        let found = self.template.get("Resources").and_then(|resources| resources.get(id));
        let Some(found) = found else {
            return Err(Problem::at(node, format!("the template has no parameter or resource {id}")));
        };
        let kind = found.get("Type").and_then(Node::as_str).unwrap_or_default();
        let property = found.get("Properties").and_then(|properties| properties.get(resource::name_property(kind)));
        let name = match property {
            Some(property) => self.linked(property, || self.text(property))?,
            None => None,
        };
        Ok((kind, name.unwrap_or_else(|| id.to_owned())))
    }

    /// Goes one link further, not without end.
    fn linked<T>(&self, node: &Node, follow: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
        let links = self.links.get();
        if links >= LINKS_MAX {
            return Err(Problem::at(node, "this refers to itself"));
        }
        self.links.set(links + 1);
        let followed = follow();
        self.links.set(links);
        followed
    }

    fn attribute(&self, node: &Node) -> Result<String, Problem> {
        let (id, attribute) = match (&node.kind, node.as_str()) {
            (_, Some(text)) => match text.split_once('.') {
                Some((id, attribute)) => (id.to_owned(), attribute.to_owned()),
                None => return Err(Problem::at(node, "Fn::GetAtt takes a resource and an attribute")),
            },
            _ => {
                let [id, attribute] = self.arguments("Fn::GetAtt", node)?;
                (self.needed_text(id)?, self.needed_text(attribute)?)
            }
        };
        self.attribute_of(&id, &attribute, node)
    }

    fn attribute_of(&self, id: &str, attribute: &str, node: &Node) -> Result<String, Problem> {
        let (kind, name) = self.resource(id, node)?;
        let value = resource::attribute(kind, &name, attribute, self.caller);
        value.ok_or_else(|| Problem::at(node, format!("the attribute {attribute} of {id} ({kind}) is not known here")))
    }

    /// `Fn::Sub`: `${Name}` and `${Resource.Attribute}` in a text; `${!Name}` stays as `${Name}`.
    fn substitute(&self, node: &Node) -> Result<String, Problem> {
        let (text, variables) = match &node.kind {
            Kind::List(items) => match &items[..] {
                [text, variables] => (text, Some(variables)),
                _ => return Err(Problem::at(node, "Fn::Sub takes a text, or a list of a text and its variables")),
            },
            _ => (node, None),
        };
        let Some(template) = text.as_str() else { return Err(Problem::at(text, "Fn::Sub takes a text")) };
        let mut output = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            output.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return Err(Problem::at(text, "a `${` in Fn::Sub has no `}`"));
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                output.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let given = variables.and_then(|variables| variables.get(name));
            output.push_str(&match (given, name.split_once('.')) {
                (Some(value), _) => self.needed_text(value)?,
                (None, Some((id, attribute))) => self.attribute_of(id, attribute, text)?,
                (None, None) => {
                    let reference = Node { line: text.line, kind: Kind::Scalar(name.into()) };
                    let value = self.reference(&reference)?.unwrap_or_default();
                    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
                }
            });
        }
        output.push_str(rest);
        Ok(output)
    }

    fn join(&self, node: &Node) -> Result<String, Problem> {
        let [separator, list] = self.arguments("Fn::Join", node)?;
        let separator = self.text(separator)?.unwrap_or_default();
        let Some(Value::Array(parts)) = self.resolve(list)? else {
            return Err(Problem::at(list, "Fn::Join joins a list"));
        };
        let part = |part: Value| match part {
            Value::String(text) => Ok(text),
            Value::Array(_) | Value::Object(_) => Err(Problem::at(list, "Fn::Join joins texts")),
            scalar => Ok(scalar.to_string()),
        };
        Ok(parts.into_iter().map(part).collect::<Result<Vec<_>, _>>()?.join(&separator))
    }

    fn select(&self, node: &Node) -> Resolved {
        let [index, list] = self.arguments("Fn::Select", node)?;
        let position: usize =
            self.needed_text(index)?.parse().map_err(|_| Problem::at(index, "Fn::Select takes a number"))?;
        match self.resolve(list)? {
            Some(Value::Array(mut items)) if position < items.len() => Ok(Some(items.swap_remove(position))),
            _ => Err(Problem::at(node, format!("there is no item {position} to select"))),
        }
    }

    fn find_in_map(&self, node: &Node) -> Resolved {
        let Kind::List(arguments) = &node.kind else { return Err(Problem::at(node, "Fn::FindInMap takes a list")) };
        let [map, top, second, rest @ ..] = &arguments[..] else {
            return Err(Problem::at(node, "Fn::FindInMap takes a map and two keys"));
        };
        let keys = [self.needed_text(map)?, self.needed_text(top)?, self.needed_text(second)?];
        let mut found = self.template.get("Mappings");
        for key in &keys {
            found = found.and_then(|mappings| mappings.get(key));
        }
        match (found, rest.first().and_then(|rest| rest.get("DefaultValue"))) {
            (Some(value), _) | (None, Some(value)) => self.resolve(value),
            (None, None) => {
                Err(Problem::at(node, format!("there is no {} in the template's Mappings", keys.join("."))))
            }
        }
    }

    fn choose(&self, node: &Node) -> Resolved {
        let [condition, yes, no] = self.arguments("Fn::If", node)?;
        self.resolve(if self.named_condition(condition)? { yes } else { no })
    }

    fn named_condition(&self, name: &Node) -> Result<bool, Problem> {
        let Some(text) = name.as_str() else { return Err(Problem::at(name, "a condition's name was expected here")) };
        let condition = self.template.get("Conditions").and_then(|conditions| conditions.get(text));
        let condition = condition.ok_or_else(|| Problem::at(name, format!("the template has no condition {text}")))?;
        self.linked(name, || self.condition(condition))
    }

    fn condition(&self, node: &Node) -> Result<bool, Problem> {
        match node.members() {
            [(name, argument)] if name == "Condition" => self.named_condition(argument),
            [(name, argument)] => self.holds(name, argument),
            _ => Err(Problem::at(node, "a condition was expected here")),
        }
    }

    fn holds(&self, name: &str, argument: &Node) -> Result<bool, Problem> {
        let all = || match &argument.kind {
            Kind::List(conditions) => Ok(conditions),
            _ => Err(Problem::at(argument, format!("{name} takes a list"))),
        };
        match name {
            "Fn::Equals" => {
                let [one, other] = self.arguments(name, argument)?;
                Ok(self.text(one)? == self.text(other)?)
            }
            "Fn::Not" => {
                let [condition] = self.arguments(name, argument)?;
                Ok(!self.condition(condition)?)
            }
            "Fn::And" => all()?.iter().try_fold(true, |holds, condition| Ok(self.condition(condition)? && holds)),
            "Fn::Or" => all()?.iter().try_fold(false, |holds, condition| Ok(self.condition(condition)? || holds)),
            _ => Err(Problem::at(argument, format!("{name} is no condition that is known here"))),
        }
    }
}
