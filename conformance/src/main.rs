//! The `conformance` command line.

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use conformance::case::{self, Case};
use conformance::jsonata::KnownFailures;
use conformance::lambda::LambdaTable;
use conformance::mock::mock_config;
use conformance::play::Options;
use conformance::report::{Counts, Outcome, Verdict, table, to_json};
use conformance::run::play_all;
use conformance::self_check::self_check;
use conformance::target::http::HttpTargets;
use conformance::target::library::LibraryTargets;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Measures how exactly an implementation of Step Functions answers, with recorded cases.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays recorded Step Functions cases; the last line is `N passed, N failed`.
    Corpus(Box<CorpusArgs>),
    /// Plays the JSONata reference implementation's cases; the last line is `N passed, N failed`.
    Jsonata(JsonataArgs),
    /// Checks the comparison itself: answers made of each recording must pass, and fail once it is spoilt.
    SelfCheck(SelfCheckArgs),
    /// Kills a server at random moments while it works, and checks that nothing is lost.
    Crash(CrashArgs),
}

#[derive(Args)]
struct Selection {
    /// Folder of case files, or one case file.
    dir: PathBuf,
    /// Only cases whose id this regular expression finds.
    #[arg(long, value_name = "RE")]
    filter: Option<String>,
    /// Only these areas.
    #[arg(long, value_name = "AREA", num_args = 1..)]
    area: Vec<String>,
}

#[derive(Args)]
struct CorpusArgs {
    #[command(flatten)]
    selection: Selection,
    /// Plays against this server; without it against the library, in process, with a virtual clock.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// How many cases at a time [default: 8 for a server, else one a core].
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Writes the results here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Prints every case with everything that differs.
    #[arg(long, short)]
    verbose: bool,
    /// Prints the bare ids of failing cases, one a line.
    #[arg(long, conflicts_with = "verbose")]
    list_failures: bool,
    /// A second table, by kind of case.
    #[arg(long)]
    by_kind: bool,
    /// Fails when fewer cases passed; then failing cases alone do not.
    #[arg(long, value_name = "N")]
    expect_at_least: Option<usize>,
    /// The server was started with the file of `--write-mock-config` (in process: always).
    #[arg(long, overrides_with = "no_mocks")]
    mocks: bool,
    /// Plays without mocks.
    #[arg(long, overrides_with = "mocks")]
    no_mocks: bool,
    /// Uses mocks also where `--has` would do.
    #[arg(long)]
    prefer_mocks: bool,
    /// Writes the MockConfigFile of these cases here and, without `--endpoint`, ends.
    #[arg(long, value_name = "FILE")]
    write_mock_config: Option<PathBuf>,
    /// Answers Lambda's Invoke call on this loopback port with the functions of the cases; implies `--has lambda`.
    #[arg(long, value_name = "PORT", requires = "endpoint")]
    serve_lambda: Option<u16>,
    /// Services that are reached without mocks (`lambda,s3,sqs,logs`).
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    has: Vec<String>,
    /// Plays also cases that need services which are neither mocked nor there.
    #[arg(long)]
    all: bool,
    /// Leaves out cases that take 15 s or more.
    #[arg(long)]
    no_slow: bool,
    /// Account of the server.
    #[arg(long, default_value = "000000000000")]
    account: String,
    /// Region of the server.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// How queue URLs begin [default: https://sqs.<region>.amazonaws.com].
    #[arg(long, value_name = "URL")]
    sqs_url: Option<String>,
    /// Seed of the resource names; the mock configuration must be written with the same one.
    #[arg(long, default_value = "0")]
    run_id: String,
    /// Seconds to wait for the end of an execution.
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS")]
    wait: f64,
    /// The longest sleep of a step.
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS")]
    max_sleep: f64,
    /// Seconds for one HTTP call.
    #[arg(long, default_value_t = 70, value_name = "SECONDS")]
    timeout: u64,
    /// Does not delete what a case made.
    #[arg(long)]
    keep: bool,
}

