//! The distributed Map state: a Map Run, whose items are processed by child executions of their own.
//!
//! | state | when | then |
//! |---|---|---|
//! | Map | entered, or retried | its items are found, or its ItemReader is asked for them; its limits are evaluated |
//! | Map Run | its items are known | child executions start, up to MaxConcurrency at once, each with an item or a batch |
//! | Map Run | a child succeeds | its result is kept; the next child starts |
//! | Map Run | a child ends otherwise | its items count as failed; beyond the tolerated failures the Map Run fails, else as above |
//! | Map Run | enough results wait for its ResultWriter | it is given them, and no child starts meanwhile |
//! | Map Run | the last child is over | its ResultWriter, if any, is given the rest; the Map Run succeeds |
//! | Map Run | it fails and has a ResultWriter | children that still run are stopped, and the results written, before it ends |
//! | Map Run | redriven | the children that did not succeed go on (EXPRESS ones start anew); then as above |
//! | Map | its Map Run succeeded | left with the results |
//! | Map | its Map Run failed | children that still run are stopped; the state fails with the Map Run's error |
//!
//! Each start of a child is a transition of its own, so that 10,000 of them do not hold up anybody else.

use super::map_run_fields::Batches;
use super::map_run_names::{self, MapRunNames};
use super::map_run_results::{Results, is_written};
use super::map_run_writer::Writing;
use crate::definition::program::{Distributed, ItemReader, Map, State, StateKind};
use crate::error::{self, StatesError, names};
use crate::history::HistoryDetail;
use crate::limits;
use crate::machine::data_flow::ResultFlow;
use crate::machine::frame::{Frame, FrameId, Left, Phase};
use crate::machine::turn::Turn;
use crate::machine::{
    ChildCommand, ChildId, Command, MachineType, MapItem, MapRunLimits, MapRunNews, MapRunStatus, Outcome, Start,
    TaskCommand, TaskId, Work,
};
use crate::query::QueryError;
use crate::task::{ItemsRead, Purpose, Resource, TaskResult};
use crate::time::Timestamp;
use crate::value::{Array, Object, Str, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A Map Run under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::machine) struct MapRun {
    pub(super) arn: Str,
    names: MapRunNames,
    /// What ItemSelector sees as `$`: the state's effective input.
    pub(super) effective_input: Value,
    limits: MapRunLimits,
    batches: Option<Batches>,
    /// INVARIANT: while it is under way, no child starts; while items are read or the last results written, none runs.
    pub(super) errand: Option<Errand>,
    pub(super) items: Array,
    /// Where the items come from, and the first index that comes from elsewhere. Empty: from the state's input.
    pub(super) sources: Vec<(Str, u64)>,
    /// The next item to be given to a child.
    pub(super) next: usize,
    /// The next child's place among the results.
    pub(super) next_slot: usize,
    running: BTreeMap<ChildId, Child>,
    /// The children that ended without success, for a redrive.
    unsuccessful: BTreeMap<ChildId, Child>,
    /// Those of them that are to be redriven before other children start.
    again: BTreeMap<ChildId, Child>,
    /// How often it was redriven.
    pub(super) redrives: u64,
    pub(super) results: Results,
    pub(super) writing: Writing,
    failed_items: u64,
    /// INVARIANT: true exactly while a `Work::StartChild` of this Map Run is ready.
    starting: bool,
}

/// A task that the Map Run waits for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Errand {
    /// Its ItemReader.
    Reading { task: TaskId, max_items: Option<u64> },
    /// Its ResultWriter.
    Writing { task: TaskId, last: bool },
}

/// A child execution that runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Child {
    /// Its place among the results.
    pub(super) slot: usize,
    items: u64,
    pub(super) input: Value,
    pub(super) execution_arn: Str,
    pub(super) execution_name: Str,
    pub(super) state_machine_arn: Str,
    pub(super) started: Timestamp,
    /// How often it was redriven.
    pub(super) redrives: u64,
    map_item: Option<MapItem>,
}

