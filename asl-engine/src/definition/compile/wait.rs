//! The Wait state (spec, "Wait State").

use super::{Compiler, Fields};
use crate::Timestamp;
use crate::definition::program::Wait;
use crate::diagnostic::schema;
use crate::limits::TIMEOUT_SECONDS_MAX;
use crate::query::QueryLanguage;

impl<'a> Compiler<'a, '_> {
    pub(super) fn wait(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<Wait> {
        // In the order in which AWS tells them.
        const FIELDS: &[&str] = &["SecondsPath", "Seconds", "TimestampPath", "Timestamp"];
        match FIELDS.iter().filter(|name| fields.has(name)).count() {
            0 => {
                let names = if language == QueryLanguage::Jsonata { &["Seconds", "Timestamp"][..] } else { FIELDS };
                self.report(fields.node, schema::one_required(names));
                return None;
            }
            1 => {}
            _ => {
                self.at_most_one(fields, FIELDS);
                return None;
            }
        }
        if fields.has("Seconds") || fields.has("SecondsPath") {
            let names = ["Seconds", "SecondsPath"];
            return self.dynamic_integer(fields, names, language, [0, TIMEOUT_SECONDS_MAX]).map(Wait::Seconds);
        }
        let timestamp = self.dynamic(fields, ["Timestamp", "TimestampPath"], language, |compiler, node| {
            let text = compiler.string(node)?;
            if Timestamp::parse(text).is_none() {
                compiler.report(node, schema::timestamp());
                return None;
            }
            Some(text.clone())
        });
        timestamp.map(Wait::Timestamp)
    }
}
