//! JSONata's errors: the reference's codes and texts, in one place.

use super::item::Item;
use super::text;
use crate::value::Str;
use std::fmt;

/// Why an expression is wrong (`S…`) or has no value (`T…`: types, `D…`: values, `U…`: the budget).
///
/// Displays as the reference does, `T1006: Attempted to invoke a non-function`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The code, such as `T1006`.
    pub code: &'static str,
    /// The reference's text, with its placeholders filled in.
    pub message: String,
    /// Where in the expression: an offset in bytes.
    pub position: usize,
    /// The operator, function or token that the error is about.
    pub token: Option<String>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}

/// An error on its way up: the text is made when it leaves, because places on the way add the token and the position.
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) position: Option<usize>,
    pub(super) token: Option<Token>,
    value: Option<String>,
    value2: Option<String>,
    index: Option<usize>,
    text: Option<String>,
}

/// What an error names: text is quoted in the message, anything else is not.
pub(super) enum Token {
    Text(Str),
    Raw(String),
}

/// The result of everything that may fail inside. Boxed: errors are rare, and results travel through every call.
pub(super) type Fallible<T> = Result<T, Box<Fault>>;

impl Fault {
    pub(super) fn new(code: &'static str) -> Box<Fault> {
        Box::new(Fault { code, position: None, token: None, value: None, value2: None, index: None, text: None })
    }

    pub(super) fn at(mut self: Box<Self>, position: usize) -> Box<Self> {
        self.position.get_or_insert(position);
        self
    }

    pub(super) fn token(mut self: Box<Self>, token: impl Into<Str>) -> Box<Self> {
        self.token.get_or_insert(Token::Text(token.into()));
        self
    }

    pub(super) fn raw_token(mut self: Box<Self>, token: String) -> Box<Self> {
        self.token.get_or_insert(Token::Raw(token));
        self
    }

    pub(super) fn value(mut self: Box<Self>, value: &Item) -> Box<Self> {
        self.value = Some(text::to_json(value));
        self
    }

    pub(super) fn value2(mut self: Box<Self>, value: &Item) -> Box<Self> {
        self.value2 = Some(text::to_json(value));
        self
    }

    pub(super) fn text_value(self: Box<Self>, value: &str) -> Box<Self> {
        self.value(&Item::string(value))
    }

    pub(super) fn index(mut self: Box<Self>, index: usize) -> Box<Self> {
        self.index = Some(index);
        self
    }

    /// The text that a `{{{message}}}` or another unquoted placeholder shows.
    pub(super) fn text(mut self: Box<Self>, text: impl Into<String>) -> Box<Self> {
        self.text = Some(text.into());
        self
    }

    pub(super) fn into_error(self) -> Error {
        let message = self.message();
        let token = self.token.map(|token| match token {
            Token::Text(text) => text.to_string(),
            Token::Raw(text) => text,
        });
        Error { code: self.code, message, position: self.position.unwrap_or(0), token }
    }

