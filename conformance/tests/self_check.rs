//! Answers made of a recording pass, and fail once one place of the recording is spoilt.

use conformance::case::{Case, load};
use conformance::self_check::self_check;
use serde_json::json;
use std::path::PathBuf;

fn assert_checked(case: &Case, seed: u64) {
    let checked = self_check(case, seed).unwrap().expect("the case checks an answer");
    assert_eq!(checked.differences, [], "{}", case.id);
    let spoilt = checked.spoilt.expect("a place that counts");
    assert!(!spoilt.differences.is_empty(), "{}: not noticed: {}", case.id, spoilt.change);
}

#[test]
fn a_spoilt_recording_is_noticed_wherever_it_is_spoilt() {
    let case = json!({
        "id": "own case",
        "area": "base",
        "kind": "execution",
        "bindings": {"ref:name": "machine-<<uid:1>>"},
        "steps": [
            {"check": "history", "value": {"$": {"from": "r2"}}, "unordered": [["tags"]]},
            {"check": "output", "value": {"text": {"$": {"from": "r2", "path": ["events", -1, "output"]}}, "n": 1}},
        ],
        "expected": {
            "history": {
                "events": [
                    {"id": 1, "timestamp": "<<time>>", "arn": "arn:<<partition>>:states:<<region>>:<<account>>:<<ref:name>>"},
                    {"id": 2, "flags": [true, null, 1.5], "output": "{\"at\": \"<<iso>>\", \"id\": \"<<ref:uuid:1>>/<<ref:uuid:2>>\"}"},
                ],
                "tags": [{"<<ref:name>>": "<<any:value>>"}, {}],
            },
            "output": {"text": "{\"at\": \"<<iso>>\", \"id\": \"<<ref:uuid:1>>/<<ref:uuid:2>>\"}", "n": 1},
        },
    });
    let case = Case::parse(&case.to_string()).unwrap();
    (0..500).for_each(|seed| assert_checked(&case, seed));
}

/// Runs where the recorded cases are there: at `CORPUS_DIR`, or beside the workspace.
#[test]
fn the_comparison_is_sound_on_the_recorded_cases() {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus"));
    let corpus = std::env::var_os("CORPUS_DIR").map_or_else(beside, PathBuf::from);
    let cases = corpus.join("cases");
    if !cases.is_dir() {
        eprintln!("no recorded cases at `{}`", corpus.display());
        return;
    }
    for case in load(&cases).unwrap() {
        (0..3).for_each(|seed| assert_checked(&case, seed));
    }
}
