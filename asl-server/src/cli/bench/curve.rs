//! How costs grow with what there is: each curve is a table, a row for each point.

use super::client::Client;
use super::load::{Load, request};
use super::server::{Launch, Server};
use super::special::Starters;
use super::workload::Workload;
use crate::cli::output;
use anyhow::Context;
use axum::body::Bytes;
use clap::ValueEnum;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How many executions a point is measured with: so many that the store's work in the background is a part of it.
const EXECUTIONS: u64 = 20_000;
/// How many executions there must be so that memory and CPU time are told of each.
const TOLD_OF: u64 = 5_000;
/// How many clients start them.
const CLIENTS: u16 = 64;
/// How many transitions long executions make together.
const TRANSITIONS: u64 = 1_000_000;
/// How much payload executions hold together.
const HELD_BYTES: usize = 128_000_000;
/// A server that used no more CPU than this for so long has nothing to do.
const SETTLED: (f64, Duration) = (10.0, Duration::from_millis(500));
/// How often a question is asked: the fastest answer counts, others only waited for the machine.
const ASKED: usize = 7;
/// How many blocks of the plot the first row gets.
const BLOCKS: f64 = 10.0;
const BLOCKS_MAX: usize = 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Curve {
    /// By the number of an execution's history events
    Length,
    /// By the size of the payload
    Payload,
    /// By how many executions run, parked in a Wait
    Running,
    /// By how many finished executions are kept
    Finished,
    /// How long a start takes, by what is kept
    Start,
    /// All of them
    All,
}

/// How the points of a curve are measured.
pub(super) struct Plan {
    /// How a server is started.
    pub(super) launch: Launch,
    /// The largest number of executions.
    pub(super) to: u64,
}

impl Curve {
    /// Those that are asked for.
    pub(super) fn chosen(asked: &[Curve]) -> Vec<Curve> {
        match asked.contains(&Curve::All) {
            true => vec![Curve::Length, Curve::Payload, Curve::Running, Curve::Finished, Curve::Start],
            false => asked.to_vec(),
        }
    }

    /// Measures the curve; every row is printed when it is known.
    pub(super) async fn measure(self, plan: &Plan) -> anyhow::Result<()> {
        match self {
            Curve::Length => length(plan).await,
            Curve::Payload => payload(plan).await,
            Curve::Running => running(plan).await,
            Curve::Finished => finished(plan).await,
            Curve::Start => start(plan).await,
            Curve::All => Ok(()),
        }
    }
}

/// A Markdown table whose rows are printed one by one, the last column a plot.
struct Table {
    /// What the first row has ten blocks for.
    unit: Option<f64>,
}

impl Table {
    fn new(title: &str, columns: &[&str], plotted: &str) -> Table {
        output::line(format_args!("\n{title}\n\n| {} | {plotted} |", columns.join(" | ")));
        output::line(format_args!("|{} --- |", " ---: |".repeat(columns.len())));
        Table { unit: None }
    }

    fn row(&mut self, cells: &[String], plotted: f64) {
        let unit = *self.unit.get_or_insert(plotted / BLOCKS);
        let blocks = (plotted / unit).round().max(1.0) as usize;
        output::line(format_args!("| {} | {} |", cells.join(" | "), "█".repeat(blocks.min(BLOCKS_MAX))));
    }
}

// ---- the curves

async fn length(plan: &Plan) -> anyhow::Result<()> {
    let mut table = Table::new(
        "By the length of an execution: a loop of a Choice and a Pass.",
        &["history events", "a transition, STANDARD", "memory of one that waits", "last page of its history"],
        "a transition",
    );
    for events in [10, 100, 1_000, 10_000, 25_000] {
        let mut point = Point::new(plan, &format!("length {events}")).await?;
        // A turn is four events; the start and the end are six.
        let turns = ((events - 6) / 4).max(1);
        let workload = Workload::named("loop", turns);
        let transitions = 2 * turns as u64 + 2;
        let executions = (TRANSITIONS / transitions).clamp(50, EXECUTIONS);
        let arn = point.create(&workload.definition(), true).await?;
        let input = workload.input();
        point.cpu_each(&arn, &input, executions / 10).await?;
        let cpu = point.cpu_each(&arn, &input, executions).await? * 1000.0 / transitions as f64;
        let newest = point.executions(&arn).await?;
        let question = json!({"executionArn": newest.first(), "reverseOrder": true, "maxResults": 100});
        let page = point.fastest("GetExecutionHistory", &question).await?;
        let holds = point.create(&held(&workload.definition()), false).await?;
        let memory = point.memory_each(&holds, &input, executions.min(2_000)).await?;
        let events = 4 * turns + 6;
        table.row(&[thousands(events as u64), micros(cpu), bytes(memory), millis(page)], cpu);
    }
    Ok(())
}

