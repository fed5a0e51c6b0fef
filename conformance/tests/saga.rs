//! Plays the saga's scenarios: against the service in virtual time, and the plain ones over HTTP against a running server.

use asl_engine::definition::program::StateKind;
use asl_engine::runtime::{Clock, VirtualClock};
use asl_engine::task::{TaskFuture, TaskHandler, TaskRequest};
use asl_engine::{Definition, StatesError, Timestamp};
use asl_server::config::Settings;
use asl_server::{Service, deploy, http, saga};
use conformance::scenario::{self, Scenario, Status, has_members};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tasks::{Saga, Store};

/// A way to write the saga, and the scenarios that it goes through.
struct Machine {
    /// The state machine's name.
    name: &'static str,
    /// The definition in `statemachine/`.
    file: &'static str,
    /// The folder in `conformance/scenarios`; empty: the folder itself.
    scenarios: &'static str,
    /// Does it do several things at a time? Then nobody can tell in which order the states of branches are entered.
    branches: bool,
}

const MACHINES: [Machine; 4] = [
    Machine { name: "OrderSaga", file: "llt.asl.yaml", scenarios: "", branches: false },
    Machine { name: "OrderSagaJsonata", file: "llt-jsonata.asl.yaml", scenarios: "", branches: false },
    Machine { name: "SagaParallel", file: "saga-parallel.asl.yaml", scenarios: "saga-parallel", branches: true },
    Machine { name: "SagaMap", file: "saga-map.asl.yaml", scenarios: "saga-map", branches: false },
];

impl Machine {
    fn arn(&self) -> String {
        format!("arn:aws:states:us-east-1:123456789012:stateMachine:{}", self.name)
    }

    fn path(&self) -> String {
        format!("{}/../statemachine/{}", env!("CARGO_MANIFEST_DIR"), self.file)
    }

    fn scenarios(&self) -> Vec<Scenario> {
        let scenarios = scenario::read_all(&scenario::directory().join(self.scenarios)).unwrap();
        assert!(scenarios.len() >= 7, "{}: only {} scenarios", self.name, scenarios.len());
        scenarios
    }
}

/// A function of the saga, some of whose attempts never get there.
struct Faulty {
    function: Arc<dyn TaskHandler>,
    scenario: Scenario,
    attempts: Arc<Mutex<HashMap<String, u32>>>,
    clock: Clock,
}

impl TaskHandler for Faulty {
    fn call(&self, request: TaskRequest) -> TaskFuture {
        let state = request.state.to_string();
        let fault = self.scenario.faults.iter().find(|fault| fault.state == state);
        let Some(fault) = fault else { return self.function.call(request) };
        let mut attempts = self.attempts.lock().unwrap();
        let attempt = attempts.entry(state).or_default();
        *attempt += 1;
        if *attempt > fault.times {
            return self.function.call(request);
        }
        let clock = self.clock.clone();
        match fault.error.clone() {
            Some(error) => {
                let error = StatesError { error: Some(error.into()), cause: fault.cause.clone().map(Into::into) };
                Box::pin(async move { Err(error) })
            }
            None => Box::pin(async move {
                clock.sleep(Duration::from_secs(1_000_000)).await;
                Err(StatesError::named("nobody waits that long"))
            }),
        }
    }
}

/// The service with a saga deployed, as `asl serve --deploy NAME=FILE` does it.
async fn service(machine: &Machine, clock: Clock, scenario: Option<&Scenario>) -> (Service, Store) {
    let store = Store::in_memory();
    let deploy = vec![format!("{}={}", machine.name, machine.path())];
    let config = Settings { ephemeral: Some(true), deploy, ..Settings::default() }.into_config().unwrap();
    let time = clock.clone();
    let saga = Saga::new(store.clone(), move || time.now());
    let attempts = Arc::new(Mutex::new(HashMap::new()));
    let functions = saga::functions(&saga, |name| config.endpoints.functions.contains_key(name)).into_iter().map(
        |(name, function)| {
            let function: Arc<dyn TaskHandler> = match scenario {
                Some(scenario) => Arc::new(Faulty {
                    function,
                    scenario: scenario.clone(),
                    attempts: attempts.clone(),
                    clock: clock.clone(),
                }),
                None => function,
            };
            (name, function)
        },
    );
    let service = Service::builder(config.account.clone(), config.region.clone())
        .clock(clock.clone())
        .functions(functions)
        .build();
    assert_eq!(deploy::deploy(&service, &config, &mut []).await.unwrap(), [machine.arn()]);
    (service, store)
}

