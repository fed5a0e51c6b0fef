//! `asl bench`

mod client;
mod curve;
mod histogram;
mod load;
mod report;
mod server;
mod special;
mod stub;
mod workload;

use crate::cli::output;
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use client::{Address, Client};
use curve::{Curve, Plan};
use report::{Measured, Report};
use serde::Deserialize;
use server::{Launch, Server};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use workload::Workload;

/// Measures a server: a load of executions, their latency, and the server's CPU time for each
///
/// It starts a server of its own, in a folder of its own, and ends it again; or --endpoint names one that runs. CPU time
/// and memory are told on Linux, and of its own server only.
#[derive(Args, Debug)]
#[command(after_help = help())]
pub(super) struct Bench {
    /// What to measure, as NAME or NAME:SIZE; several with commas, or `all`
    #[arg(long, short, value_name = "NAME[:SIZE]", default_value = "pass", value_delimiter = ',')]
    workload: Vec<String>,

    /// Measures instead how costs grow, and prints Markdown tables with plots; several with commas
    #[arg(long, value_enum, value_name = "CURVE", value_delimiter = ',',
        conflicts_with_all = ["workload", "kind", "concurrency", "duration", "executions", "endpoint", "stub", "ephemeral", "json"])]
    curve: Vec<Curve>,

    /// How many running or finished executions a curve goes to; 1000000 takes minutes, and 2 GB of disk
    #[arg(long, value_name = "NUMBER", requires = "curve", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    to: u64,

    /// EXPRESS executions are started and waited for in one request; STANDARD ones are kept on disk, and asked for until they
    /// have ended [default: express, where the workload does not say]
    #[arg(long = "type", value_enum)]
    kind: Option<Kind>,

    /// How many clients there are, each with a connection of its own
    #[arg(long, short, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    concurrency: u16,

    /// How long to measure each workload, in seconds; a fifth of it (at most a second) comes first and does not count
    #[arg(long, short, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    duration: u64,

    /// Ends after so many executions, if they are done before the time is
    #[arg(long, short = 'n', value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    executions: Option<u64>,

    /// Measures the server at this URL instead of one of its own
    #[arg(long, value_name = "URL", conflicts_with_all = ["ephemeral", "folder", "server", "server_option"])]
    endpoint: Option<String>,

    /// Lets --endpoint be on another machine; be sure that it is yours
    #[arg(long, requires = "endpoint")]
    allow_remote: bool,

    /// Where the function that tasks call listens; tell it to a server of yours with --function Bench=http://ADDRESS:PORT
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    stub: SocketAddr,

    /// Its own server keeps nothing on disk
    #[arg(long)]
    ephemeral: bool,

    /// The folder that holds its own server's folder while it runs: disks differ [default: the system's for temporary files]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,

    /// The program to be its own server, such as another build to compare with [default: this one]
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,

    /// An option for its own server, such as --server-option=--durability=interval; may be repeated
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    server_option: Vec<String>,

    /// Prints JSON, a line for each workload
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Express,
    Standard,
}

fn help() -> String {
    format!(
        "\
Workloads:
{}
Examples:
  asl bench                                        ten Pass states, EXPRESS, for five seconds
  asl bench --workload all --json                  everything
  asl bench -w pass --type standard -c 64          durable executions, 64 clients
  asl bench -w map:100,map:1000,map:10000 -c 1     how a Map's cost grows with its items
  asl bench --curve all                            how costs grow: docs/performance.md has the tables
  asl bench --curve running,finished --to 1000000  up to a million executions
  asl bench -w saga --endpoint http://127.0.0.1:8083 --stub 127.0.0.1:9000
                                                   a server that was started with --function Bench=http://127.0.0.1:9000",
        workload::table()
    )
}

/// The server that is measured.
enum Target {
    Own { server: Box<Server>, launch: Launch, _folder: Folder },
    Other(Address),
}

impl Target {
    fn address(&self) -> &Address {
        match self {
            Target::Own { server, .. } => &server.address,
            Target::Other(address) => address,
        }
    }

    async fn end(self) {
        if let Target::Own { server, .. } = self {
            server.kill().await;
        }
    }

    fn own(&self) -> Option<&Server> {
        match self {
            Target::Own { server, .. } => Some(server),
            Target::Other(_) => None,
        }
    }
}

