//! The service: everything behind the API, usable in process without HTTP.

use crate::aws::ServiceEndpoints;
use crate::function::Functions;
use crate::integration::{Dispatcher, Endpoints, HttpApis, Places};
use crate::operation;
use crate::quota::Quotas;
use crate::registry::Registry;
use crate::storage::Buckets;
use crate::wire::ApiError;
use crate::wire::page::Pages;
use asl_engine::mock::MockConfig;
use asl_engine::runtime::{Clock, Engine, Journal, Retention};
use asl_engine::task::TaskHandler;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::{Semaphore, watch};

/// Who calls: the account and the region that new resources belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// `us-east-1`, …
    pub region: String,
}

impl Caller {
    /// The beginning of the ARNs of this caller's resources of a kind: `arn:aws:states:REGION:ACCOUNT:KIND:`.
    pub fn arn_prefix(&self, kind: &str) -> String {
        format!("arn:{}:states:{}:{}:{kind}:", self.partition(), self.region, self.account)
    }

    /// The partition that the region is in.
    pub fn partition(&self) -> &'static str {
        match () {
            () if self.region.starts_with("cn-") => "aws-cn",
            () if self.region.starts_with("us-gov-") => "aws-us-gov",
            () => "aws",
        }
    }
}

/// The API's operations over one engine. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    registry: Arc<Registry>,
    pages: Pages,
    caller: Caller,
    dispatcher: Arc<Dispatcher>,
    mocks: MockConfig,
    starts: Semaphore,
    ending: watch::Sender<bool>,
}

/// How many starts may wait at once to be recorded. A group commit takes as many as there are: more would only wait longer.
const STARTS_MAX: usize = 4096;

/// What a service is made of. Everything has a default but the caller.
pub struct ServiceBuilder {
    caller: Caller,
    clock: Clock,
    functions: Vec<(String, Arc<dyn TaskHandler>)>,
    endpoints: Endpoints,
    buckets: Buckets,
    apis: HttpApis,
    aws: ServiceEndpoints,
    local: Functions,
    mocks: MockConfig,
    journal: Option<Arc<dyn Journal>>,
    retention: Retention,
    quotas: Quotas,
}

impl ServiceBuilder {
    /// How much an account may have; AWS's quotas by default.
    pub fn quotas(mut self, quotas: Quotas) -> Self {
        self.quotas = quotas;
        self
    }

    /// Where executions, state machines and activities are kept; in memory by default. [`Service::recover`] goes on with what
    /// it holds.
    pub fn journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// How long finished executions are kept.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// The time that executions live in; the system's by default.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Answers the tasks of the function of that name in process.
    pub fn function(mut self, name: impl Into<String>, handler: Arc<dyn TaskHandler>) -> Self {
        self.functions.push((name.into(), handler));
        self
    }

    /// Answers the tasks of several functions in process.
    pub fn functions<N: Into<String>>(self, functions: impl IntoIterator<Item = (N, Arc<dyn TaskHandler>)>) -> Self {
        functions.into_iter().fold(self, |builder, (name, handler)| builder.function(name, handler))
    }

    /// Answers the tasks of other functions over HTTP.
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// Where the buckets of item readers and result writers are.
    pub fn buckets(mut self, buckets: Buckets) -> Self {
        self.buckets = buckets;
        self
    }

    /// Answers the tasks of other functions by local processes.
    pub fn local_functions(mut self, functions: Functions) -> Self {
        self.local = functions;
        self
    }

    /// Where HTTP APIs are, and with what credentials they are called.
    pub fn http_apis(mut self, apis: HttpApis) -> Self {
        self.apis = apis;
        self
    }

    /// Where AWS's services are; nowhere by default.
    pub fn aws(mut self, endpoints: ServiceEndpoints) -> Self {
        self.aws = endpoints;
        self
    }

    /// Mocked responses for executions that are started with a test case.
    pub fn mocks(mut self, mocks: MockConfig) -> Self {
        self.mocks = mocks;
        self
    }

    /// The service. Must be called within a tokio runtime.
    pub fn build(self) -> Service {
        let dispatcher = Arc::new(Dispatcher::new(Places {
            endpoints: self.endpoints,
            functions: self.local,
            buckets: self.buckets,
            apis: self.apis,
            aws: self.aws,
            caller: self.caller.clone(),
            clock: self.clock.clone(),
        }));
        let pages = Pages::new(self.clock.clone());
        let mut engine =
            Engine::builder().clock(self.clock).dispatcher(Arc::clone(&dispatcher) as Arc<dyn TaskHandler>);
        engine = engine.mocks(self.mocks.clone()).retention(self.retention).running_max(self.quotas.executions);
        let registry = Arc::new(Registry::new(self.quotas));
        engine = engine.activities({
            let registry = Arc::clone(&registry);
            move |arn| registry.read().activities.contains_key(arn)
        });
        if let Some(journal) = self.journal {
            engine = engine.journal(journal);
        }
        for (name, handler) in self.functions {
            engine = engine.function(&name, handler);
        }
        let shared = Arc::new(Shared {
            engine: engine.build(),
            registry,
            pages,
            caller: self.caller,
            dispatcher,
            mocks: self.mocks,
            starts: Semaphore::new(STARTS_MAX),
            ending: watch::Sender::new(false),
        });
        let service = Service { shared };
        service.dispatcher().serve_states(&service);
        service
    }
}

