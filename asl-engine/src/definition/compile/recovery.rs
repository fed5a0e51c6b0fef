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
/// `MaxDelaySeconds` (AWS takes 31622400 itself, too, which the specification excludes).
const DELAY_SECONDS_MAX: u64 = 31_622_400;

impl<'a> Compiler<'a, '_> {
    pub(super) fn recovery(&mut self, fields: &Fields<'a>, language: QueryLanguage, scope: &Scope<'a>) -> Recovery {
        let mut recovery = Recovery::default();
        if let Some(rules) = self.array_field(fields, "Retry") {
            self.check_all_is_last(rules);
            recovery.retry = rules.iter().filter_map(|rule| self.retrier(rule)).collect();
        }
        if let Some(rules) = self.array_field(fields, "Catch") {
            self.check_all_is_last(rules);
            recovery.catch = rules.iter().filter_map(|rule| self.catcher(rule, language, scope)).collect();
        }
        recovery
    }

    fn retrier(&mut self, node: &'a Node) -> Option<Retrier> {
        let fields = self.object(node)?;
        self.check_fields(&fields, table::RETRIER, self.language);
        let error_equals = self.error_equals(&fields);
        let interval_seconds = self.integer_field(&fields, "IntervalSeconds", 0, TIMEOUT_SECONDS_MAX);
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
                    self.report(node, schema::one_of(&["NONE", "FULL"]));
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
        self.in_catcher = true;
        let output = self.template_field(&fields, "Output", language);
        let assign = self.catch_assign(&fields, language).unwrap_or_default();
        self.in_catcher = false;
        Some(Catcher { error_equals: error_equals?, result_path, output, assign, next: next? })
    }

    fn error_equals(&mut self, fields: &Fields<'a>) -> Option<Vec<Str>> {
        let Some(node) = fields.get("ErrorEquals") else {
            self.report(fields.node, schema::required(&["ErrorEquals"]));
            return None;
        };
        let items = self.array(node)?;
        if items.is_empty() {
            self.report(node, schema::empty());
        }
        let names: Vec<Str> = items.iter().filter_map(|item| self.string(item).cloned()).collect();
        if names.len() > 1
            && let Some(all) = items.iter().find(|item| item.string().is_some_and(|name| name == names::ALL))
        {
            self.report(all, schema::all_not_alone_and_last());
        }
        Some(names)
    }

    fn check_all_is_last(&mut self, rules: &'a [Node]) {
        let before_last = rules.len().saturating_sub(1);
        for rule in &rules[..before_last] {
            // One that is not alone is reported as such.
            if let Some([all]) = rule.get("ErrorEquals").and_then(Node::array)
                && all.string().is_some_and(|name| name == names::ALL)
            {
                self.report(all, schema::all_not_alone_and_last());
            }
        }
    }
}
