//! What is wrong with a definition, and where: rule by rule, snippet → place, code and message.
//!
//! A rule is a function in `src/diagnostic/`; a rule without a case fails a test. So does a case that does not show the
//! words of its rule.

mod choice;
mod fields;
mod graph;
mod jsonata;
mod map;
mod positions;
mod query;
mod recovery;
mod rendering;
mod task;
mod text;
mod variables;

use asl_engine::definition::{Definition, Format, MachineType, ParseOptions, Substitutions};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The rule, a snippet, and what is found in it: `line:column CODE location: message`.
type Case = (&'static str, Snippet, &'static [&'static str]);

/// A definition, or a state `S` in one that has a state `E` besides; the state begins on line 2.
#[derive(Clone, Copy, Debug)]
enum Snippet {
    /// A whole definition.
    Machine(&'static str),
    /// A whole definition in YAML.
    Yaml(&'static str),
    /// A whole definition, read with an empty list of substitutions.
    Substituted(&'static str),
    /// A state.
    State(&'static str),
    /// A state of a machine in JSONata.
    Jsonata(&'static str),
    /// A state of an EXPRESS machine.
    Express(&'static str),
}

impl Snippet {
    fn diagnose(self) -> Vec<String> {
        let state = |begin: &str, state: &str| {
            format!("{{{begin}\"StartAt\": \"S\", \"States\": {{\"S\":\n{state},\n\"E\": {{\"Type\": \"Succeed\"}}}}}}")
        };
        let found = match self {
            Snippet::Machine(text) => return diagnose(text, &json()),
            Snippet::Yaml(text) => return diagnose(text, &ParseOptions::default()),
            Snippet::Substituted(text) => {
                return diagnose(text, &ParseOptions { substitutions: Substitutions::new(), ..json() });
            }
            Snippet::State(text) => diagnose(&state("", text), &json()),
            Snippet::Jsonata(text) => diagnose(&state("\"QueryLanguage\": \"JSONata\", ", text), &json()),
            Snippet::Express(text) => {
                diagnose(&state("", text), &ParseOptions { kind: MachineType::Express, ..json() })
            }
        };
        // Most states do not lead to `E`.
        found.into_iter().filter(|line| !line.ends_with("State \"E\" is not reachable.")).collect()
    }
}

/// Reads a definition and lists what is found.
fn diagnose(text: &str, options: &ParseOptions) -> Vec<String> {
    let definition = Definition::parse(text, options);
    let runnable = definition.errors().next().is_none();
    assert_eq!(definition.program.is_some(), runnable, "a program exactly when there is no error: {text}");
    let lines = definition.diagnostics.iter().map(|d| {
        let (line, column) = definition.line_column(d.span);
        format!("{line}:{column} {} {}: {}", d.code, d.location, d.message)
    });
    lines.collect()
}

fn json() -> ParseOptions {
    ParseOptions { format: Format::Json, sdk_actions: Some(sdk_action), ..ParseOptions::default() }
}

/// All services but one have all actions.
fn sdk_action(service: &str, _action: &str) -> Result<(), String> {
    if service == "nosuch" { Err("there is no such service".to_owned()) } else { Ok(()) }
}

fn cases() -> impl Iterator<Item = &'static Case> {
    let tables = [
        text::CASES,
        graph::CASES,
        fields::CASES,
        recovery::CASES,
        choice::CASES,
        task::CASES,
        map::CASES,
        query::CASES,
        jsonata::CASES,
        variables::CASES,
    ];
    tables.into_iter().flatten()
}

#[test]
fn each_case_is_found_as_it_says() {
    let wrong: Vec<String> = cases()
        .filter_map(|(rule, snippet, expected)| {
            let found = snippet.diagnose();
            (found != *expected)
                .then(|| format!("{rule}: {snippet:?}\n  found    {found:#?}\n  expected {expected:#?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_rule_has_a_case_that_shows_its_words() {
    let rules = rules();
    assert!(rules.len() > 50, "the rules are not where they were: {rules:?}");
    let mut missing: BTreeSet<&str> = rules.keys().map(String::as_str).collect();
    let mut check = |rule: &'static str, found: &str| {
        let words = rules.get(rule).unwrap_or_else(|| panic!("there is no rule {rule}"));
        let shown = words.iter().any(|words| found.contains(words));
        assert!(shown, "{rule} says one of {words:?}, not: {found}");
        missing.remove(rule);
    };
    for (rule, _, expected) in cases() {
        check(rule, &expected.join("\n"));
    }
    for (rule, text, options) in text::made() {
        check(rule, &diagnose(&text, &options).join("\n"));
    }
    assert_eq!(missing, BTreeSet::new(), "rules without a case");
}

/// The rules, `file::function`, each with the longest parts of the texts in its function.
fn rules() -> BTreeMap<String, Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostic");
    let mut rules = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let group = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if group == "mod" {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for function in source.split("pub(crate) fn ").skip(1) {
            let (head, body) = function.split_once('{').unwrap();
            if head.contains("-> Finding") {
                let name: String = head.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let body = body.split("\n}\n").next().unwrap();
                rules.insert(format!("{group}::{name}"), words(body));
            }
        }
    }
    rules
}

/// Of each string literal before the help, the longest part without placeholders and escapes.
fn words(body: &str) -> Vec<String> {
    let message = body.split(".help(").next().unwrap();
    let literals = message.split('"').skip(1).step_by(2);
    let longest =
        |literal: &str| literal.split(['{', '}', '\\']).max_by_key(|part| part.len()).unwrap_or("").to_owned();
    literals.map(longest).filter(|part| part.len() > 3).collect()
}
