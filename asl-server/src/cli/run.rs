//! `asl run`

use super::{CommonOptions, FunctionOptions, ServiceOptions, json_argument, output, progress};
use crate::config::{Config, Settings};
use crate::deploy;
use crate::function::{Functions, Surroundings};
use crate::service::{Caller, Service};
use crate::wire::history;
use anyhow::Context;
use asl_engine::definition;
use asl_engine::history::Usage;
use asl_engine::machine::{MachineType, Outcome, Start};
use asl_engine::runtime::{Clock, Engine, Execution, HistoryRange, VirtualClock};
use asl_engine::{StatesError, Value};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How often a running execution is looked at for news.
const LOOK: Duration = Duration::from_millis(20);

/// Runs one definition to its end: progress on standard error, the output on standard output
#[derive(Args)]
#[command(after_help = "\
Examples:
  asl run statemachine/llt.asl.yaml --input '{\"order_id\": \"4\", \"items\": []}'
  asl run order.asl.json --input order.json --function Charge=http://127.0.0.1:9000/charge
  echo '{\"n\": 1}' | asl run loop.asl.yaml --input - --skip-waits
  asl run order.asl.json --history > history.json

The functions of the order saga are built in. The exit code is 0 when the execution succeeds, else 1.")]
pub(super) struct Run {
    /// The definition, in JSON or YAML; `-` is standard input
    #[arg(value_name = "FILE")]
    definition: PathBuf,

    /// The input: JSON, a file, or `-` for standard input
    #[arg(long, value_name = "JSON|FILE", default_value = "{}")]
    input: String,

    /// Waits, retries and timeouts take no time
    #[arg(long)]
    skip_waits: bool,

    /// Prints the history as GetExecutionHistory tells it, instead of the output
    #[arg(long)]
    history: bool,

    /// Runs it as an EXPRESS state machine
    #[arg(long)]
    express: bool,

    /// No progress on standard error
    #[arg(long, short)]
    quiet: bool,

    #[command(flatten)]
    functions: FunctionOptions,

    #[command(flatten)]
    services: ServiceOptions,

    #[command(flatten)]
    common: CommonOptions,
}

impl Run {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let options = self.services.clone().settings().or(self.functions.clone().settings());
        // Without test cases nothing is mocked.
        let settings = Settings { mock_config: None, ..self.common.clone().settings(options)? };
        let config = settings.into_config()?;
        let caller = config.caller();
        let substitutions = deploy::substitutions(&caller.region, &caller.account, &config.substitutions);
        let kind = if self.express { definition::MachineType::Express } else { definition::MachineType::Standard };
        let source = deploy::read(&self.definition, &substitutions, kind)?;
        let program = source.definition.program.context("the definition has no program")?;
        let input = json_argument("the input", "--input", &self.input)?;
        let service = self.service(&config);
        let engine = service.engine();
        let start = self.start(&caller, input);
        let arn = start.execution_arn.clone();
        engine.start(program, start).await?;
        let execution = self.follow(engine, &arn).await.context("the execution was lost before it ended")?;
        if self.history {
            let events = engine.history(&arn).await?.unwrap_or_default();
            let style = history::Style { data: true, region: &caller.region, start: None };
            let events: Vec<Value> = events.iter().map(|event| history::event(event, style)).collect();
            output::line(serde_json::to_string_pretty(&serde_json::json!({ "events": events }))?);
        }
        Ok(self.report(&execution))
    }

    fn service(&self, config: &Config) -> Service {
        let clock = match self.skip_waits {
            true => Clock::Virtual(VirtualClock::at(Clock::System.now())),
            false => Clock::System,
        };
        let time = clock.clone();
        let saga = tasks::Saga::new(tasks::Store::in_memory(), move || time.now());
        let surroundings = Surroundings { caller: config.caller(), endpoint: None };
        let local = Functions::new(config.functions.iter().cloned(), &surroundings);
        super::service(config, &saga, local).clock(clock).build()
    }

    fn start(&self, caller: &Caller, input: Value) -> Start {
        let name = self.definition.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
        let name = name.filter(|name| !name.is_empty() && *name != "-").unwrap_or("run");
        let execution = uuid::Uuid::new_v4().to_string();
        Start {
            input,
            execution_arn: format!("{}{name}:{execution}", caller.arn_prefix("execution")).into(),
            execution_name: execution.into(),
            role_arn: format!("arn:aws:iam::{}:role/asl", caller.account).into(),
            state_machine_arn: (caller.arn_prefix("stateMachine") + name).into(),
            state_machine_name: name.into(),
            machine_type: if self.express { MachineType::Express } else { MachineType::Standard },
            seed: uuid::Uuid::new_v4().as_u64_pair().0,
            ..Start::default()
        }
    }

    /// Tells the news of an execution until it has ended.
    async fn follow(&self, engine: &Engine, arn: &str) -> Option<Execution> {
        let (mut told, mut usage) = (HistoryRange::default(), Usage::default());
        loop {
            let execution = engine.execution(arn)?;
            if !self.quiet {
                for event in engine.history_page(arn, told).await.ok()??.events {
                    told.after = Some(event.id);
                    usage.count(&event);
                    if let Some(line) = progress::line(&event, execution.started) {
                        eprintln!("{line}");
                    }
                }
            }
            if execution.outcome.is_some() {
                if !self.quiet {
                    eprintln!("         used {usage}");
                }
                return Some(execution);
            }
            match engine.clock() {
                Clock::Virtual(_) if engine.advance().await => (),
                _ => _ = tokio::time::timeout(LOOK, engine.finished(arn)).await,
            }
        }
    }

    fn report(&self, execution: &Execution) -> ExitCode {
        let failed = |how: &str, error: &StatesError| {
            eprintln!("{how}: {}", error.error.as_deref().unwrap_or("(no error name)"));
            if let Some(cause) = &error.cause {
                eprintln!("{cause}");
            }
            ExitCode::FAILURE
        };
        match &execution.outcome {
            Some(Outcome::Succeeded { output }) => {
                if !self.history {
                    let pretty = serde_json::to_string_pretty(output).unwrap_or_else(|_| output.to_json());
                    output::line(pretty);
                }
                ExitCode::SUCCESS
            }
            Some(Outcome::Failed(error)) => failed("failed", error),
            Some(Outcome::TimedOut(error)) => failed("timed out", error),
            Some(Outcome::Aborted(error)) => failed("aborted", error),
            None => ExitCode::FAILURE,
        }
    }
}
