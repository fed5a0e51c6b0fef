//! | state | when | then |
//! |---|---|---|
//! | Task | entered, or retried | the task is scheduled with its arguments; its timers are set |
//! | Task | entered, and its activity does not exist | the state fails |
//! | Task, scheduled | it starts | told; an activity starts when a worker takes it, everything else at once |
//! | Task | its service accepted it (`.sync`, `.waitForTaskToken`) | told |
//! | Task | heartbeat | the heartbeat timer begins anew |
//! | Task | it succeeds | left with its output |
//! | Task | it fails, or a timer fires | the state fails |

use crate::definition::program::{State, StateKind, Task};
use crate::error::{self, StatesError, names};
use crate::history::HistoryDetail as Told;
use crate::integration;
use crate::limits;
use crate::machine::data_flow::ResultFlow;
use crate::machine::frame::{Frame, FrameId, Phase, RunningTask};
use crate::machine::recovery::Failure;
use crate::machine::turn::Turn;
use crate::machine::{Alarm, Command, TaskCommand, TaskId, Timer, Work, token};
use crate::query::{Location, QueryError, Scope};
use crate::task::{Pattern, Purpose, Resource, TaskResult};
use crate::value::{Str, Value};

impl Turn<'_> {
    pub(in crate::machine) fn task(&mut self, id: FrameId, state: &State, task: &Task) {
        match self.prepare_task(id, state, task) {
            Ok(command) => self.schedule(id, command),
            Err(error) => self.evaluation_failed(id, error),
        }
    }

    fn prepare_task(&self, id: FrameId, state: &State, task: &Task) -> Result<TaskCommand, QueryError> {
        let task_id = TaskId(self.core.next_task);
        let input = self.effective_input(id, state)?;
        let mut environment = self.surroundings(id);
        environment.task = Some(task_id);
        let scope = Scope { input: &input, result: None, error_output: None, environment: &environment };
        let arguments = match &task.arguments {
            Some(template) => template.evaluate(&scope, &Location::field("Arguments"))?,
            None => input.clone(),
        };
        self.check_size(&arguments, &state.name)?;
        self.see(|seen| seen.arguments = Some(arguments.clone()));
        let problems = integration::problems(&task.resource, &arguments);
        if !problems.is_empty() {
            return Err(error::task_not_started(&arguments, &problems).into());
        }
        if self.core.missing_activities.iter().any(|arn| arn == task.resource.arn()) {
            return Err(error::activity_does_not_exist(task.resource.arn()).into());
        }
        let credentials =
            task.credentials.as_ref().map(|template| template.evaluate(&scope, &Location::field("Credentials")));
        let seconds = |field, name| match field {
            None => Ok(None),
            Some(field) => self.whole_number(id, field, name, state, &input).map(Some),
        };
        let needs_token =
            matches!(task.resource, Resource::Activity { .. }) || task.resource.pattern() == Pattern::WaitForTaskToken;
        let start = &self.core.start;
        Ok(TaskCommand {
            purpose: Purpose::Task,
            task: task_id,
            state: state.name.clone(),
            invocation: 0,
            resource: task.resource.clone(),
            input: arguments,
            credentials: credentials.transpose()?,
            timeout_seconds: seconds(task.timeout_seconds.as_ref(), "TimeoutSeconds")?,
            heartbeat_seconds: seconds(task.heartbeat_seconds.as_ref(), "HeartbeatSeconds")?,
            token: needs_token.then(|| token::encode(&start.execution_arn, task_id, start.seed)),
        })
    }

    fn schedule(&mut self, id: FrameId, mut command: TaskCommand) {
        let task = command.task;
        self.register(id, &mut command);
        self.emit(id, || scheduled(&command));
        let deadline = |turn: &mut Self, seconds: Option<u64>, timer| {
            seconds.map(|seconds| turn.wake(turn.now.plus_seconds(seconds), timer))
        };
        let timeout = deadline(self, command.timeout_seconds, Timer::TaskTimeout(id, task));
        let heartbeat = deadline(self, command.heartbeat_seconds, Timer::Heartbeat(id, task));
        if let Some(frame) = self.frame_mut(id) {
            let heartbeat_seconds = command.heartbeat_seconds;
            frame.phase = Phase::Task(RunningTask {
                task,
                timeout,
                heartbeat,
                heartbeat_seconds,
                started: false,
                submitted: false,
            });
        }
        if !matches!(command.resource, Resource::Activity { .. }) {
            self.core.ready.push_back(Work::StartTask(id, task));
        }
        self.command(Command::Schedule(Box::new(command)));
    }

    /// From now on the frame waits for the task.
    pub(in crate::machine) fn register(&mut self, id: FrameId, command: &mut TaskCommand) {
        if let Some(state) = self.frame(id).map(|frame| frame.state) {
            let invocations = self.core.invocations.entry(state).or_default();
            command.invocation = *invocations;
            *invocations += 1;
        }
        self.core.next_task += 1;
        self.core.tasks.insert(command.task, id);
    }

    /// The task that the frame waits for, if it is this one.
    fn running(&mut self, id: FrameId, task: TaskId) -> Option<&mut RunningTask> {
        match &mut self.frame_mut(id)?.phase {
            Phase::Task(running) if running.task == task => Some(running),
            _ => None,
        }
    }

    /// The frame that waits for the task, and the state's resource.
    fn waiting(&self, task: TaskId) -> Option<(FrameId, &'_ Resource)> {
        let id = *self.core.tasks.get(&task)?;
        match &self.state_of(id)?.kind {
            StateKind::Task(state) => Some((id, &state.resource)),
            _ => None,
        }
    }

    pub(in crate::machine) fn task_started(&mut self, id: FrameId, task: TaskId) {
        match self.running(id, task) {
            Some(running) if !running.started => running.started = true,
            _ => return,
        }
        let Some(resource) = self.waiting(task).map(|(_, resource)| resource.clone()) else { return };
        self.emit(id, || started(&resource, None));
    }

    /// An activity worker took the task.
    pub(in crate::machine) fn task_taken(&mut self, task: TaskId, worker_name: Option<Str>) {
        let Some((id, resource)) = self.waiting(task).map(|(id, resource)| (id, resource.clone())) else { return };
        match self.running(id, task) {
            Some(running) if !running.started => running.started = true,
            _ => return,
        }
        self.emit(id, || started(&resource, worker_name));
        self.task_heartbeat(task);
    }

    pub(in crate::machine) fn task_submitted(&mut self, task: TaskId, output: Value) {
        let Some((id, resource)) = self.waiting(task).map(|(id, resource)| (id, resource.clone())) else { return };
        if let Resource::Service { .. } = resource {
            // A task is asked for again after a restart, and then accepted again.
            match self.running(id, task) {
                Some(running) if !running.submitted => running.submitted = true,
                _ => return,
            }
            self.task_started(id, task);
            self.emit(id, || {
                let (resource_type, resource) = service(&resource);
                Told::TaskSubmitted { resource_type, resource, output }
            });
        }
    }

    pub(in crate::machine) fn task_heartbeat(&mut self, task: TaskId) {
        let Some(id) = self.core.tasks.get(&task).copied() else { return };
        let Some(running) = self.running(id, task) else { return };
        let Some(seconds) = running.heartbeat_seconds else { return };
        let old = running.heartbeat.take();
        if let Some(old) = old {
            self.core.timers.remove(&old);
        }
        let timer = self.wake(self.now.plus_seconds(seconds), Timer::Heartbeat(id, task));
        if let Some(running) = self.running(id, task) {
            running.heartbeat = Some(timer);
        }
    }

    pub(in crate::machine) fn task_ended(&mut self, task: TaskId, result: TaskResult) {
        let Some((id, resource)) = self.waiting(task).map(|(id, resource)| (id, resource.clone())) else { return };
        self.task_started(id, task);
        self.forget_task(id, task);
        let result = result.and_then(|output| match output.json_len() > limits::PAYLOAD_BYTES_MAX {
            false => Ok(output),
            true => Err(error::data_limit_exceeded(match &resource {
                Resource::Service { service, .. } => service,
                other => other.arn(),
            })),
        });
        self.emit(id, || ended(&resource, &result));
        match result {
            Err(error) => self.state_failed(id, error.into()),
            Ok(output) => {
                let Some(state) = self.state_of(id) else { return };
                let StateKind::Task(task) = &state.kind else { return };
                self.see(|seen| seen.result = Some(output.clone()));
                let flow = ResultFlow {
                    result_selector: task.result_selector.as_ref(),
                    result_path: &task.result_path,
                    defines_result: true,
                    ..ResultFlow::plain(state)
                };
                self.state_succeeded(id, output, flow);
            }
        }
    }

    /// A task was not done in time. Recorded: of tasks whose time is up at the same moment, all are told as timed out
    /// before what follows from the first of them happens.
    pub(in crate::machine) fn tasks_timed_out(&mut self, alarm: Alarm) {
        let due_together = self.core.timers.values().filter(|other| other.at == alarm.at).copied();
        let due: Vec<Alarm> = std::iter::once(alarm).chain(due_together).collect();
        let failed: Vec<(FrameId, Failure)> = due.iter().filter_map(|alarm| self.task_timed_out(alarm.timer)).collect();
        for (id, failure) in failed {
            // The first one may have ended the others: they are put down, or gone.
            if self.frame(id).is_some_and(|frame| matches!(frame.phase, Phase::Ready)) {
                self.state_failed(id, failure);
            }
        }
    }

    fn task_timed_out(&mut self, timer: Timer) -> Option<(FrameId, Failure)> {
        let (id, task, heartbeat) = match timer {
            Timer::TaskTimeout(id, task) => (id, task, false),
            Timer::Heartbeat(id, task) => (id, task, true),
            _ => return None,
        };
        self.running(id, task)?;
        let resource = self.waiting(task)?.1.clone();
        self.forget_task(id, task);
        self.command(Command::Abandon { task });
        // Recorded: a missed heartbeat is told as States.Timeout, too.
        let error = StatesError::named(names::TIMEOUT);
        self.emit(id, || timed_out(&resource, error.clone()));
        Some((id, Failure { error, heartbeat }))
    }

    fn forget_task(&mut self, id: FrameId, task: TaskId) {
        self.core.tasks.remove(&task);
        let Some(Frame { phase: phase @ Phase::Task(_), .. }) = self.frame_mut(id) else { return };
        if let Phase::Task(running) = std::mem::replace(phase, Phase::Ready) {
            for timer in [running.timeout, running.heartbeat].into_iter().flatten() {
                self.core.timers.remove(&timer);
            }
        }
    }
}

