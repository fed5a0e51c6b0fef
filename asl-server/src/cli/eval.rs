//! `asl eval`

use super::{json_argument, output};
use anyhow::Context;
use asl_engine::intrinsic::Intrinsic;
use asl_engine::jsonata::{self, Bindings, Budget, Outcome};
use asl_engine::jsonpath::Path;
use asl_engine::query::{Environment, ExpressionError, QueryError, Scope};
use asl_engine::runtime::Clock;
use asl_engine::value::Object;
use asl_engine::{Timestamp, Value};
use clap::{ArgGroup, Args};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Tries an expression of either query language: prints its value, or what is wrong and where
#[derive(Args)]
#[command(group = ArgGroup::new("expression").required(true))]
#[command(after_help = "\
Examples:
  asl eval --jsonata '$sum(items.(qty * unit_price))' --input order.json
  asl eval --jsonata '$states.input.items[qty > $least].item_id' --input order.json --var least=2
  asl eval --jsonata '$states.result.Payload.total' --result '{\"Payload\": {\"total\": 5}}'
  asl eval --path '$.items[?(@.qty > 1)].item_id' --input order.json
  asl eval --path '$$.Execution.Name' --states-context '{\"Execution\": {\"Name\": \"e1\"}}'
  asl eval --intrinsic \"States.Format('{} of {}', $.n, $total)\" --input '{\"n\": 1}' --var total=3

In a state machine JSONata reads the input as $states.input only. Here the expression also applies to
it, so that both `$states.input.items` and the shorter `items` work: definitions need the long form.

What fails there fails here, too: an expression that returns nothing is an error. Then the exit code
is 1.")]
pub(super) struct Eval {
    /// A JSONata expression, with or without its `{% %}`
    #[arg(long, value_name = "EXPRESSION", group = "expression", allow_hyphen_values = true)]
    jsonata: Option<String>,

    /// A path: into the input (`$.a`), the context object (`$$.a`) or a variable (`$name.a`)
    #[arg(long, value_name = "PATH", group = "expression")]
    path: Option<String>,

    /// A call of an intrinsic function
    #[arg(long, value_name = "CALL", group = "expression")]
    intrinsic: Option<String>,

    /// The input: JSON, a file, or `-` for standard input
    #[arg(long, value_name = "JSON|FILE", default_value = "{}", allow_hyphen_values = true)]
    input: String,

    /// A variable; may be repeated
    #[arg(long, value_name = "NAME=JSON", value_parser = crate::config::pair)]
    var: Vec<(String, String)>,

    /// The context object (`$states.context`, `$$`): JSON or a file
    #[arg(long, value_name = "JSON|FILE", default_value = "{}")]
    states_context: String,

    /// What the state's task answered (`$states.result`): JSON or a file
    #[arg(long, value_name = "JSON|FILE", requires = "jsonata")]
    result: Option<String>,

    /// What the state caught (`$states.errorOutput`): JSON or a file
    #[arg(long, value_name = "JSON|FILE", requires = "jsonata")]
    error_output: Option<String>,
}

impl Eval {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let surroundings = self.surroundings()?;
        let value = match (&self.jsonata, &self.path, &self.intrinsic) {
            (Some(text), ..) => jsonata(text, &surroundings),
            (_, Some(text), _) => path(text, &surroundings),
            (.., Some(text)) => intrinsic(text, &surroundings),
            // Excluded by the command line's own check.
            (None, None, None) => return Ok(ExitCode::FAILURE),
        };
        Ok(match value {
            Ok(value) => {
                output::line(serde_json::to_string_pretty(&value).unwrap_or_else(|_| value.to_json()));
                ExitCode::SUCCESS
            }
            Err(wrong) => {
                eprint!("{wrong}");
                ExitCode::FAILURE
            }
        })
    }

    fn surroundings(&self) -> anyhow::Result<Surroundings> {
        let optional = |what: &str, option: &str, text: &Option<String>| {
            text.as_ref().map(|text| json_argument(what, option, text)).transpose()
        };
        let input = json_argument("the input", "--input", &self.input)?;
        let context = json_argument("the context object", "--states-context", &self.states_context)?;
        let mut states = Object::default();
        states.insert("input", input.clone());
        states.insert("context", context.clone());
        for (name, value) in [
            ("result", optional("the result", "--result", &self.result)?),
            ("errorOutput", optional("the error output", "--error-output", &self.error_output)?),
        ] {
            if let Some(value) = value {
                states.insert(name, value);
            }
        }
        let variable = |(name, text): &(String, String)| {
            let name = name.trim_start_matches('$').to_owned();
            let value = Value::parse(text).with_context(|| {
                format!("the variable `{name}` is no JSON; a text stands in double quotes: --var '{name}=\"{text}\"'")
            })?;
            Ok((name, value))
        };
        let variables = self.var.iter().map(variable).collect::<anyhow::Result<_>>()?;
        Ok(Surroundings { input, context, states: Value::Object(states), variables, now: Clock::System.now() })
    }
}

