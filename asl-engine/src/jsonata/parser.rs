//! Tokens to the raw tree: top-down operator precedence, with the reference's binding powers.

use super::ast::{Operator, Raw, RawKind};
use super::error::{Fallible, Fault};
use super::item::Item;
use super::lexer::{Lexer, Token, TokenKind};
use super::signature::Signature;
use super::text;
use crate::value::Str;

/// How deep an expression may nest. Every walk over a tree (processing, evaluating, dropping) is recursive.
const NESTING_MAX: usize = 160;

pub(super) fn parse(source: &str) -> Fallible<Raw> {
    let mut lexer = Lexer::new(source);
    let token = lexer.next(false)?;
    let mut parser = Parser { lexer, token, depth: 0 };
    let expression = parser.expression(0)?;
    if !matches!(parser.token.kind, TokenKind::End) {
        return Err(with_token(Fault::new("S0201"), &parser.token));
    }
    Ok(expression)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    depth: usize,
}

/// How strongly a token binds what is left of it.
fn left_binding_power(token: &TokenKind) -> usize {
    let TokenKind::Operator(symbol) = token else { return 0 };
    match *symbol {
        "[" | "(" | "@" | "#" => 80,
        "." => 75,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "<" | ">" | "!=" | "<=" | ">=" | "in" | "~>" | "^" | "?:" | "??" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}

fn with_token(fault: Box<Fault>, token: &Token) -> Box<Fault> {
    let fault = fault.at(token.position);
    match &token.kind {
        TokenKind::Operator(symbol) => fault.token(*symbol),
        TokenKind::Name(name) | TokenKind::Variable(name) | TokenKind::String(name) => fault.token(name.clone()),
        TokenKind::Number(number) => fault.raw_token(text::number(*number)),
        TokenKind::Value(value) => fault.raw_token(value.to_json()),
        TokenKind::Regex(_) => fault.raw_token("{}".to_owned()),
        TokenKind::End => fault.token("(end)"),
    }
}

fn too_deep(position: usize) -> Box<Fault> {
    Fault::new("U1001").at(position).text(format!("The expression nests deeper than {NESTING_MAX} levels"))
}

/// A node whose height follows from its children.
fn node(kind: RawKind, position: usize) -> Fallible<Raw> {
    let height = 1 + children_height(&kind);
    if height > NESTING_MAX {
        return Err(too_deep(position));
    }
    Ok(Raw { kind, position, keep_array: false, height })
}

fn children_height(kind: &RawKind) -> usize {
    let highest = |nodes: &[Raw]| nodes.iter().map(|node| node.height).max().unwrap_or(0);
    let pairs = |pairs: &[(Raw, Raw)]| pairs.iter().map(|(a, b)| a.height.max(b.height)).max().unwrap_or(0);
    let option = |node: &Option<Box<Raw>>| node.as_ref().map_or(0, |node| node.height);
    match kind {
        RawKind::Name(_)
        | RawKind::Variable(_)
        | RawKind::String(_)
        | RawKind::Number(_)
        | RawKind::Value(_)
        | RawKind::Regex(_)
        | RawKind::Wildcard
        | RawKind::Descendant
        | RawKind::Parent
        | RawKind::Placeholder
        | RawKind::End => 0,
        RawKind::Negate(a) | RawKind::Bind(_, a) | RawKind::Focus(a, _) | RawKind::Index(a, _) => a.height,
        RawKind::Array(nodes) | RawKind::Block(nodes) => highest(nodes),
        RawKind::Object(members) => pairs(members),
        RawKind::Transform { pattern, update, delete } => pattern.height.max(update.height).max(option(delete)),
        RawKind::Binary(_, a, b)
        | RawKind::Path(a, b)
        | RawKind::Filter(a, b)
        | RawKind::Apply(a, b)
        | RawKind::Default(a, b)
        | RawKind::Coalesce(a, b) => a.height.max(b.height),
        RawKind::Group(a, members) => a.height.max(pairs(members)),
        RawKind::Sort(a, terms) => a.height.max(terms.iter().map(|(_, term)| term.height).max().unwrap_or(0)),
        RawKind::Call { procedure, arguments, .. } => procedure.height.max(highest(arguments)),
        RawKind::Lambda { body, .. } => body.height,
        RawKind::Condition { condition, then, otherwise } => condition.height.max(then.height).max(option(otherwise)),
    }
}

impl Parser<'_> {
    fn is(&self, symbol: &str) -> bool {
        matches!(self.token.kind, TokenKind::Operator(operator) if operator == symbol)
    }

    /// The current token, moving on; `infix`: an operator may follow.
    fn take(&mut self, infix: bool) -> Fallible<Token> {
        let next = self.lexer.next(infix)?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn expect(&mut self, symbol: &str, infix: bool) -> Fallible<Token> {
        if self.is(symbol) {
            return self.take(infix);
        }
        let code = if matches!(self.token.kind, TokenKind::End) { "S0203" } else { "S0202" };
        Err(with_token(Fault::new(code).text_value(symbol), &self.token))
    }

    /// Moves on when the current token is that symbol.
    fn accept(&mut self, symbol: &str) -> Fallible<bool> {
        let found = self.is(symbol);
        if found {
            self.take(false)?;
        }
        Ok(found)
    }

    fn expression(&mut self, right_binding_power: usize) -> Fallible<Raw> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(too_deep(self.token.position));
        }
        let token = self.take(true)?;
        let mut left = self.prefix(token)?;
        while right_binding_power < left_binding_power(&self.token.kind) {
            let token = self.take(false)?;
            left = self.infix(left, token)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn boxed(&mut self, right_binding_power: usize) -> Fallible<Box<Raw>> {
        self.expression(right_binding_power).map(Box::new)
    }

    fn prefix(&mut self, token: Token) -> Fallible<Raw> {
        let position = token.position;
        let kind = match token.kind {
            TokenKind::Name(name) => RawKind::Name(name),
            TokenKind::Variable(name) => RawKind::Variable(name),
            TokenKind::String(text) => RawKind::String(text),
            TokenKind::Number(number) => RawKind::Number(number),
            TokenKind::Value(value) => RawKind::Value(value),
            TokenKind::Regex(regex) => RawKind::Regex(regex),
            TokenKind::End => RawKind::End,
            TokenKind::Operator(symbol) => match symbol {
                // The keywords are names where a value is expected.
                "and" | "or" | "in" => RawKind::Name(symbol.into()),
                "-" => RawKind::Negate(self.boxed(70)?),
                "*" => RawKind::Wildcard,
                "**" => RawKind::Descendant,
                "%" => RawKind::Parent,
                "(" => self.block()?,
                "[" => self.array()?,
                "{" => RawKind::Object(self.pairs()?),
                "|" => self.transform()?,
                _ => return Err(Fault::new("S0211").at(position).token(symbol)),
            },
        };
        node(kind, position)
    }

    fn block(&mut self) -> Fallible<RawKind> {
        let mut expressions = Vec::new();
        while !self.is(")") {
            expressions.push(self.expression(0)?);
            if !self.accept(";")? {
                break;
            }
        }
        self.expect(")", true)?;
        Ok(RawKind::Block(expressions))
    }

    fn array(&mut self) -> Fallible<RawKind> {
        let mut items = Vec::new();
        if !self.is("]") {
            loop {
                let mut item = self.expression(0)?;
                if self.is("..") {
                    let position = self.take(false)?.position;
                    item = node(RawKind::Binary(Operator::Range, Box::new(item), self.boxed(0)?), position)?;
                }
                items.push(item);
                if !self.accept(",")? {
                    break;
                }
            }
        }
        self.expect("]", true)?;
        Ok(RawKind::Array(items))
    }

    fn pairs(&mut self) -> Fallible<Vec<(Raw, Raw)>> {
        let mut pairs = Vec::new();
        if !self.is("}") {
            loop {
                let name = self.expression(0)?;
                self.expect(":", false)?;
                pairs.push((name, self.expression(0)?));
                if !self.accept(",")? {
                    break;
                }
            }
        }
        self.expect("}", true)?;
        Ok(pairs)
    }

    fn transform(&mut self) -> Fallible<RawKind> {
        let pattern = self.boxed(0)?;
        self.expect("|", false)?;
        let update = self.boxed(0)?;
        let delete = if self.accept(",")? { Some(self.boxed(0)?) } else { None };
        self.expect("|", false)?;
        Ok(RawKind::Transform { pattern, update, delete })
    }

    fn infix(&mut self, left: Raw, token: Token) -> Fallible<Raw> {
        let position = token.position;
        let TokenKind::Operator(symbol) = token.kind else {
            return Err(with_token(Fault::new("S0201"), &token));
        };
        let power = left_binding_power(&token.kind);
        let kind = match symbol {
            "." => RawKind::Path(Box::new(left), self.boxed(power)?),
            "~>" => RawKind::Apply(Box::new(left), self.boxed(power)?),
            "(" => return self.call(left, position),
            "[" => return self.filter(left, position),
            "{" => RawKind::Group(Box::new(left), self.pairs()?),
            "^" => self.sort(left)?,
            "@" => RawKind::Focus(Box::new(left), self.variable("@", power)?),
            "#" => RawKind::Index(Box::new(left), self.variable("#", power)?),
            ":=" => {
                let RawKind::Variable(name) = left.kind else {
                    return Err(named(Fault::new("S0212"), &left));
                };
                RawKind::Bind(name, self.boxed(power - 1)?)
            }
            "?" => {
                let then = self.boxed(0)?;
                let otherwise = if self.accept(":")? { Some(self.boxed(0)?) } else { None };
                RawKind::Condition { condition: Box::new(left), then, otherwise }
            }
            "?:" => RawKind::Default(Box::new(left), self.boxed(0)?),
            "??" => RawKind::Coalesce(Box::new(left), self.boxed(0)?),
            _ => match Operator::from_symbol(symbol) {
                Some(operator) => RawKind::Binary(operator, Box::new(left), self.boxed(power)?),
                None => return Err(Fault::new("S0201").at(position).token(symbol)),
            },
        };
        node(kind, position)
    }

    fn variable(&mut self, operator: &str, power: usize) -> Fallible<Str> {
        let right = self.expression(power)?;
        match right.kind {
            RawKind::Variable(name) => Ok(name),
            _ => Err(Fault::new("S0214").at(right.position).token(operator)),
        }
    }

    fn filter(&mut self, mut left: Raw, position: usize) -> Fallible<Raw> {
        if self.is("]") {
            // `a[]` marks the innermost step: `a[0][]` keeps what `a` yields.
            let mut step = &mut left;
            while let RawKind::Filter(inner, _) = &mut step.kind {
                step = inner;
            }
            step.keep_array = true;
            self.take(false)?;
            return Ok(left);
        }
        let predicate = self.boxed(0)?;
        self.expect("]", true)?;
        node(RawKind::Filter(Box::new(left), predicate), position)
    }

    fn sort(&mut self, left: Raw) -> Fallible<RawKind> {
        self.expect("(", false)?;
        let mut terms = Vec::new();
        loop {
            let descending = self.is(">");
            if descending || self.is("<") {
                self.take(false)?;
            }
            terms.push((descending, self.expression(0)?));
            if !self.accept(",")? {
                break;
            }
        }
        self.expect(")", false)?;
        Ok(RawKind::Sort(Box::new(left), terms))
    }

    fn call(&mut self, left: Raw, position: usize) -> Fallible<Raw> {
        let mut arguments = Vec::new();
        let mut partial = false;
        if !self.is(")") {
            loop {
                if self.is("?") {
                    partial = true;
                    let position = self.take(false)?.position;
                    arguments.push(node(RawKind::Placeholder, position)?);
                } else {
                    arguments.push(self.expression(0)?);
                }
                if !self.accept(",")? {
                    break;
                }
            }
        }
        self.expect(")", true)?;
        if matches!(&left.kind, RawKind::Name(name) if name == "function" || name == "λ") {
            return self.lambda(arguments, position);
        }
        node(RawKind::Call { procedure: Box::new(left), arguments, partial }, position)
    }

    fn lambda(&mut self, arguments: Vec<Raw>, position: usize) -> Fallible<Raw> {
        let mut parameters = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.into_iter().enumerate() {
            match argument.kind {
                RawKind::Variable(name) => parameters.push(name),
                _ => return Err(named(Fault::new("S0208").value(&Item::from(index + 1)), &argument)),
            }
        }
        let signature = if self.is("<") { Some(self.signature()?) } else { None };
        self.expect("{", false)?;
        let body = self.boxed(0)?;
        self.expect("}", false)?;
        node(RawKind::Lambda { parameters, signature, body }, position)
    }

    fn signature(&mut self) -> Fallible<Signature> {
        let start = self.token.position;
        let mut text = String::from("<");
        let mut depth = 1;
        while depth > 0 && !self.is("{") && !matches!(self.token.kind, TokenKind::End) {
            self.take(false)?;
            match &self.token.kind {
                TokenKind::Operator(symbol) => {
                    match *symbol {
                        ">" => depth -= 1,
                        "<" => depth += 1,
                        _ => {}
                    }
                    text.push_str(symbol);
                }
                TokenKind::Name(name) | TokenKind::Variable(name) | TokenKind::String(name) => text.push_str(name),
                TokenKind::Number(number) => text.push_str(&text::number(*number)),
                TokenKind::Value(_) | TokenKind::Regex(_) | TokenKind::End => {}
            }
        }
        self.expect(">", false)?;
        Signature::parse(&text).map_err(|fault| fault.at(start))
    }
}

/// The fault, naming a node that should have been something else.
fn named(fault: Box<Fault>, node: &Raw) -> Box<Fault> {
    let fault = fault.at(node.position);
    match &node.kind {
        RawKind::Name(name) | RawKind::Variable(name) | RawKind::String(name) => fault.token(name.clone()),
        RawKind::Number(number) => fault.raw_token(text::number(*number)),
        RawKind::Value(value) => fault.raw_token(value.to_json()),
        RawKind::Binary(operator, ..) => fault.token(operator.symbol()),
        RawKind::Call { .. } | RawKind::Block(_) => fault.token("("),
        RawKind::Array(_) | RawKind::Filter(..) => fault.token("["),
        RawKind::Object(_) | RawKind::Group(..) => fault.token("{"),
        RawKind::Path(..) => fault.token("."),
        _ => fault,
    }
}
