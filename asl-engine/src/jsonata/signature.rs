//! Function signatures such as `<s-nn?:s>`: what arguments a function takes, where the context stands in for a missing
//! one, and which single values become arrays.

use super::error::{Fallible, Fault};
use super::item::{Item, Kind};

/// A parsed signature.
#[derive(Clone, Debug, Default)]
pub(super) struct Signature {
    parameters: Vec<Parameter>,
}

#[derive(Clone, Debug)]
struct Parameter {
    /// The symbols of the types it takes.
    accepts: String,
    /// An `a`: a single value becomes an array.
    array: bool,
    /// The types of an array's items, or of a function.
    subtype: Option<String>,
    /// `-`: the context stands in when it is missing.
    context: bool,
    optional: bool,
    repeats: bool,
}

/// Parameters of a signature. More would serve no one, and matching takes time by their number.
const PARAMETERS_MAX: usize = 64;

fn symbol(item: &Item) -> char {
    match item.kind() {
        Kind::Undefined => 'm',
        Kind::Null => 'l',
        Kind::Boolean => 'b',
        Kind::Number => 'n',
        Kind::String => 's',
        Kind::Array => 'a',
        Kind::Object => 'o',
        Kind::Function => 'f',
    }
}

fn plural(subtype: &str) -> &'static str {
    match subtype {
        "a" => "\"arrays\"",
        "b" => "\"booleans\"",
        "f" => "\"functions\"",
        "n" => "\"numbers\"",
        "o" => "\"objects\"",
        "s" => "\"strings\"",
        _ => "undefined",
    }
}

/// The text up to the bracket that closes the one already open, and what follows it.
fn bracketed(text: &str, open: char, close: char) -> (&str, &str) {
    let mut depth = 1;
    for (index, c) in text.char_indices() {
        if c == close {
            depth -= 1;
            if depth == 0 {
                return (&text[..index], &text[index + c.len_utf8()..]);
            }
        } else if c == open {
            depth += 1;
        }
    }
    (text, "")
}

impl Signature {
    /// Parses a signature with its angle brackets; the return type is not looked at.
    pub(super) fn parse(text: &str) -> Fallible<Signature> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut rest = text.strip_prefix('<').unwrap_or(text);
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            let accepts = match c {
                ':' => break,
                's' | 'n' | 'b' | 'l' | 'o' => format!("{c}m"),
                'a' | 'x' => "asnblfom".to_owned(),
                'f' => "f".to_owned(),
                'j' => "asnblom".to_owned(),
                '(' => {
                    let (choice, after) = bracketed(rest, '(', ')');
                    rest = after;
                    if choice.contains('<') {
                        return Err(Fault::new("S0402"));
                    }
                    format!("{choice}m")
                }
                '<' => {
                    let (subtype, after) = bracketed(rest, '<', '>');
                    rest = after;
                    match parameters.last_mut() {
                        Some(last) if last.array || last.accepts == "f" => last.subtype = Some(subtype.to_owned()),
                        _ => return Err(Fault::new("S0401")),
                    }
                    continue;
                }
                '-' | '?' | '+' => {
                    if let Some(last) = parameters.last_mut() {
                        last.context |= c == '-';
                        last.optional |= c != '+';
                        last.repeats |= c == '+';
                    }
                    continue;
                }
                _ => continue,
            };
            if parameters.len() < PARAMETERS_MAX {
                parameters.push(Parameter {
                    accepts,
                    array: c == 'a',
                    subtype: None,
                    context: false,
                    optional: false,
                    repeats: false,
                });
            }
        }
        Ok(Signature { parameters })
    }

    /// The arguments as the function gets them.
    ///
    /// # Errors
    /// T0410, T0411 or T0412 when they do not fit.
    pub(super) fn validate(&self, mut arguments: Vec<Item>, context: &Item) -> Fallible<Vec<Item>> {
        if self.fits_one_by_one(&arguments) {
            for (index, (parameter, argument)) in self.parameters.iter().zip(&mut arguments).enumerate() {
                if parameter.array {
                    let item = std::mem::take(argument);
                    *argument = parameter.array_of(item, 1, index)?;
                }
            }
            return Ok(arguments);
        }
        let symbols: Vec<char> = arguments.iter().map(symbol).collect();
        let Some(counts) = fit(&self.parameters, &symbols, true) else { return Err(self.misfit(&symbols)) };
        let mut validated = Vec::with_capacity(arguments.len());
        let mut next = 0;
        for (parameter, count) in self.parameters.iter().zip(counts) {
            if count == 0 {
                if !parameter.context {
                    // As in the reference: a missing argument takes the place of the next.
                    validated.push(arguments.get(next).cloned().unwrap_or_default());
                    next += 1;
                } else if parameter.accepts.contains(symbol(context)) {
                    validated.push(context.clone());
                } else {
                    return Err(Fault::new("T0411").value(context).index(next + 1));
                }
                continue;
            }
            for _ in 0..count {
                let argument = arguments.get(next).cloned().unwrap_or_default();
                validated.push(if parameter.array { parameter.array_of(argument, count, next)? } else { argument });
                next += 1;
            }
        }
        Ok(validated)
    }

    /// The common case: as many arguments as parameters, each of its type.
    fn fits_one_by_one(&self, arguments: &[Item]) -> bool {
        self.parameters.len() == arguments.len()
            && self.parameters.iter().zip(arguments).all(|(parameter, argument)| {
                let symbol = symbol(argument);
                symbol != 'm' && parameter.accepts.contains(symbol) && !parameter.repeats
            })
    }

    /// Which argument is wrong: the first that the parameters before it leave over.
    fn misfit(&self, symbols: &[char]) -> Box<Fault> {
        let mut good = 0;
        for count in 1..=self.parameters.len() {
            match fit(&self.parameters[..count], symbols, false) {
                Some(counts) => good = counts.iter().sum(),
                None => break,
            }
        }
        Fault::new("T0410").index(good + 1)
    }
}

