//! The processes of one function: started on demand, reused while they are warm, so many at a time.

use super::process::Process;
use super::reaper::Reaper;
use super::report::{self, Report};
use super::runtime_api::{Answer, Call};
use super::{LocalFunction, Surroundings};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

/// How many invocations may wait for a process; more are refused. As many as the children of a distributed Map at most.
const WAITING_MAX: usize = 10_000;

pub(super) struct Pool {
    function: LocalFunction,
    surroundings: Surroundings,
    reaper: Arc<Reaper>,
    /// One a process.
    permits: Semaphore,
    waiting: AtomicUsize,
    /// The one used last is at the end.
    idle: Mutex<Vec<Idle>>,
    /// Somebody ends those that are idle for too long.
    swept: AtomicBool,
}

struct Idle {
    process: Process,
    since: Instant,
}

impl Pool {
    pub(super) fn new(function: LocalFunction, surroundings: Surroundings, reaper: Arc<Reaper>) -> Self {
        Pool {
            permits: Semaphore::new(function.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            function,
            surroundings,
            reaper,
            waiting: AtomicUsize::new(0),
            idle: Mutex::default(),
            swept: AtomicBool::new(false),
        }
    }

    /// Invokes the function once a process is free.
    pub(super) async fn invoke(self: Arc<Self>, call: Call) -> Answer {
        let Some(waiting) = Waiting::begin(&self.waiting) else { return Err(Report::Throttled) };
        let permit = self.permits.acquire().await;
        drop(waiting);
        let Ok(permit) = permit else { return Err(Report::Throttled) };
        permit.forget();
        // A task of its own: who stops waiting for the answer does not stop the function, nor cost it its process.
        let (pool, id) = (Arc::clone(&self), call.request_id.clone());
        let run = tokio::spawn(async move {
            let _permit = Permit(&pool.permits);
            pool.run(call).await
        });
        run.await.unwrap_or_else(|_| Err(report::exited(&id, std::process::ExitStatus::default())))
    }

    async fn run(self: &Arc<Self>, call: Call) -> Answer {
        while let Some(mut process) = self.take() {
            if let Some(answer) = process.invoke(call.clone(), self.function.timeout).await {
                self.give_back(process);
                return answer;
            }
        }
        let name = &self.function.name;
        let started = Process::start(&self.function, &self.surroundings, &self.reaper).await;
        let mut process = started.map_err(|reason| {
            tracing::warn!("{name} cannot be started: {reason}");
            report::invalid_entrypoint(&call.request_id, &reason)
        })?;
        tracing::debug!("{name}: a process started");
        let answer = process.invoke(call, self.function.timeout).await;
        self.give_back(process);
        answer.unwrap_or(Err(Report::Throttled))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process that lives and has nothing to do. Those that ended meanwhile are forgotten.
    fn take(&self) -> Option<Process> {
        let mut idle = self.idle();
        std::iter::from_fn(|| idle.pop()).map(|idle| idle.process).find(Process::is_good)
    }

    fn give_back(self: &Arc<Self>, process: Process) {
        if process.lines_dropped() > 0 {
            tracing::warn!("{}: {} more lines of output are not logged", self.function.name, process.lines_dropped());
        }
        if let Some(status) = process.ended_by_itself() {
            tracing::warn!(
                "{}: its process ended by itself ({status}); ASL_LOG=info shows what it wrote",
                self.function.name
            );
        }
        if !process.is_good() || self.function.idle.is_zero() {
            return;
        }
        self.idle().push(Idle { process, since: Instant::now() });
        if !self.swept.swap(true, Ordering::AcqRel) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Ends what is idle for too long. Returns when to look again; `None`: nothing is idle.
    fn end_idle(&self) -> Option<Instant> {
        let mut idle = self.idle();
        let now = Instant::now();
        idle.retain(|idle| idle.process.is_good() && idle.since + self.function.idle > now);
        let next = idle.first().map(|idle| idle.since + self.function.idle);
        if next.is_none() {
            // INVARIANT: cleared while the list is locked and empty, so who pushes next starts another sweep.
            self.swept.store(false, Ordering::Release);
        }
        next
    }
}

async fn sweep(pool: Weak<Pool>) {
    while let Some(next) = pool.upgrade().and_then(|pool| pool.end_idle()) {
        sleep_until(next).await;
    }
}

/// Gives a permit back, also when the invocation panics.
struct Permit<'a>(&'a Semaphore);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

/// Counts an invocation that waits, as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Option<Self> {
        let waiting = Waiting(count);
        (count.fetch_add(1, Ordering::Relaxed) < WAITING_MAX).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