async fn call(service: &Service, operation: &str, request: Value) -> Value {
    let answer = service.call(operation, request.to_string().as_bytes(), service.caller()).await;
    serde_json::from_str(&answer.unwrap()).unwrap()
}

/// The names of the states entered.
fn path(history: &Value) -> Vec<&str> {
    let events = history["events"].as_array().unwrap();
    events.iter().filter_map(|event| event["stateEnteredEventDetails"]["name"].as_str()).collect()
}

fn check_end(machine: &Machine, scenario: &Scenario, description: &Value, history: &Value) {
    let name = &format!("{} of {}", scenario.name, machine.name);
    let (mut path, mut expected) = (path(history), scenario.path.iter().map(String::as_str).collect::<Vec<_>>());
    if machine.branches {
        path.sort_unstable();
        expected.sort_unstable();
    }
    assert_eq!(path, expected, "{name}");
    let status = match scenario.outcome.status {
        Status::Succeeded => "SUCCEEDED",
        Status::Failed => "FAILED",
    };
    assert_eq!(description["status"], status, "{name}");
    assert_eq!(description["error"].as_str(), scenario.outcome.error.as_deref(), "{name}");
    assert_eq!(description["cause"].as_str(), scenario.outcome.cause.as_deref(), "{name}");
    if let Some(expected) = &scenario.outcome.output {
        let output: Value = serde_json::from_str(description["output"].as_str().unwrap()).unwrap();
        assert!(has_members(&output, expected), "{name}: {output}");
    }
}

fn check_store(name: &str, scenario: &Scenario, store: &Store, messages: &[String]) {
    let json = |value: asl_engine::Value| -> Value { serde_json::from_str(&value.to_json()).unwrap() };
    assert_eq!(messages, scenario.notified, "{name}");
    let Some(order_id) = scenario.order_id() else {
        return assert!(store.orders().unwrap().is_empty(), "{name}");
    };
    match store.order(&order_id).unwrap() {
        Some(order) => assert!(has_members(&json(order), &scenario.stored.order), "{name}"),
        None => assert!(scenario.stored.order.is_null(), "{name}: there is no order"),
    }
    let payments = store.payments(&order_id).unwrap().iter().map(|payment| json(payment.into())).collect::<Vec<_>>();
    let inventory = store.inventory(&order_id).unwrap().iter().map(|record| json(record.into())).collect::<Vec<_>>();
    for (found, expected) in [(payments, &scenario.stored.payments), (inventory, &scenario.stored.inventory)] {
        assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
        assert!(found.iter().zip(expected).all(|(found, expected)| has_members(found, expected)), "{name}: {found:?}");
    }
}

#[tokio::test]
async fn every_scenario_goes_as_its_file_says_in_virtual_time() {
    for machine in &MACHINES {
        for scenario in machine.scenarios() {
            play(machine, &scenario).await;
        }
    }
}

