//! How an engine is made.

use super::{Engine, Inner};
use crate::mock::MockConfig;
use crate::runtime::activity::ActivityExists;
use crate::runtime::clock::Clock;
use crate::runtime::functions::Functions;
use crate::runtime::journal::{Journal, Log, MemoryJournal};
use crate::runtime::record::Records;
use crate::runtime::retention::{self, Retention};
use crate::runtime::shard::{INBOX, Shard, Shared};
use crate::task::TaskHandler;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How an [`Engine`] is made.
#[derive(Default)]
pub struct EngineBuilder {
    clock: Clock,
    functions: Functions,
    mocks: MockConfig,
    shards: Option<usize>,
    running_max: Option<usize>,
    journal: Option<Arc<dyn Journal>>,
    retention: Retention,
    park_after: Option<Duration>,
    snapshot_every: Option<u64>,
    activity_exists: Option<Arc<ActivityExists>>,
}

/// How long an execution waits before it leaves memory: a callback that comes at once finds it there. A server that starts
/// thousands a second holds a tenth of them.
const PARK_AFTER: Duration = Duration::from_millis(100);

/// How many history events lie between two snapshots. Measured: docs/performance.md, *Durability*.
const SNAPSHOT_EVERY: u64 = 1_000;

impl EngineBuilder {
    /// The clock; the system's unless told otherwise.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// An in-process function by its name: it answers `arn:aws:lambda:…:function:NAME`, and `lambda:invoke` of it.
    pub fn function(mut self, name: impl Into<String>, handler: Arc<dyn TaskHandler>) -> Self {
        self.functions.by_name.insert(name.into(), handler);
        self
    }

    /// Who answers the tasks that no in-process function answers: endpoints, service integrations, mocks.
    pub fn dispatcher(mut self, handler: Arc<dyn TaskHandler>) -> Self {
        self.functions.fallback = Some(handler);
        self
    }

    /// Which activities exist, by their ARNs: a Task state of any other fails (`States.Runtime`). Without this, all exist. Asked
    /// often, so it must be quick.
    pub fn activities(mut self, exists: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.activity_exists = Some(Arc::new(exists));
        self
    }

    /// The mocked responses of executions that start with a test case ([`Start::test_case`](super::Start::test_case)). They come before everything
    /// else that could answer a task.
    pub fn mocks(mut self, mocks: MockConfig) -> Self {
        self.mocks = mocks;
        self
    }

    /// How many shards the executions are spread over; one a core unless told otherwise. Virtual time has one.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = Some(shards);
        self
    }

    /// How many executions may run at once before [`StartError::Overloaded`](super::StartError::Overloaded); any number by default.
    pub fn running_max(mut self, running_max: usize) -> Self {
        self.running_max = Some(running_max);
        self
    }

    /// Where executions are kept; in memory unless told otherwise. [`Engine::recover`] goes on with what it holds.
    pub fn journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// How long finished executions are kept.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// How long an execution waits (for a timer, a token, an activity's worker) before it leaves memory and is only a row in
    /// the journal; a tenth of a second unless told otherwise.
    pub fn park_after(mut self, park_after: Duration) -> Self {
        self.park_after = Some(park_after);
        self
    }

    /// How many history events an execution may go on without its machine being written out: as many are replayed at most
    /// when it comes back to memory, or when a page of its history is read. 1,000 unless told otherwise.
    pub fn snapshot_every(mut self, events: u64) -> Self {
        self.snapshot_every = Some(events);
        self
    }

    /// The engine.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn build(self) -> Engine {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let shards = match self.clock {
            Clock::Virtual(_) => 1,
            Clock::System => self.shards.unwrap_or_else(cores).max(1),
        };
        let shared = Arc::new(Shared {
            clock: self.clock,
            handler: Arc::new(self.functions),
            mocks: self.mocks,
            activities: Arc::default(),
            activity_exists: self.activity_exists,
            records: Records::default(),
            log: Log::new(self.journal.unwrap_or_else(|| Arc::new(MemoryJournal::default()))),
            retention: self.retention,
            snapshot_every: self.snapshot_every.unwrap_or(SNAPSHOT_EVERY),
            park_after: self.park_after.unwrap_or(PARK_AFTER),
            failure: watch::Sender::new(None),
        });
        let shards = (0..shards)
            .map(|_| {
                let (sender, receiver) = mpsc::channel(INBOX);
                tokio::spawn(Shard::new(shared.clone(), &sender, receiver).run());
                sender
            })
            .collect();
        if let Clock::System = shared.clock {
            tokio::spawn(retention::keep_sweeping(Arc::downgrade(&shared)));
        }
        Engine(Arc::new(Inner {
            shared,
            shards,
            running_max: self.running_max.unwrap_or(usize::MAX),
            anonymous: AtomicU64::new(0),
        }))
    }
}
