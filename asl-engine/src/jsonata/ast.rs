//! The two trees: what the parser reads ([`Raw`]) and what is evaluated ([`Node`]).

use super::functions::Builtin;
use super::regex::Regex;
use super::signature::Signature;
use crate::value::{Str, Value};
use std::sync::Arc;

/// A node as read: operators as they stand in the text.
pub(super) struct Raw {
    pub(super) kind: RawKind,
    pub(super) position: usize,
    /// `[]` follows: a sequence of one stays an array.
    pub(super) keep_array: bool,
    /// How deep the tree below is. INVARIANT: at most `parser::NESTING_MAX`, so recursive walks fit the stack.
    pub(super) height: usize,
}

pub(super) enum RawKind {
    Name(Str),
    Variable(Str),
    String(Str),
    Number(f64),
    Value(Value),
    Regex(Arc<Regex>),
    Wildcard,
    Descendant,
    Parent,
    /// `?` as an argument.
    Placeholder,
    End,
    Negate(Box<Raw>),
    Array(Vec<Raw>),
    Object(Vec<(Raw, Raw)>),
    Block(Vec<Raw>),
    Transform {
        pattern: Box<Raw>,
        update: Box<Raw>,
        delete: Option<Box<Raw>>,
    },
    Binary(Operator, Box<Raw>, Box<Raw>),
    Path(Box<Raw>, Box<Raw>),
    Filter(Box<Raw>, Box<Raw>),
    Group(Box<Raw>, Vec<(Raw, Raw)>),
    Sort(Box<Raw>, Vec<(bool, Raw)>),
    Bind(Str, Box<Raw>),
    Focus(Box<Raw>, Str),
    Index(Box<Raw>, Str),
    Apply(Box<Raw>, Box<Raw>),
    Call {
        procedure: Box<Raw>,
        arguments: Vec<Raw>,
        partial: bool,
    },
    Lambda {
        parameters: Vec<Str>,
        signature: Option<Signature>,
        body: Box<Raw>,
    },
    Condition {
        condition: Box<Raw>,
        then: Box<Raw>,
        otherwise: Option<Box<Raw>>,
    },
    /// `a ?: b`: a when it is truthy.
    Default(Box<Raw>, Box<Raw>),
    /// `a ?? b`: a when it exists.
    Coalesce(Box<Raw>, Box<Raw>),
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Concat,
    And,
    Or,
    In,
    Range,
}

impl Operator {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterEqual => ">=",
            Operator::Concat => "&",
            Operator::And => "and",
            Operator::Or => "or",
            Operator::In => "in",
            Operator::Range => "..",
        }
    }

    pub(super) fn from_symbol(symbol: &str) -> Option<Operator> {
        Some(match symbol {
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            "%" => Operator::Remainder,
            "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterEqual,
            "&" => Operator::Concat,
            "and" => Operator::And,
            "or" => Operator::Or,
            "in" => Operator::In,
            ".." => Operator::Range,
            _ => return None,
        })
    }
}

/// A node as evaluated: paths are flat lists of steps, predicates hang on the step they filter.
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) position: usize,
    /// A sequence that this yields stays an array when it has one item.
    pub(super) keep_array: bool,
    /// Predicates that apply to the whole value of this node.
    pub(super) predicates: Vec<Node>,
    /// Grouping of the value of this node.
    pub(super) group: Option<Box<Pairs>>,
    /// What it does as a step of a path, beyond yielding values.
    pub(super) step: Step,
}

/// The role of a node as a step of a path.
#[derive(Default)]
pub(super) struct Step {
    /// Predicates applied per context item, and positions bound after them.
    pub(super) stages: Vec<Stage>,
    /// `@$name`
    pub(super) focus: Option<Str>,
    /// `#$name`
    pub(super) index: Option<Str>,
    /// Labels of the `%` that mean this step's context.
    pub(super) ancestors: Vec<Str>,
    /// From here on tuples travel instead of values.
    pub(super) tuple: bool,
    /// An array constructor that is not flattened.
    pub(super) constructs_array: bool,
    /// While processing: the `%` below that still look for their step.
    pub(super) seeking: Vec<usize>,
}

pub(super) enum Stage {
    Filter(Node),
    Index(Str),
}

/// The pairs of an object constructor or a grouping.
pub(super) struct Pairs {
    pub(super) pairs: Vec<(Node, Node)>,
    pub(super) position: usize,
}