impl Child {
    /// One that is about to start.
    fn new(slot: usize, items: u64, input: Value, map_item: Option<MapItem>) -> Self {
        Child {
            slot,
            items,
            input,
            execution_arn: Str::default(),
            execution_name: Str::default(),
            state_machine_arn: Str::default(),
            started: Timestamp::default(),
            redrives: 0,
            map_item,
        }
    }
}

impl MapRun {
    fn may_start(&self) -> bool {
        let most = match usize::try_from(self.limits.max_concurrency.unwrap_or(0)).unwrap_or(usize::MAX) {
            0 => limits::DISTRIBUTED_MAP_CONCURRENCY_MAX,
            limit => limit.min(limits::DISTRIBUTED_MAP_CONCURRENCY_MAX),
        };
        let waiting = !self.again.is_empty() || self.next < self.items.len();
        self.errand.is_none() && waiting && self.running.len() < most
    }

    /// What a redrive goes on with. A Map Run that is interrupted while it reads or writes, or of which results could not be
    /// written, runs again as a whole.
    pub(in crate::machine) fn put_down(mut self: Box<Self>) -> Left {
        if self.errand.is_some() || self.writing.has_failed {
            return Left::State;
        }
        let running = std::mem::take(&mut self.running);
        self.unsuccessful.extend(running);
        let again = std::mem::take(&mut self.again);
        self.unsuccessful.extend(again);
        if let Some((next, next_slot)) = self.writing.pending_from.take() {
            (self.next, self.next_slot) = (next, next_slot);
        }
        self.starting = false;
        Left::MapRun(self)
    }

    /// Where an item comes from (Developer Guide, *Context object*, `Map.Item.Source`).
    fn source(&self, index: u64) -> Str {
        let at = self.sources.partition_point(|(_, end)| *end <= index);
        self.sources.get(at).map_or(Str::new_static("STATE_DATA"), |(source, _)| source.clone())
    }

    /// Did more items fail than are tolerated? (Developer Guide, *Tolerated failure threshold*: either limit counts; without
    /// both, none is tolerated.)
    fn has_failed(&self) -> bool {
        let MapRunLimits { tolerated_failure_count, tolerated_failure_percentage, .. } = self.limits;
        if tolerated_failure_count.is_none() && tolerated_failure_percentage.is_none() {
            return self.failed_items > 0;
        }
        self.limits.exceeded_by(self.failed_items, self.items.len())
    }
}

