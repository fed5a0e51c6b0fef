//! What durability costs: `cargo bench -p asl-engine --features durable --bench durability -- TABLE [NUMBER…]`.
//!
//! Tables: `restart`, `parked`, `length`, `appends`, `stop`; without one, all of them, small. Each measurement runs in a process
//! of its own, so that memory and files are those of one workload. `BENCH_DIR` says where the journals are written.

use asl_engine::machine::{MachineType, Start};
use asl_engine::runtime::{Durability, DurableJournal, Engine, HistoryRange, Journal};
use asl_engine::task::TaskRequest;
use asl_engine::{Definition, Program, Value, object};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PREFIX: &str = "arn:aws:states:us-east-1:123456789012";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let numbers = |given: &[&str], usual: &[usize]| -> Vec<usize> {
        let given: Vec<usize> = given.iter().filter_map(|text| text.parse().ok()).collect();
        if given.is_empty() { usual.to_vec() } else { given }
    };
    match args.as_slice() {
        ["one", "fill", kind, number, folder] => run(fill(kind, number.parse().unwrap(), Path::new(folder))),
        ["one", "open", folder] => run(open(Path::new(folder))),
        ["one", "length", events, folder] => run(length(events.parse().unwrap(), Path::new(folder))),
        ["one", "appends", clients, folder] => run(appends(clients.parse().unwrap(), Path::new(folder))),
        ["restart", kind, given @ ..] => restart(&[kind], &numbers(given, &[10_000])),
        ["restart"] => restart(&["finished", "running", "parked"], &[1_000, 10_000]),
        ["length", given @ ..] => lengths(&numbers(given, &[10, 100, 1_000, 10_000, 24_000])),
        ["appends", given @ ..] => rates(&numbers(given, &[1, 16, 256])),
        _ => {
            restart(&["finished", "running", "parked"], &[1_000, 10_000]);
            lengths(&[10, 100, 1_000, 10_000, 24_000]);
            rates(&[1, 16, 256]);
        }
    }
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work);
}

/// Runs one measurement in a process of its own; returns the line it printed.
fn one(args: &[&str], folder: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap()).arg("one").args(args).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn in_folder(work: impl FnOnce(&Path)) {
    let parent = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(parent).unwrap();
    work(folder.path());
}

// ---- how long a start takes

fn restart(kinds: &[&str], numbers: &[usize]) {
    println!(
        "\n| executions | starts/s | memory each while running | on disk each | open | recover | resident after |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for kind in kinds {
        for number in numbers {
            in_folder(|folder| {
                let filled = one(&["fill", kind, &number.to_string()], folder);
                let opened = one(&["open"], folder);
                println!("| {number} {kind} | {filled} | {opened} |");
            });
        }
    }
}