#[derive(Args)]
struct JsonataArgs {
    /// Folder with `datasets.json` and `groups/*.json`.
    dir: PathBuf,
    /// Fails when fewer cases passed; then failing cases alone do not.
    #[arg(long, value_name = "N")]
    expect_at_least: Option<usize>,
    /// Cases that are known to fail, a line each: the id, then the reason.
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/jsonata-known-failures.txt"))]
    known_failures: PathBuf,
}

#[derive(Args)]
struct SelfCheckArgs {
    #[command(flatten)]
    selection: Selection,
    /// Chooses the spoilt places.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Writes the made answers, spoilt recordings and verdicts here, one JSON a line, for other players to agree with.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

#[derive(Args)]
struct CrashArgs {
    /// How often the server is killed.
    #[arg(long, default_value_t = 5, value_name = "N")]
    rounds: u32,
    /// How many executions of each state machine a round starts.
    #[arg(long, default_value_t = 20, value_name = "N")]
    load: u32,
    /// Chooses the moments of the kills [default: another one each time].
    #[arg(long)]
    seed: Option<u64>,
    /// The server's data folder [default: a temporary one].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The server's program [default: `asl` beside this program].
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
}

// One thread: with virtual time the order of things is the same in every run.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Corpus(args) => corpus(*args).await,
        Command::Jsonata(args) => jsonata(&args),
        Command::SelfCheck(args) => check_self(&args),
        Command::Crash(args) => crash(args).await,
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn crash(args: CrashArgs) -> Result<bool> {
    let server = match args.server {
        Some(server) => server,
        None => std::env::current_exe()?.with_file_name("asl").with_extension(std::env::consts::EXE_EXTENSION),
    };
    let seed = args.seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
    let options = conformance::crash::Options { rounds: args.rounds, load: args.load, seed, data: args.data, server };
    let seen = conformance::crash::run(&options).await.with_context(|| format!("--seed {seed}"))?;
    println!("{seen}");
    Ok(true)
}

impl Selection {
    fn cases(&self) -> Result<Vec<Case>> {
        let filter = self.filter.as_deref().map(fancy_regex::Regex::new).transpose().context("`--filter`")?;
        let mut cases = case::load(&self.dir)?;
        cases.retain(|case| {
            filter.as_ref().is_none_or(|filter| filter.is_match(&case.id).unwrap_or(false))
                && (self.area.is_empty() || self.area.contains(&case.area))
        });
        if cases.is_empty() {
            bail!("no case in `{}` fits", self.dir.display());
        }
        Ok(cases)
    }
}

async fn corpus(args: CorpusArgs) -> Result<bool> {
    let cases = args.selection.cases()?;
    let in_process = args.endpoint.is_none();
    let mut options = Options {
        run_id: args.run_id,
        account: args.account,
        region: args.region,
        sqs: args.sqs_url,
        has: args.has.into_iter().collect(),
        mocks: args.mocks || (in_process && !args.no_mocks),
        // In process, functions are stand-ins anyway: the recorded answers come first.
        prefer_mocks: args.prefer_mocks || in_process,
        all: args.all,
        no_slow: args.no_slow,
        wait: args.wait,
        max_sleep: args.max_sleep,
        keep: args.keep,
    };
    if let Some(path) = &args.write_mock_config {
        let config = mock_config(cases.iter().map(|case| (case, options.environment(case))))?;
        std::fs::write(path, format!("{config:#}")).with_context(|| format!("cannot write `{}`", path.display()))?;
        eprintln!("mock configuration written to `{}`", path.display());
        if in_process {
            return Ok(true);
        }
    }
    let mut outcomes = Vec::with_capacity(cases.len());
    let (verbose, list) = (args.verbose, args.list_failures);
    let done = |outcome: Outcome| {
        match outcome.failure_line() {
            _ if verbose => println!("{}", outcome.full_text()),
            Some(_) if list => println!("{}", outcome.id),
            Some(line) => println!("{line}"),
            None => {}
        }
        outcomes.push(outcome);
    };
    match args.endpoint {
        None => {
            // The functions of cases run in process; any log group is taken; folders stand for buckets; queues are built in. Of
            // API Gateway's cases, one calls no API, and the others have mocks.
            options.has.extend(["apigateway", "lambda", "logs", "s3", "sqs"].map(str::to_owned));
            let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
            play_all(cases, LibraryTargets, options, jobs, done).await;
        }
        Some(endpoint) => {
            let lambdas = LambdaTable::default();
            if let Some(port) = args.serve_lambda {
                lambdas.serve(port).await?;
                options.has.insert("lambda".to_owned());
            }
            let targets = HttpTargets::new(&endpoint, Duration::from_secs(args.timeout), lambdas)?;
            play_all(cases, targets, options, args.jobs.unwrap_or(8), done).await;
        }
    }

    if let Some(path) = &args.json {
        let text = format!("{:#}\n", to_json(&outcomes));
        std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    if args.by_kind {
        println!("\n{}", table("kind", &outcomes, |outcome| &outcome.kind).trim_end());
    }
    println!("\n{}", table("area", &outcomes, |outcome| &outcome.area).trim_end());
    Ok(conclude(&Counts::of(&outcomes), args.expect_at_least))
}

fn jsonata(args: &JsonataArgs) -> Result<bool> {
    let path = &args.known_failures;
    // A copy of the program without its repository has no list: then no failure is known.
    let known = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        known => known.with_context(|| format!("cannot read `{}`", path.display()))?,
    };
    let known = KnownFailures::parse(&known);
    let report = conformance::jsonata::run(&args.dir).map_err(anyhow::Error::msg)?;
    for failure in &report.failures {
        println!("{} ({})", failure.line(), known.reason(&failure.id).unwrap_or("unexpected"));
    }
    let counts = Counts { passed: report.passed, failed: report.failures.len(), ..Counts::default() };
    Ok(conclude(&counts, args.expect_at_least))
}

/// Prints the last line; whether the run counts as a success.
fn conclude(counts: &Counts, expect_at_least: Option<usize>) -> bool {
    let enough = expect_at_least.is_none_or(|least| counts.passed >= least);
    if let (false, Some(least)) = (enough, expect_at_least) {
        eprintln!("at least {least} cases should pass");
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
    enough && (expect_at_least.is_some() || counts.failed == 0)
}

fn check_self(args: &SelfCheckArgs) -> Result<bool> {
    let (mut lines, mut outcomes) = (String::new(), Vec::new());
    for case in args.selection.cases()? {
        let Some(checked) = self_check(&case, args.seed).with_context(|| case.id.clone())? else { continue };
        let mut wrong = checked.differences.clone();
        if let Some(spoilt) = checked.spoilt.as_ref().filter(|spoilt| spoilt.differences.is_empty()) {
            wrong.push(conformance::compare::Difference(format!("not noticed: {}", spoilt.change)));
        }
        let text = |differences: &[conformance::compare::Difference]| -> Vec<String> {
            differences.iter().map(ToString::to_string).collect()
        };
        let line = json!({
            "id": case.id,
            "answers": checked.answers,
            "differences": text(&checked.differences),
            "spoilt": checked.spoilt.as_ref().map(|spoilt| json!({
                "change": spoilt.change,
                "expected": spoilt.expected,
                "differences": text(&spoilt.differences),
            })),
        });
        lines.extend([&line.to_string(), "\n"]);
        let verdict = if wrong.is_empty() { Verdict::Passed } else { Verdict::Failed(wrong) };
        outcomes.push(Outcome { id: case.id, area: case.area, kind: case.kind, verdict, seconds: 0.0 });
    }
    if let Some(path) = &args.record {
        std::fs::write(path, lines).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    outcomes.iter().filter_map(Outcome::failure_line).for_each(|line| println!("{line}"));
    Ok(conclude(&Counts::of(&outcomes), None))
}