impl Turn<'_> {
    pub(super) fn map_run(&mut self, id: FrameId, state: &State, map: &Map, distributed: &Distributed) {
        let prepared = match self.prepare_map_run(id, state, map, distributed) {
            Ok(prepared) => prepared,
            Err(error) => return self.map_evaluation_failed(id, error),
        };
        // Recorded: 0 when an ItemReader finds the items.
        let length = prepared.items.len() as u64;
        self.emit(id, || HistoryDetail::MapStateStarted { length });
        let evaluated = self.map_run_limits(id, state, map, &prepared).and_then(|limits| {
            let batches = distributed.item_batcher.as_ref();
            let batches = batches.map(|batcher| self.batches(id, state, batcher, &prepared.effective_input));
            let reader = distributed.item_reader.as_ref();
            let reader = reader.map(|reader| self.reader_arguments(id, reader, &prepared.effective_input));
            Ok((limits, batches.transpose()?, reader.transpose()?))
        });
        let (limits, batches, reader_arguments) = match evaluated {
            Ok(evaluated) => evaluated,
            // Recorded: without MapStateFailed, as there is no Map Run yet.
            Err(error) => return self.evaluation_failed(id, error),
        };
        let Some(state_id) = self.frame(id).map(|frame| frame.state) else { return };
        let own = &self.core.start;
        let label = distributed.label.clone().unwrap_or_else(|| map_run_names::label(own, state_id));
        let arn = map_run_names::map_run_arn(own, &label, &self.core.rng.uuid());
        let names = MapRunNames::new(own, &label, distributed.express);
        self.emit(id, || HistoryDetail::MapRunStarted { map_run_arn: arn.clone() });
        let news = MapRunNews::Started { limits, batched: batches.is_some() };
        self.command(Command::MapRun { map_run_arn: arn.clone(), news });
        let run = MapRun {
            arn,
            names,
            effective_input: prepared.effective_input,
            limits,
            batches,
            errand: None,
            items: Array::default(),
            sources: Vec::new(),
            next: 0,
            next_slot: 0,
            running: BTreeMap::new(),
            unsuccessful: BTreeMap::new(),
            again: BTreeMap::new(),
            redrives: 0,
            results: Results::default(),
            writing: Writing::default(),
            failed_items: 0,
            starting: false,
        };
        if let Some(frame) = self.frame_mut(id) {
            frame.phase = Phase::MapRun(Box::new(run));
        }
        match (&distributed.item_reader, reader_arguments) {
            (Some(reader), Some(arguments)) => self.read_items(id, reader, arguments),
            _ => self.items_found(id, ItemsRead { items: prepared.items, sources: Vec::new() }),
        }
    }

    // ---- reading items

    fn read_items(&mut self, id: FrameId, reader: &ItemReader, arguments: Value) {
        let Some(input) = self.run_of(id).map(|run| run.effective_input.clone()) else { return };
        let max_items = match self.max_items(id, reader, &input) {
            Ok(max_items) => max_items,
            Err(error) => return self.map_run_failed(id, error),
        };
        let purpose = Purpose::ReadItems { config: reader.config.clone(), max_items };
        let errand = |task| Errand::Reading { task, max_items };
        self.ask(id, (purpose, reader.resource.clone(), arguments), errand);
    }

    /// Asks for a task that the Map Run needs; `errand` says for which. Recorded: the history tells nothing of it.
    pub(super) fn ask(
        &mut self,
        id: FrameId,
        (purpose, resource, input): (Purpose, Resource, Value),
        errand: impl FnOnce(TaskId) -> Errand,
    ) {
        let Some(state) = self.state_of(id) else { return };
        let task = TaskId(self.core.next_task);
        let mut command = TaskCommand {
            purpose,
            task,
            state: state.name.clone(),
            invocation: 0,
            resource,
            input,
            credentials: None,
            timeout_seconds: None,
            heartbeat_seconds: None,
            token: None,
        };
        self.register(id, &mut command);
        if let Some(run) = self.run_of(id) {
            run.errand = Some(errand(task));
        }
        self.command(Command::Schedule(Box::new(command)));
    }

    /// The ItemReader or ResultWriter answered.
    pub(in crate::machine) fn map_run_task_ended(&mut self, id: FrameId, task: TaskId, result: TaskResult) {
        self.core.tasks.remove(&task);
        let Some(run) = self.run_of(id) else { return };
        match run.errand.take() {
            Some(Errand::Reading { max_items, .. }) => self.reader_answered(id, max_items, result),
            Some(Errand::Writing { last, .. }) => self.results_written(id, last, result),
            None => {}
        }
    }

    fn reader_answered(&mut self, id: FrameId, max_items: Option<u64>, result: TaskResult) {
        match result.map(ItemsRead::of) {
            Ok(Some(mut read)) => {
                let most = max_items.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
                if read.items.len() > most {
                    read.items = read.items[..most].iter().cloned().collect();
                }
                self.items_found(id, read);
            }
            Ok(None) => self.map_run_failed(id, error::items_not_iterable()),
            Err(error) => self.map_run_failed(id, renamed(names::ITEM_READER_FAILED, error)),
        }
    }

    // ---- children

    fn items_found(&mut self, id: FrameId, ItemsRead { items, sources }: ItemsRead) {
        let Some(run) = self.run_of(id) else { return };
        let (map_run_arn, news) = (run.arn.clone(), MapRunNews::ItemsFound { items: items.len() as u64 });
        run.items = items;
        let ends = sources.into_iter().scan(0, |end, (source, items)| {
            *end += items;
            Some((source, *end))
        });
        run.sources = ends.collect();
        self.command(Command::MapRun { map_run_arn, news });
        self.go_on(id);
    }

    /// Starts what may be started, and ends what is over. While an errand is under way that has to wait.
    pub(super) fn go_on(&mut self, id: FrameId) {
        let Some(run) = self.run_of(id).filter(|run| run.errand.is_none()) else { return };
        if run.has_failed() {
            self.tolerance_exceeded(id);
        } else if run.results.part_is_full() {
            self.write_results(id, false);
        } else if run.may_start() && !run.starting {
            run.starting = true;
            self.core.ready.push_back(Work::StartChild(id));
        } else if run.running.is_empty() && run.again.is_empty() && run.next == run.items.len() {
            self.children_over(id);
        }
    }

    /// Starts the next child.
    pub(in crate::machine) fn start_child(&mut self, id: FrameId) {
        let (Some((map, distributed)), Some(run)) = (self.distributed(id), self.run_of(id)) else { return };
        run.starting = false;
        if !run.may_start() {
            return;
        }
        let again = run.again.pop_first();
        if let Some((child, about)) = again {
            return if distributed.express {
                self.start(id, child, Child { redrives: about.redrives + 1, ..about })
            } else {
                self.redrive_child(id, child, about)
            };
        }
        let slot = run.next_slot;
        let (input, items, map_item) = match self.next_input(id, map) {
            Ok(next) => next,
            Err(error) => return self.tell_evaluation_failed(id, error, Self::map_run_failed),
        };
        let child = ChildId(self.core.next_child);
        self.core.next_child += 1;
        if let Some(run) = self.run_of(id) {
            run.next += items as usize;
            run.next_slot += 1;
        }
        self.start(id, child, Child::new(slot, items, input, map_item));
    }

    /// Starts a child, for the first time or, if it is an EXPRESS one, again: then as an execution of its own, in the first
    /// one's place.
    fn start(&mut self, id: FrameId, child: ChildId, about: Child) {
        let Some((map, distributed)) = self.distributed(id) else { return };
        self.core.children.insert(child, id);
        let name = self.core.rng.uuid();
        let express_id = distributed.express.then(|| self.core.rng.uuid());
        let seed = self.core.rng.next();
        let Start { role_arn, test_case, .. } = &self.core.start;
        let (now, role_arn, test_case) = (self.now, role_arn.clone(), test_case.clone());
        let Some(run) = self.run_of(id) else { return };
        let start = Start {
            input: about.input.clone(),
            input_text: None,
            execution_arn: run.names.child(&name, express_id.as_deref()),
            execution_name: name.into(),
            role_arn,
            state_machine_arn: run.names.state_machine_arn.clone(),
            state_machine_name: run.names.state_machine_name.clone(),
            state_machine_version_arn: None,
            state_machine_alias_arn: None,
            trace_header: None,
            machine_type: if distributed.express { MachineType::Express } else { MachineType::Standard },
            seed,
            start_at: Some(map.processor),
            test_case,
            map_item: about.map_item.clone(),
        };
        let (items, again) = (about.items, about.redrives > 0);
        let about = Child {
            execution_arn: start.execution_arn.clone(),
            execution_name: start.execution_name.clone(),
            state_machine_arn: start.state_machine_arn.clone(),
            started: now,
            ..about
        };
        run.running.insert(child, about);
        let map_run_arn = run.arn.clone();
        self.command(Command::StartChild(Box::new(ChildCommand { child, map_run_arn, items, again, start })));
        self.go_on(id);
    }

    /// Redrives a STANDARD child.
    fn redrive_child(&mut self, id: FrameId, child: ChildId, mut about: Child) {
        about.redrives += 1;
        let (execution_arn, redrives) = (about.execution_arn.clone(), about.redrives);
        self.core.children.insert(child, id);
        if let Some(run) = self.run_of(id) {
            run.running.insert(child, about);
        }
        self.command(Command::RedriveChild { child, execution_arn, redrives });
        self.go_on(id);
    }

    /// The execution is redriven, and with it a Map Run of which too many items had failed.
    pub(in crate::machine) fn redrive_map_run(&mut self, id: FrameId, mut run: Box<MapRun>) {
        run.redrives += 1;
        run.failed_items = 0;
        run.again = std::mem::take(&mut run.unsuccessful);
        run.writing.reopen();
        let (map_run_arn, redrive_count) = (run.arn.clone(), run.redrives);
        if let Some(frame) = self.frame_mut(id) {
            frame.phase = Phase::MapRun(run);
        }
        self.emit(id, || HistoryDetail::MapRunRedriven { map_run_arn: map_run_arn.clone(), redrive_count });
        self.command(Command::MapRun { map_run_arn, news: MapRunNews::Redriven });
        self.go_on(id);
    }

    /// The input of the next child, how many items it takes, and the item, when it takes just one.
    pub(super) fn next_input(&self, id: FrameId, map: &Map) -> Result<(Value, u64, Option<MapItem>), QueryError> {
        let Some(Frame { phase: Phase::MapRun(run), .. }) = self.frame(id) else { return Ok((Value::Null, 0, None)) };
        let rest = run.items.iter().enumerate().skip(run.next);
        let mut rest = rest.map(|(index, item)| {
            let index = index as u64;
            MapItem { index, value: item.clone(), source: Some(run.source(index)) }
        });
        let Some(batches) = &run.batches else {
            let Some(item) = rest.next() else { return Ok((Value::Null, 0, None)) };
            return Ok((self.select_item(id, map, &item, &run.effective_input)?, 1, Some(item)));
        };
        let (batch, count) = self.next_batch(id, map, batches, rest, &run.effective_input)?;
        Ok((batch, count, None))
    }

    /// The input of a child that takes as many items of the rest as fit into a batch, and how many these are: one at least,
    /// unless the rest is empty.
    pub(super) fn next_batch(
        &self,
        id: FrameId,
        map: &Map,
        batches: &Batches,
        rest: impl Iterator<Item = MapItem>,
        input: &Value,
    ) -> Result<(Value, u64), QueryError> {
        let batch = |items: Vec<Value>| {
            let mut batch = Object::default();
            if let Some(input) = &batches.input {
                batch.insert("BatchInput", input.clone());
            }
            batch.insert("Items", items.into());
            Value::Object(batch)
        };
        let mut bytes = batch(Vec::new()).json_len();
        let mut items = Vec::new();
        for item in rest.take(batches.max_items) {
            let item = self.select_item(id, map, &item, input)?;
            // One byte for the comma.
            bytes += item.json_len() + usize::from(!items.is_empty());
            if bytes > batches.max_bytes && !items.is_empty() {
                break;
            }
            items.push(item);
        }
        let count = items.len() as u64;
        Ok((batch(items), count))
    }

    pub(in crate::machine) fn child_finished(&mut self, child: ChildId, outcome: Outcome) {
        let Some(id) = self.core.children.remove(&child) else { return };
        let now = self.now;
        let (Some((_, distributed)), Some(run)) = (self.distributed(id), self.run_of(id)) else { return };
        let Some(about) = run.running.remove(&child) else { return };
        let succeeded = matches!(outcome, Outcome::Succeeded { .. });
        run.results.put(distributed, &about, outcome, now);
        if !succeeded {
            run.failed_items += about.items;
            run.unsuccessful.insert(child, about);
        }
        self.go_on(id);
    }

    /// Somebody changed the limits.
    pub(in crate::machine) fn map_run_updated(&mut self, map_run_arn: &str, limits: MapRunLimits) {
        let found = self.core.frames.iter().find(|(_, frame)| match &frame.phase {
            Phase::MapRun(run) => run.arn == map_run_arn,
            _ => false,
        });
        let Some((id, _)) = found else { return };
        let Some(run) = self.run_of(id) else { return };
        run.limits.update(limits);
        self.command(Command::MapRun { map_run_arn: map_run_arn.into(), news: MapRunNews::Updated { limits } });
        self.go_on(id);
    }

    // ---- the end

    /// More items failed than are tolerated. What is known of them is written before the Map Run ends.
    fn tolerance_exceeded(&mut self, id: FrameId) {
        let error = error::tolerated_failures_exceeded();
        let now = self.now;
        let (Some((_, distributed)), Some(run)) = (self.distributed(id), self.run_of(id)) else { return };
        if !is_written(distributed) {
            return self.map_run_failed(id, error);
        }
        run.writing.failure = Some(error);
        let stopped = std::mem::take(&mut run.running);
        for about in stopped.values() {
            run.results.put(distributed, about, Outcome::Aborted(StatesError::default()), now);
        }
        run.unsuccessful.extend(stopped.clone());
        for child in stopped.into_keys() {
            self.core.children.remove(&child);
            self.command(Command::StopChild { child });
        }
        self.write_pending(id);
    }

    fn children_over(&mut self, id: FrameId) {
        let (Some((_, distributed)), Some(run)) = (self.distributed(id), self.run_of(id)) else { return };
        if is_written(distributed) {
            return self.write_results(id, true);
        }
        let result = std::mem::take(&mut run.results).all(distributed);
        self.map_run_succeeded(id, result, false);
    }

    pub(super) fn map_run_succeeded(&mut self, id: FrameId, result: Value, results_written: bool) {
        let (Some(state), Some((map, _)), Some(run)) = (self.state_of(id), self.distributed(id), self.run_of(id))
        else {
            return;
        };
        let map_run_arn = run.arn.clone();
        let news = MapRunNews::Ended { status: MapRunStatus::Succeeded, results_written };
        self.command(Command::MapRun { map_run_arn, news });
        if let Some(frame) = self.frame_mut(id) {
            frame.phase = Phase::Ready;
        }
        let succeeded = self.emit(id, || HistoryDetail::MapRunSucceeded);
        self.emit_after(succeeded, || HistoryDetail::MapStateSucceeded);
        // MapStateExited follows MapRunSucceeded. (Recordings since November 2024 link it to MapRunStarted instead; most
        // are older.)
        let flow = ResultFlow {
            result_selector: map.result_selector.as_ref(),
            result_path: &map.result_path,
            defines_result: true,
            ..ResultFlow::plain(state)
        };
        self.state_succeeded(id, result, flow);
    }

    pub(super) fn map_run_failed(&mut self, id: FrameId, error: StatesError) {
        let Some(frame) = self.frame_mut(id) else { return };
        if let Phase::MapRun(run) = std::mem::replace(&mut frame.phase, Phase::Ready) {
            self.abandon_map_run(&run, MapRunStatus::Failed);
            self.emit(id, || HistoryDetail::MapRunFailed(error.clone()));
            // What failed otherwise than by its children is not redriven, but runs again as a whole.
            if run.has_failed()
                && let Some(frame) = self.frame_mut(id)
            {
                frame.phase = Phase::Down(run.put_down());
            }
        }
        self.map_failed(id, error);
    }

    /// Stops everything that runs for a Map Run.
    pub(in crate::machine) fn abandon_map_run(&mut self, run: &MapRun, status: MapRunStatus) {
        for child in run.running.keys().copied() {
            self.core.children.remove(&child);
            self.command(Command::StopChild { child });
        }
        if let Some(Errand::Reading { task, .. } | Errand::Writing { task, .. }) = run.errand {
            self.core.tasks.remove(&task);
            self.command(Command::Abandon { task });
        }
        let news = MapRunNews::Ended { status, results_written: run.writing.is_done };
        self.command(Command::MapRun { map_run_arn: run.arn.clone(), news });
    }

    // ---- finding things

    pub(super) fn run_of(&mut self, id: FrameId) -> Option<&mut MapRun> {
        match &mut self.frame_mut(id)?.phase {
            Phase::MapRun(run) => Some(run),
            _ => None,
        }
    }
}

impl<'a> Turn<'a> {
    /// The fields of the frame's state, when it is a distributed Map.
    pub(super) fn distributed(&self, id: FrameId) -> Option<(&'a Map, &'a Distributed)> {
        match &self.state_of(id)?.kind {
            StateKind::Map(map) => Some((map, map.distributed.as_ref()?)),
            _ => None,
        }
    }
}

/// The error of a task, as the Map Run fails with it.
pub(super) fn renamed(name: &'static str, error: StatesError) -> StatesError {
    StatesError { error: Some(name.into()), ..error }
}
