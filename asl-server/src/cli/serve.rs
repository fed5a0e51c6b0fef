//! `asl serve`

use super::{CommonOptions, FunctionOptions, ServiceOptions, output};
use crate::config::{Config, Settings};
use crate::function::{Functions, Surroundings};
use crate::service::Service;
use crate::template::{Problem, Stack};
use crate::{connection, deploy, http};
use anyhow::{Context, bail};
use asl_engine::runtime::DurableJournal;
use clap::Args;
use clap::builder::BoolishValueParser;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long requests that are being answered may go on after the server was told to end.
const GRACE: Duration = Duration::from_secs(5);

/// Serves the Step Functions API over HTTP
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  asl serve                                        the order saga as OrderSaga, on 127.0.0.1:8083
  asl serve --deploy order.asl.yaml --deploy Refund=refund.asl.json --set Topic=arn:aws:sns:us-east-1:123456789012:T
  asl serve --template template.yaml               a SAM template, its functions as local processes
  asl serve --lambda-endpoint http://127.0.0.1:3001   functions run by `sam local start-lambda`
  asl serve --function Charge=http://127.0.0.1:9000/charge --ephemeral --listen 0.0.0.0:8083
  asl serve --function 'Charge=./charge --verbose'   a function of your own, as a local process
  asl serve --aws-endpoint http://127.0.0.1:5000     AWS services answered by a local endpoint

Every option can also be given by its environment variable, or in a file (`asl.toml`, or --config FILE):
  listen = \"127.0.0.1:8083\"
  data = \".asl\"                 # or: ephemeral = true
  deploy = [\"order.asl.yaml\"]
  template = [\"template.yaml\"]      # its parameters: [parameter] Stage = \"dev\"
  lambda-endpoint = \"http://127.0.0.1:3001\"
  [set]
  Topic = \"arn:aws:sns:us-east-1:123456789012:T\"
  [buckets]
  orders = \"data/orders\"        # a folder stands for a bucket of ItemReader and ResultWriter
  [aws-endpoints]
  default = \"http://127.0.0.1:5000\"
  sqs = \"http://127.0.0.1:9324\"       # one service; \"aws\" means AWS itself
  [functions]
  Charge = \"http://127.0.0.1:9000/charge\"
  Refund = \"./refund --verbose\"              # a command that speaks Lambda's Runtime API
  [functions.Notify]
  runtime = \"python3.13\"                    # or: nodejs22.x, provided.al2023; or: command = …
  handler = \"app.handler\"
  directory = \"notify\"
  timeout = 10                              # more in docs/functions.md
A flag wins over a variable, a variable over the file.

ASL_LOG sets what is logged: error, warn, info (default), debug.")]
pub(super) struct Serve {
    /// Where to listen [default: 127.0.0.1:8083]
    #[arg(long, value_name = "HOST:PORT", env = "ASL_LISTEN")]
    listen: Option<String>,

    /// Where to keep executions, state machines and the order saga's records [default: .asl]
    #[arg(long, value_name = "DIR", env = "ASL_DATA")]
    data: Option<PathBuf>,

    /// Keeps nothing on disk
    #[arg(long, env = "ASL_EPHEMERAL", value_parser = BoolishValueParser::new(), value_name = "true|false",
        num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    ephemeral: Option<bool>,

    /// When something counts as kept. `commit`: once it is on the disk; what was acknowledged survives a crash of the server,
    /// of the system and of the power. `interval=MS`: once the system has it, and the disk gets it every MS milliseconds
    /// (100 when MS is left out); it survives a crash of the server, but the last MS milliseconds are lost when the system
    /// or the power fails [default: commit]
    #[arg(long, value_name = "commit|interval[=MS]", env = "ASL_DURABILITY", verbatim_doc_comment)]
    durability: Option<String>,

    /// Forgets finished executions after so many days [default: 90]
    #[arg(long, value_name = "DAYS", env = "ASL_RETENTION_DAYS")]
    retention_days: Option<u64>,

    /// Forgets the oldest finished executions when there are more than so many [default: no limit]
    #[arg(long, value_name = "NUMBER", env = "ASL_RETENTION_COUNT")]
    retention_count: Option<u64>,

    /// Refuses to start executions while so many run (`ExecutionLimitExceeded`), as AWS does [default: 1000000]
    #[arg(long, value_name = "NUMBER", env = "ASL_MAX_RUNNING")]
    max_running: Option<usize>,

    /// Deploys a definition as a state machine named after the file, or as NAME; may be repeated
    #[arg(long, value_name = "[NAME=]FILE", env = "ASL_DEPLOY", value_delimiter = ',')]
    deploy: Vec<String>,

    /// Deploys the state machines of a SAM or CloudFormation template (also `cdk.out/*.template.json`), with its functions
    /// as local processes; may be repeated
    #[arg(long, value_name = "FILE", env = "ASL_TEMPLATE", value_delimiter = ',')]
    template: Vec<PathBuf>,

    /// A value for a template's parameter; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = crate::config::pair, env = "ASL_PARAMETER", value_delimiter = ',')]
    parameter: Vec<(String, String)>,

    #[command(flatten)]
    functions: FunctionOptions,

    #[command(flatten)]
    services: ServiceOptions,

    /// Mocked responses of tasks, in Step Functions Local's format; start an execution of `ARN#TEST_CASE` to get them
    #[arg(long, value_name = "FILE", env = "SFN_MOCK_CONFIG")]
    mock_config: Option<PathBuf>,

    #[command(flatten)]
    common: CommonOptions,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut config = self.config()?;
        // Before anything is kept or told: from here on the end is orderly.
        let shutdown = shutdown_signal().context("signals cannot be listened for")?;
        let limits = connection::Limits::of_this_process();
        // Bound first: functions are told where the server is, and executions of earlier call them at once.
        let listener = listen(&config.listen)
            .await
            .with_context(|| format!("cannot listen on {}; choose another address with --listen", config.listen))?;
        let address = listener.local_addr()?;
        let journal = journal(&config)?;
        config.aws.leave_out(address);
        let mut stacks = stacks(&config)?;
        let service = service(&config, address, &stacks, journal.clone());
        let continued = service.recover().await?;
        let deployed = deploy::deploy(&service, &config, &mut stacks).await?;
        output::text(greeting(address, &config, &deployed, &stacks));
        if continued > 0 {
            let executions = if continued == 1 { "execution" } else { "executions" };
            output::line(format_args!("\nGoes on with {continued} {executions} of earlier."));
        }
        let engine = service.engine().clone();

        let mut ended = tokio::sync::watch::channel(());
        let server = connection::serve(listener, http::router(service.clone()), limits, async move {
            shutdown.await;
            service.end_polls();
            _ = ended.0.send(());
        });
        tokio::select! {
            () = server => {}
            () = async {
                _ = ended.1.changed().await;
                tokio::time::sleep(GRACE).await;
            } => tracing::warn!("some requests were still being answered"),
            error = engine.failed() => {
                return Err(error).context("executions cannot be kept; what was acknowledged goes on after the next start");
            }
        }
        if let Some(journal) = journal {
            journal.close().context("the last entries of the journal may not be on the disk")?;
        }
        output::line("stopped");
        Ok(ExitCode::SUCCESS)
    }

    fn config(self) -> anyhow::Result<Config> {
        if self.ephemeral == Some(true) && self.data.is_some() {
            bail!(
                "--data (or ASL_DATA) says where to keep things, and --ephemeral (or ASL_EPHEMERAL) to keep none: leave one out"
            );
        }
        let options = Settings {
            listen: self.listen,
            data: self.data,
            ephemeral: self.ephemeral,
            durability: self.durability,
            retention_days: self.retention_days,
            retention_count: self.retention_count,
            max_running: self.max_running,
            deploy: self.deploy,
            template: self.template,
            parameter: self.parameter.into_iter().collect(),
            mock_config: self.mock_config,
            ..self.services.settings()
        };
        self.common.settings(options.or(self.functions.settings()))?.into_config()
    }
}

async fn listen(address: &str) -> std::io::Result<TcpListener> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(address).await?.collect();
    // `localhost` has two, and every client tries this one. When it is taken, the other would be nowhere to be found.
    let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    TcpListener::bind(first.ok_or(std::io::ErrorKind::AddrNotAvailable)?).await
}

