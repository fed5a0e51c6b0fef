//! The JSONata reference implementation's cases, where they are there: in the folder that `JSONATA_CASES` names, or in
//! `../shared/jsonata` beside the workspace.

use conformance::jsonata::{self, KnownFailures};
use std::path::PathBuf;

/// The least share of the cases that must pass, in percent.
const SHARE_MIN: f64 = 99.0;

#[test]
fn reference_cases() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("JSONATA_CASES").map_or_else(|| root.join("../../shared/jsonata"), PathBuf::from);
    if !folder.is_dir() {
        assert!(std::env::var_os("JSONATA_CASES").is_none(), "JSONATA_CASES names no folder: {}", folder.display());
        eprintln!("no JSONata cases at {}", folder.display());
        return;
    }
    let report = jsonata::run(&folder).expect("the cases can be read");
    let total = report.passed + report.failures.len();
    println!("{} of {total} JSONata cases pass", report.passed);
    let known = std::fs::read_to_string(root.join("jsonata-known-failures.txt")).expect("the list of known failures");
    let surprises = report.surprises(&KnownFailures::parse(&known));
    assert!(surprises.is_empty(), "{} surprises:\n{}", surprises.len(), surprises.join("\n"));
    assert!(total > 0 && report.passed as f64 >= SHARE_MIN / 100.0 * total as f64, "too few pass");
}