async fn payload(plan: &Plan) -> anyhow::Result<()> {
    let mut table = Table::new(
        "By the size of the payload, through ten Pass states with ResultPath.",
        &[
            "payload",
            "an execution, EXPRESS",
            "a transition",
            "of it for each KB",
            "memory of one that waits, for each byte",
        ],
        "a transition, for each KB",
    );
    for kilobytes in [1, 4, 16, 64, 250] {
        let mut point = Point::new(plan, &format!("payload {kilobytes} KB")).await?;
        let workload = Workload::named("payload", kilobytes);
        let input = workload.input();
        let arn = point.create(&workload.definition(), false).await?;
        let executions = (HELD_BYTES / input.len()).clamp(300, 5_000) as u64;
        point.cpu_each(&arn, &input, executions / 10).await?;
        let cpu = point.cpu_each(&arn, &input, executions).await?;
        let holds = point.create(&held(&workload.definition()), false).await?;
        let memory = point.memory_each(&holds, &input, executions.min(1_000)).await?;
        let transition = cpu * 1000.0 / 10.0;
        let (each_kb, each_byte) = (transition * 1000.0 / input.len() as f64, memory / input.len() as f64);
        let size = format!("{kilobytes} KB");
        table.row(
            &[size, micros(cpu * 1000.0), micros(transition), micros(each_kb), format!("{each_byte:.1}")],
            each_kb,
        );
    }
    Ok(())
}

async fn running(plan: &Plan) -> anyhow::Result<()> {
    let mut table = Table::new(
        "By how many executions run, parked in a Wait. *Beside them*: executions of ten Pass states, STANDARD.",
        &[
            "running",
            "memory",
            "each",
            "a start of theirs",
            "idle",
            "one beside them",
            "its start, p50",
            "p99",
            "first answer after kill -9",
            "memory then",
        ],
        "one beside them",
    );
    let mut point = Point::new(plan, "running").await?;
    let waits = point.create(&Workload::named("wait", 1).definition(), true).await?;
    let beside = Workload::named("pass", 10);
    let beside_arn = point.create(&beside.definition(), true).await?;
    point.cpu_each(&beside_arn, &beside.input(), EXECUTIONS).await?;
    let mut there = 0;
    for number in powers(1, plan.to) {
        point.what = format!("running {number}");
        let (more, before) = (number - there, point.memory()?);
        let start = point.cpu_each(&waits, &Workload::named("wait", 1).input(), more).await?;
        there = number;
        let memory = point.memory()?;
        let idle = point.idle().await?;
        let cpu = point.cpu_each(&beside_arn, &beside.input(), EXECUTIONS).await?;
        let (p50, p99) = point.latencies;
        let back = point.restart(End::Kill).await?;
        // Of a few there is nothing to see beside what the server needs by itself.
        let of_many = |told: String| if more >= TOLD_OF { told } else { "–".to_owned() };
        let cells = [
            thousands(number),
            megabytes(memory),
            of_many(bytes((memory - before) * 1e6 / more as f64)),
            of_many(micros(start * 1000.0)),
            format!("{idle:.1} %"),
            micros(cpu * 1000.0),
            millis(p50),
            millis(p99),
            millis(back),
            megabytes(point.memory()?),
        ];
        table.row(&cells, cpu);
    }
    Ok(())
}

async fn finished(plan: &Plan) -> anyhow::Result<()> {
    let mut table = Table::new(
        "By how many finished executions are kept: executions of ten Pass states, STANDARD.",
        &[
            "finished",
            "on disk",
            "memory",
            "one more",
            "its start, p50",
            "p99",
            "the oldest described",
            "the newest listed",
            "first answer after kill -9",
            "memory then",
        ],
        "one more",
    );
    let mut point = Point::new(plan, "finished").await?;
    let workload = Workload::named("pass", 10);
    let arn = point.create(&workload.definition(), true).await?;
    let oldest = point.start_one(&arn, &workload.input()).await?;
    for number in std::iter::once(0).chain(powers(10_000, plan.to)) {
        point.what = format!("finished {number}");
        let there = point.journal().await?.finished;
        point.cpu_each(&arn, &workload.input(), number.saturating_sub(there)).await?;
        let there = point.journal().await?;
        let memory = point.memory()?;
        let cpu = point.cpu_each(&arn, &workload.input(), EXECUTIONS).await?;
        let (p50, p99) = point.latencies;
        let described = point.fastest("DescribeExecution", &json!({"executionArn": oldest})).await?;
        let listed = point.fastest("ListExecutions", &json!({"stateMachineArn": arn, "maxResults": 100})).await?;
        let back = point.restart(End::Kill).await?;
        let cells = [
            thousands(there.finished),
            megabytes(there.disk_bytes as f64 / 1e6),
            megabytes(memory),
            micros(cpu * 1000.0),
            millis(p50),
            millis(p99),
            millis(described),
            millis(listed),
            millis(back),
            megabytes(point.memory()?),
        ];
        table.row(&cells, cpu);
    }
    Ok(())
}