impl Parameter {
    /// The argument as an array of the items asked for.
    fn array_of(&self, argument: Item, count: usize, position: usize) -> Fallible<Item> {
        let own = symbol(&argument);
        if own == 'm' {
            return Ok(Item::Undefined);
        }
        if let Some(subtype) = &self.subtype {
            let fits = match argument.elements() {
                Some(elements) => {
                    let mut symbols = elements.iter().map(|item| symbol(&item));
                    match symbols.next() {
                        Some(first) => subtype.starts_with(first) && symbols.all(|other| other == first),
                        None => true,
                    }
                }
                None => count == 1 && subtype.len() == 1 && subtype.starts_with(own),
            };
            if !fits {
                return Err(Fault::new("T0412").value(&argument).index(position + 1).text(plural(subtype)));
            }
        }
        Ok(if own == 'a' { argument } else { Item::array(vec![argument]) })
    }
}

/// How many arguments each parameter takes, taking as many as possible from the left; `None`: they do not fit.
/// `whole`: all arguments must be taken.
fn fit(parameters: &[Parameter], symbols: &[char], whole: bool) -> Option<Vec<usize>> {
    // reach[p][s]: parameters from p on fit the symbols from s on.
    let mut reach = vec![vec![false; symbols.len() + 1]; parameters.len() + 1];
    for (s, fits) in reach[parameters.len()].iter_mut().enumerate() {
        *fits = !whole || s == symbols.len();
    }
    for (p, parameter) in parameters.iter().enumerate().rev() {
        for s in (0..=symbols.len()).rev() {
            reach[p][s] = options(parameter, &symbols[s..]).any(|count| reach[p + 1][s + count]);
        }
    }
    if !reach[0][0] {
        return None;
    }
    let mut s = 0;
    let mut counts = Vec::with_capacity(parameters.len());
    for (p, parameter) in parameters.iter().enumerate() {
        let count = options(parameter, &symbols[s..]).find(|count| reach[p + 1][s + count])?;
        counts.push(count);
        s += count;
    }
    Some(counts)
}

/// How many of the symbols a parameter may take, most first.
fn options(parameter: &Parameter, symbols: &[char]) -> impl Iterator<Item = usize> {
    let limit = if parameter.repeats { symbols.len() } else { 1 };
    let most = symbols.iter().take(limit).take_while(|symbol| parameter.accepts.contains(**symbol)).count();
    let least = usize::from(!parameter.optional);
    (least..=most).rev()
}