/// `resourceType` and `resource` of a service task's events.
fn service(resource: &Resource) -> (Str, Str) {
    match resource {
        Resource::Service { service, action, pattern, .. } => {
            let suffix = match pattern {
                Pattern::RequestResponse => "",
                Pattern::Sync => ".sync",
                Pattern::Sync2 => ".sync:2",
                Pattern::WaitForTaskToken => ".waitForTaskToken",
            };
            (service.clone(), format!("{action}{suffix}").into())
        }
        other => (Str::default(), other.arn().clone()),
    }
}

fn scheduled(command: &TaskCommand) -> Told {
    let input = command.input.clone();
    let (timeout_seconds, heartbeat_seconds) = (command.timeout_seconds, command.heartbeat_seconds);
    let credentials = command.credentials.clone();
    match &command.resource {
        Resource::LambdaFunction { arn } => {
            Told::LambdaFunctionScheduled { resource: arn.clone(), input, timeout_seconds, credentials }
        }
        Resource::Activity { arn } => {
            Told::ActivityScheduled { resource: arn.clone(), input, timeout_seconds, heartbeat_seconds }
        }
        Resource::Service { .. } => {
            let (resource_type, resource) = service(&command.resource);
            let parameters = input;
            Told::TaskScheduled { resource_type, resource, parameters, timeout_seconds, heartbeat_seconds, credentials }
        }
    }
}

