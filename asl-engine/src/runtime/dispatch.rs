//! Tasks on their way to those who answer them, and back.

use super::activity::Offered;
use super::shard::{Message, Shard};
use super::task_future::Guarded;
use crate::machine::{Event, Start, TaskCommand, TaskId};
use crate::mock::MockedResponse;
use crate::task::{Pattern, Progress, Resource, TaskProgress, TaskRequest};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

impl Shard {
    /// The mocked response to a task, when its execution was started with a test case that has one.
    pub(super) fn mocked(&self, start: &Start, command: &TaskCommand) -> Option<MockedResponse> {
        let test_case = start.test_case.as_deref()?;
        // Children of a Map Run have their state machine's name, a slash, and the Map Run's label.
        let state_machine = start.state_machine_name.split('/').next().unwrap_or_default();
        self.shared.mocks.answer(state_machine, test_case, &command.state, command.invocation)
    }

    /// Asks for a task that was commanded. Nobody is asked when it is no longer awaited.
    pub(super) fn schedule(&mut self, execution: u64, task: TaskId) {
        let Some(running) = self.running.get(&execution) else { return };
        let Some(asked) = running.outstanding.tasks.get(&task) else { return };
        let start = &running.record.birth.start;
        let mocked = self.mocked(start, &asked.command);
        let TaskCommand {
            purpose, state, resource, input, credentials, timeout_seconds, heartbeat_seconds, token, ..
        } = &*asked.command;
        if let (Resource::Activity { arn }, None) = (resource, &mocked) {
            self.shared.activities.offer(arn, Offered { home: running.record.home, execution, task });
            return;
        }
        let Some(own) = self.own.upgrade() else { return };
        let submitted = Arc::new(AtomicBool::new(false));
        let pattern = resource.pattern();
        let request = TaskRequest {
            purpose: purpose.clone(),
            resource: resource.clone(),
            input: input.clone(),
            execution_arn: start.execution_arn.clone(),
            seed: start.seed,
            state: state.clone(),
            task: task.0,
            token: token.clone(),
            timeout_seconds: *timeout_seconds,
            heartbeat_seconds: *heartbeat_seconds,
            credentials: credentials.clone(),
            submitted: asked.submitted.clone(),
            progress: progress(own.clone(), execution, task, submitted.clone()),
        };
        let mut done = Done { own, execution, task, told: false };
        let answer = match mocked {
            Some(mocked) => Guarded::ready(mocked.play(&request)),
            None => Guarded::call(&*self.shared.handler, request),
        };
        let handler = tokio::spawn(async move {
            let event = match answer.await {
                // The service has the token now; the task ends when the token comes back. (A handler that told the
                // submission itself returns the task's end.)
                Ok(output) if pattern == Pattern::WaitForTaskToken && !submitted.load(Ordering::Acquire) => {
                    Event::TaskSubmitted { task, output }
                }
                Ok(output) => Event::TaskSucceeded { task, output },
                Err(error) => Event::TaskFailed { task, error },
            };
            done.tell(Some(event)).await;
        });
        if let Some(running) = self.running.get_mut(&execution) {
            running.handlers.insert(task, handler.abort_handle());
        }
        self.handlers += 1;
    }
}

/// Tells the shard that a handler is done, also when the handler is aborted.
struct Done {
    own: mpsc::Sender<Message>,
    execution: u64,
    task: TaskId,
    told: bool,
}

impl Done {
    async fn tell(&mut self, event: Option<Event>) {
        let (execution, task) = (self.execution, self.task);
        self.told = true;
        let _ = self.own.send(Message::HandlerDone { execution, task, event }).await;
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if !self.told {
            let message = Message::HandlerDone { execution: self.execution, task: self.task, event: None };
            send_soon(self.own.clone(), message);
        }
    }
}

fn progress(own: mpsc::Sender<Message>, execution: u64, task: TaskId, submitted: Arc<AtomicBool>) -> Progress {
    Progress::new(move |progress| {
        let event = match progress {
            TaskProgress::Submitted(output) => {
                submitted.store(true, Ordering::Release);
                Event::TaskSubmitted { task, output }
            }
            TaskProgress::Heartbeat => Event::TaskHeartbeat { task },
        };
        send_soon(own.clone(), Message::Event { execution, event });
    })
}

/// Sends at once when there is room, else as soon as there is.
fn send_soon(own: mpsc::Sender<Message>, message: Message) {
    if let Err(mpsc::error::TrySendError::Full(message)) = own.try_send(message)
        && let Ok(runtime) = tokio::runtime::Handle::try_current()
    {
        runtime.spawn(async move { own.send(message).await });
    }
}
