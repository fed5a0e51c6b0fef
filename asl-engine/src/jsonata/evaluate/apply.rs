//! Calls: functions applied to arguments, partially applied, chained with `~>`.

use super::{Env, Evaluator, Frame, wrapped};
use crate::jsonata::ast::{Call, Kind, Node, Transform};
use crate::jsonata::error::{Fallible, Fault, value_too_deep};
use crate::jsonata::functions::{self, Args, Builtin, Context};
use crate::jsonata::item::{DEPTH_MAX, Function, Item, Lambda, Partial, TailCall};
use crate::jsonata::{Expression, regex::Regex};
use crate::value::Str;
use std::rc::Rc;
use std::sync::Arc;

impl Evaluator<'_> {
    pub(super) fn call(
        &mut self,
        call: &Call,
        position: usize,
        first: Option<Item>,
        input: &Item,
        env: &Env,
    ) -> Fallible<Item> {
        let procedure = self.eval(&call.procedure, input, env)?;
        if procedure.is_undefined() {
            self.check_sigil(&call.procedure, "T1005", position, env)?;
        }
        let arguments = self.arguments(call, first, input, env)?;
        match &procedure {
            Item::Function(function) => self.apply(function, arguments, input, env),
            _ => Err(Fault::new("T1006")),
        }
        .map_err(|fault| decorated(fault, call.procedure.procedure_name(), position))
    }

    /// A call in tail position: its parts are evaluated here, the call is made by whoever called the lambda.
    pub(super) fn tail_call(&mut self, call: &Call, position: usize, input: &Item, env: &Env) -> Fallible<Item> {
        let function = self.eval(&call.procedure, input, env)?;
        if function.is_undefined() {
            self.check_sigil(&call.procedure, "T1005", position, env)?;
        }
        let arguments = self.arguments(call, None, input, env)?;
        let name = call.procedure.procedure_name();
        Ok(Item::TailCall(Rc::new(TailCall { function, arguments, name, position })))
    }

    fn arguments(&mut self, call: &Call, first: Option<Item>, input: &Item, env: &Env) -> Fallible<Vec<Item>> {
        let mut arguments = Vec::with_capacity(call.arguments.len() + usize::from(first.is_some()));
        arguments.extend(first);
        for argument in &call.arguments {
            arguments.push(self.eval(argument, input, env)?);
        }
        Ok(arguments)
    }

    /// Helps those who forgot the `$` of a function.
    fn check_sigil(&self, node: &Node, code: &'static str, position: usize, env: &Env) -> Fallible<()> {
        if !matches!(node.kind, Kind::Path { .. }) {
            return Ok(());
        }
        let Some(name) = node.procedure_name() else { return Ok(()) };
        let known = env.lookup(&name).is_some_and(|item| !item.is_undefined())
            || self.bindings.variable(&name).is_some()
            || functions::find(&name, self.dialect).is_some();
        if known { Err(Fault::new(code).at(position).token(name)) } else { Ok(()) }
    }

    /// Applies a function; calls that it makes in tail position happen here, one after the other.
    pub(in crate::jsonata) fn apply(
        &mut self,
        function: &Function,
        arguments: Vec<Item>,
        input: &Item,
        env: &Env,
    ) -> Fallible<Item> {
        let result = self.apply_once(function, arguments, input, env)?;
        let result = if let Item::TailCall(call) = result { self.tail_calls(call, input, env)? } else { result };
        if result.depth_is_known() && result.depth() > DEPTH_MAX {
            return Err(value_too_deep());
        }
        Ok(result)
    }

    fn tail_calls(&mut self, first: Rc<TailCall>, input: &Item, env: &Env) -> Fallible<Item> {
        let mut next = first;
        loop {
            self.charge(1)?;
            // Nobody else holds a call that is still to be made.
            let Ok(TailCall { function, arguments, name, position }) = Rc::try_unwrap(next) else {
                return Ok(Item::Undefined);
            };
            let result = match &function {
                Item::Function(function) => self.apply_once(function, arguments, input, env),
                _ => Err(Fault::new("T1006")),
            };
            match result.map_err(|fault| decorated(fault, name, position))? {
                Item::TailCall(call) => next = call,
                result => return Ok(result),
            }
        }
    }

    /// One function a kind, so that the frames of this recursion stay small.
    fn apply_once(&mut self, function: &Function, arguments: Vec<Item>, input: &Item, env: &Env) -> Fallible<Item> {
        match function {
            Function::Lambda(lambda) => self.apply_lambda(lambda, arguments, input),
            Function::Builtin(builtin) => self.apply_builtin(builtin, arguments, Context { input, env }),
            Function::Regex(regex) => self.apply_regex(regex, arguments),
            Function::NextMatch(next) => self.apply_next_match(next),
            Function::Transform(transform) => self.apply_transform(transform, arguments, input),
            Function::Partial(partial) => self.apply_partial(partial, arguments, env),
            Function::Chain(pair) => self.apply_chain(pair, arguments, input, env),
        }
    }

    fn apply_builtin(&mut self, builtin: &Builtin, arguments: Vec<Item>, context: Context<'_>) -> Fallible<Item> {
        let arguments = builtin.signature().validate(arguments, context.input)?;
        self.nested(|evaluator| (builtin.run)(evaluator, Args::new(arguments), context))
    }

    fn apply_regex(&mut self, regex: &Arc<Regex>, arguments: Vec<Item>) -> Fallible<Item> {
        match functions::string::cast(Args::new(arguments).get(0), false)? {
            Some(text) => self.match_object(regex, &text, 0),
            None => Ok(Item::Undefined),
        }
    }

    fn apply_next_match(&mut self, next: &(Arc<Regex>, Str, usize)) -> Fallible<Item> {
        let (regex, text, from) = next;
        if *from >= text.len() {
            return Ok(Item::Undefined);
        }
        let next = self.match_object(regex, text, *from)?;
        if next.member("match").is_some_and(|matched| matched.as_str() == Some("")) {
            return Err(Fault::new("D1004"));
        }
        Ok(next)
    }

    fn apply_transform(
        &mut self,
        transform: &(Arc<Transform>, Env),
        arguments: Vec<Item>,
        input: &Item,
    ) -> Fallible<Item> {
        let (definition, env) = transform;
        let arguments = functions::TRANSFORM_SIGNATURE.validate(arguments, input)?;
        self.nested(|evaluator| evaluator.transform(definition, env, Args::new(arguments).take(0)))
    }

    fn apply_partial(&mut self, partial: &Partial, arguments: Vec<Item>, env: &Env) -> Fallible<Item> {
        let mut items = partial.env.items().into_iter();
        let Some(Item::Function(function)) = items.next() else { return Ok(Item::Undefined) };
        let mut given = arguments.into_iter();
        let mut all: Vec<Item> = items
            .zip(&partial.open)
            .map(|(item, open)| if *open { given.next().unwrap_or_default() } else { item })
            .collect();
        while all.last().is_some_and(Item::is_undefined) {
            all.pop();
        }
        self.nested(|evaluator| evaluator.apply(&function, all, &Item::Undefined, env))
    }

    fn apply_chain(&mut self, pair: &Env, mut arguments: Vec<Item>, input: &Item, env: &Env) -> Fallible<Item> {
        let pair = pair.items();
        let [Item::Function(first), Item::Function(second)] = pair.as_slice() else { return Ok(Item::Undefined) };
        arguments.resize(1, Item::Undefined);
        self.nested(|evaluator| {
            let between = evaluator.apply(first, arguments, input, env)?;
            evaluator.apply(second, vec![between], input, env)
        })
    }

    fn apply_lambda(&mut self, lambda: &Lambda, arguments: Vec<Item>, input: &Item) -> Fallible<Item> {
        let definition = &lambda.definition;
        let (parameters, arguments) = match (&lambda.unbound, &definition.signature) {
            (Some(unbound), _) => (unbound, arguments),
            (None, Some(signature)) => (&definition.parameters, signature.validate(arguments, input)?),
            (None, None) => (&definition.parameters, arguments),
        };
        let mut arguments = arguments.into_iter();
        let variables: Vec<(Str, Item)> =
            parameters.iter().map(|name| (name.clone(), arguments.next().unwrap_or_default())).collect();
        let env = Frame::new(Some(&lambda.env), variables);
        self.eval(&definition.body, &lambda.input, &env)
    }

    pub(super) fn apply_operator(
        &mut self,
        left: &Node,
        right: &Node,
        position: usize,
        input: &Item,
        env: &Env,
    ) -> Fallible<Item> {
        let value = self.eval(left, input, env)?;
        if let (Kind::Call(call), true, None) = (&right.kind, right.predicates.is_empty(), &right.group) {
            return self.call(call, right.position, Some(value), input, env);
        }
        let function = self.eval(right, input, env)?;
        let Item::Function(function) = function else {
            return Err(Fault::new("T2006").at(position).value(&function));
        };
        if let Item::Function(_) = &value {
            let pair = vec![(Str::default(), value), (Str::default(), Item::Function(function))];
            return Ok(Item::Function(Function::Chain(Frame::new(None, pair))));
        }
        self.apply(&function, vec![value], &Item::Undefined, env)
            .map_err(|fault| decorated(fault, right.procedure_name(), right.position))
    }

    pub(super) fn partial(&mut self, call: &Call, position: usize, input: &Item, env: &Env) -> Fallible<Item> {
        let mut given = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            given.push(match argument.kind {
                Kind::Placeholder => None,
                _ => Some(self.eval(argument, input, env)?),
            });
        }
        let procedure = self.eval(&call.procedure, input, env)?;
        if procedure.is_undefined() {
            self.check_sigil(&call.procedure, "T1007", position, env)?;
        }
        let Item::Function(function) = procedure else {
            let fault = Fault::new("T1008").at(position);
            return Err(match call.procedure.procedure_name() {
                Some(name) => fault.token(name),
                None => fault,
            });
        };
        Ok(Item::Function(match &function {
            Function::Lambda(lambda) => self.partial_lambda(lambda, given),
            _ => {
                let open = given.iter().map(Option::is_none).collect();
                let mut items = vec![(Str::default(), Item::Function(function))];
                items.extend(given.into_iter().map(|item| (Str::default(), item.unwrap_or_default())));
                Function::Partial(Rc::new(Partial { open, env: Frame::new(None, items) }))
            }
        }))
    }

    fn partial_lambda(&mut self, lambda: &Lambda, given: Vec<Option<Item>>) -> Function {
        let mut given = given.into_iter();
        let mut bound = Vec::new();
        let mut unbound = Vec::new();
        for name in lambda.unbound.as_ref().unwrap_or(&lambda.definition.parameters) {
            match given.next() {
                Some(None) => unbound.push(name.clone()),
                Some(Some(item)) => bound.push((name.clone(), item)),
                None => bound.push((name.clone(), Item::Undefined)),
            }
        }
        let env = Frame::new(Some(&lambda.env), bound);
        self.capture(&env);
        Function::Lambda(Rc::new(Lambda {
            definition: lambda.definition.clone(),
            input: lambda.input.clone(),
            env,
            unbound: Some(unbound),
        }))
    }

    /// What a regular expression gives when it is called: the matcher protocol.
    fn match_object(&mut self, regex: &Arc<Regex>, text: &Str, from: usize) -> Fallible<Item> {
        self.charge_text(text.len())?;
        let Some(found) = regex.find(text, from)? else { return Ok(Item::Undefined) };
        let next = Function::NextMatch(Rc::new((regex.clone(), text.clone(), found.end)));
        let units = |offset: usize| Item::from(text[..offset].encode_utf16().count());
        let groups = found.groups.iter().map(|group| group.as_deref().map_or(Item::Undefined, Item::string)).collect();
        Ok(Item::object(vec![
            ("match".into(), Item::string(&text[found.start..found.end])),
            ("start".into(), units(found.start)),
            ("end".into(), units(found.end)),
            ("groups".into(), Item::array(groups)),
            ("next".into(), Item::Function(next)),
        ]))
    }

    /// `$eval`: evaluates a text as an expression, here.
    pub(in crate::jsonata) fn eval_text(&mut self, source: &str, focus: Item, context: Context<'_>) -> Fallible<Item> {
        self.charge_text(source.len() * 16)?;
        let expression = Expression::parse_with(source, self.dialect)
            .map_err(|error| Fault::new("D3120").text_value(&error.message))?;
        let input = if focus.is_undefined() { context.input.clone() } else { wrapped(focus) };
        self.nested(|evaluator| evaluator.eval(expression.node(), &input, context.env)).map_err(|fault| {
            match fault.code {
                "U1001" => fault,
                _ => Fault::new("D3121").text_value(&fault.message()),
            }
        })
    }
}

fn decorated(fault: Box<Fault>, name: Option<Str>, position: usize) -> Box<Fault> {
    let fault = fault.at(position);
    match name {
        Some(name) => fault.token(name),
        None => fault,
    }
}
