//! What is done when a task is no longer waited for: its time is up, its execution was stopped, another branch failed.

use std::future::Future;

/// Does something in the background when it is dropped before it was told that it need not.
///
/// The future of a task's answer is dropped when nobody waits for it any more, and only then: a server that goes down has no
/// runtime left that would do anything.
pub(super) struct WhenAbandoned<F: Future<Output = ()> + Send + 'static>(Option<F>);

impl<F: Future<Output = ()> + Send + 'static> WhenAbandoned<F> {
    pub(super) fn new(then: F) -> Self {
        WhenAbandoned(Some(then))
    }

    /// The task has come to its end.
    pub(super) fn not_needed(mut self) {
        self.0 = None;
    }
}

impl<F: Future<Output = ()> + Send + 'static> Drop for WhenAbandoned<F> {
    fn drop(&mut self) {
        if let (Some(then), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(then);
        }
    }
}
