//! What is wrong with definitions, told to machines: JSON in the words of the API, and SARIF for code scanning.

use asl_engine::definition::Definition;
use asl_engine::diagnostic::{Diagnostic, Severity, Span};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A definition that was read, and the name of its file.
pub(super) struct Checked {
    pub(super) file: String,
    pub(super) definition: Definition,
}

/// An array of files, each with its diagnostics as ValidateStateMachineDefinition tells them, and their places in the text.
pub(super) fn json(checked: &[Checked]) -> Value {
    let file = |Checked { file, definition }: &Checked| {
        let diagnostics = definition.diagnostics.iter().map(|diagnostic| {
            let (line, column) = definition.line_column(diagnostic.span);
            let mut told = json!({
                "severity": diagnostic.severity.as_str(), "code": diagnostic.code, "message": diagnostic.message,
                "location": diagnostic.location, "line": line, "column": column,
            });
            if let Some(help) = &diagnostic.help {
                told["help"] = json!(help);
            }
            told
        });
        json!({
            "file": file,
            "result": if definition.program.is_some() { "OK" } else { "FAIL" },
            "diagnostics": diagnostics.collect::<Vec<_>>(),
        })
    };
    checked.iter().map(file).collect()
}

/// A log in the Static Analysis Results Interchange Format, version 2.1.0, as GitHub's code scanning takes it.
pub(super) fn sarif(checked: &[Checked]) -> Value {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in checked.iter().flat_map(|it| &it.definition.diagnostics) {
        rules.insert(diagnostic.code, 0);
    }
    rules.values_mut().enumerate().for_each(|(index, place)| *place = index);
    let results: Vec<Value> = checked
        .iter()
        .flat_map(|it| {
            it.definition.diagnostics.iter().map(|diagnostic| result(it, diagnostic, rules[diagnostic.code]))
        })
        .collect();
    let rules: Vec<Value> = rules
        .keys()
        .map(|code| {
            let text = json!({ "text": described(code) });
            json!({ "id": code, "name": code, "shortDescription": text, "fullDescription": text, "help": text })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "asl",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://states-language.net/spec.html",
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(checked: &Checked, diagnostic: &Diagnostic, rule: usize) -> Value {
    let definition = &checked.definition;
    let (line, column) = definition.line_column(diagnostic.span);
    let (end_line, end_column) = definition.line_column(Span::new(diagnostic.span.end, diagnostic.span.end));
    let text = match &diagnostic.help {
        Some(help) => format!("{} ({help})", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&checked.file) },
        "region": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column },
    } });
    if !diagnostic.location.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": diagnostic.location }]);
    }
    json!({
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": { "text": text },
        "locations": [location],
        // The same finding in a file whose lines moved is the same finding.
        "partialFingerprints": {
            "diagnostic/v1": format!("{}:{}:{}", diagnostic.code, diagnostic.location, diagnostic.message),
        },
    })
}

/// A code in words: `MISSING_END_STATE` → `Missing end state`.
fn described(code: &str) -> String {
    let words = code.replace('_', " ").to_lowercase();
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A path as a URI reference, relative when the path is.
fn uri(file: &str) -> String {
    let mut uri = String::new();
    for byte in file.bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    if file.starts_with('/') { format!("file://{uri}") } else { uri }
}