fn started(resource: &Resource, worker_name: Option<Str>) -> Told {
    match resource {
        Resource::LambdaFunction { .. } => Told::LambdaFunctionStarted,
        Resource::Activity { .. } => Told::ActivityStarted { worker_name },
        Resource::Service { .. } => {
            let (resource_type, resource) = service(resource);
            Told::TaskStarted { resource_type, resource }
        }
    }
}

fn ended(resource: &Resource, result: &TaskResult) -> Told {
    match (resource, result.clone()) {
        (Resource::LambdaFunction { .. }, Ok(output)) => Told::LambdaFunctionSucceeded { output },
        (Resource::LambdaFunction { .. }, Err(error)) => Told::LambdaFunctionFailed(error),
        (Resource::Activity { .. }, Ok(output)) => Told::ActivitySucceeded { output },
        (Resource::Activity { .. }, Err(error)) => Told::ActivityFailed(error),
        (Resource::Service { .. }, result) => {
            let (resource_type, resource) = service(resource);
            match result {
                Ok(output) => Told::TaskSucceeded { resource_type, resource, output },
                Err(error) => Told::TaskFailed { resource_type, resource, error },
            }
        }
    }
}

fn timed_out(resource: &Resource, error: StatesError) -> Told {
    match resource {
        Resource::LambdaFunction { .. } => Told::LambdaFunctionTimedOut(error),
        Resource::Activity { .. } => Told::ActivityTimedOut(error),
        Resource::Service { .. } => {
            let (resource_type, resource) = service(resource);
            Told::TaskTimedOut { resource_type, resource, error }
        }
    }
}
