//! | state | when | then |
//! |---|---|---|
//! | Map (inline; [`super::map_run`] has the distributed one) | entered, or retried | its items are found; up to MaxConcurrency iterations start, each with its item |
//! | Map | an iteration ends | its output is kept and the next item starts; after the last, left with the array of outputs |
//! | Map | an iteration fails | the others are aborted; the state fails with the iteration's error |

use crate::definition::program::{Dynamic, Items, Map, State, StateKind};
use crate::error::{self, StatesError};
use crate::history::HistoryDetail;
use crate::limits;
use crate::machine::MapItem;
use crate::machine::data_flow::ResultFlow;
use crate::machine::frame::{Frame, FrameId, Iterations, Join, Phase};
use crate::machine::turn::Turn;
use crate::query::{Location, QueryError, QueryLanguage, Scope, Template};
use crate::value::{Array, Value};

impl Turn<'_> {
    pub(in crate::machine) fn map(&mut self, id: FrameId, state: &State, map: &Map) {
        if let Some((trial, body)) = self.trial.and_then(|trial| Some((trial, trial.body.as_ref()?))) {
            return self.map_trial(id, state, map, trial, body);
        }
        if let Some(distributed) = &map.distributed {
            return self.map_run(id, state, map, distributed);
        }
        let prepared = self.effective_input(id, state).and_then(|input| {
            let items = self.map_items(id, state, map, &input)?;
            let concurrency = self.whole_number(id, &map.max_concurrency, "MaxConcurrency", state, &input)?;
            Ok((input, items, concurrency))
        });
        match prepared {
            Ok((effective_input, items, concurrency)) => {
                let concurrency = match usize::try_from(concurrency).unwrap_or(usize::MAX) {
                    0 => limits::INLINE_MAP_CONCURRENCY_MAX,
                    limit => limit.min(limits::INLINE_MAP_CONCURRENCY_MAX),
                };
                let length = items.len();
                let started = self.emit(id, || HistoryDetail::MapStateStarted { length: length as u64 });
                let join = Join::new(length);
                let iterations = Iterations { join, items, next: 0, concurrency, effective_input };
                if let Some(frame) = self.frame_mut(id) {
                    frame.phase = Phase::Map(Box::new(iterations));
                }
                if length == 0 {
                    return self.map_succeeded(id, started);
                }
                for _ in 0..concurrency.min(length) {
                    if !self.start_iteration(id, state, map, started) {
                        return;
                    }
                }
            }
            Err(error) => self.map_evaluation_failed(id, error),
        }
    }

    /// The items that the state's effective input or its own fields give.
    pub(super) fn map_items(&self, id: FrameId, state: &State, map: &Map, input: &Value) -> Result<Array, QueryError> {
        let items = match &map.items {
            None => input.clone(),
            Some(Items::Path(path)) => self.evaluate(id, path, "ItemsPath", input)?,
            Some(Items::Template(template)) => {
                let items = self.apply_template(id, Some(template), "Items", input.clone())?;
                if items.as_array().is_none() {
                    return Err(match template {
                        Template::Expression(expression) => {
                            error::unexpected_type(expression, &Location::field("Items"), "array", &items)
                        }
                        _ => error::items_not_an_array(&items).into(),
                    });
                }
                items
            }
        };
        let Value::Array(items) = items else {
            let mut error = match &map.items {
                Some(Items::Path(path)) => error::items_path_not_an_array(path.source()),
                _ => error::items_not_an_array(&items),
            };
            if state.query_language == QueryLanguage::Jsonata {
                error.error = Some(error::names::QUERY_EVALUATION_ERROR.into());
            }
            return Err(error.into());
        };
        Ok(items)
    }

    /// A field that must be a whole number of 0 or more.
    pub(in crate::machine) fn whole_number(
        &self,
        id: FrameId,
        field: &Dynamic<u64>,
        name: &'static str,
        state: &State,
        input: &Value,
    ) -> Result<u64, QueryError> {
        match field {
            Dynamic::Literal(number) => Ok(*number),
            Dynamic::Query(expression) => {
                let value = self.evaluate(id, expression, name, input)?;
                // AWS takes text that is a whole number, too (recorded).
                let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
                match number {
                    Some(number) if number >= 0 => Ok(number as u64),
                    Some(_) => Err(error::negative(expression, name)),
                    None if state.query_language == QueryLanguage::Jsonata => {
                        Err(error::unexpected_type(expression, &Location::field(name), "number", &value))
                    }
                    None => Err(error::not_an_integer(&format!("{name}Path"), expression.source(), &value).into()),
                }
            }
        }
    }

    /// Starts iterations until as many run as may, after a redrive.
    pub(in crate::machine) fn start_iterations(&mut self, id: FrameId, map: &Map, previous: u64) {
        let Some(state) = self.state_of(id) else { return };
        let started = |turn: &Self| match turn.frame(id).map(|frame| &frame.phase) {
            Some(phase @ Phase::Map(iterations)) => {
                iterations.next == iterations.items.len() || phase.children().count() >= iterations.concurrency
            }
            _ => true,
        };
        while !started(self) && self.start_iteration(id, state, map, previous) {}
    }

    /// Starts the iteration of the next item. False when that failed the state.
    fn start_iteration(&mut self, id: FrameId, state: &State, map: &Map, previous: u64) -> bool {
        let Some(Frame { phase: Phase::Map(iterations), .. }) = self.frame_mut(id) else { return false };
        let index = iterations.next;
        let Some(item) = iterations.items.get(index).cloned() else { return true };
        let effective_input = iterations.effective_input.clone();
        let item = MapItem { index: index as u64, value: item, source: None };
        let input = match self.select_item(id, map, &item, &effective_input) {
            Ok(input) => input,
            Err(error) => {
                self.map_evaluation_failed(id, error);
                return false;
            }
        };
        let started = self.emit_after(previous, || HistoryDetail::MapIterationStarted {
            name: state.name.clone(),
            index: index as u64,
        });
        let mut iteration = Frame::new(Some(id), index, map.processor, input, started);
        iteration.map_item = Some(item);
        let iteration = self.spawn(iteration);
        if let Some(Frame { phase: Phase::Map(iterations), .. }) = self.frame_mut(id) {
            iterations.join.children[index] = Some(iteration);
            iterations.next += 1;
        }
        true
    }

    /// ItemSelector applied to one item. `input` is what it sees as `$`: the state's effective input.
    pub(super) fn select_item(
        &self,
        id: FrameId,
        map: &Map,
        item: &MapItem,
        input: &Value,
    ) -> Result<Value, QueryError> {
        let Some(selector) = &map.item_selector else { return Ok(item.value.clone()) };
        let mut environment = self.surroundings(id);
        environment.map_item = Some(item);
        let selected = selector.evaluate(
            &Scope { input, result: None, error_output: None, environment: &environment },
            &Location::field("ItemSelector"),
        )?;
        if let Some(state) = self.state_of(id) {
            self.check_size(&selected, &state.name)?;
        }
        Ok(selected)
    }

    pub(in crate::machine) fn iteration_succeeded(&mut self, id: FrameId, iteration: &Frame, output: Value) {
        let Some(state) = self.state_of(id) else { return };
        let StateKind::Map(map) = &state.kind else { return };
        let index = iteration.slot;
        let succeeded = self.emit_after(iteration.previous, || HistoryDetail::MapIterationSucceeded {
            name: state.name.clone(),
            index: index as u64,
        });
        let Some(Frame { phase: Phase::Map(iterations), .. }) = self.frame_mut(id) else { return };
        iterations.join.results[index] = output;
        iterations.join.children[index] = None;
        iterations.join.remaining -= 1;
        if iterations.join.remaining == 0 {
            self.map_succeeded(id, succeeded);
        } else {
            self.start_iteration(id, state, map, iteration.previous);
        }
    }

    fn map_succeeded(&mut self, id: FrameId, previous: u64) {
        let Some(state) = self.state_of(id) else { return };
        let StateKind::Map(map) = &state.kind else { return };
        let Some(frame) = self.frame_mut(id) else { return };
        frame.previous = previous;
        let Phase::Map(iterations) = std::mem::replace(&mut frame.phase, Phase::Ready) else { return };
        self.emit_after(previous, || HistoryDetail::MapStateSucceeded);
        let flow = ResultFlow {
            result_selector: map.result_selector.as_ref(),
            result_path: &map.result_path,
            defines_result: true,
            ..ResultFlow::plain(state)
        };
        self.state_succeeded(id, Value::from(iterations.join.results), flow);
    }

    pub(in crate::machine) fn iteration_failed(&mut self, id: FrameId, iteration: FrameId, error: StatesError) {
        let Some(state) = self.state_of(id) else { return };
        let Some((previous, index)) = self.frame(iteration).map(|frame| (frame.previous, frame.slot)) else { return };
        self.emit_after(previous, || HistoryDetail::MapIterationFailed {
            name: state.name.clone(),
            index: index as u64,
        });
        self.abort(iteration, previous);
        self.abort_iterations(id, previous, state);
        self.map_failed(id, error);
    }

    /// Ends the iterations that still run.
    fn abort_iterations(&mut self, id: FrameId, previous: u64, state: &State) {
        let Some(frame) = self.frame_mut(id) else { return };
        frame.previous = previous;
        let children: Vec<FrameId> = frame.phase.children().collect();
        for child in children {
            let Some(index) = self.frame(child).filter(|child| !child.phase.is_down()).map(|child| child.slot) else {
                continue;
            };
            self.emit_after(previous, || HistoryDetail::MapIterationAborted {
                name: state.name.clone(),
                index: index as u64,
            });
            self.abort(child, previous);
        }
        self.put_down(id);
    }

    pub(super) fn map_evaluation_failed(&mut self, id: FrameId, error: QueryError) {
        let (Some(state), Some(previous)) = (self.state_of(id), self.frame(id).map(|frame| frame.previous)) else {
            return;
        };
        self.abort_iterations(id, previous, state);
        self.tell_evaluation_failed(id, error, |turn, id, error| turn.map_failed(id, error));
    }

    /// The state failed after MapStateStarted; the iterations or the Map Run are over already.
    pub(super) fn map_failed(&mut self, id: FrameId, error: StatesError) {
        let Some(state) = self.state_of(id) else { return };
        if self.retried(id, state, &error.clone().into()) {
            return;
        }
        self.emit(id, || HistoryDetail::MapStateFailed);
        self.state_not_retried(id, error.into());
    }
}
