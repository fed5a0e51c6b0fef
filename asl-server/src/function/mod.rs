//! Lambda functions as local processes, in any language and without containers.
//!
//! A function is a command that speaks Lambda's Runtime API, as every runtime client does (`awslambdaric`,
//! `aws-lambda-ric`, `lambda_runtime`, …). `pool` starts its processes on demand and reuses them; `runtime_api` is
//! the API that one process talks to; [`report`] words what went wrong as Lambda does.

mod command;
mod environment;
pub mod invoke_api;
mod log;
mod pool;
mod process;
mod reaper;
pub mod report;
mod runtime_api;
mod settings;

pub use report::Report;
pub use runtime_api::Call;
pub use settings::{CommandSetting, FunctionSetting, ProcessSettings};

use crate::service::Caller;
use pool::Pool;
use reaper::Reaper;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How a function is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFunction {
    /// The function's name.
    pub name: String,
    /// The program and its arguments; empty: what the runtime and the handler ask for.
    pub command: Vec<String>,
    /// Where the code is; the process starts there.
    pub directory: PathBuf,
    /// `app.handler`
    pub handler: Option<String>,
    /// `python3.13`, `nodejs22.x`, `provided.al2023`, …
    pub runtime: Option<String>,
    /// The user's environment variables.
    pub environment: BTreeMap<String, String>,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// What the function is told of its memory, in MB. Nothing enforces it.
    pub memory: u32,
    /// How many processes there are at most; further invocations wait.
    pub concurrency: usize,
    /// How long a process waits for its next invocation before it is ended.
    pub idle: Duration,
}

impl LocalFunction {
    /// A function with Lambda's defaults: 3 seconds, 128 MB. An empty directory is the current one.
    pub fn new(name: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        let directory = Some(directory.into()).filter(|directory| !directory.as_os_str().is_empty());
        LocalFunction {
            name: name.into(),
            command: Vec::new(),
            directory: directory.unwrap_or_else(|| PathBuf::from(".")),
            handler: None,
            runtime: None,
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(3),
            memory: 128,
            concurrency: 10,
            idle: Duration::from_secs(300),
        }
    }

    /// Why the function cannot be started as it is; `None`: nothing speaks against it.
    pub fn obstacle(&self) -> Option<String> {
        command::argv(self).err().or_else(|| command::missing_handler(self))
    }
}

/// The functions that run as local processes. Dropping it ends the processes.
#[derive(Default)]
pub struct Functions {
    pools: BTreeMap<String, Arc<Pool>>,
}

/// What all functions are told of the world around them.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The account and region they run in.
    pub caller: Caller,
    /// This server's own URL, so that a function can send its task token back with an SDK as it is.
    pub endpoint: Option<String>,
}

impl Functions {
    /// Those functions. A later one replaces an earlier one of the same name. Nothing is started yet.
    pub fn new(functions: impl IntoIterator<Item = LocalFunction>, surroundings: &Surroundings) -> Self {
        let reaper = Arc::new(Reaper::default());
        let pool = |function: LocalFunction| {
            (function.name.clone(), Arc::new(Pool::new(function, surroundings.clone(), Arc::clone(&reaper))))
        };
        Functions { pools: functions.into_iter().map(pool).collect() }
    }

    /// Is there a function of that name?
    pub fn contains(&self, name: &str) -> bool {
        self.pools.contains_key(name)
    }

    /// Invokes the function of that name; `None`: there is none. Who stops waiting does not stop the function, as with
    /// Lambda; its own timeout does.
    pub fn invoke(&self, name: &str, call: Call) -> Option<impl Future<Output = Result<Vec<u8>, Report>> + use<>> {
        Some(Arc::clone(self.pools.get(name)?).invoke(call))
    }
}
