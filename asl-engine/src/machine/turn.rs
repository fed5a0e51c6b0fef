//! One turn of the machine: an event applied and everything that follows from it, up to the next thing to wait for.

use super::environment::Surroundings;
use super::frame::{Frame, FrameId, Phase};
use super::rng::mix;
use super::trial::Trial;
use super::{Alarm, Command, Core, Effects, Event, MachineType, Outcome, TaskId, Timer, TimerId, Work};
use crate::definition::Program;
use crate::definition::program::{State, StateKind, Transition};
use crate::error::{self, StatesError, names};
use crate::history::{HistoryDetail, HistoryEvent};
use crate::limits;
use crate::task::TaskResult;
use crate::time::Timestamp;
use crate::value::{Str, Value};
use std::cell::OnceCell;

/// The machine in motion. Every change of an execution goes through here: this is the one gate.
pub(super) struct Turn<'a> {
    pub(super) program: &'a Program,
    pub(super) core: &'a mut Core,
    /// The trial, if one state is tried alone.
    pub(super) trial: Option<&'a Trial>,
    pub(super) now: Timestamp,
    effects: &'a mut Effects,
}

/// How the end of a state is told in the history.
pub(super) struct Exit {
    pub(super) output: Value,
    /// The variables that were set, if the state (or its catcher or rule) sets any.
    pub(super) assigned: Vec<(Str, Value)>,
    pub(super) next: Transition,
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        program: &'a Program,
        core: &'a mut Core,
        trial: Option<&'a Trial>,
        now: Timestamp,
        effects: &'a mut Effects,
    ) -> Self {
        Turn { program, core, trial, now, effects }
    }

    /// Applies an event and does what has become ready.
    pub(super) fn apply(mut self, event: Event) {
        match event {
            Event::Started => self.begin(),
            Event::Resumed => {}
            Event::ActivitiesMissing { arns } => self.core.missing_activities = arns,
            Event::DeadlineReached { timer } => self.deadline(timer),
            Event::TaskStarted { task, worker_name } => self.task_taken(task, worker_name),
            Event::TaskSubmitted { task, output } => self.task_submitted(task, output),
            Event::TaskSucceeded { task, output } => self.task_answered(task, Ok(output)),
            Event::TaskFailed { task, error } => self.task_answered(task, Err(error)),
            Event::TaskHeartbeat { task } => self.task_heartbeat(task),
            Event::ChildFinished { child, outcome } => self.child_finished(child, outcome),
            Event::MapRunUpdated { map_run_arn, limits } => self.map_run_updated(&map_run_arn, limits),
            Event::Redriven => self.redriven(),
            Event::StopRequested { error } => self.end(Outcome::Aborted(error)),
        }
        self.run();
    }

    fn begin(&mut self) {
        if self.core.last_event > 0 {
            return;
        }
        self.core.started_at = self.now;
        let (input, role_arn) = (self.core.start.input.clone(), self.core.start.role_arn.clone());
        self.emit_after(0, || HistoryDetail::ExecutionStarted { input, role_arn });
        self.limit_time();
        let start_at = self.core.start.start_at.unwrap_or(self.program.start_at);
        let mut root = Frame::new(None, 0, start_at, self.core.start.input.clone(), 0);
        if let Some(trial) = self.trial {
            root.variables.extend(trial.variables.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        self.spawn(root);
    }

    /// Sets the timer of the execution's own TimeoutSeconds.
    pub(super) fn limit_time(&mut self) {
        // A child execution runs the item processor, which has no TimeoutSeconds; the machine's own is its parent's.
        let own = self.program.timeout_seconds.filter(|_| self.core.start.start_at.is_none());
        let seconds = match self.core.start.machine_type {
            MachineType::Standard => own,
            MachineType::Express => Some(own.unwrap_or(limits::EXPRESS_SECONDS_MAX).min(limits::EXPRESS_SECONDS_MAX)),
        };
        if let Some(seconds) = seconds {
            self.wake(self.now.plus_seconds(seconds), Timer::Execution);
        }
    }

    /// Does what is ready, a bounded amount of it.
    fn run(&mut self) {
        for _ in 0..limits::TRANSITIONS_PER_STEP {
            if self.core.outcome.is_some() {
                return;
            }
            if self.history_is_full() {
                return self.end_after(self.core.last_event, Outcome::Failed(error::history_full()));
            }
            match self.core.ready.pop_front() {
                None => return,
                Some(Work::Enter(frame)) => self.enter(frame),
                Some(Work::StartTask(frame, task)) => self.task_started(frame, task),
                Some(Work::StartChild(frame)) => self.start_child(frame),
                Some(Work::Redrive(frame)) => self.redrive(frame),
            }
        }
        if self.core.outcome.is_none() && !self.core.ready.is_empty() {
            self.command(Command::Resume);
        }
    }

    fn deadline(&mut self, timer: TimerId) {
        let Some(alarm) = self.core.timers.remove(&timer) else { return };
        match alarm.timer {
            Timer::Execution => self.end(Outcome::TimedOut(StatesError::named(names::TIMEOUT))),
            Timer::Wait(frame) => self.wait_over(frame),
            Timer::Retry(frame) => self.retry(frame),
            Timer::TaskTimeout(..) | Timer::Heartbeat(..) => self.tasks_timed_out(alarm),
        }
    }

    // ---- frames and states

    /// A new thread of control, about to enter its first state.
    pub(super) fn spawn(&mut self, frame: Frame) -> FrameId {
        let id = self.core.frames.insert(frame);
        self.core.ready.push_back(Work::Enter(id));
        id
    }

    pub(super) fn frame(&self, id: FrameId) -> Option<&Frame> {
        self.core.frames.get(id)
    }

    pub(super) fn frame_mut(&mut self, id: FrameId) -> Option<&mut Frame> {
        self.core.frames.get_mut(id)
    }

    /// The state that a frame is in.
    pub(super) fn state_of(&self, id: FrameId) -> Option<&'a State> {
        Some(self.program.state(self.frame(id)?.state))
    }

    fn enter(&mut self, id: FrameId) {
        let Some(state) = self.state_of(id) else { return };
        let now = self.now;
        let Some(frame) = self.frame_mut(id).filter(|frame| matches!(frame.phase, Phase::Entering)) else { return };
        frame.before_entered = frame.previous;
        frame.entered_at = now;
        frame.attempts.clear();
        frame.phase = Phase::Ready;
        let input = frame.input.clone();
        let entered = self.emit(id, || HistoryDetail::StateEntered {
            state_type: state.kind.type_name(),
            name: state.name.clone(),
            input,
        });
        if let Some(frame) = self.frame_mut(id) {
            frame.entered = entered;
        }
        match &state.kind {
            StateKind::Pass(pass) => self.pass(id, state, pass),
            StateKind::Task(task) => self.task(id, state, task),
            StateKind::Choice(choice) => self.choice(id, state, choice),
            StateKind::Wait(wait) => self.wait(id, state, wait),
            StateKind::Succeed => self.succeed(id, state),
            StateKind::Fail(fail) => self.fail_state(id, state, fail),
            StateKind::Parallel(parallel) => self.parallel(id, state, parallel),
            StateKind::Map(map) => self.map(id, state, map),
        }
    }

    /// Leaves a state: tells it, sets the variables, goes on.
    pub(super) fn leave(&mut self, id: FrameId, exit: Exit) {
        if self.trial.is_some() {
            return self.trial_left(id, exit);
        }
        self.forget_left(id);
        let Some(state) = self.state_of(id) else { return };
        let Exit { output, assigned, next } = exit;
        self.emit(id, || HistoryDetail::StateExited {
            state_type: state.kind.type_name(),
            name: state.name.clone(),
            output: output.clone(),
            assigned: (!assigned.is_empty())
                .then(|| Value::Object(assigned.iter().map(|(name, value)| (name.clone(), value.clone())).collect())),
        });
        let Some(frame) = self.frame_mut(id) else { return };
        frame.variables.extend(assigned);
        match next {
            Transition::Next(next) => {
                frame.state = next;
                frame.input = output;
                frame.phase = Phase::Entering;
                self.core.ready.push_back(Work::Enter(id));
            }
            Transition::End => self.frame_succeeded(id, output),
        }
    }

    /// A frame reached the end of its states.
    fn frame_succeeded(&mut self, id: FrameId, output: Value) {
        let Some(frame) = self.core.frames.remove(id) else { return };
        match frame.parent {
            None => self.end_after(frame.previous, Outcome::Succeeded { output }),
            Some(parent) => match self.frame(parent).map(|parent| &parent.phase) {
                Some(Phase::Parallel(_)) => self.branch_succeeded(parent, &frame, output),
                Some(Phase::Map(_)) => self.iteration_succeeded(parent, &frame, output),
                _ => {}
            },
        }
    }

    /// A frame failed and nothing in it caught that.
    pub(super) fn frame_failed(&mut self, id: FrameId, error: StatesError) {
        let Some(frame) = self.frame(id) else { return };
        match frame.parent {
            None => {
                let previous = frame.previous;
                self.end_after(previous, Outcome::Failed(error));
            }
            Some(parent) => match self.frame(parent).map(|parent| &parent.phase) {
                Some(Phase::Parallel(_)) => self.branch_failed(parent, id, error),
                Some(Phase::Map(_)) => self.iteration_failed(parent, id, error),
                _ => {}
            },
        }
    }

    /// Ends a frame and everything below it; what was running is told as aborted, after the event `previous`.
    pub(super) fn abort(&mut self, id: FrameId, previous: u64) {
        let mut doomed = vec![id];
        while let Some(id) = doomed.pop() {
            let Some(frame) = self.frame(id) else { continue };
            let entered = frame.entered > 0;
            if !frame.phase.is_down() {
                doomed.extend(frame.phase.children());
            }
            match &frame.phase {
                Phase::Task(running) => {
                    let task = running.task;
                    self.core.tasks.remove(&task);
                    self.command(Command::Abandon { task });
                }
                // Not recorded; as with the state's own MapStateAborted, a stop of the whole execution tells none.
                Phase::MapRun(_) => _ = self.emit_after(previous, || HistoryDetail::MapRunAborted),
                _ => {}
            }
            let Some(frame) = self.frame(id) else { continue };
            let kind = &self.program.state(frame.state).kind;
            // API reference, HistoryEventType: only these four kinds of state can be told as aborted.
            let told =
                matches!(kind, StateKind::Task(_) | StateKind::Wait(_) | StateKind::Parallel(_) | StateKind::Map(_));
            self.put_down(id);
            if told && entered {
                self.emit_after(previous, || HistoryDetail::StateAborted { state_type: kind.type_name() });
            }
        }
    }

    /// A task is done: one of a Task state, or one that a Map Run needs.
    fn task_answered(&mut self, task: TaskId, result: TaskResult) {
        let frame = self.core.tasks.get(&task).and_then(|id| Some((*id, self.frame(*id)?)));
        match frame {
            Some((id, Frame { phase: Phase::MapRun(_), .. })) => self.map_run_task_ended(id, task, result),
            _ => self.task_ended(task, result),
        }
    }

    // ---- the end

    pub(super) fn end(&mut self, outcome: Outcome) {
        // Stops and timeouts come from outside: they follow no event of the execution.
        self.end_after(0, outcome);
    }

    fn end_after(&mut self, previous: u64, outcome: Outcome) {
        self.tell(previous, || match &outcome {
            Outcome::Succeeded { output } => HistoryDetail::ExecutionSucceeded { output: output.clone() },
            Outcome::Failed(error) => HistoryDetail::ExecutionFailed(error.clone()),
            Outcome::TimedOut(error) => HistoryDetail::ExecutionTimedOut(error.clone()),
            Outcome::Aborted(error) => HistoryDetail::ExecutionAborted(error.clone()),
        });
        let frames: Vec<FrameId> = self.core.frames.iter().map(|(id, _)| id).collect();
        for frame in frames {
            self.put_down(frame);
        }
        for task in std::mem::take(&mut self.core.tasks).into_keys() {
            self.command(Command::Abandon { task });
        }
        self.core.timers.clear();
        self.core.ready.clear();
        self.core.outcome = Some(outcome.clone());
        self.command(Command::Finish(outcome));
    }

    // ---- what a turn brings about

    pub(super) fn command(&mut self, command: Command) {
        let (kind, id) = match &command {
            Command::Schedule(task) => (1, task.task.0),
            Command::Abandon { task } => (2, task.0),
            Command::Wake { timer, .. } => (3, timer.0),
            Command::Resume => (4, 0),
            Command::StartChild(child) => (5, child.child.0),
            Command::StopChild { child } => (6, child.0),
            Command::MapRun { .. } => (7, 0),
            Command::Finish(_) => (8, 0),
            Command::RedriveChild { child, .. } => (9, child.0),
        };
        self.digest(kind, id);
        self.effects.commands.push(command);
    }

    /// Asks to be woken; returns the timer's id.
    pub(super) fn wake(&mut self, at: Timestamp, timer: Timer) -> TimerId {
        let id = TimerId(self.core.next_timer);
        self.core.next_timer += 1;
        self.core.timers.insert(id, Alarm { at, timer });
        self.command(Command::Wake { timer: id, at });
        id
    }

    /// Tells a history event that follows the frame's last one; returns its id.
    pub(super) fn emit(&mut self, id: FrameId, detail: impl FnOnce() -> HistoryDetail) -> u64 {
        let previous = self.frame(id).map_or(0, |frame| frame.previous);
        let event = self.emit_after(previous, detail);
        if let Some(frame) = self.frame_mut(id) {
            frame.previous = event;
        }
        event
    }

    /// Tells a history event that follows the event `previous`; returns its id. `detail` is called only when somebody
    /// wants the history.
    pub(super) fn emit_after(&mut self, previous: u64, detail: impl FnOnce() -> HistoryDetail) -> u64 {
        if self.history_is_full() {
            // Only the end of the execution fits; the run loop sees to it.
            return self.core.last_event;
        }
        self.tell(previous, detail)
    }

    fn history_is_full(&self) -> bool {
        let limited = self.core.start.machine_type == MachineType::Standard;
        limited && self.core.last_event + 1 >= limits::HISTORY_EVENTS_MAX
    }

    fn tell(&mut self, previous: u64, detail: impl FnOnce() -> HistoryDetail) -> u64 {
        self.core.last_event += 1;
        let id = self.core.last_event;
        self.digest(id << 8, previous);
        if let Some(history) = &mut self.effects.history {
            history.push(HistoryEvent { id, previous, timestamp: self.now, detail: detail() });
        }
        id
    }

    fn digest(&mut self, kind: u64, id: u64) {
        self.core.digest = mix(self.core.digest ^ mix(kind).wrapping_add(id));
    }

    /// What lies around a frame's state while it is evaluated.
    pub(super) fn surroundings(&self, id: FrameId) -> Surroundings<'_> {
        Surroundings {
            program: self.program,
            core: self.core,
            frame: id,
            now: self.now,
            given_context: self.trial.and_then(|trial| trial.context.as_ref()),
            task: None,
            map_item: None,
            context: OnceCell::new(),
        }
    }
}
