//! From the tree of a definition to its [`Program`]: names become ids, and every path, template, choice rule and
//! expression is parsed once. What is wrong is reported, and the rest is looked at all the same.

mod choice;
mod dataset;
mod fail;
mod fields;
mod graph;
mod map;
mod parallel;
mod pass;
mod recovery;
mod table;
mod task;
mod template;
mod variables;
mod wait;

use super::program::{Program, ReadPath, State, StateId, StateKind, Transition};
use super::source::{Member, Node};
use super::{MachineType, ParseOptions, SdkActions};
use crate::diagnostic::{DIAGNOSTICS_MAX, Diagnostic, Finding, Span, graph as transitions, schema, substitution};
use crate::limits;
use crate::query::QueryLanguage;
use crate::value::Str;
use fields::Fields;
use std::collections::BTreeMap;

/// Stands for a state that does not exist, so that the rest of the graph can be checked. Such a program is never run.
const NOWHERE: StateId = StateId(u32::MAX);

/// Compiles a definition. What it returns may only be run when no error was reported.
pub(super) fn compile(root: &Node, options: &ParseOptions, diagnostics: &mut Vec<Diagnostic>) -> Option<Program> {
    let mut compiler = Compiler::new(root, options, diagnostics);
    let fields = Fields::new(root)?;
    compiler.check_fields(&fields, table::MACHINE, QueryLanguage::JsonPath);
    compiler.language = compiler.query_language(&fields, QueryLanguage::JsonPath);
    // AWS takes 0, too: no timeout.
    let timeout_seconds = compiler.integer_field(&fields, "TimeoutSeconds", 0, limits::TIMEOUT_SECONDS_MAX);
    let timeout_seconds = timeout_seconds.filter(|seconds| *seconds > 0);
    compiler.string_field(&fields, "Comment");
    compiler.choice_of(&fields, "Version", &["1.0"]);
    let start_at = compiler.states(&fields, true);
    compiler.check_graph();
    compiler.finish(start_at?, timeout_seconds)
}

/// Compiles a definition that is one state alone. The states it leads to are known by their names only.
pub(super) fn compile_state(
    root: &Node,
    name: &Str,
    options: &ParseOptions,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Program> {
    let mut compiler = Compiler::new(root, options, diagnostics);
    compiler.states.push(None);
    let scope = Scope { alone: true, ..Scope::default() };
    let state = compiler.state(name, Span::default(), root, &scope);
    compiler.language = state.as_ref().map_or(compiler.language, |state| state.query_language);
    compiler.states[0] = state;
    compiler.check_graph();
    compiler.finish(StateId(0), None)
}

/// The states of one `States` object.
#[derive(Default)]
struct Scope<'a> {
    names: BTreeMap<&'a str, StateId>,
    /// A state that is looked at alone may lead to any name.
    alone: bool,
}

/// What is remembered of a scope for the checks of its graph.
struct ScopeRecord {
    start: StateId,
    /// The states, with their places.
    states: Vec<(StateId, u32, Span)>,
    /// Which variables they see.
    variables: usize,
}

