//! `Retry` and `Catch` (spec, "Retrying after error", "Fallback states").

use super::super::source::Node;
use super::{Compiler, Fields, Scope, table};
use crate::definition::program::{Catcher, Recovery, Retrier};
use crate::diagnostic::schema;
use crate::error::names;
use crate::limits::TIMEOUT_SECONDS_MAX;
use crate::query::QueryLanguage;
use crate::value::Str;

/// `MaxAttempts` (spec: 99999999).
const ATTEMPTS_MAX: u64 = 99_999_999;
/// `MaxDelaySeconds` (spec: less than 31622400).
const DELAY_SECONDS_MAX: u64 = 31_622_399;

impl<'a> Compiler<'a, '_> {
    pub(super) fn recovery(&mut self, fields: &Fields<'a>, language: QueryLanguage, scope: &Scope<'a>) -> Recovery {
        let mut recovery = Recovery::default();
        if let Some(rules) = self.array_field(fields, "Retry") {
            self.check_all_is_last(rules, "Retry");
            recovery.retry = rules.iter().filter_map(|rule| self.retrier(rule)).collect();
        }
        if let Some(rules) = self.array_field(fields, "Catch") {
            self.check_all_is_last(rules, "Catch");
            recovery.catch = rules.iter().filter_map(|rule| self.catcher(rule, language, scope)).collect();
        }
        recovery
    }

    fn retrier(&mut self, node: &'a Node) -> Option<Retrier> {
        let fields = self.object(node)?;
        self.check_fields(&fields, table::RETRIER, self.language);
        let error_equals = self.error_equals(&fields);
        let interval_seconds = self.integer_field(&fields, "IntervalSeconds", 1, TIMEOUT_SECONDS_MAX);
        let max_attempts = self.integer_field(&fields, "MaxAttempts", 0, ATTEMPTS_MAX);
        let backoff_rate = fields.get("BackoffRate").and_then(|node| self.float(node, 1.0, f64::MAX));
        let max_delay_seconds = self.integer_field(&fields, "MaxDelaySeconds", 1, DELAY_SECONDS_MAX);
        if let (Some(delay), Some(node)) = (max_delay_seconds, fields.get("MaxDelaySeconds"))
            && delay <= interval_seconds.unwrap_or(1)
        {
            self.report(node, schema::delay_not_above_interval());
        }
        let full_jitter = match fields.get("JitterStrategy") {
            None => false,
            Some(node) => match node.string().map(Str::as_str) {
                Some("FULL") => true,
                Some("NONE") => false,
                _ => {
                    self.report(node, schema::one_of(&["FULL", "NONE"]));
                    false
                }
            },
        };
        Some(Retrier {
            error_equals: error_equals?,
            interval_seconds: interval_seconds.unwrap_or(1),
            max_attempts: max_attempts.unwrap_or(3),
            backoff_rate: backoff_rate.unwrap_or(2.0),
            max_delay_seconds,
            full_jitter,
        })
    }

    fn catcher(&mut self, node: &'a Node, language: QueryLanguage, scope: &Scope<'a>) -> Option<Catcher> {
        let fields = self.object(node)?;
        self.check_fields(&fields, table::CATCHER, language);
        let error_equals = self.error_equals(&fields);
        let next = match fields.get("Next") {
            Some(next) => self.target(next, scope),
            None => {
                self.report(node, schema::required(&["Next"]));
                None
            }
        };
        let result_path = self.result_path(&fields);
        let output = self.template_field(&fields, "Output", language);
        let assign = self.catch_assign(&fields, language).unwrap_or_default();
        Some(Catcher { error_equals: error_equals?, result_path, output, assign, next: next? })
    }

    fn error_equals(&mut self, fields: &Fields<'a>) -> Option<Vec<Str>> {
        let Some(node) = fields.get("ErrorEquals") else {
            self.report(fields.node, schema::required(&["ErrorEquals"]));
            return None;
        };
        let items = self.array(node)?;
        if items.is_empty() {
            self.report(node, schema::empty("ErrorEquals"));
        }
        let names: Vec<Str> = items.iter().filter_map(|item| self.string(item).cloned()).collect();
        if names.len() > 1
            && let Some(all) = items.iter().find(|item| item.string().is_some_and(|name| name == names::ALL))
        {
            self.report(all, schema::all_not_alone());
        }
        Some(names)
    }

    fn check_all_is_last(&mut self, rules: &'a [Node], field: &str) {
        let before_last = rules.len().saturating_sub(1);
        for rule in &rules[..before_last] {
            let names = rule.get("ErrorEquals").and_then(Node::array).unwrap_or_default();
            if let Some(all) = names.iter().find(|name| name.string().is_some_and(|name| name == names::ALL)) {
                self.report(all, schema::all_not_last(field));
            }
        }
    }
}