/// Where executions are kept; `None`: in memory.
fn journal(config: &Config) -> anyhow::Result<Option<Arc<DurableJournal>>> {
    let Some(folder) = &config.data else { return Ok(None) };
    let journal = DurableJournal::open(folder.join("journal"), config.durability);
    let opened = journal.with_context(|| cannot_keep(folder));
    Ok(Some(Arc::new(opened?)))
}

fn cannot_keep(folder: &Path) -> String {
    format!("cannot keep data in `{}`; choose another folder with --data, or --ephemeral", folder.display())
}

fn service(config: &Config, address: SocketAddr, stacks: &[Stack], journal: Option<Arc<DurableJournal>>) -> Service {
    let store = match &config.data {
        // Most servers never run the order saga: its store waits for the first order.
        Some(folder) => tasks::Store::later(folder.join("saga")),
        None => tasks::Store::in_memory(),
    };
    let saga = tasks::Saga::new(store, || asl_engine::runtime::Clock::System.now());
    let caller = config.caller();
    let endpoint = Some(format!("http://{}", reachable(address)));
    // What the user tells of a function wins over what a template says.
    let of_templates = stacks.iter().flat_map(|stack| &stack.functions);
    let of_templates = of_templates.filter(|function| !config.endpoints.functions.contains_key(&function.name));
    let local = of_templates.chain(&config.functions).cloned();
    let local = Functions::new(local, &Surroundings { caller, endpoint });
    let mut builder = super::service(config, &saga, local)
        .mocks(config.mocks.clone())
        .retention(config.retention)
        .quotas(config.quotas);
    if let Some(journal) = journal {
        builder = builder.journal(journal);
    }
    builder.build()
}