async fn start(plan: &Plan) -> anyhow::Result<()> {
    let mut table = Table::new(
        "Start-up: from the start of the process to its first answer.",
        &["finished", "running", "on disk", "after SIGTERM", "after kill -9", "memory then"],
        "after kill -9",
    );
    let mut point = Point::new(plan, "start").await?;
    let (pass, wait) = (Workload::named("pass", 10), Workload::named("wait", 1));
    let finishes = point.create(&pass.definition(), true).await?;
    let waits = point.create(&wait.definition(), true).await?;
    for (more_finished, more_running) in [(0, 0), (0, 10_000), (100_000, 0)] {
        point.what = format!("start, {more_finished} finished and {more_running} running more");
        point.cpu_each(&waits, &wait.input(), more_running).await?;
        point.cpu_each(&finishes, &pass.input(), more_finished).await?;
        let there = point.journal().await?;
        let after_kill = point.restart(End::Kill).await?;
        let memory = point.memory()?;
        let after_term = point.restart(End::Term).await?;
        let cells = [
            thousands(there.finished),
            thousands(there.running),
            megabytes(there.disk_bytes as f64 / 1e6),
            millis(after_term),
            millis(after_kill),
            megabytes(memory),
        ];
        table.row(&cells, after_kill);
    }
    Ok(())
}

// ---- a server that is measured

/// A server of its own, and what it is asked.
struct Point {
    launch: Launch,
    server: Server,
    what: String,
    /// Of the last starts: p50 and p99.
    latencies: (f64, f64),
}

/// How a server ends.
enum End {
    Kill,
    Term,
}

/// `GET /_local/journal`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Journal {
    running: u64,
    finished: u64,
    disk_bytes: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    execution_arn: String,
}

impl Point {
    async fn new(plan: &Plan, what: &str) -> anyhow::Result<Point> {
        let folder = plan.launch.folder.join(uuid::Uuid::new_v4().to_string());
        std::fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let launch = Launch { folder, ..plan.launch.clone() };
        let server = launch.start().await?;
        Ok(Point { launch, server, what: what.to_owned(), latencies: (0.0, 0.0) })
    }

    async fn client(&self) -> anyhow::Result<Client> {
        Client::connect(&self.server.address).await
    }

    async fn create(&self, definition: &str, standard: bool) -> anyhow::Result<String> {
        super::create(&mut self.client().await?, "Curve", definition, standard).await
    }

    /// Starts so many executions and waits until the server has nothing to do; the CPU time of each, in milliseconds.
    async fn cpu_each(&mut self, arn: &str, input: &str, number: u64) -> anyhow::Result<f64> {
        if number == 0 {
            return Ok(0.0);
        }
        let before = self.cpu()?;
        let load = Load {
            address: self.server.address.clone(),
            standard: true,
            concurrency: CLIENTS,
            duration: Duration::MAX,
            executions: None,
        };
        let started = Starters::default().start(&load, request(arn, input), number, &self.what).await?;
        self.latencies = (started.percentile(50.0), started.percentile(99.0));
        self.settle().await?;
        Ok((self.cpu()? - before) / number as f64)
    }

    /// By how many bytes memory grows for each of so many executions that stay.
    async fn memory_each(&mut self, arn: &str, input: &str, number: u64) -> anyhow::Result<f64> {
        let before = self.memory()?;
        self.cpu_each(arn, input, number).await?;
        Ok((self.memory()? - before).max(0.0) * 1e6 / number as f64)
    }

    async fn settle(&self) -> anyhow::Result<()> {
        let mut used = self.cpu()?;
        loop {
            tokio::time::sleep(SETTLED.1).await;
            let now = self.cpu()?;
            if now - used <= SETTLED.0 {
                return Ok(());
            }
            used = now;
        }
    }

    /// How much of a core the server uses when nothing happens, in per cent.
    async fn idle(&self) -> anyhow::Result<f64> {
        let (before, began) = (self.cpu()?, Instant::now());
        tokio::time::sleep(2 * SETTLED.1).await;
        Ok((self.cpu()? - before) / began.elapsed().as_secs_f64() / 10.0)
    }

