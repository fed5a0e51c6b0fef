//! The Fail state (spec, "Fail State").

use super::template::looks_like_path;
use super::{Compiler, Fields};
use crate::definition::program::{Dynamic, Fail};
use crate::diagnostic::query;
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
        self.dynamic(fields, names, language, |compiler, node| {
            let text = compiler.string(node)?;
            if language == QueryLanguage::JsonPath && looks_like_path(text) {
                compiler.report(node, query::no_path(names[0]));
            }
            Some(text.clone())
        })
    }
}