/// The templates.
fn stacks(config: &Config) -> anyhow::Result<Vec<Stack>> {
    let caller = config.caller();
    let read = |file: &PathBuf| Stack::read(file, &config.parameters, &caller);
    let stacks: Vec<Stack> = config.templates.iter().map(read).collect::<Result<_, _>>()?;
    let known = |name: &String| stacks.iter().any(|stack| stack.parameters.contains(name));
    if let Some(name) = config.parameters.keys().find(|name| !known(name)) {
        let names: Vec<&str> = stacks.iter().flat_map(|stack| &stack.parameters).map(String::as_str).collect();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        bail!("no template has a parameter `{name}`; there are: {there}");
    }
    Ok(stacks)
}

/// Where this machine reaches the server that listens on `address`.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}

/// What became of a template.
fn told(stack: &Stack) -> String {
    let mut text = format!("\nFrom {}:\n", stack.file.display());
    for function in &stack.functions {
        let runtime = function.runtime.as_deref().unwrap_or("provided");
        let handler = function.handler.as_deref().unwrap_or_default();
        text += &format!("  {} runs {runtime} {handler} in {}\n", function.name, function.directory.display());
    }
    for activity in &stack.activities {
        text += &format!("  {activity} is an activity\n");
    }
    if !stack.not_created.is_empty() {
        let kinds: Vec<String> = stack.not_created.iter().map(|(kind, count)| format!("{kind} ({count})")).collect();
        text += &format!("  Only names and ARNs of: {}\n", kinds.join(", "));
    }
    for Problem { resource, line, message } in &stack.problems {
        let place =
            if *line > 0 { format!("{}:{line}", stack.file.display()) } else { stack.file.display().to_string() };
        text += &format!("  NOT RESOLVED: {place}: {resource}: {message}\n");
    }
    text
}

/// What runs, and what to type next.
fn greeting(address: SocketAddr, config: &Config, deployed: &[String], stacks: &[Stack]) -> String {
    let url = format!("http://{address}");
    let mut text =
        format!("asl serves AWS Step Functions on {url} (account {}, region {})\n", config.account, config.region);
    match &config.data {
        Some(folder) => text += &format!("Everything is kept in `{}`.\n", folder.display()),
        None => text += "Nothing is kept on disk.\n",
    }
    for line in config.aws.lines() {
        text += &format!("AWS calls of {line}\n");
    }
    for arn in deployed {
        text += &format!("Deployed {arn}\n");
    }
    text.extend(stacks.iter().map(told));
    let Some(arn) = deployed.first() else { return text };
    let input = if arn.ends_with(deploy::SAGA) {
        r#"{"order_id": "47063fe3-56d9-4c51-b91f-71929834ce03", "order_date": "2018-10-19T10:50:16+08:00", "customer_id": "8d04ea6f-c6b2-4422-8550-839a16f01feb", "items": [{"item_id": "567", "qty": 1.0, "description": "Cart item 1", "unit_price": 199.99}]}"#
    } else {
        "{}"
    };
    let execution = arn.replacen(":stateMachine:", ":execution:", 1) + ":first";
    let quoted = serde_json::Value::from(input).to_string();
    text += &format!(
        "\nTry it. With curl:\n\n  \
         curl -X POST {url}/StartExecution -d '{{\"stateMachineArn\": \"{arn}\", \"name\": \"first\", \"input\": {quoted}}}'\n  \
         curl -X POST {url}/DescribeExecution -d '{{\"executionArn\": \"{execution}\"}}'\n  \
         curl -X POST {url}/GetExecutionHistory -d '{{\"executionArn\": \"{execution}\"}}'\n\n\
         Or with the AWS command line:\n\n  \
         export AWS_ENDPOINT_URL={url} AWS_DEFAULT_REGION={} AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n  \
         aws stepfunctions start-execution --state-machine-arn {arn} --name second --input '{input}'\n  \
         aws stepfunctions list-executions --state-machine-arn {arn}\n",
        config.region
    );
    if arn.ends_with(deploy::SAGA) {
        text += &format!(
            "\nHow order_id begins chooses what goes wrong: 1, 11, 2, 22, 3, 33; with 4 to 9 nothing does.\n\
             Notifications: curl {url}/_local/topics\n"
        );
    }
    text + "\nCtrl-C ends the server.\n"
}

/// Ends when the process is told to end: Ctrl-C or SIGTERM. From this call on, not from the first poll, it is noticed.
#[cfg(unix)]
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}

/// Ends when the process is told to end: Ctrl-C.
#[cfg(windows)]
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move { _ = interrupt.recv().await })
}
