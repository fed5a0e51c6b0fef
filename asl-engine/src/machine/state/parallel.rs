//! | state | when | then |
//! |---|---|---|
//! | Parallel | entered, or retried | every branch starts with its input |
//! | Parallel | a branch ends | its output is kept; after the last, left with the array of outputs |
//! | Parallel | a branch fails | the others are aborted; the state fails with the branch's error |

use crate::definition::program::{Parallel, State, StateKind};
use crate::error::StatesError;
use crate::history::HistoryDetail;
use crate::machine::data_flow::ResultFlow;
use crate::machine::frame::{Frame, FrameId, Join, Phase};
use crate::machine::turn::Turn;
use crate::query::QueryError;
use crate::value::Value;

impl Turn<'_> {
    pub(in crate::machine) fn parallel(&mut self, id: FrameId, state: &State, parallel: &Parallel) {
        let input = self
            .effective_input(id, state)
            .and_then(|input| self.apply_template(id, parallel.arguments.as_ref(), "Arguments", input))
            .and_then(|input| self.check_size(&input, &state.name).map(|()| input).map_err(QueryError::from));
        let input = match input {
            Ok(input) => input,
            Err(error) => return self.evaluation_failed(id, error),
        };
        match self.trial.and_then(|trial| trial.body.clone()) {
            Some(Ok(results)) => return self.parallel_succeeded(id, results),
            Some(Err(error)) => return self.state_failed(id, error.into()),
            None => {}
        }
        let started = self.emit(id, || HistoryDetail::ParallelStateStarted);
        let mut join = Join::new(parallel.branches.len());
        for (slot, start_at) in parallel.branches.iter().enumerate() {
            let branch = self.spawn(Frame::new(Some(id), slot, *start_at, input.clone(), started));
            join.children[slot] = Some(branch);
        }
        if let Some(frame) = self.frame_mut(id) {
            frame.phase = Phase::Parallel(join);
        }
    }

    pub(in crate::machine) fn branch_succeeded(&mut self, id: FrameId, branch: &Frame, output: Value) {
        let Some(frame) = self.frame_mut(id) else { return };
        let Phase::Parallel(join) = &mut frame.phase else { return };
        join.results[branch.slot] = output;
        join.children[branch.slot] = None;
        join.remaining -= 1;
        if join.remaining > 0 {
            return;
        }
        let results = Value::from(std::mem::take(&mut join.results));
        frame.previous = branch.previous;
        self.emit_after(branch.previous, || HistoryDetail::ParallelStateSucceeded);
        self.parallel_succeeded(id, results);
    }

    fn parallel_succeeded(&mut self, id: FrameId, results: Value) {
        let Some(state) = self.state_of(id) else { return };
        let StateKind::Parallel(parallel) = &state.kind else { return };
        let flow = ResultFlow {
            result_selector: parallel.result_selector.as_ref(),
            result_path: &parallel.result_path,
            defines_result: true,
            ..ResultFlow::plain(state)
        };
        self.state_succeeded(id, results, flow);
    }

    pub(in crate::machine) fn branch_failed(&mut self, id: FrameId, branch: FrameId, error: StatesError) {
        let Some(previous) = self.frame(branch).map(|branch| branch.previous) else { return };
        self.abort(branch, previous);
        let Some(frame) = self.frame_mut(id) else { return };
        frame.previous = previous;
        let others: Vec<FrameId> = frame.phase.children().filter(|other| *other != branch).collect();
        for other in others {
            self.abort(other, previous);
        }
        self.put_down(id);
        let Some(state) = self.state_of(id) else { return };
        if self.retried(id, state, &error.clone().into()) {
            return;
        }
        self.emit(id, || HistoryDetail::ParallelStateFailed);
        self.state_not_retried(id, error.into());
    }
}
