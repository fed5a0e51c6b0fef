//! `$match`, `$contains`, `$replace`, `$split`: with a string, a regular expression or the caller's own matcher.

use super::string::function;
use super::{Args, Context};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::evaluate::Evaluator;
use crate::jsonata::item::{Function, Item, Kind};
use crate::value::Str;

/// One match, however it was found. Offsets are in bytes of the text.
struct Found {
    text: Str,
    start: usize,
    end: usize,
    groups: Vec<Item>,
    /// The function that finds the next match of a matcher of the caller's.
    next: Option<Function>,
}

/// Finds one match after the other.
struct Matcher<'m> {
    text: &'m str,
    matcher: Function,
    last: Option<Found>,
}

impl<'m> Matcher<'m> {
    fn new(text: &'m str, matcher: Function) -> Self {
        Matcher { text, matcher, last: None }
    }

    fn next(&mut self, evaluator: &mut Evaluator<'_>, context: Context<'_>) -> Fallible<Option<&Found>> {
        evaluator.charge(4)?;
        self.last = match &self.matcher {
            Function::Regex(regex) => {
                let from = match &self.last {
                    None => 0,
                    Some(found) if found.end >= self.text.len() => return Ok(None),
                    Some(found) => found.end,
                };
                let found = regex.find(self.text, from)?;
                if found.as_ref().is_some_and(|found| self.last.is_some() && found.start == found.end) {
                    return Err(Fault::new("D1004"));
                }
                if let Some(found) = &found {
                    evaluator.charge_text(found.end - from)?;
                }
                found.map(|found| Found {
                    text: self.text[found.start..found.end].into(),
                    start: found.start,
                    end: found.end,
                    groups: found.groups.into_iter().map(|group| group.map_or(Item::Undefined, Item::from)).collect(),
                    next: None,
                })
            }
            own => {
                let result = match &self.last {
                    None => evaluator.apply(own, vec![Item::string(self.text)], context.input, context.env)?,
                    Some(found) => match &found.next {
                        Some(next) => evaluator.apply(next, Vec::new(), context.input, context.env)?,
                        None => Item::Undefined,
                    },
                };
                self.own_match(evaluator, &result)?
            }
        };
        Ok(self.last.as_ref())
    }

    /// As in the reference, the match after the last one wanted is looked for too, which may be an error.
    fn finish(&mut self, evaluator: &mut Evaluator<'_>, context: Context<'_>) -> Fallible<()> {
        if self.last.is_some() {
            self.next(evaluator, context)?;
        }
        Ok(())
    }

    /// What a matcher of the caller's gives: an object with `match`, `start`, `end`, `groups` and `next`.
    fn own_match(&self, evaluator: &mut Evaluator<'_>, result: &Item) -> Fallible<Option<Found>> {
        if !evaluator.truth(result)? {
            return Ok(None);
        }
        let member = |name| result.member(name).unwrap_or_default();
        let (start, groups, next) = (member("start"), member("groups"), member("next"));
        if start.kind() != Kind::Number && !groups.is_array() && next.kind() != Kind::Function {
            return Err(Fault::new("T1010"));
        }
        let offset = |item: Item| byte_offset(self.text, item.as_f64().unwrap_or(0.0));
        let start = offset(start);
        Ok(Some(Found {
            text: member("match").as_text().cloned().unwrap_or_default(),
            start,
            end: offset(member("end")).max(start),
            groups: if groups.is_array() { groups.into_items() } else { Vec::new() },
            next: next.as_function().cloned(),
        }))
    }
}

/// The byte offset of an offset in UTF-16 code units.
fn byte_offset(text: &str, units: f64) -> usize {
    let mut left = units;
    for (offset, c) in text.char_indices() {
        if left < 1.0 {
            return offset;
        }
        left -= c.len_utf16() as f64;
    }
    text.len()
}

/// A limit that may be given; negative ones are an error.
fn limit(args: &Args, index: usize, code: &'static str) -> Fallible<usize> {
    match args.number(index) {
        None => Ok(usize::MAX),
        Some(limit) if limit < 0.0 => Err(Fault::new(code).value(&Item::Number(limit))),
        Some(limit) => Ok(limit.ceil() as usize),
    }
}

pub(super) fn contains(evaluator: &mut Evaluator<'_>, args: Args, context: Context<'_>) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    evaluator.charge_text(text.len())?;
    if let Some(part) = args.get(1).as_str() {
        return Ok(Item::boolean(text.contains(part)));
    }
    let Some(matcher) = function(&args, 1) else { return Ok(Item::Undefined) };
    let found = Matcher::new(&text, matcher).next(evaluator, context)?.is_some();
    Ok(Item::boolean(found))
}