async fn play(machine: &Machine, scenario: &Scenario) {
    let name = &format!("{} of {}", scenario.name, machine.name);
    let clock = VirtualClock::at(Timestamp::from_millis(1_704_067_200_000));
    let begun = clock.now();
    let (service, store) = service(machine, Clock::Virtual(clock.clone()), Some(scenario)).await;
    let start = json!({"stateMachineArn": machine.arn(), "input": scenario.input});
    let arn = call(&service, "StartExecution", start).await["executionArn"].clone();
    let execution = json!({"executionArn": arn});
    let mut description = call(&service, "DescribeExecution", execution.clone()).await;
    while description["status"] == "RUNNING" {
        service.engine().advance().await;
        description = call(&service, "DescribeExecution", execution.clone()).await;
    }
    check_end(machine, scenario, &description, &call(&service, "GetExecutionHistory", execution).await);
    let messages = service.dispatcher().topics().messages();
    let messages: Vec<String> = messages.values().flatten().map(|message| message.message.clone()).collect();
    check_store(name, scenario, &store, &messages);
    if let Some(seconds) = scenario.seconds {
        let passed = clock.now().as_millis() - begun.as_millis();
        assert_eq!(passed, seconds as i64 * 1000, "{name}");
    }
}

#[tokio::test]
async fn the_plain_scenarios_go_the_same_way_over_http() {
    for machine in &MACHINES {
        let (service, _) = service(machine, Clock::System, None).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, http::router(service.clone())).into_future());
        let client = asl_server::http_client::plain().no_proxy().build().unwrap();
        let post = async |operation: &str, request: Value| -> Value {
            let answer = client.post(format!("{url}/{operation}")).body(request.to_string()).send().await.unwrap();
            assert!(answer.status().is_success(), "{operation}: {}", answer.text().await.unwrap());
            answer.json().await.unwrap()
        };
        let mut played = 0;
        for scenario in machine.scenarios() {
            if !scenario.faults.is_empty() || scenario.seconds.is_some() {
                continue;
            }
            let start = json!({"stateMachineArn": machine.arn(), "input": scenario.input});
            let arn = post("StartExecution", start).await["executionArn"].clone();
            service.engine().finished(arn.as_str().unwrap()).await.unwrap();
            let description = post("DescribeExecution", json!({"executionArn": arn})).await;
            check_end(
                machine,
                &scenario,
                &description,
                &post("GetExecutionHistory", json!({"executionArn": arn})).await,
            );
            played += 1;
        }
        assert!(played >= 7, "{}: only {played} scenarios were played", machine.name);
    }
}

/// Without a definition of the user's own the saga itself is there.
#[tokio::test]
async fn the_saga_is_deployed_by_default() {
    let config = Settings { ephemeral: Some(true), ..Settings::default() }.into_config().unwrap();
    let service = Service::builder(config.account.clone(), config.region.clone()).build();
    assert_eq!(deploy::deploy(&service, &config, &mut []).await.unwrap(), [MACHINES[0].arn()]);
    assert_eq!(tasks::DEFINITION, std::fs::read_to_string(MACHINES[0].path()).unwrap());
}

/// What there is to visit: every state, and every catcher where a path tells one state after the other.
#[test]
fn the_scenarios_visit_every_state_and_every_catcher() {
    for machine in &MACHINES {
        let substitutions = deploy::substitutions("us-east-1", "123456789012", &Default::default());
        let options = deploy::options(&substitutions, Default::default());
        let text = std::fs::read_to_string(machine.path()).unwrap();
        let program = Definition::parse(&text, &options).program.unwrap();
        let mut unvisited: BTreeSet<String> = program.states.iter().map(|state| state.name.to_string()).collect();
        for state in program.states.iter().filter(|_| !machine.branches) {
            if let StateKind::Task(task) = &state.kind {
                let catchers = task.recovery.catch.iter();
                unvisited.extend(catchers.map(|catcher| caught(&state.name, &program.state(catcher.next).name)));
            }
        }
        for scenario in machine.scenarios() {
            for pair in scenario.path.windows(2) {
                unvisited.remove(&caught(&pair[0], &pair[1]));
            }
            for state in &scenario.path {
                unvisited.remove(state);
            }
        }
        assert!(unvisited.is_empty(), "{}: no scenario visits {unvisited:?}", machine.name);
    }
}

/// The way from a state to the Next of a Catcher. (No Catcher of the saga leads where the state's own Next leads.)
fn caught(from: &str, to: &str) -> String {
    format!("{from} ⇝ {to}")
}
