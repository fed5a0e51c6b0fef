//! Time: the system's, or one that moves only when told to.

use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

/// Where an engine gets the time from.
#[derive(Clone, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that moves only when the engine is told to advance: a 30-day wait takes no time.
    Virtual(VirtualClock),
}

impl Clock {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(since.as_millis() as i64)
            }
            Clock::Virtual(clock) => clock.now(),
        }
    }

    /// Waits on this clock. A task handler that sleeps on the engine's clock sleeps in virtual time, too.
    pub async fn sleep(&self, duration: Duration) {
        match self {
            Clock::System => tokio::time::sleep(duration).await,
            Clock::Virtual(clock) => clock.sleep(duration).await,
        }
    }
}

/// A clock that moves only when told to. Clones show the same time.
#[derive(Clone)]
pub struct VirtualClock(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    /// Told when somebody begins to wait for time to pass: whoever advances the clock may have waited for just that.
    waiting: Notify,
}

struct State {
    now: Timestamp,
    next_sleeper: u64,
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
    /// Handlers that wait for another execution, which needs time to pass.
    patient: usize,
}

impl VirtualClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        let state = State { now, next_sleeper: 0, sleepers: BTreeMap::new(), patient: 0 };
        VirtualClock(Arc::new(Inner { state: Mutex::new(state), waiting: Notify::new() }))
    }

    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        self.state().now
    }

    /// Shows another time, also an earlier one, as when somebody sets the system's clock. Nobody is woken by that.
    pub fn set(&self, now: Timestamp) {
        self.state().now = now;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment or one map operation: a poisoned state is still whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let until = self.now().plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
        Sleep { clock: self.clone(), until, registered: None }
    }

    /// So many more (or fewer) handlers wait for other executions.
    pub(super) fn wait_patiently(&self, more: isize) {
        let mut state = self.state();
        state.patient = state.patient.saturating_add_signed(more);
        drop(state);
        self.0.waiting.notify_one();
    }

    /// Ends when somebody has begun to wait for time to pass since the last call.
    pub(super) async fn somebody_waits(&self) {
        self.0.waiting.notified().await;
    }

    /// How many handlers cannot go on before time does, and until when the first sleeper sleeps.
    pub(super) fn sleepers(&self) -> (usize, Option<Timestamp>) {
        let state = self.state();
        (state.sleepers.len() + state.patient, state.sleepers.keys().next().map(|(until, _)| *until))
    }

    /// Shows this time, and wakes who slept until it.
    pub(super) fn advance_to(&self, now: Timestamp) {
        let mut state = self.state();
        state.now = state.now.max(now);
        let later = state.sleepers.split_off(&(now.plus_millis(1), 0));
        let due = std::mem::replace(&mut state.sleepers, later);
        drop(state);
        due.into_values().for_each(Waker::wake);
    }
}

struct Sleep {
    clock: VirtualClock,
    until: Timestamp,
    registered: Option<u64>,
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut state = clock.state();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        let id = *self.registered.get_or_insert_with(|| {
            state.next_sleeper += 1;
            state.next_sleeper
        });
        state.sleepers.insert((self.until, id), context.waker().clone());
        drop(state);
        clock.0.waiting.notify_one();
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.registered {
            self.clock.state().sleepers.remove(&(self.until, id));
        }
    }
}
