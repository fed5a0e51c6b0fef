//! Definitions that AWS accepted must be read without errors, and those it refused must be refused in its words.
//!
//! The recorded cases are not part of this repository: `CORPUS_CASES` names their directory, by default
//! `../shared/corpus/cases` next to the workspace. Without them there is nothing to check here.

use asl_engine::definition::{Definition, Format, MachineType, ParseOptions};
use asl_engine::diagnostic::aws_message;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// One definition that was sent to AWS.
struct Sent {
    case: String,
    text: String,
    options: ParseOptions,
    /// Is it one state alone?
    alone: bool,
    /// What AWS answered about it: the message of InvalidDefinition, or the diagnostics.
    refusal: Option<Json>,
}

fn cases_dir() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/cases");
    let dir = std::env::var_os("CORPUS_CASES").map_or(default, PathBuf::from);
    dir.is_dir().then_some(dir)
}

fn sent_definitions(dir: &Path) -> Vec<Sent> {
    let mut out = Vec::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .flat_map(|area| std::fs::read_dir(area.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    for file in files {
        let case: Json = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let (op, params) = (step["op"].as_str().unwrap_or_default(), &step["params"]);
            let known = ["CreateStateMachine", "UpdateStateMachine", "ValidateStateMachineDefinition", "TestState"];
            let Some(text) = params["definition"].as_str().filter(|_| known.contains(&op)) else { continue };
            let express = params["type"] == "EXPRESS";
            let kind = if express { MachineType::Express } else { MachineType::Standard };
            out.push(Sent {
                case: file.strip_prefix(dir).unwrap().display().to_string(),
                text: fill_in(text),
                options: ParseOptions { format: Format::Json, kind, ..ParseOptions::default() },
                alone: serde_json::from_str::<Json>(text).is_ok_and(|definition| definition["Type"].is_string()),
                refusal: refusal(&case, index),
            });
        }
    }
    out
}

/// Replaces what a case leaves to the run: accounts, ARNs of things made before.
fn fill_in(text: &str) -> String {
    let mut out = text.to_owned();
    while let (Some(start), Some(end)) = (out.find("<<"), out.find(">>")) {
        let name = out[start + 2..end].to_owned();
        let value = match name.as_str() {
            "account" => "123456789012",
            "region" => "us-east-1",
            "partition" => "aws",
            _ if name.contains("activityArn") => "arn:aws:states:us-east-1:123456789012:activity:A",
            _ if name.contains("stateMachineArn") => "arn:aws:states:us-east-1:123456789012:stateMachine:M",
            _ if name.starts_with("now") => "2030-01-01T00:00:00Z",
            _ => "x1",
        };
        out.replace_range(start..end + 2, value);
    }
    out
}

/// AWS's answer about the definition of a step, when it refused it.
fn refusal(case: &Json, step: usize) -> Option<Json> {
    let saved = case["steps"][step]["save"].as_str()?;
    let check = case["steps"].as_array()?.iter().skip(step).find(|check| check["value"]["$"]["from"] == saved)?;
    let answer = &case["expected"][check["check"].as_str()?];
    let error = if answer["Error"].is_object() { &answer["Error"] } else { answer };
    if error["Code"] == "InvalidDefinition" {
        // TestState refuses some sound definitions, in other words.
        return Some(error["Message"].clone())
            .filter(|message| !message.as_str().is_some_and(|message| message.starts_with("TestState")));
    }
    answer.get("diagnostics").filter(|diagnostics| *diagnostics != &serde_json::json!([])).cloned()
}

#[test]
fn aws_and_we_agree_on_the_recorded_definitions() {
    let Some(dir) = cases_dir() else { return };
    let sent = sent_definitions(&dir);
    let mut wrong = Vec::new();
    for Sent { case, text, options, alone, refusal } in &sent {
        let definition =
            if *alone { Definition::parse_state(text, "State0", options) } else { Definition::parse(text, options) };
        let ours = aws_message(&definition.diagnostics);
        match refusal {
            None if definition.program.is_some() => {}
            None => {
                wrong.push(format!("{case}: AWS accepted what we refuse\n{}", definition.render("definition", false)))
            }
            // Some recordings hold another program's words instead of AWS's.
            Some(Json::String(message)) if message.starts_with("Error=") && definition.program.is_none() => {}
            Some(Json::String(message)) if *message == ours => {}
            Some(Json::Array(theirs)) => {
                let ours: Vec<Json> = definition
                    .diagnostics
                    .iter()
                    .map(|d| {
                        let mut json = serde_json::json!({
                            "severity": d.severity.as_str(), "code": d.code, "message": d.message,
                        });
                        if !d.location.is_empty() {
                            json["location"] = d.location.as_str().into();
                        }
                        json
                    })
                    .collect();
                if ours != *theirs {
                    wrong.push(format!("{case}: {ours:?} instead of {theirs:?}"));
                }
            }
            Some(message) => wrong.push(format!("{case}: {ours} instead of {message}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {} definitions:\n{}", wrong.len(), sent.len(), wrong.join("\n"));
}
