//! A page of a long list: 10,000 state machines, 100,000 finished executions of one of them, in memory and in the embedded
//! store. What a page costs must not depend on where it is.
//!
//! `cargo bench -p asl-server --bench lists`

use asl_engine::runtime::{Durability, DurableJournal, Journal, MemoryJournal};
use asl_server::Service;
use divan::{Bencher, counter::ItemsCount};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;
use tokio::runtime::Runtime;

const STATE_MACHINES: usize = 10_000;
const EXECUTIONS: usize = 100_000;
/// Of a hundred executions one fails.
const FAILED: usize = EXECUTIONS / 100;
/// Results of a page that is measured.
const PAGE: usize = 100;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static MEMORY: LazyLock<Lists> = LazyLock::new(|| Lists::fill(Arc::new(MemoryJournal::default())));
static STORE: LazyLock<Lists> = LazyLock::new(|| {
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().unwrap().keep());
    Lists::fill(Arc::new(DurableJournal::open(folder, Durability::Interval(Duration::from_secs(1))).unwrap()))
});
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

fn main() {
    divan::main();
    if let Some(folder) = FOLDER.get() {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[derive(Clone, Copy, Debug)]
enum Place {
    First,
    Middle,
    Last,
}

const PLACES: [Place; 3] = [Place::First, Place::Middle, Place::Last];

/// A service with long lists, and for each of them the requests of its first, middle and last page.
struct Lists {
    service: Service,
    state_machines: [Value; 3],
    executions: [Value; 3],
    failed: [Value; 3],
}

impl Lists {
    fn fill(journal: Arc<dyn Journal>) -> Lists {
        RUNTIME.block_on(async {
            let service = Service::builder("123456789012", "us-east-1").journal(journal).build();
            let definition = json!({ "StartAt": "C", "States": {
                "C": { "Type": "Choice", "Default": "S", "Choices": [{ "Variable": "$", "BooleanEquals": true, "Next": "F" }] },
                "S": { "Type": "Succeed" },
                "F": { "Type": "Fail", "Error": "E" },
            }});
            let role = "arn:aws:iam::123456789012:role/r";
            for number in 0..STATE_MACHINES {
                let name = format!("machine-{number:05}");
                let request = json!({ "name": name, "definition": definition.to_string(), "roleArn": role });
                call(&service, "CreateStateMachine", &request).await;
            }
            let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:machine-00000";
            for number in 0..EXECUTIONS {
                let input = (number % (EXECUTIONS / FAILED) == 0).to_string();
                let request = json!({ "stateMachineArn": machine, "name": format!("e{number}"), "input": input });
                let started = call(&service, "StartExecution", &request).await;
                if number % 1000 == 999 {
                    service.engine().finished(started["executionArn"].as_str().unwrap()).await;
                }
            }
            let executions = json!({ "stateMachineArn": machine });
            let failed = json!({ "stateMachineArn": machine, "statusFilter": "FAILED" });
            Lists {
                state_machines: places(&service, "ListStateMachines", &json!({}), STATE_MACHINES).await,
                executions: places(&service, "ListExecutions", &executions, EXECUTIONS).await,
                failed: places(&service, "ListExecutions", &failed, FAILED).await,
                service,
            }
        })
    }

    fn read(&self, bencher: Bencher<'_, '_>, operation: &str, requests: &[Value; 3], place: Place) {
        let request = requests[place as usize].to_string();
        let page = || RUNTIME.block_on(self.service.call(operation, request.as_bytes(), self.service.caller()));
        bencher.counter(ItemsCount::new(PAGE)).bench_local(|| page().unwrap());
    }
}

async fn call(service: &Service, operation: &str, request: &Value) -> Value {
    let answer = service.call(operation, request.to_string().as_bytes(), service.caller()).await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

/// The requests of the first, the middle and the last page. Walks the whole list, and counts it.
async fn places(service: &Service, operation: &str, request: &Value, count: usize) -> [Value; 3] {
    let (mut request, mut requests) = (request.clone(), Vec::new());
    request["maxResults"] = json!(PAGE);
    loop {
        requests.push(request.clone());
        let page = call(service, operation, &request).await;
        assert!(page.as_object().unwrap().values().any(|list| list.as_array().is_some_and(|list| list.len() == PAGE)));
        match page.get("nextToken") {
            Some(token) => request["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(requests.len() * PAGE, count, "{operation}");
    [requests[0].clone(), requests[requests.len() / 2].clone(), requests[requests.len() - 1].clone()]
}

#[divan::bench(args = PLACES)]
fn state_machines(bencher: Bencher<'_, '_>, place: Place) {
    MEMORY.read(bencher, "ListStateMachines", &MEMORY.state_machines, place);
}

#[divan::bench(args = PLACES)]
fn executions_in_memory(bencher: Bencher<'_, '_>, place: Place) {
    MEMORY.read(bencher, "ListExecutions", &MEMORY.executions, place);
}

#[divan::bench(args = PLACES)]
fn failed_executions_in_memory(bencher: Bencher<'_, '_>, place: Place) {
    MEMORY.read(bencher, "ListExecutions", &MEMORY.failed, place);
}

#[divan::bench(args = PLACES)]
fn executions_in_the_store(bencher: Bencher<'_, '_>, place: Place) {
    STORE.read(bencher, "ListExecutions", &STORE.executions, place);
}

#[divan::bench(args = PLACES)]
fn failed_executions_in_the_store(bencher: Bencher<'_, '_>, place: Place) {
    STORE.read(bencher, "ListExecutions", &STORE.failed, place);
}