struct Compiler<'a, 'd> {
    root: &'a Node,
    kind: MachineType,
    sdk_actions: Option<SdkActions>,
    /// The machine's query language, which its states have unless they say otherwise (those of branches and item
    /// processors, too: they do not inherit that of the state around them).
    language: QueryLanguage,
    states: Vec<Option<State>>,
    scopes: Vec<ScopeRecord>,
    variables: variables::Scopes,
    /// All state names so far.
    names: BTreeMap<&'a str, ()>,
    /// All Map labels so far.
    labels: BTreeMap<&'a str, ()>,
    /// Is a Catcher being compiled? It alone can read `$states.errorOutput`.
    in_catcher: bool,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'a, 'd> Compiler<'a, 'd> {
    fn new(root: &'a Node, options: &ParseOptions, diagnostics: &'d mut Vec<Diagnostic>) -> Self {
        Compiler {
            root,
            kind: options.kind,
            sdk_actions: options.sdk_actions,
            language: QueryLanguage::default(),
            states: Vec::new(),
            scopes: Vec::new(),
            variables: variables::Scopes::default(),
            names: BTreeMap::new(),
            labels: BTreeMap::new(),
            in_catcher: false,
            diagnostics,
        }
    }

    /// Reports something about a node.
    fn report(&mut self, node: &Node, finding: Finding) {
        self.report_at(node, node.span, finding);
    }

    /// Reports something about a node, of which only a part is to be marked in the text.
    fn report_at(&mut self, node: &Node, span: Span, finding: Finding) {
        if self.is_full() {
            return;
        }
        let location = self.root.location(node.id);
        // A string with an unfilled placeholder is wrong in any other way only because of that.
        if !self.diagnostics.iter().any(|earlier| earlier.code == substitution::MISSING && earlier.location == location)
        {
            self.diagnostics.push(finding.at(location, span));
        }
    }

    /// Are there so many diagnostics that no more are kept?
    fn is_full(&self) -> bool {
        self.diagnostics.len() >= DIAGNOSTICS_MAX
    }

    fn finish(self, start_at: StateId, timeout_seconds: Option<u64>) -> Option<Program> {
        let states = self.states.into_iter().collect::<Option<Vec<State>>>()?;
        Some(Program { states, start_at, timeout_seconds, query_language: self.language, source: None })
    }

    /// The effective query language of a machine or state.
    fn query_language(&mut self, fields: &Fields<'a>, inherited: QueryLanguage) -> QueryLanguage {
        let Some(node) = fields.get("QueryLanguage") else { return inherited };
        match node.string().map(Str::as_str) {
            Some("JSONPath") => QueryLanguage::JsonPath,
            Some("JSONata") => QueryLanguage::Jsonata,
            _ => {
                self.report(node, schema::one_of(&["JSONPath", "JSONata"]));
                inherited
            }
        }
    }

    /// `StartAt` and `States` of a machine, branch or item processor. Returns the first state. `reads_outer`: do its
    /// states see the variables of the states around them?
    fn states(&mut self, fields: &Fields<'a>, reads_outer: bool) -> Option<StateId> {
        let missing: Vec<&str> = ["States", "StartAt"].into_iter().filter(|name| fields.get(name).is_none()).collect();
        if !missing.is_empty() {
            self.report(fields.node, schema::required(&missing));
        }
        let states = self.object_field(fields, "States")?;
        if states.members.is_empty() {
            self.report(states.node, schema::empty());
            return None;
        }
        // A scope's states have ids that follow each other; those of nested scopes come later.
        let mut scope = Scope::default();
        let mut members: Vec<(StateId, &'a Member)> = Vec::new();
        for member in states.members {
            self.state_name(member);
            if scope.names.contains_key(member.name.as_str()) {
                continue;
            }
            let id = StateId(self.states.len() as u32);
            self.states.push(None);
            scope.names.insert(&member.name, id);
            members.push((id, member));
        }
        let start = match fields.get("StartAt") {
            Some(node) => self.target(node, &scope),
            None => None,
        };
        let outer = self.variables.enter(reads_outer);
        for (id, member) in &members {
            let state = self.state(&member.name, member.name_span, &member.value, &scope);
            self.states[id.0 as usize] = state;
        }
        let variables = std::mem::replace(&mut self.variables.here, outer);
        let start = start?;
        let states = members.iter().map(|(id, member)| (*id, member.value.id, member.name_span)).collect();
        self.scopes.push(ScopeRecord { start, states, variables });
        Some(start)
    }

    fn state_name(&mut self, member: &'a Member) {
        let length = member.name.chars().count();
        if length == 0 {
            self.report_at(&member.value, member.name_span, transitions::empty_state_name());
        } else if length > limits::STATE_NAME_CHARS_MAX {
            self.report_at(&member.value, member.name_span, transitions::long_state_name(&member.name));
        }
        if self.names.insert(&member.name, ()).is_some() {
            self.report_at(&member.value, member.name_span, transitions::duplicate_state(&member.name));
        }
    }

    /// The state that a `StartAt`, `Next` or `Default` names.
    fn target(&mut self, node: &'a Node, scope: &Scope<'a>) -> Option<StateId> {
        let name = self.string(node)?;
        let target = scope.names.get(name.as_str()).copied();
        if scope.alone {
            return Some(self.elsewhere(name));
        }
        if target.is_none() {
            self.report(node, transitions::missing_target(name));
        }
        Some(target.unwrap_or(NOWHERE))
    }

    /// A state that is known by its name only.
    fn elsewhere(&mut self, name: &'a Str) -> StateId {
        let known = self.states.iter().position(|state| state.as_ref().is_some_and(|state| state.name == *name));
        let index = known.unwrap_or_else(|| {
            self.states.push(Some(State {
                name: name.clone(),
                query_language: self.language,
                kind: StateKind::Succeed,
                input_path: ReadPath::Whole,
                output_path: ReadPath::Whole,
                output: None,
                assign: Vec::new(),
                next: Transition::End,
            }));
            self.states.len() - 1
        });
        StateId(index as u32)
    }

    /// One state of any type.
    fn state(&mut self, name: &Str, name_span: Span, node: &'a Node, scope: &Scope<'a>) -> Option<State> {
        let fields = self.object(node)?;
        let Some(type_node) = fields.get("Type") else {
            self.report_at(node, name_span, schema::required(&["Type"]));
            return None;
        };
        let type_name = self.string(type_node)?;
        let Some(table) = table::of_state(type_name) else {
            self.report(type_node, schema::one_of(table::STATE_TYPES));
            return None;
        };
        let language = self.query_language(&fields, self.language);
        if (self.language, language) == (QueryLanguage::Jsonata, QueryLanguage::JsonPath) {
            self.report(fields.node, schema::language_downgrade());
        }
        self.check_fields(&fields, table, language);
        self.string_field(&fields, "Comment");

        let next = match type_name.as_str() {
            "Choice" | "Succeed" | "Fail" => Some(Transition::End),
            _ => self.transition(&fields, name_span, scope),
        };
        let input_path = self.read_path(&fields, "InputPath");
        let output_path = self.read_path(&fields, "OutputPath");
        let output = self.template_field(&fields, "Output", language);
        let assign = self.assign(&fields, language);
        let kind = match type_name.as_str() {
            "Pass" => self.pass(&fields, language).map(StateKind::Pass),
            "Task" => self.task(&fields, language, scope).map(|task| StateKind::Task(Box::new(task))),
            "Choice" => self.choice(&fields, language, scope).map(StateKind::Choice),
            "Wait" => self.wait(&fields, language).map(StateKind::Wait),
            // It has no fields of its own.
            "Succeed" => Some(StateKind::Succeed),
            "Fail" => self.fail(&fields, language).map(StateKind::Fail),
            "Parallel" => self.parallel(&fields, language, scope).map(|p| StateKind::Parallel(Box::new(p))),
            _ => self.map(&fields, language, scope).map(|map| StateKind::Map(Box::new(map))),
        };
        Some(State {
            name: name.clone(),
            query_language: language,
            kind: kind?,
            input_path,
            output_path,
            output,
            assign: assign.unwrap_or_default(),
            next: next?,
        })
    }

    /// `Next` or `End`.
    fn transition(&mut self, fields: &Fields<'a>, name_span: Span, scope: &Scope<'a>) -> Option<Transition> {
        let end = fields.get("End").map(|node| (node, self.boolean(node)));
        match (fields.get("Next"), end) {
            (Some(next), None | Some((_, Some(false)))) => self.target(next, scope).map(Transition::Next),
            (None, Some((_, Some(true)))) => Some(Transition::End),
            (Some(_), Some((end, Some(true)))) => {
                self.report_at(fields.node, end.span, schema::only_one(&["Next", "End"]));
                None
            }
            (None, None | Some((_, Some(false)))) => {
                self.report_at(fields.node, name_span, schema::one_required(&["Next", "End"]));
                None
            }
            // A value of another type is reported already.
            (_, Some((_, None))) => None,
        }
    }
}
