//! The command line: one file a subcommand.

mod bench;
mod eval;
mod output;
mod progress;
mod report;
mod run;
mod serve;
mod validate;

use crate::config::{Config, Settings};
use crate::deploy;
use crate::function::{FunctionSetting, Functions};
use crate::saga;
use crate::service::{Service, ServiceBuilder};
use anyhow::Context;
use asl_engine::Value;
use clap::{Args, Parser, Subcommand};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs AWS Step Functions state machines (Amazon States Language) on this machine.
///
/// Without a subcommand it serves: the Step Functions API on 127.0.0.1:8083, with the order saga deployed.
#[derive(Parser)]
#[command(name = "asl", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Serve,
}

const EXAMPLES: &str = "\
Examples:
  asl                                              serve, with the order saga as OrderSaga
  asl serve --deploy order.asl.yaml --function Charge=http://127.0.0.1:9000/charge
  asl run order.asl.json --input '{\"id\": 7}'       run one definition to its end
  asl validate *.asl.yaml                          check definitions; exit code 1 when one is wrong
  asl eval --jsonata '$sum(n)' --input '{\"n\": [1, 2]}'   try an expression
  asl bench                                        measure a server

Every subcommand has its own --help.";

#[derive(Subcommand)]
enum Command {
    Serve(Box<serve::Serve>),
    Run(run::Run),
    Validate(validate::Validate),
    Eval(eval::Eval),
    Bench(Box<bench::Bench>),
}

/// Where a definition's functions and placeholders come from; the same for every subcommand.
#[derive(Args, Clone, Debug)]
struct FunctionOptions {
    /// A value for `${Name}` placeholders in definitions; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = crate::config::pair, env = "ASL_SET", value_delimiter = ',')]
    set: Vec<(String, String)>,

    /// Answers one Lambda function: its payload is posted to the URL, JSON comes back; or the command is started, which
    /// speaks Lambda's Runtime API as every runtime client does; may be repeated
    #[arg(long, value_name = "NAME=URL|COMMAND", value_parser = crate::config::pair, env = "ASL_FUNCTION", value_delimiter = ',')]
    function: Vec<(String, String)>,

    /// Answers all other Lambda functions in the shape of Lambda's Invoke API, as `sam local start-lambda` does
    #[arg(long, value_name = "URL", env = "ASL_LAMBDA_ENDPOINT")]
    lambda_endpoint: Option<String>,
}

impl FunctionOptions {
    fn settings(self) -> Settings {
        let function = |(name, text)| (name, FunctionSetting::Text(text));
        Settings {
            set: self.set.into_iter().collect(),
            functions: self.function.into_iter().map(function).collect(),
            lambda_endpoint: self.lambda_endpoint,
            ..Settings::default()
        }
    }
}

/// What `serve`, `run` and `validate` know alike.
#[derive(Args, Clone, Debug)]
struct CommonOptions {
    /// The account that resources belong to [default: 123456789012]
    #[arg(long, value_name = "DIGITS", env = "ASL_ACCOUNT")]
    account: Option<String>,

    /// The region that resources are in [default: us-east-1]
    #[arg(long, env = "ASL_REGION")]
    region: Option<String>,

    /// Reads settings from a file [default: asl.toml, if there is one]
    #[arg(long, value_name = "FILE", env = "ASL_CONFIG")]
    config: Option<PathBuf>,
}

impl CommonOptions {
    /// What these and other options say, and where they are silent AWS's variables, and then the file.
    fn settings(self, others: Settings) -> anyhow::Result<Settings> {
        let file = Settings::from_file(self.config.as_deref())?;
        let own = Settings { account: self.account, region: self.region, ..others };
        Ok(own.or(Settings::from_environment()).or(file))
    }
}

/// Where the services are that tasks ask for; the same for `serve` and `run`.
#[derive(Args, Clone, Debug)]
struct ServiceOptions {
    /// Lets a folder stand for an S3 bucket, for ItemReader and ResultWriter; may be repeated
    #[arg(long, value_name = "NAME=DIR", value_parser = crate::config::pair, env = "ASL_BUCKET", value_delimiter = ',')]
    bucket: Vec<(String, String)>,

    /// Lets ItemReader and ResultWriter name `file://PATH` as their bucket, within this folder
    #[arg(long, value_name = "DIR", env = "ASL_FILES")]
    files: Option<PathBuf>,

    /// Lets http:invoke call what begins with one URL at another one; endpoints on this machine need no such option; may be
    /// repeated
    #[arg(long, value_name = "URL=URL", value_parser = crate::config::pair, env = "ASL_HTTP_ENDPOINT", value_delimiter = ',')]
    http_endpoint: Vec<(String, String)>,

    /// Says where AWS services are, all of them or one: an endpoint that answers as they do, or `aws` for AWS itself; AWS's own
    /// AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SERVICE say the same; may be repeated
    #[arg(long, value_name = "[SERVICE=]URL|aws", value_parser = crate::aws::endpoint::argument, env = "ASL_AWS_ENDPOINT", value_delimiter = ',')]
    aws_endpoint: Vec<(String, String)>,
}

impl ServiceOptions {
    fn settings(self) -> Settings {
        Settings {
            buckets: self.bucket.into_iter().map(|(name, folder)| (name, folder.into())).collect(),
            files: self.files,
            http_endpoints: self.http_endpoint.into_iter().collect(),
            aws_endpoints: self.aws_endpoint.into_iter().collect(),
            ..Settings::default()
        }
    }
}

/// The service that a configuration asks for, with the order saga's functions in process, but for those that the user answers.
fn service(config: &Config, saga: &tasks::Saga, local: Functions) -> ServiceBuilder {
    let answered = |name: &str| config.endpoints.functions.contains_key(name) || local.contains(name);
    let functions = saga::functions(saga, answered);
    Service::builder(&config.account, &config.region)
        .endpoints(config.endpoints.clone())
        .buckets(config.buckets.clone())
        .http_apis(config.apis.clone())
        .aws(config.aws.clone())
        .functions(functions)
        .local_functions(local)
}

/// JSON that an option gives: as it stands, in a file (`FILE` or `@FILE`), or on standard input (`-`).
fn json_argument(what: &str, option: &str, text: &str) -> anyhow::Result<Value> {
    let no_json = |source: &str| format!("{what} ({source}) is no JSON");
    let read = |source: &str, file: &Path| Value::parse(&deploy::text(file)?).with_context(|| no_json(source));
    if text == "-" {
        return read("standard input", Path::new("-"));
    }
    if let Some(file) = text.strip_prefix('@') {
        return read(&format!("`{file}`"), Path::new(file));
    }
    match Value::parse(text) {
        Ok(value) => Ok(value),
        Err(_) if Path::new(text).is_file() => read(&format!("`{text}`"), Path::new(text)),
        Err(error) => Err(error).with_context(|| format!("{}, and no file of that name is there", no_json(option))),
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Serve(Box::new(cli.serve)));
    start_log(matches!(command, Command::Serve(_)));
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(async {
        match command {
            Command::Serve(serve) => serve.run().await,
            Command::Run(run) => run.run().await,
            Command::Validate(validate) => validate.run(),
            Command::Eval(eval) => eval.run(),
            Command::Bench(bench) => bench.run().await,
        }
    });
    // Nobody waits for what still runs in the background: a long poll, a handler that hangs.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| failed(&error))
}

/// Logs to standard error what `ASL_LOG` asks for.
fn start_log(serving: bool) {
    let default = if serving { "info" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_env("ASL_LOG").unwrap_or_else(|_| default.into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    log.with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).init();
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
