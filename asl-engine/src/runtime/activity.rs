//! Activities: tasks wait here until a worker asks for one.

use crate::machine::TaskId;
use crate::value::{Str, Value};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// A task handed to an activity worker.
#[derive(Clone, Debug)]
pub struct ActivityTask {
    /// What to answer with.
    pub token: Str,
    /// The task's input.
    pub input: Value,
}

/// A task nobody has taken yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Offered {
    /// Tells which shard it lives in.
    pub(super) home: u64,
    pub(super) execution: u64,
    pub(super) task: TaskId,
}

/// The waiting tasks and the waiting workers of every activity.
///
/// INVARIANT: of one activity either tasks wait or workers do, never both.
#[derive(Default)]
pub(super) struct Activities(Mutex<HashMap<Str, Waiting>>);

#[derive(Default)]
struct Waiting {
    /// By the order they were offered in.
    tasks: BTreeMap<u64, Offered>,
    places: HashMap<Offered, u64>,
    next: u64,
    workers: VecDeque<oneshot::Sender<Offered>>,
}

impl Activities {
    fn map(&self) -> MutexGuard<'_, HashMap<Str, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the task to the worker that waits longest, or keeps it.
    pub(super) fn offer(&self, activity_arn: &Str, mut task: Offered) {
        let mut map = self.map();
        let waiting = map.entry(activity_arn.clone()).or_default();
        while let Some(worker) = waiting.workers.pop_front() {
            match worker.send(task) {
                Ok(()) => return,
                // That worker gave up.
                Err(back) => task = back,
            }
        }
        waiting.next += 1;
        waiting.tasks.insert(waiting.next, task);
        waiting.places.insert(task, waiting.next);
    }

    /// Takes the task that waits longest, or a place in the queue of workers.
    pub(super) fn take(&self, activity_arn: &str) -> Result<Offered, oneshot::Receiver<Offered>> {
        let mut map = self.map();
        let waiting = map.entry(activity_arn.into()).or_default();
        match waiting.tasks.pop_first() {
            Some((_, task)) => {
                waiting.places.remove(&task);
                Ok(task)
            }
            None => {
                waiting.workers.retain(|worker| !worker.is_closed());
                let (sender, receiver) = oneshot::channel();
                waiting.workers.push_back(sender);
                Err(receiver)
            }
        }
    }

    /// Forgets a task nobody waits for any more.
    pub(super) fn withdraw(&self, activity_arn: &str, task: Offered) {
        if let Some(waiting) = self.map().get_mut(activity_arn)
            && let Some(place) = waiting.places.remove(&task)
        {
            waiting.tasks.remove(&place);
        }
    }
}