pub(super) enum Kind {
    Name(Str),
    Variable(Str, Option<&'static Builtin>),
    String(Str),
    Number(f64),
    Value(Value),
    Regex(Arc<Regex>),
    Wildcard,
    Descendant,
    Parent(usize, Str),
    Placeholder,
    Path {
        steps: Vec<Node>,
        keep_singleton: bool,
    },
    Sort(Vec<SortTerm>),
    Negate(Box<Node>),
    Array(Vec<Node>),
    Object(Box<Pairs>),
    Block {
        expressions: Vec<Node>,
        binds: bool,
    },
    Binary(Operator, Box<Node>, Box<Node>),
    Bind(Str, Box<Node>),
    Apply(Box<Node>, Box<Node>),
    Call(Box<Call>),
    /// A call in tail position of a lambda.
    TailCall(Box<Call>),
    Partial(Box<Call>),
    Lambda(Arc<Lambda>),
    Condition(Box<Node>, Box<Node>, Option<Box<Node>>),
    Default(Box<[Node; 2]>),
    Coalesce(Box<[Node; 2]>),
    Transform(Arc<Transform>),
}

impl Kind {
    /// Visits the nodes directly within, in the order of their evaluation. Told with each: does it have the context item that
    /// the whole has? Later steps of a path, sort terms, the body of a function and a transformation have another.
    pub(super) fn parts<'n>(&'n self, visit: &mut dyn FnMut(&'n Node, bool)) {
        match self {
            Kind::Path { steps, .. } => steps.iter().enumerate().for_each(|(index, step)| visit(step, index == 0)),
            Kind::Array(nodes) | Kind::Block { expressions: nodes, .. } => {
                nodes.iter().for_each(|node| visit(node, true))
            }
            Kind::Object(pairs) => pairs.parts(&mut |node| visit(node, true)),
            Kind::Negate(operand) | Kind::Bind(_, operand) => visit(operand, true),
            Kind::Binary(_, left, right) | Kind::Apply(left, right) => {
                visit(left, true);
                visit(right, true);
            }
            Kind::Call(call) | Kind::TailCall(call) | Kind::Partial(call) => {
                visit(&call.procedure, true);
                call.arguments.iter().for_each(|argument| visit(argument, true));
            }
            Kind::Condition(condition, then, otherwise) => {
                visit(condition, true);
                visit(then, true);
                otherwise.iter().for_each(|otherwise| visit(otherwise, true));
            }
            Kind::Default(parts) | Kind::Coalesce(parts) => parts.iter().for_each(|part| visit(part, true)),
            Kind::Lambda(lambda) => visit(&lambda.body, false),
            Kind::Sort(terms) => terms.iter().for_each(|term| visit(&term.expression, false)),
            Kind::Transform(transform) => {
                visit(&transform.pattern, false);
                visit(&transform.update, false);
                transform.delete.iter().for_each(|delete| visit(delete, false));
            }
            Kind::Variable(..)
            | Kind::Name(_)
            | Kind::String(_)
            | Kind::Number(_)
            | Kind::Value(_)
            | Kind::Regex(_)
            | Kind::Wildcard
            | Kind::Descendant
            | Kind::Parent(..)
            | Kind::Placeholder => {}
        }
    }
}

impl Pairs {
    /// Visits the names and the values.
    pub(super) fn parts<'n>(&'n self, visit: &mut dyn FnMut(&'n Node)) {
        for (name, value) in &self.pairs {
            visit(name);
            visit(value);
        }
    }
}

pub(super) struct SortTerm {
    pub(super) descending: bool,
    pub(super) expression: Node,
}

pub(super) struct Call {
    pub(super) procedure: Node,
    pub(super) arguments: Vec<Node>,
}

pub(super) struct Lambda {
    pub(super) parameters: Vec<Str>,
    pub(super) signature: Option<Signature>,
    pub(super) body: Node,
}

pub(super) struct Transform {
    pub(super) pattern: Node,
    pub(super) update: Node,
    pub(super) delete: Option<Node>,
    pub(super) position: usize,
}

impl Node {
    pub(super) fn new(kind: Kind, position: usize) -> Node {
        Node { kind, position, keep_array: false, predicates: Vec::new(), group: None, step: Step::default() }
    }

    /// The name that errors about calling this node show.
    pub(super) fn procedure_name(&self) -> Option<Str> {
        match &self.kind {
            Kind::Variable(name, _) | Kind::Name(name) | Kind::String(name) => Some(name.clone()),
            Kind::Path { steps, .. } => steps.first().and_then(Node::procedure_name),
            _ => None,
        }
    }
}
