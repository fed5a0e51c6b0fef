//! How the user tells of a function: `NAME = "URL or command"`, or a table.

use super::LocalFunction;
use anyhow::{Context, bail};
use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest timeout that Lambda grants.
const TIMEOUT_SECONDS_MAX: f64 = 900.0;
const CONCURRENCY_MAX: usize = 1000;

/// What answers a function.
#[derive(Clone, Debug, PartialEq)]
pub enum FunctionSetting {
    /// A URL, or a command that a shell runs.
    Text(String),
    /// A local process, in detail.
    Process(Box<ProcessSettings>),
}

/// A local process in detail.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ProcessSettings {
    /// Run by a shell when it is text; a program and its arguments when it is a list.
    pub command: Option<CommandSetting>,
    /// See [`LocalFunction::runtime`].
    pub runtime: Option<String>,
    /// See [`LocalFunction::handler`].
    pub handler: Option<String>,
    /// See [`LocalFunction::directory`].
    pub directory: Option<PathBuf>,
    /// See [`LocalFunction::environment`].
    pub environment: BTreeMap<String, String>,
    /// In seconds. See [`LocalFunction::timeout`].
    pub timeout: Option<f64>,
    /// In MB. See [`LocalFunction::memory`].
    pub memory: Option<u32>,
    /// See [`LocalFunction::concurrency`].
    pub concurrency: Option<usize>,
    /// In seconds. See [`LocalFunction::idle`].
    pub idle: Option<u64>,
}

/// A command as the user writes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum CommandSetting {
    /// For a shell.
    Text(String),
    /// A program and its arguments.
    List(Vec<String>),
}

impl FunctionSetting {
    /// The URL, when it is one.
    pub fn url(&self) -> Option<&str> {
        match self {
            FunctionSetting::Text(text) if text.contains("://") && !text.contains(' ') => Some(text),
            _ => None,
        }
    }

    /// Relative directories are below `folder`; without one the function is in `folder`.
    pub fn below(self, folder: &Path) -> Self {
        let mut settings = match self {
            FunctionSetting::Text(_) if self.url().is_some() => return self,
            FunctionSetting::Text(command) => {
                Box::new(ProcessSettings { command: Some(CommandSetting::Text(command)), ..ProcessSettings::default() })
            }
            FunctionSetting::Process(settings) => settings,
        };
        settings.directory = Some(folder.join(settings.directory.unwrap_or_default()));
        FunctionSetting::Process(settings)
    }

    /// The local process; `None`: it is a URL.
    ///
    /// # Errors
    /// When a value makes no sense; the error names the function.
    pub fn process(&self, name: &str) -> anyhow::Result<Option<LocalFunction>> {
        match self {
            FunctionSetting::Text(_) if self.url().is_some() => Ok(None),
            FunctionSetting::Text(command) => {
                let mut function = LocalFunction::new(name, "");
                function.command = shell(command);
                Ok(Some(function))
            }
            FunctionSetting::Process(settings) => {
                settings.process(name).map(Some).with_context(|| format!("the function `{name}`"))
            }
        }
    }
}

impl ProcessSettings {
    fn process(&self, name: &str) -> anyhow::Result<LocalFunction> {
        let mut function = LocalFunction::new(name, self.directory.clone().unwrap_or_default());
        function.command = match &self.command {
            Some(CommandSetting::Text(command)) => shell(command),
            Some(CommandSetting::List(command)) => command.clone(),
            None if self.handler.is_none() && self.runtime.is_none() => {
                bail!("it has neither a command nor a runtime and a handler")
            }
            None => Vec::new(),
        };
        function.runtime.clone_from(&self.runtime);
        function.handler.clone_from(&self.handler);
        function.environment.clone_from(&self.environment);
        function.memory = self.memory.unwrap_or(function.memory);
        if let Some(seconds) = self.timeout {
            if !(seconds > 0.0 && seconds <= TIMEOUT_SECONDS_MAX) {
                bail!("its timeout is {seconds}; a function may run for {TIMEOUT_SECONDS_MAX} seconds at most");
            }
            function.timeout = Duration::from_secs_f64(seconds);
        }
        if let Some(concurrency) = self.concurrency {
            if !(1..=CONCURRENCY_MAX).contains(&concurrency) {
                bail!("its concurrency is {concurrency}; it may have from 1 to {CONCURRENCY_MAX} processes");
            }
            function.concurrency = concurrency;
        }
        function.idle = self.idle.map_or(function.idle, Duration::from_secs);
        Ok(function)
    }
}

fn shell(command: &str) -> Vec<String> {
    ["/bin/sh", "-c", command].map(str::to_owned).to_vec()
}

impl<'de> Deserialize<'de> for FunctionSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = FunctionSetting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL, a command, or a table with a command")
            }

            fn visit_str<E>(self, text: &str) -> Result<FunctionSetting, E> {
                Ok(FunctionSetting::Text(text.to_owned()))
            }

            // By hand rather than untagged: so an unknown field is named, with its place.
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FunctionSetting, A::Error> {
                Ok(FunctionSetting::Process(Deserialize::deserialize(MapAccessDeserializer::new(map))?))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> anyhow::Result<Option<LocalFunction>> {
        let settings: BTreeMap<String, FunctionSetting> = toml::from_str(toml)?;
        settings["F"].clone().below(Path::new("folder")).process("F")
    }

    #[test]
    fn a_function_is_a_url_a_command_or_a_table() {
        assert_eq!(read("F = 'http://127.0.0.1:9000/f'").unwrap(), None);
        let function = read("F = './serve --all'").unwrap().unwrap();
        assert_eq!(function.command, ["/bin/sh", "-c", "./serve --all"]);
        assert_eq!(function.directory, Path::new("folder/"));
        let function = read(
            "[F]\nruntime = 'python3.13'\nhandler = 'app.handler'\ndirectory = 'src'\ntimeout = 0.5\nmemory = 256\n\
             concurrency = 2\nidle = 0\nenvironment = { A = 'b' }",
        );
        let function = function.unwrap().unwrap();
        assert_eq!((function.directory.as_path(), function.memory), (Path::new("folder/src"), 256));
        assert_eq!((function.timeout, function.idle), (Duration::from_millis(500), Duration::ZERO));
        assert_eq!((function.concurrency, &*function.environment["A"]), (2, "b"));
        assert_eq!(read("[F]\ncommand = ['./a b', 'c']").unwrap().unwrap().command, ["./a b", "c"]);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (toml, says) in [
            ("F = 1", "a URL, a command, or a table"),
            ("[F]\ncomand = 'x'", "unknown field `comand`"),
            ("[F]\nmemory = 128", "neither a command nor a runtime"),
            ("[F]\ncommand = 'x'\ntimeout = 901.0", "its timeout is 901"),
            ("[F]\ncommand = 'x'\ntimeout = nan", "its timeout is NaN"),
            ("[F]\ncommand = 'x'\nconcurrency = 0", "its concurrency is 0"),
        ] {
            let error = format!("{:#}", read(toml).unwrap_err());
            assert!(error.contains(says), "{toml}: {error}");
        }
    }
}