impl Bench {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        if !self.curve.is_empty() {
            self.curves().await?;
            return Ok(ExitCode::SUCCESS);
        }
        let workloads = self.workloads()?;
        let endpoint = self.endpoint.as_deref().map(|url| address(url, self.allow_remote)).transpose()?;
        let stub = stub::serve(self.stub).await.with_context(|| format!("cannot listen on {}", self.stub))?;
        let mut failed = false;
        if !self.json {
            output::line(report::heading());
        }
        for workload in workloads {
            // Each on a server of its own: what one leaves behind must not slow the next.
            let target = match &endpoint {
                Some(address) => Target::Other(address.clone()),
                None => self.own(&workload, stub).await?,
            };
            let measured = self.measure(&workload, &target).await;
            target.end().await;
            let measured = measured.with_context(|| format!("workload {}", workload.name))?;
            let report = Report { workload, measured };
            failed |= report.measured.failed > 0;
            output::line(if self.json { report.json().to_string() } else { report.line() });
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    async fn curves(&self) -> anyhow::Result<()> {
        for curve in Curve::chosen(&self.curve) {
            let folder = Folder::new(&self.folder())?;
            let launch = self.launch(&folder, vec![format!("--max-running={}", u32::MAX)])?;
            let plan = Plan { launch, to: self.to };
            curve.measure(&plan).await.with_context(|| format!("curve {curve:?}"))?;
        }
        Ok(())
    }

    fn workloads(&self) -> anyhow::Result<Vec<Workload>> {
        if self.workload.iter().any(|name| name == "all") {
            return Ok(Workload::all().filter(|workload| self.endpoint.is_none() || !workload.needs_own()).collect());
        }
        let workloads: Vec<Workload> = self.workload.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        if let Some(workload) = workloads.iter().find(|workload| workload.needs_own() && self.endpoint.is_some()) {
            bail!("the workload {} starts and ends servers; measure it without --endpoint", workload.name);
        }
        Ok(workloads)
    }

    fn standard(&self, workload: &Workload) -> bool {
        self.kind.map_or(workload.standard(), |kind| kind == Kind::Standard)
    }

    async fn own(&self, workload: &Workload, stub: SocketAddr) -> anyhow::Result<Target> {
        let folder = Folder::new(&self.folder())?;
        let mut options = vec!["--function".to_owned(), format!("{}=http://{stub}", stub::NAME)];
        options.extend(workload.server_options());
        let launch = self.launch(&folder, options)?;
        let server = launch.start().await?;
        Ok(Target::Own { server: Box::new(server), launch, _folder: folder })
    }

    /// Where its own server's folder is to be.
    fn folder(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// How its own server is started.
    fn launch(&self, folder: &Folder, mut arguments: Vec<String>) -> anyhow::Result<Launch> {
        let program = match &self.server {
            Some(program) => program.canonicalize().with_context(|| format!("no program {}", program.display()))?,
            None => std::env::current_exe()?,
        };
        arguments.extend(self.server_option.clone());
        Ok(Launch { program, folder: folder.0.clone(), ephemeral: self.ephemeral, arguments })
    }

    async fn measure(&self, workload: &Workload, target: &Target) -> anyhow::Result<Measured> {
        let load = load::Load {
            address: target.address().clone(),
            standard: self.standard(workload),
            concurrency: self.concurrency,
            duration: Duration::from_secs(self.duration),
            executions: self.executions,
        };
        match (workload.name, target) {
            ("wait", Target::Own { server, launch, .. }) => special::wait(workload, &load, server, launch).await,
            ("cold", Target::Own { launch, .. }) => special::cold(workload, launch).await,
            ("flood", Target::Own { server, .. }) => special::flood(workload, &load, server).await,
            _ => {
                if workload.calls_stub() && target.own().is_none() && self.stub.port() == 0 {
                    eprintln!("note: the server must answer the function {} by --stub ADDRESS:PORT", stub::NAME);
                }
                load.measure(workload, target.own()).await
            }
        }
    }
}

/// A folder for as long as the measurement takes.
struct Folder(PathBuf);

impl Folder {
    fn new(parent: &std::path::Path) -> anyhow::Result<Folder> {
        let path = parent.join(format!("asl-bench-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The address in a URL; only on this machine unless the user wants it otherwise.
fn address(url: &str, allow_remote: bool) -> anyhow::Result<Address> {
    let parsed = reqwest::Url::parse(url).with_context(|| format!("`{url}` is no URL; write http://HOST:PORT"))?;
    if parsed.scheme() != "http" {
        bail!("`{url}`: servers are measured by plain http; write http://HOST:PORT");
    }
    let host = parsed.host_str().with_context(|| format!("`{url}` has no host; write http://HOST:PORT"))?;
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let here = host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
    if !here && !allow_remote {
        bail!("`{url}` is not on this machine; a load is for servers of your own: say so with --allow-remote");
    }
    Ok(Address(format!("{host}:{}", parsed.port_or_known_default().unwrap_or(80))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    state_machine_arn: String,
}

/// Creates a state machine; returns with its ARN.
async fn create(client: &mut Client, name: &str, definition: &str, standard: bool) -> anyhow::Result<String> {
    let request = serde_json::json!({
        "name": format!("Bench-{name}-{}", uuid::Uuid::new_v4().simple()),
        "type": if standard { "STANDARD" } else { "EXPRESS" },
        "roleArn": "arn:aws:iam::123456789012:role/Bench",
        "definition": definition,
    });
    let answer = client.call("CreateStateMachine", request.to_string().into()).await?;
    Ok(answer.read::<Created>()?.state_machine_arn)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn only_this_machine_is_measured_unless_told_otherwise() {
        for (url, there) in [
            ("http://127.0.0.1:8083", "127.0.0.1:8083"),
            ("http://localhost:4566/", "localhost:4566"),
            ("http://[::1]:1", "[::1]:1"),
        ] {
            assert_eq!(address(url, false).unwrap().0, there);
        }
        for url in ["http://example.com", "http://10.0.0.1:80", "https://127.0.0.1", "127.0.0.1:8083"] {
            address(url, false).unwrap_err();
        }
        assert_eq!(address("http://example.com", true).unwrap().0, "example.com:80");
    }
}
