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

/// Why the handler of a Python or Node.js function cannot be imported, as far as its directory shows.
pub(super) fn missing_handler(function: &LocalFunction) -> Option<String> {
    let (runtime, handler) = (function.runtime.as_deref()?, function.handler.as_deref()?);
    let module = handler.rsplit_once('.')?.0;
    let endings: &[&str] = match runtime {
        _ if !function.command.is_empty() => return None,
        _ if runtime.starts_with("python") => &[".py", "/__init__.py"],
        _ if runtime.starts_with("nodejs") => &[".js", ".mjs", ".cjs"],
        _ => return None,
    };
    // Python's modules may be written with dots: `package.module.handler`.
    let module = if runtime.starts_with("python") { module.replace('.', "/") } else { module.to_owned() };
    let is_there = |ending: &&str| function.directory.join(format!("{module}{ending}")).is_file();
    if endings.iter().any(is_there) {
        return None;
    }
    let (first, directory) = (endings[0], function.directory.display());
    Some(format!(
        "no {module}{first} in {directory}: if it has to be built first, deploy what `sam build` or `cdk synth` wrote"
    ))
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
