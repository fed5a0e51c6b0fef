//! Activities: tasks wait here until a worker asks for one.

use crate::machine::TaskId;
use crate::value::{Str, Value};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// A task handed to an activity worker.
#[derive(Clone, Debug)]
pub struct ActivityTask {
    /// What to answer with.
    pub token: Str,
    /// The task's input.
    pub input: Value,
}

/// Tells whether there is an activity of that ARN.
pub(super) type ActivityExists = dyn Fn(&str) -> bool + Send + Sync;

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
    pub(super) fn take(this: &Arc<Self>, activity_arn: &str) -> Result<Offered, WaitingWorker> {
        let mut map = this.map();
        let waiting = map.entry(activity_arn.into()).or_default();
        match waiting.tasks.pop_first() {
            Some((_, task)) => {
                waiting.places.remove(&task);
                Ok(task)
            }
            None => {
                let (sender, offered) = oneshot::channel();
                waiting.workers.retain(|worker| !worker.is_closed());
                waiting.workers.push_back(sender);
                Err(WaitingWorker { activities: this.clone(), activity_arn: activity_arn.into(), offered })
            }
        }
    }

    /// How many workers wait for a task.
    pub(super) fn waiting_workers(&self, activity_arn: &str) -> usize {
        let map = self.map();
        let workers = map.get(activity_arn).map(|waiting| &waiting.workers);
        workers.map_or(0, |workers| workers.iter().filter(|worker| !worker.is_closed()).count())
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

/// A worker that waits its turn. As a future: the task it is handed; `None` when it never will be.
///
/// INVARIANT: a worker that leaves gives back what it was handed a moment before, so no task is lost on the way.
pub(super) struct WaitingWorker {
    activities: Arc<Activities>,
    activity_arn: Str,
    offered: oneshot::Receiver<Offered>,
}

impl Future for WaitingWorker {
    type Output = Option<Offered>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.offered).poll(context).map(Result::ok)
    }
}

impl Drop for WaitingWorker {
    fn drop(&mut self) {
        self.offered.close();
        if let Ok(task) = self.offered.try_recv() {
            self.activities.offer(&self.activity_arn, task);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(number: u64) -> Offered {
        Offered { home: 0, execution: 1, task: TaskId(number) }
    }

    fn numbers(offered: Option<Offered>) -> Option<u64> {
        offered.map(|offered| offered.task.0)
    }

    #[tokio::test]
    async fn workers_are_served_in_the_order_they_came() {
        let activities = Arc::new(Activities::default());
        let mut places: Vec<WaitingWorker> =
            (0..3).map(|_| Activities::take(&activities, "a").err().unwrap()).collect();
        assert_eq!((activities.waiting_workers("a"), activities.waiting_workers("b")), (3, 0));
        drop(places.remove(1));
        assert_eq!(activities.waiting_workers("a"), 2);
        (1..=3).for_each(|number| activities.offer(&"a".into(), task(number)));
        let (last, first) = (places.pop().unwrap(), places.pop().unwrap());
        assert_eq!((numbers(first.await), numbers(last.await)), (Some(1), Some(2)));
        assert_eq!(Activities::take(&activities, "a").map_err(drop).map(|task| task.task.0), Ok(3));
    }

    #[tokio::test]
    async fn a_worker_that_leaves_gives_its_task_back() {
        let activities = Arc::new(Activities::default());
        let leaves = Activities::take(&activities, "a").err().unwrap();
        let stays = Activities::take(&activities, "a").err().unwrap();
        activities.offer(&"a".into(), task(1));
        drop(leaves);
        assert_eq!(numbers(stays.await), Some(1));
    }
}