pub(super) fn matches(evaluator: &mut Evaluator<'_>, args: Args, context: Context<'_>) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    let limit = limit(&args, 2, "D3040")?;
    let Some(matcher) = function(&args, 1) else { return Ok(Item::Undefined) };
    let mut matcher = Matcher::new(&text, matcher);
    let mut found = Vec::new();
    let (mut units, mut counted) = (0, 0);
    while found.len() < limit {
        let Some(next) = matcher.next(evaluator, context)? else { break };
        units += text.get(counted..next.start).unwrap_or_default().encode_utf16().count();
        counted = next.start.max(counted);
        found.push(Item::object(vec![
            ("match".into(), Item::string(next.text.clone())),
            ("index".into(), Item::from(units)),
            ("groups".into(), Item::array(next.groups.clone())),
        ]));
    }
    matcher.finish(evaluator, context)?;
    Ok(Item::sequence(found))
}

pub(super) fn split(evaluator: &mut Evaluator<'_>, args: Args, context: Context<'_>) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    let limit = limit(&args, 2, "D3020")?;
    evaluator.charge_text(text.len())?;
    let mut parts = Vec::new();
    if let Some(separator) = args.get(1).as_str() {
        // A limit of a string's split drops its fraction.
        let limit = args.number(2).map_or(usize::MAX, |limit| limit as usize);
        let pieces: Vec<Item> = if separator.is_empty() {
            text.chars().take(limit).map(|c| Item::from(c.to_string())).collect()
        } else {
            text.split(separator).take(limit).map(Item::string).collect()
        };
        evaluator.charge(pieces.len())?;
        return Ok(Item::array(pieces));
    }
    let Some(matcher) = function(&args, 1) else { return Ok(Item::array(parts)) };
    let mut matcher = Matcher::new(&text, matcher);
    let mut from = 0;
    while parts.len() < limit {
        let Some(found) = matcher.next(evaluator, context)? else { break };
        parts.push(Item::string(text.get(from..found.start).unwrap_or_default()));
        from = found.end;
    }
    matcher.finish(evaluator, context)?;
    if parts.len() < limit {
        parts.push(Item::string(text.get(from..).unwrap_or_default()));
    }
    Ok(Item::array(parts))
}

pub(super) fn replace(evaluator: &mut Evaluator<'_>, args: Args, context: Context<'_>) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    if args.get(1).as_str() == Some("") {
        return Err(Fault::new("D3010").text_value(""));
    }
    let limit = limit(&args, 3, "D3011")?;
    evaluator.charge_text(text.len())?;
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    if let Some(pattern) = args.get(1).as_str() {
        let replacement = super::string::cast(args.get(2), false)?.unwrap_or_default();
        for (start, _) in text.match_indices(pattern).take(limit) {
            evaluator.charge(1 + replacement.len() / 16)?;
            out.push_str(&text[from..start]);
            out.push_str(&replacement);
            from = start + pattern.len();
        }
        out.push_str(&text[from..]);
        return Ok(Item::from(out));
    }
    let Some(matcher) = function(&args, 1) else { return Ok(Item::Undefined) };
    let mut matcher = Matcher::new(&text, matcher);
    for _ in 0..limit {
        let Some(found) = matcher.next(evaluator, context)? else { break };
        out.push_str(text.get(from..found.start).unwrap_or_default());
        let before = out.len();
        match args.get(2) {
            Item::Function(function) => {
                let replaced = evaluator.apply(function, vec![found.as_item()], context.input, context.env)?;
                match replaced.as_str() {
                    Some(text) => out.push_str(text),
                    None => return Err(Fault::new("D3012").value(&replaced)),
                }
            }
            template => substitute(template.as_str().unwrap_or_default(), found, &mut out),
        }
        evaluator.charge_text(out.len() - before)?;
        from = (found.start + found.text.len()).min(text.len());
    }
    matcher.finish(evaluator, context)?;
    out.push_str(text.get(from..).unwrap_or_default());
    Ok(Item::from(out))
}

impl Found {
    /// The match as a replacing function sees it.
    fn as_item(&self) -> Item {
        Item::object(vec![
            ("match".into(), Item::string(self.text.clone())),
            ("start".into(), Item::from(self.start)),
            ("end".into(), Item::from(self.end)),
            ("groups".into(), Item::array(self.groups.clone())),
        ])
    }
}

/// Writes a replacement text: `$0` is the match, `$1` a group, `$$` a dollar.
fn substitute(template: &str, found: &Found, out: &mut String) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('0') {
            out.push_str(&found.text);
            rest = after;
        } else {
            // As many digits as the number of groups has; one fewer when that group does not exist.
            let count = found.groups.len();
            let most = if count == 0 { 1 } else { count.ilog10() as usize + 1 };
            let digits = |most: usize| rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
            let parse = |most: usize| rest[..digits(most)].parse::<usize>().ok();
            let mut index = parse(most);
            if most > 1 && index.is_some_and(|index| index > count) {
                index = parse(most - 1);
            }
            match index {
                Some(index) => {
                    let group = index.checked_sub(1).and_then(|index| found.groups.get(index));
                    out.push_str(group.and_then(Item::as_str).unwrap_or_default());
                    rest = &rest[index.to_string().len().min(digits(most))..];
                }
                None => out.push('$'),
            }
        }
    }
    out.push_str(rest);
}