    /// The fastest answer of several, in milliseconds.
    async fn fastest(&self, operation: &str, question: &Value) -> anyhow::Result<f64> {
        let (mut client, question) = (self.client().await?, Bytes::from(question.to_string()));
        let mut fastest = Duration::MAX;
        for _ in 0..ASKED {
            let began = Instant::now();
            client.call(operation, question.clone()).await?.read::<IgnoredAny>()?;
            fastest = fastest.min(began.elapsed());
        }
        Ok(fastest.as_secs_f64() * 1000.0)
    }

    /// The newest executions of a state machine.
    async fn executions(&self, arn: &str) -> anyhow::Result<Vec<String>> {
        #[derive(Deserialize)]
        struct List {
            executions: Vec<Started>,
        }
        let question = json!({"stateMachineArn": arn, "maxResults": 10}).to_string();
        let list = self.client().await?.call("ListExecutions", question.into()).await?.read::<List>()?;
        Ok(list.executions.into_iter().map(|started| started.execution_arn).collect())
    }

    async fn start_one(&self, arn: &str, input: &str) -> anyhow::Result<String> {
        let started = self.client().await?.call("StartExecution", request(arn, input)).await?;
        Ok(started.read::<Started>()?.execution_arn)
    }

    async fn journal(&self) -> anyhow::Result<Journal> {
        self.client().await?.get("/_local/journal").await?.read()
    }

    /// Ends the server and starts it again; the milliseconds until its first answer.
    async fn restart(&mut self, end: End) -> anyhow::Result<f64> {
        match end {
            End::Kill => self.server.kill().await,
            End::Term => self.server.stop().await?,
        }
        self.server = self.launch.start().await?;
        let first_answer = self.server.first_answer.as_secs_f64() * 1000.0;
        self.settle().await?;
        Ok(first_answer)
    }

    fn cpu(&self) -> anyhow::Result<f64> {
        self.server.cpu_millis().context(NOT_TOLD)
    }

    /// In MB.
    fn memory(&self) -> anyhow::Result<f64> {
        self.server.memory_mb("VmRSS").context(NOT_TOLD)
    }
}

const NOT_TOLD: &str = "the server ended, or this system does not tell CPU time and memory of a process; Linux does";

// ---- what is measured

/// The same with a Wait at its end: EXPRESS executions stay in memory meanwhile.
fn held(definition: &str) -> String {
    let mut definition: Value = serde_json::from_str(definition).unwrap_or_default();
    for state in definition["States"].as_object_mut().into_iter().flat_map(|states| states.values_mut()) {
        if state["Type"] == "Succeed" {
            *state = json!({"Type": "Pass", "Next": "Held"});
        } else if let Some(state) = state.as_object_mut()
            && state.remove("End").is_some()
        {
            state.insert("Next".to_owned(), "Held".into());
        }
    }
    definition["States"]["Held"] = json!({"Type": "Wait", "Seconds": 250, "End": true});
    definition.to_string()
}

/// The powers of ten between two numbers, and the last one.
fn powers(from: u64, to: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(from), |number| Some(number * 10)).take_while(move |number| *number < to).chain([to])
}

// ---- how numbers are told

fn micros(micros: f64) -> String {
    match micros {
        ..10.0 => format!("{micros:.2} µs"),
        ..1000.0 => format!("{micros:.0} µs"),
        _ => millis(micros / 1000.0),
    }
}

fn millis(millis: f64) -> String {
    format!("{millis:.*} ms", if millis < 10.0 { 2 } else { 0 })
}

fn bytes(bytes: f64) -> String {
    format!("{} B", thousands(bytes.max(0.0) as u64))
}

fn megabytes(megabytes: f64) -> String {
    format!("{megabytes:.0} MB")
}

/// `1,000,000`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(powers(1, 1_000).collect::<Vec<_>>(), [1, 10, 100, 1_000]);
        assert_eq!(powers(1_000, 2_500).collect::<Vec<_>>(), [1_000, 2_500]);
        assert_eq!((micros(1.234), micros(12.3), micros(12_345.6)), ("1.23 µs".into(), "12 µs".into(), "12 ms".into()));
    }

    #[test]
    fn what_is_held_waits_at_its_end() {
        for workload in ["loop:3", "payload:1"] {
            let workload: Workload = workload.parse().unwrap();
            let definition = asl_engine::Definition::parse(&held(&workload.definition()), &Default::default());
            assert!(definition.program.is_some(), "{}", definition.render("", false));
            assert!(definition.diagnostics.is_empty(), "{}", definition.render("", false));
        }
    }
}
