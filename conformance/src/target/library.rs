//! The library itself, in process: a fresh service for each case, in virtual time.

use super::{Stage, Target, Targets};
use crate::case::Setup;
use crate::lambda::{LambdaBehaviour, LambdaError};
use anyhow::{Context, Result, anyhow, bail};
use asl_engine::mock::MockConfig;
use asl_engine::runtime::{Clock, VirtualClock};
use asl_engine::task::{TaskFuture, TaskHandler, TaskRequest};
use asl_engine::{StatesError, Timestamp};
use asl_server::queue::Asker;
use asl_server::storage::{Buckets, Folder};
use asl_server::{Caller, Service};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// How many turns everybody gets before time moves: more than any chain of calls between an activity's worker, the
/// service and the engine has links.
const TURNS: usize = 64;

/// When virtual time begins, 2026-01-02T03:04:05.678Z: always then, so that a run can be repeated exactly.
const BEGINNING: Timestamp = Timestamp::from_millis(1_767_323_045_678);

/// Makes a service for each case.
#[derive(Clone, Copy, Debug, Default)]
pub struct LibraryTargets;

/// One case's own service.
pub struct LibraryTarget {
    service: Service,
    clock: VirtualClock,
    /// The case's buckets; gone with it.
    _buckets: Option<TempDir>,
}

impl Targets for LibraryTargets {
    type Target = LibraryTarget;

    async fn open(&self, stage: Stage) -> Result<LibraryTarget> {
        let clock = VirtualClock::at(BEGINNING);
        let mut builder = Service::builder(stage.account, stage.region).clock(Clock::Virtual(clock.clone()));
        if let Some(config) = stage.mock_config {
            builder = builder.mocks(MockConfig::parse(&config.to_string()).context("the case's mocks")?);
        }
        for (name, behaviour) in stage.lambdas {
            builder = builder.function(name, Arc::new(Function { behaviour, clock: clock.clone() }));
        }
        let (buckets, folder) = buckets(&stage.setup)?;
        let service = builder.buckets(buckets).build();
        make_queues(&service, &stage.setup).await?;
        Ok(LibraryTarget { service, clock, _buckets: folder })
    }
}

/// Makes the calls to SQS that a case begins with.
async fn make_queues(service: &Service, setup: &[Setup]) -> Result<()> {
    let asker = Asker { caller: service.caller(), base: None };
    for call in setup.iter().filter(|call| call.service == "sqs") {
        let made = service.dispatcher().queues().call(&call.op, call.params.to_string().as_bytes(), &asker).await;
        made.map_err(|error| anyhow!("the case begins with SQS's {}: {}", call.op, error.message))?;
    }
    Ok(())
}

/// The buckets and objects that a case begins with, in a folder that stays as long as it is held.
fn buckets(setup: &[Setup]) -> Result<(Buckets, Option<TempDir>)> {
    let mut buckets = Buckets::default();
    let mut folder = None;
    for call in setup.iter().filter(|call| call.service == "s3") {
        let text = |name: &str| call.params[name].as_str().with_context(|| format!("{} has no `{name}`", call.op));
        let root = match &folder {
            Some(folder) => folder,
            None => folder.insert(tempfile::tempdir().context("no folder for buckets")?),
        };
        let bucket = root.path().join(text("Bucket")?);
        match call.op.as_str() {
            "CreateBucket" => {
                std::fs::create_dir_all(&bucket).context("no folder for a bucket")?;
                buckets.folders.insert(text("Bucket")?.to_owned(), bucket);
            }
            "PutObject" => Folder::new(bucket).put(text("Key")?, text("Body")?.as_bytes())?,
            other => bail!("the case begins with `{other}` of S3, which folders cannot do"),
        }
    }
    Ok((buckets, folder))
}

impl Target for LibraryTarget {
    async fn call(&self, operation: &str, params: &Value, account: Option<&str>) -> Result<(u16, Value)> {
        let own = self.service.caller();
        let caller = Caller { account: account.unwrap_or(&own.account).to_owned(), region: own.region.clone() };
        let request = params.to_string();
        let answer = self.service.call(operation, request.as_bytes(), &caller);
        let answer = match operation {
            // It answers when the execution has ended, which takes virtual time.
            "StartSyncExecution" => {
                let mut answer = std::pin::pin!(answer);
                loop {
                    tokio::select! {
                        biased;
                        answer = &mut answer => break answer,
                        moved = self.advance() => if !moved { tokio::task::yield_now().await },
                    }
                }
            }
            _ => answer.await,
        };
        match answer {
            Ok(body) => Ok((200, serde_json::from_str(&body).context("the answer is no JSON")?)),
            Err(error) => Ok((error.status, serde_json::from_str(&error.body()).context("the error is no JSON")?)),
        }
    }

    async fn advance(&self) -> bool {
        // Time passes only when nobody has anything to do now: on the player's one thread, everybody who has gets a turn.
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        self.service.engine().advance().await
    }

    async fn sleep(&self, seconds: f64) {
        // Everything that is due in between happens on the way.
        let until = self.clock.now().plus_millis((seconds * 1000.0) as i64);
        let clock = Clock::Virtual(self.clock.clone());
        let alarm = tokio::spawn(async move { clock.sleep(Duration::from_secs_f64(seconds)).await });
        while self.clock.now() < until && self.advance().await {}
        alarm.abort();
    }

    async fn doze(&self, seconds: f64) {
        // It must not move time itself: it would jump over what is due right after its own end.
        Clock::Virtual(self.clock.clone()).sleep(Duration::from_secs_f64(seconds)).await;
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.clock.now().as_millis()).unwrap_or_default()
    }

    fn is_shared(&self) -> bool {
        false
    }
}

/// A function of a case.
struct Function {
    behaviour: LambdaBehaviour,
    clock: VirtualClock,
}

impl TaskHandler for Function {
    fn call(&self, request: TaskRequest) -> TaskFuture {
        let (behaviour, clock) = (self.behaviour.clone(), Clock::Virtual(self.clock.clone()));
        Box::pin(async move {
            if behaviour.delay_seconds() > 0.0 {
                clock.sleep(Duration::from_secs_f64(behaviour.delay_seconds())).await;
            }
            let payload = serde_json::from_str(&request.input.to_json()).unwrap_or(json!(null));
            match behaviour.answer(payload, &request.request_id()) {
                Ok(output) => Ok(output.into()),
                Err(LambdaError { error_type, body }) => Err(StatesError::new(error_type, python_json(&body))),
            }
        })
    }
}

/// JSON with Python's spaces: how Lambda's Python runtime writes the report of an error.
fn python_json(value: &Value) -> String {
    struct Spaced;
    impl serde_json::ser::Formatter for Spaced {
        fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { out.write_all(b", ") }
        }
        fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { out.write_all(b", ") }
        }
        fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
            out.write_all(b": ")
        }
    }
    let mut text = Vec::new();
    let written = serde::Serialize::serialize(value, &mut serde_json::Serializer::with_formatter(&mut text, Spaced));
    written.map_or_else(|_| value.to_string(), |()| String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_written_as_python_writes_them() {
        assert_eq!(python_json(&json!({"a": [1, "x"], "b": {}})), r#"{"a": [1, "x"], "b": {}}"#);
    }
}