    pub(super) fn message(&self) -> String {
        let undefined = || "undefined".to_owned();
        let mut out = String::new();
        let mut rest = template(self.code);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            out.push_str(before);
            match name {
                "token" => out.push_str(&match &self.token {
                    Some(Token::Text(text)) => text::quoted(text),
                    Some(Token::Raw(text)) => text.clone(),
                    None => undefined(),
                }),
                "name" => match &self.token {
                    Some(Token::Text(text)) => out.push_str(text),
                    Some(Token::Raw(text)) => out.push_str(text),
                    None => out.push_str("undefined"),
                },
                "value" => out.push_str(&self.value.clone().unwrap_or_else(undefined)),
                "value2" => out.push_str(&self.value2.clone().unwrap_or_else(undefined)),
                "index" => out.push_str(&self.index.map_or_else(undefined, |index| index.to_string())),
                _ => out.push_str(self.text.as_deref().unwrap_or_default()),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// The reference's text of a code. `{token}` and `{value}` are shown as JSON, `{name}` and `{text}` as they are.
fn template(code: &str) -> &'static str {
    match code {
        "S0101" => "String literal must be terminated by a matching quote",
        "S0102" => "Number out of range: {token}",
        "S0103" => "Unsupported escape sequence: \\{token}",
        "S0104" => "The escape sequence \\u must be followed by 4 hex digits",
        "S0105" => "Quoted property name must be terminated with a backquote (`)",
        "S0106" => "Comment has no closing tag",
        "S0201" => "Syntax error: {token}",
        "S0202" => "Expected {value}, got {token}",
        "S0203" => "Expected {value} before end of expression",
        "S0204" => "Unknown operator: {token}",
        "S0207" => "Unexpected end of expression",
        "S0208" => "Parameter {value} of function definition must be a variable name (start with $)",
        "S0209" => "A predicate cannot follow a grouping expression in a step",
        "S0210" => "Each step can only have one grouping expression",
        "S0211" => "The symbol {token} cannot be used as a unary operator",
        "S0212" => "The left side of := must be a variable name (start with $)",
        "S0213" => "The literal value {value} cannot be used as a step within a path expression",
        "S0214" => "The right side of {token} must be a variable name (start with $)",
        "S0215" => "A context variable binding must precede any predicates on a step",
        "S0216" => "A context variable binding must precede the 'order-by' clause on a step",
        "S0217" => "The object representing the 'parent' cannot be derived from this expression",
        "S0301" => "Empty regular expressions are not allowed",
        "S0302" => "No terminating / in regular expression",
        // Not in the reference: there the host's own error surfaces.
        "S0303" => "Invalid regular expression: {text}",
        "S0401" => "Type parameters can only be applied to functions and arrays",
        "S0402" => "Choice groups containing parameterized types are not supported",
        "T0410" => "Argument {index} of function {token} does not match function signature",
        "T0411" => "Context value is not a compatible type with argument {index} of function {token}",
        "T0412" => "Argument {index} of function {token} must be an array of {text}",
        "D1001" => "Number out of range: {value}",
        "D1002" => "Cannot negate a non-numeric value: {value}",
        "T1003" => "Key in object structure must evaluate to a string; got: {value}",
        "D1004" => "Regular expression matches zero length string",
        "T1005" => "Attempted to invoke a non-function. Did you mean ${name}?",
        "T1006" => "Attempted to invoke a non-function",
        "T1007" => "Attempted to partially apply a non-function. Did you mean ${name}?",
        "T1008" => "Attempted to partially apply a non-function",
        "D1009" => "Multiple key definitions evaluate to same key: {value}",
        "T1010" => {
            "The matcher function argument passed to function {token} does not return the correct object structure"
        }
        "D1013" => "Object property names starting with _jsonata_ are reserved for internal use: {value}",
        "T2001" => "The left side of the {token} operator must evaluate to a number",
        "T2002" => "The right side of the {token} operator must evaluate to a number",
        "T2003" => "The left side of the range operator (..) must evaluate to an integer",
        "T2004" => "The right side of the range operator (..) must evaluate to an integer",
        "T2006" => "The right side of the function application operator ~> must be a function",
        "T2007" => "Type mismatch when comparing values {value} and {value2} in order-by clause",
        "T2008" => "The expressions within an order-by clause must evaluate to numeric or string values",
        "T2009" => "The values {value} and {value2} either side of operator {token} must be of the same data type",
        "T2010" => "The expressions either side of operator {token} must evaluate to numeric or string values",
        "T2011" => "The insert/update clause of the transform expression must evaluate to an object: {value}",
        "T2012" => {
            "The delete clause of the transform expression must evaluate to a string or array of strings: {value}"
        }
        "T2013" => {
            "The transform expression clones the input object using the $clone() function.  This has been overridden in the current scope by a non-function."
        }
        "D2014" => {
            "The size of the sequence allocated by the range operator (..) must not exceed 1e7.  Attempted to allocate {value}."
        }
        "D3001" => "Attempting to invoke string function on Infinity or NaN",
        "D3010" => "Second argument of replace function cannot be an empty string",
        "D3011" => "Fourth argument of replace function must evaluate to a positive number",
        "D3012" => "Attempted to replace a matched string with a non-string value",
        "D3020" => "Third argument of split function must evaluate to a positive number",
        "D3030" => "Unable to cast value to a number: {value}",
        "D3040" => "Third argument of match function must evaluate to a positive number",
        "D3050" => "The second argument of reduce function must be a function with at least two arguments",
        "D3060" => "The sqrt function cannot be applied to a negative number: {value}",
        "D3061" => {
            "The power function has resulted in a value that cannot be represented as a JSON number: base={value}, exponent={value2}"
        }
        "D3070" => {
            "The single argument form of the sort function can only be applied to an array of strings or an array of numbers.  Use the second argument to specify a comparison function"
        }
        "D3080" => "The picture string must only contain a maximum of two sub-pictures",
        "D3081" => "The sub-picture must not contain more than one instance of the 'decimal-separator' character",
        "D3082" => "The sub-picture must not contain more than one instance of the 'percent' character",
        "D3083" => "The sub-picture must not contain more than one instance of the 'per-mille' character",
        "D3084" => "The sub-picture must not contain both a 'percent' and a 'per-mille' character",
        "D3085" => {
            "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit character' or a member of the 'decimal digit family'"
        }
        "D3086" => {
            "The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character"
        }
        "D3087" => {
            "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a 'decimal-separator' character"
        }
        "D3088" => "The sub-picture must not contain a 'grouping-separator' at the end of the integer part",
        "D3089" => "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character",
        "D3090" => {
            "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is followed by an instance of the 'optional digit character'"
        }
        "D3091" => {
            "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that is followed by a member of the 'decimal digit family'"
        }
        "D3092" => {
            "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as an 'exponent-separator'"
        }
        "D3093" => {
            "The exponent part of the sub-picture must comprise only of one or more characters that are members of the 'decimal digit family'"
        }
        "D3100" => "The radix of the formatBase function must be between 2 and 36.  It was given {value}",
        "D3110" => "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given {value}",
        "D3120" => "Syntax error in expression passed to function eval: {value}",
        "D3121" => "Dynamic error evaluating the expression passed to function eval: {value}",
        "D3130" => {
            "Formatting or parsing an integer as a sequence starting with {value} is not supported by this implementation"
        }
        "D3131" => "In a decimal digit pattern, all digits must be from the same decimal group",
        "D3132" => "Unknown component specifier {value} in date/time picture string",
        "D3133" => {
            "The 'name' modifier can only be applied to months and days in the date/time picture string, not {value}"
        }
        "D3134" => "The timezone integer format specifier cannot have more than four digits",
        "D3135" => "No matching closing bracket ']' in date/time picture string",
        "D3136" => "The date/time picture string is missing specifiers required to parse the timestamp",
        "D3138" => "The $single() function expected exactly 1 matching result.  Instead it matched more.",
        "D3139" => "The $single() function expected exactly 1 matching result.  Instead it matched 0.",
        "D3140" => "Malformed URL passed to ${name}(): {value}",
        // D3137 ($error), D3141 ($assert), U1001 and the errors of the States Language's own functions carry their text.
        _ => "{text}",
    }
}

/// The evaluation nests deeper than its budget allows.
pub(super) fn too_deep() -> Box<Fault> {
    Fault::new("U1001").text(
        "Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as tail-recursive",
    )
}

/// The evaluation takes more steps than its budget allows.
pub(super) fn too_long() -> Box<Fault> {
    Fault::new("U1001").text("Expression evaluation timeout: Check for infinite loop")
}

/// A value nests deeper than can be walked safely.
pub(super) fn value_too_deep() -> Box<Fault> {
    Fault::new("U1001").text(format!("Values must not nest deeper than {} levels", super::item::DEPTH_MAX))
}
