//! What is executed for a function.

use super::LocalFunction;
use std::path::{Path, PathBuf};

/// Starts a Python handler: with `awslambdaric` when it is installed, else with the few lines in the script itself.
const PYTHON: &str = include_str!("bootstrap/bootstrap.py");
/// Starts a Node.js handler: with `aws-lambda-ric` when it is installed, else with the few lines in the script itself.
const NODE: &str = include_str!("bootstrap/bootstrap.js");

/// The program and its arguments.
///
/// # Errors
/// What is missing, for people.
pub(super) fn argv(function: &LocalFunction) -> Result<Vec<String>, String> {
    if !function.command.is_empty() {
        return Ok(function.command.clone());
    }
    let runtime = function.runtime.as_deref().unwrap_or("provided");
    let handler = || {
        let handler = function.handler.clone().filter(|handler| handler.contains('.'));
        handler.ok_or_else(|| format!("the runtime {runtime} needs a handler, such as `app.handler`"))
    };
    if runtime.starts_with("python") {
        return Ok(vec![python(&function.directory), "-c".to_owned(), PYTHON.to_owned(), handler()?]);
    }
    if runtime.starts_with("nodejs") {
        return Ok(vec!["node".to_owned(), "-e".to_owned(), NODE.to_owned(), "--".to_owned(), handler()?]);
    }
    if runtime.starts_with("provided") || runtime.starts_with("go") {
        let bootstrap = absolute(&function.directory.join("bootstrap"));
        return match bootstrap.is_file() {
            true => Ok(vec![bootstrap.display().to_string()]),
            false => Err(format!("Couldn't find valid bootstrap(s): [{}]", bootstrap.display())),
        };
    }
    Err(format!("the runtime {runtime} is not started by itself: give the function a command that starts its client"))
}

/// The virtual environment beside the code, else the one on the path.
fn python(directory: &Path) -> String {
    let beside = [".venv", "venv"].map(|folder| directory.join(folder).join("bin/python"));
    beside.into_iter().find(|python| python.is_file()).map_or("python3".to_owned(), |python| {
        // Not resolved further: Python finds its packages by where the link stands.
        absolute(&python).display().to_string()
    })
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