/// What an expression sees besides its own text.
struct Surroundings {
    input: Value,
    context: Value,
    states: Value,
    variables: BTreeMap<String, Value>,
    now: Timestamp,
}

impl Surroundings {
    fn random(&self) -> u64 {
        uuid::Uuid::new_v4().as_u64_pair().0
    }

    fn scope(&self) -> Scope<'_> {
        Scope { input: &self.input, result: None, error_output: None, environment: self }
    }
}

impl Bindings for Surroundings {
    fn variable(&self, name: &str) -> Option<Value> {
        if name == "states" { Some(self.states.clone()) } else { self.variables.get(name).cloned() }
    }
    fn now_millis(&self) -> i64 {
        self.now.as_millis()
    }
    fn random(&self) -> u64 {
        self.random()
    }
}

impl Environment for Surroundings {
    fn context(&self) -> &Value {
        &self.context
    }
    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }
    fn now(&self) -> Timestamp {
        self.now
    }
    fn random(&self) -> u64 {
        self.random()
    }
}

/// The value, or what is wrong, as it is printed.
type Evaluated = Result<Value, String>;

fn jsonata(text: &str, surroundings: &Surroundings) -> Evaluated {
    let inner = text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}"));
    let (source, skipped) = inner.map_or((text, 0), |inner| (inner, 2));
    let failed = |error: jsonata::Error| wrong(&error.to_string(), text, skipped + error.position);
    let expression = jsonata::Expression::parse(source).map_err(failed)?;
    let outcome = expression.evaluate(Some(&surroundings.input), surroundings, Budget::default());
    match outcome.map_err(failed)? {
        Outcome::Value(value) => Ok(value),
        Outcome::Undefined => Err(wrong("the expression returned nothing (undefined)", text, skipped)),
        Outcome::Function => Err(wrong("the expression returned a function, which is no JSON", text, skipped)),
    }
}

fn path(text: &str, surroundings: &Surroundings) -> Evaluated {
    let path = Path::parse(text).map_err(|error| misread(&error, text))?;
    path.evaluate(&surroundings.scope()).map_err(|error| failed(&error, text))
}

fn intrinsic(text: &str, surroundings: &Surroundings) -> Evaluated {
    let call = Intrinsic::parse(text).map_err(|error| misread(&error, text))?;
    call.evaluate(&surroundings.scope()).map_err(|error| failed(&error, text))
}

fn misread(error: &ExpressionError, text: &str) -> String {
    wrong(&error.message, text, error.offset)
}

/// AWS's own words; they name the expression, not the place in it.
fn failed(failure: &QueryError, text: &str) -> String {
    let error = &failure.error;
    let cause = error.cause.as_deref().unwrap_or_default();
    wrong(format!("{}: {cause}", error.name()).trim_end_matches(": "), text, 0)
}

/// A message, and the line of the text with a caret under the byte it is about.
fn wrong(message: &str, text: &str, offset: usize) -> String {
    let at = (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    // Tabs stay tabs, so that the caret stands under its character whatever their width.
    let indent: String = text[start..at].chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("error: {message}\n  {}\n  {indent}^\n", &text[start..end])
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn the_caret_stands_under_the_place() {
        for (text, offset, shown) in [
            ("$a +", 3, "  $a +\n     ^\n"),
            ("$a +", 99, "  $a +\n      ^\n"),
            ("", 0, "  \n  ^\n"),
            ("(\n  $x := 1;\n\t$y(\n)", 16, "  \t$y(\n  \t  ^\n"),
            ("'é' + ]", 7, "  'é' + ]\n        ^\n"),
            ("'é'", 2, "  'é'\n   ^\n"),
        ] {
            assert_eq!(wrong("m", text, offset), format!("error: m\n{shown}"), "{text} {offset}");
        }
    }
}
