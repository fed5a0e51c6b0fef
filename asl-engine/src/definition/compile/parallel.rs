//! The Parallel state (spec, "Parallel State").

use super::{Compiler, Fields, Scope, table};
use crate::definition::program::{Parallel, StateId};
use crate::diagnostic::schema;
use crate::query::QueryLanguage;

impl<'a> Compiler<'a, '_> {
    pub(super) fn parallel(
        &mut self,
        fields: &Fields<'a>,
        language: QueryLanguage,
        scope: &Scope<'a>,
    ) -> Option<Parallel> {
        let branches = match fields.get("Branches") {
            Some(node) => self.array(node).and_then(|items| {
                if items.is_empty() {
                    self.report(node, schema::empty());
                    return None;
                }
                let branches: Vec<Option<StateId>> = items
                    .iter()
                    .map(|item| {
                        let branch = self.object(item)?;
                        self.check_fields(&branch, table::BRANCH, language);
                        self.string_field(&branch, "Comment");
                        self.states(&branch, true)
                    })
                    .collect();
                branches.into_iter().collect::<Option<Vec<StateId>>>()
            }),
            None => {
                self.report(fields.node, schema::required(&["Branches"]));
                None
            }
        };
        let arguments = self.arguments(fields, language);
        let result_selector = self.template_field(fields, "ResultSelector", language);
        let result_path = self.result_path(fields);
        let recovery = self.recovery(fields, language, scope);
        Some(Parallel { branches: branches?, arguments, result_selector, result_path, recovery })
    }
}