async fn fill(kind: &str, number: usize, folder: &Path) {
    let journal = Arc::new(DurableJournal::open(folder, Durability::Commit).unwrap());
    let engine = engine(&journal);
    let program = match kind {
        "finished" => program(r#""A": {"Type": "Pass", "End": true}"#),
        "running" => program(&task("Never", r#""End": true"#)),
        _ => program(r#""A": {"Type": "Wait", "Seconds": 30000000, "End": true}"#),
    };
    let before = resident();
    let begin = Instant::now();
    let clients = 64;
    let starts = (0..clients).map(|client| {
        let (engine, program) = (engine.clone(), program.clone());
        tokio::spawn(async move {
            for index in (client..number).step_by(clients) {
                engine.start(program.clone(), start(index)).await.unwrap();
            }
        })
    });
    for task in starts.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let rate = number as f64 / begin.elapsed().as_secs_f64();
    match kind {
        "finished" => until(|| engine.running().0 == 0).await,
        "parked" => until(|| engine.running().1 == 0).await,
        _ => {}
    }
    let each = resident().saturating_sub(before) / number as u64;
    journal.flush().unwrap();
    println!("{rate:.0} | {each} B | {} B", journal.disk_space() / number as u64);
    // As `kill -9` would: nothing is tidied up.
    std::process::exit(0);
}

async fn open(folder: &Path) {
    let before = resident();
    let begin = Instant::now();
    let journal = Arc::new(DurableJournal::open(folder, Durability::Commit).unwrap());
    let opened = begin.elapsed();
    let engine = engine(&journal);
    let count = engine.recover().await.unwrap();
    let recovered = begin.elapsed() - opened;
    let (running, in_memory) = engine.running();
    assert_eq!(running, count);
    let resident = resident().saturating_sub(before) >> 10;
    println!("{} | {} ({count} go on, {in_memory} in memory) | {resident} KiB", millis(opened), millis(recovered));
    std::process::exit(0);
}

// ---- long executions

fn lengths(lengths: &[usize]) {
    println!(
        "\n| history events | a task and its transition | first page of 100 | last page of 100 | whole history | comes back | on disk |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for events in lengths {
        in_folder(|folder| println!("| {events} | {} |", one(&["length", &events.to_string()], folder)));
    }
}

async fn length(events: usize, folder: &Path) {
    let journal = Arc::new(DurableJournal::open(folder, Durability::Commit).unwrap());
    let engine = engine(&journal);
    // A turn is a task and a choice: seven history events.
    let turns = (events / 7).max(1);
    let program = program(&format!(
        r#"{}, "C": {{"Type": "Choice", "Choices": [{{"Variable": "$.n", "NumericLessThan": {turns}, "Next": "A"}}], "Default": "W"}},
        "W": {{"Type": "Wait", "Seconds": 30000000, "End": true}}"#,
        task("Count", r#""Next": "C""#)
    ));
    let begin = Instant::now();
    engine.start(program, start(0)).await.unwrap();
    let arn = start(0).execution_arn;
    until(|| engine.running().1 == 0).await;
    let each = (begin.elapsed().saturating_sub(Duration::from_millis(500))) / turns as u32;
    let page = async |backwards, limit| {
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let begin = Instant::now();
            let range = HistoryRange { backwards, limit, after: None };
            let page = engine.history_page(&arn, range).await.unwrap().unwrap();
            assert!(!page.events.is_empty());
            best = best.min(begin.elapsed());
        }
        millis(best)
    };
    let (first, last, whole) = (page(false, Some(100)).await, page(true, Some(100)).await, page(false, None).await);
    let begin = Instant::now();
    let waiting = tokio::spawn({
        let (engine, arn) = (engine.clone(), arn.clone());
        async move { engine.finished(&arn).await }
    });
    until(|| engine.running().1 == 1).await;
    let back = begin.elapsed();
    waiting.abort();
    println!("{each:.1?} | {first} | {last} | {whole} | {} | {} KiB", millis(back), logical(folder) >> 10);
    std::process::exit(0);
}

// ---- how fast events are kept

fn rates(clients: &[usize]) {
    println!(
        "\n| clients | durable task steps/s | entries/s | latency of a step | bytes written each | write amplification |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    for clients in clients {
        in_folder(|folder| println!("| {clients} | {} |", one(&["appends", &clients.to_string()], folder)));
    }
}

/// Executions of ten tasks one after the other, for five seconds.
async fn appends(clients: usize, folder: &Path) {
    let journal = Arc::new(DurableJournal::open(folder, Durability::Commit).unwrap());
    let engine = engine(&journal);
    let program = program(&format!(
        r#"{}, "C": {{"Type": "Choice", "Choices": [{{"Variable": "$.n", "NumericLessThan": 10, "Next": "A"}}], "Default": "W"}},
        "W": {{"Type": "Succeed"}}"#,
        task("Count", r#""Next": "C""#)
    ));
    let (begin, written) = (Instant::now(), written());
    let work = (0..clients).map(|client| {
        let (engine, program) = (engine.clone(), program.clone());
        tokio::spawn(async move {
            let mut done = 0;
            while begin.elapsed() < Duration::from_secs(5) {
                engine.execute(program.clone(), start(client + done * 1_000_000)).await.unwrap();
                done += 1;
            }
            done
        })
    });
    let mut executions = 0;
    for work in work.collect::<Vec<_>>() {
        executions += work.await.unwrap();
    }
    let seconds = begin.elapsed().as_secs_f64();
    journal.flush().unwrap();
    let written = crate::written() - written;
    let steps = executions * 10;
    // An execution: born, started, ten answers, ended.
    let entries = executions * 13;
    let latency = Duration::from_secs_f64(seconds * clients as f64 / steps as f64);
    println!(
        "{:.0} | {:.0} | {latency:.2?} | {} B | {:.1} |",
        steps as f64 / seconds,
        entries as f64 / seconds,
        written / entries as u64,
        written as f64 / logical(folder) as f64
    );
    std::process::exit(0);
}

// ---- what they share

fn engine(journal: &Arc<DurableJournal>) -> Engine {
    let count = |request: TaskRequest| async move {
        let n = request.input.get("n").and_then(Value::as_f64).unwrap_or_default();
        Ok(object! { "n" => n + 1.0 })
    };
    let never = |_: TaskRequest| async {
        std::future::pending::<()>().await;
        Ok(Value::Null)
    };
    let builder = Engine::builder().journal(journal.clone());
    builder.function("Count", Arc::new(count)).function("Never", Arc::new(never)).build()
}

fn task(function: &str, rest: &str) -> String {
    format!(
        r#""A": {{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:{function}", {rest}}}"#
    )
}

fn program(states: &str) -> Arc<Program> {
    let text = format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#);
    Definition::parse(&text, &Default::default()).program.unwrap()
}

fn start(index: usize) -> Start {
    let name = format!("order-{index:010}");
    Start {
        input: object! { "n" => 0, "order_id" => format!("47063fe3-56d9-4c51-b91f-{index:012}"), "customer" => "8d04ea6f" },
        execution_arn: format!("{PREFIX}:execution:Orders:{name}").into(),
        execution_name: name.into(),
        role_arn: "arn:aws:iam::123456789012:role/orders".into(),
        state_machine_arn: format!("{PREFIX}:stateMachine:Orders").into(),
        state_machine_name: "Orders".into(),
        machine_type: MachineType::Standard,
        seed: index as u64,
        ..Start::default()
    }
}

async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// How many bytes of memory this process has.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or_default() << 10
}

/// How many bytes this process has sent to the disk.
fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find(|line| line.starts_with("write_bytes:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
}

/// How many bytes of a folder are in use: files are made larger than what is in them.
fn logical(folder: &Path) -> u64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            bytes += logical(&path);
        } else if let Ok(content) = std::fs::read(&path) {
            bytes += content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
        }
    }
    bytes
}
