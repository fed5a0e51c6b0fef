//! Redrive: an execution that ended without success goes on from where it failed (Developer Guide, *Restarting state machine
//! executions with redrive*).
//!
//! What fails is not forgotten at once: its frames are put down, and stay until the state above them is left or retried. So
//! when the execution has ended, exactly what did not succeed is still there.
//!
//! | what was put down | what a redrive does |
//! |---|---|
//! | a Task, Wait, Choice, Pass or Succeed state | it is evaluated again, without being entered again; its retries count from 0 |
//! | a Fail state | it is entered again, and fails again |
//! | a Parallel state, a branch of which failed | the branches that did not succeed go on |
//! | an inline Map state, an iteration of which failed | the iterations that did not succeed go on; the others start |
//! | a distributed Map state whose Map Run failed | the child executions that did not succeed are redriven, see `state::map_run` |
//! | any of the three, which failed after that | it runs again as a whole |

use super::Work;
use super::event::{MapRunStatus, Outcome};
use super::frame::{FrameId, Left, Phase};
use super::turn::Turn;
use crate::definition::program::StateKind;
use crate::history::HistoryDetail;

impl Turn<'_> {
    /// The execution is redriven.
    pub(super) fn redriven(&mut self) {
        match self.core.outcome {
            Some(Outcome::Failed(_) | Outcome::TimedOut(_) | Outcome::Aborted(_)) => {}
            Some(Outcome::Succeeded { .. }) | None => return,
        }
        self.core.outcome = None;
        self.core.redrives += 1;
        self.core.redriven_at = Some(self.now);
        let redrive_count = self.core.redrives;
        let ended = self.core.last_event;
        self.emit_after(ended, || HistoryDetail::ExecutionRedriven { redrive_count });
        self.limit_time();
        let roots: Vec<FrameId> =
            self.core.frames.iter().filter(|(_, frame)| frame.parent.is_none()).map(|(id, _)| id).collect();
        self.core.ready.extend(roots.into_iter().map(Work::Redrive));
    }

    /// Goes on with a frame that was put down.
    pub(super) fn redrive(&mut self, id: FrameId) {
        let Some(state) = self.state_of(id) else { return };
        // The branches and iterations of a redriven state follow what the state itself follows: ExecutionRedriven.
        let parent = self.frame(id).and_then(|frame| self.frame(frame.parent?));
        let previous = parent.map_or(self.core.last_event, |parent| parent.previous);
        let Some(frame) = self.frame_mut(id).filter(|frame| frame.phase.is_down()) else { return };
        frame.attempts.clear();
        frame.previous = previous;
        match std::mem::replace(&mut frame.phase, Phase::Ready) {
            Phase::Down(Left::Entering) => self.enter_again(id),
            Phase::Down(Left::State) => match &state.kind {
                StateKind::Pass(pass) => self.pass(id, state, pass),
                StateKind::Task(task) => self.task(id, state, task),
                StateKind::Choice(choice) => self.choice(id, state, choice),
                StateKind::Wait(wait) => self.wait(id, state, wait),
                StateKind::Succeed => self.succeed(id, state),
                StateKind::Fail(_) => self.enter_again(id),
                StateKind::Parallel(parallel) => self.parallel(id, state, parallel),
                StateKind::Map(map) => self.map(id, state, map),
            },
            Phase::Down(Left::Parallel(join)) => self.go_on_with(id, Phase::Parallel(join)),
            Phase::Down(Left::Map(iterations)) => {
                self.go_on_with(id, Phase::Map(iterations));
                if let StateKind::Map(map) = &state.kind {
                    self.start_iterations(id, map, previous);
                }
            }
            Phase::Down(Left::MapRun(run)) => self.redrive_map_run(id, run),
            other => frame.phase = other,
        }
    }

    fn enter_again(&mut self, id: FrameId) {
        if let Some(frame) = self.frame_mut(id) {
            frame.phase = Phase::Entering;
            self.core.ready.push_back(Work::Enter(id));
        }
    }

    fn go_on_with(&mut self, id: FrameId, phase: Phase) {
        let Some(frame) = self.frame_mut(id) else { return };
        frame.phase = phase;
        let children: Vec<FrameId> = frame.phase.children().collect();
        self.core.ready.extend(children.into_iter().map(Work::Redrive));
    }

    /// The frame is not worked on any more, but kept as it is for a redrive. What it waits for is abandoned elsewhere, but
    /// for a Map Run.
    pub(super) fn put_down(&mut self, id: FrameId) {
        let Some(frame) = self.frame_mut(id).filter(|frame| !frame.phase.is_down()) else { return };
        let left = match std::mem::replace(&mut frame.phase, Phase::Ready) {
            Phase::Entering => Left::Entering,
            Phase::Parallel(join) => Left::Parallel(join),
            Phase::Map(iterations) => Left::Map(iterations),
            Phase::MapRun(run) => {
                self.abandon_map_run(&run, MapRunStatus::Aborted);
                run.put_down()
            }
            Phase::Ready | Phase::Task(_) | Phase::Timer | Phase::Down(_) => Left::State,
        };
        if let Some(frame) = self.frame_mut(id) {
            frame.phase = Phase::Down(left);
        }
    }

    /// The frame's state is left or runs again as a whole: what was put down below it will never go on.
    pub(super) fn forget_left(&mut self, id: FrameId) {
        let Some(frame) = self.frame_mut(id).filter(|frame| frame.phase.is_down()) else { return };
        let phase = std::mem::replace(&mut frame.phase, Phase::Ready);
        let mut doomed: Vec<FrameId> = phase.children().collect();
        while let Some(id) = doomed.pop() {
            doomed.extend(self.core.frames.remove(id).iter().flat_map(|frame| frame.phase.children()));
        }
    }
}