impl Service {
    /// A service whose callers are by default of that account and region.
    pub fn builder(account: impl Into<String>, region: impl Into<String>) -> ServiceBuilder {
        ServiceBuilder {
            caller: Caller { account: account.into(), region: region.into() },
            clock: Clock::default(),
            functions: Vec::new(),
            endpoints: Endpoints::default(),
            buckets: Buckets::default(),
            apis: HttpApis::default(),
            aws: ServiceEndpoints::default(),
            local: Functions::default(),
            mocks: MockConfig::default(),
            journal: None,
            retention: Retention::default(),
            quotas: Quotas::default(),
        }
    }

    /// Goes on with what the journal holds: state machines, activities, executions. Returns with how many executions go on.
    /// To be called once, before the first operation.
    ///
    /// # Errors
    /// When the journal cannot be read or understood.
    pub async fn recover(&self) -> anyhow::Result<usize> {
        self.registry().restore(&self.engine().journal().scan()?)?;
        let count = self.engine().recover().await?;
        let deleting: Vec<String> = {
            let tables = self.registry().read();
            tables
                .state_machines
                .values()
                .filter(|machine| machine.deleting)
                .map(|machine| machine.arn.clone())
                .collect()
        };
        for arn in deleting {
            tokio::spawn(operation::delete_state_machine::delete_once_ended(self.clone(), arn));
        }
        Ok(count)
    }

    /// Calls an operation with a JSON request; the answer is JSON, too. A panic is an answer as well (`InternalFailure`).
    ///
    /// # Errors
    /// The refusal, as AWS words it.
    pub async fn call(&self, operation: &str, request: &[u8], caller: &Caller) -> Result<String, ApiError> {
        let answer = async {
            if let Some(error) = self.engine().trouble().filter(|_| operation::changes_something(operation)) {
                return Err(ApiError::service_unavailable(error));
            }
            let answer = operation::call(self, operation, request, caller).await?;
            if self.engine().trouble().is_some() && !operation::changes_something(operation) {
                return Ok(answer);
            }
            // INVARIANT: what an answer acknowledges is kept before it leaves.
            let kept = self.registry().keep(self.engine()).await;
            kept.map_err(ApiError::service_unavailable)?;
            Ok(answer)
        };
        let answer = CatchPanic(Box::pin(answer)).await;
        answer.unwrap_or_else(|| {
            tracing::error!(operation, "the operation panicked");
            Err(ApiError::internal(format!("The operation {operation} failed inside the server; its log tells where.")))
        })
    }

    /// The engine that runs the executions.
    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// Who calls when a request does not say.
    pub fn caller(&self) -> &Caller {
        &self.shared.caller
    }

    /// Who answers the tasks.
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.shared.dispatcher
    }

    /// The mocked responses.
    pub fn mocks(&self) -> &MockConfig {
        &self.shared.mocks
    }

    /// The places of starts that wait to be recorded.
    pub(crate) fn starts(&self) -> &Semaphore {
        &self.shared.starts
    }

    /// Lets nobody wait any longer for a task that may never come: the server is about to end. Workers hear that there was
    /// none, and ask again.
    pub fn end_polls(&self) {
        self.shared.ending.send_replace(true);
    }

    /// Ends with the polls.
    pub(crate) async fn polls_ended(&self) {
        // The sender lives as long as the service.
        _ = self.shared.ending.subscribe().wait_for(|ending| *ending).await;
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    pub(crate) fn pages(&self) -> &Pages {
        &self.shared.pages
    }

    pub(crate) fn downgrade(&self) -> WeakService {
        WeakService(Arc::downgrade(&self.shared))
    }
}

/// A service that may be gone: what its own engine's dispatcher holds of it.
#[derive(Clone)]
pub(crate) struct WeakService(std::sync::Weak<Shared>);

impl WeakService {
    pub(crate) fn upgrade(&self) -> Option<Service> {
        self.0.upgrade().map(|shared| Service { shared })
    }
}

/// Ends with `None` when the future inside panics.
struct CatchPanic<F>(Pin<Box<F>>);

impl<F: Future> Future for CatchPanic<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.0.as_mut();
        match std::panic::catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CatchPanic;

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        assert_eq!(CatchPanic(Box::pin(async { 1 })).await, Some(1));
        let panics = async {
            tokio::task::yield_now().await;
            panic!("an operation fails")
        };
        assert_eq!(CatchPanic(Box::pin(panics)).await, None::<()>);
    }
}
