//! The Fail state (spec, "Fail State").

use super::{Compiler, Fields};
use crate::definition::program::{Dynamic, Fail};
use crate::query::QueryLanguage;
use crate::value::Str;

impl<'a> Compiler<'a, '_> {
    pub(super) fn fail(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<Fail> {
        Some(Fail {
            error: self.fail_text(fields, ["Error", "ErrorPath"], language),
            cause: self.fail_text(fields, ["Cause", "CausePath"], language),
        })
    }

    /// A text, or a path or intrinsic function in the `…Path` form.
    fn fail_text(
        &mut self,
        fields: &Fields<'a>,
        names: [&'static str; 2],
        language: QueryLanguage,
    ) -> Option<Dynamic<Str>> {
        if !fields.has(names[0])
            && let Some(node) = fields.get(names[1])
        {
            return self.path_or_intrinsic(node).map(Dynamic::Query);
        }
        self.dynamic(fields, names, language, |compiler, node| compiler.string(node).cloned())
    }
}
