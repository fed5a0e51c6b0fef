//! The Map state (spec, "Map State"), inline and distributed.

use super::super::source::Kind;
use super::{Compiler, Fields, MachineType, Scope, table};
use crate::definition::program::{Distributed, Dynamic, ItemBatcher, Items, Map, StateId};
use crate::diagnostic::{self, schema};
use crate::query::{QueryLanguage, Template};
use crate::value::Str;

/// `MaxInputBytesPerBatch` (Developer Guide, *ItemBatcher*: 256 KiB).
const BATCH_BYTES_MAX: u64 = 262_144;
/// Characters of a `Label` (Developer Guide, *Label*).
const LABEL_CHARS_MAX: usize = 40;

impl<'a> Compiler<'a, '_> {
    pub(super) fn map(&mut self, fields: &Fields<'a>, language: QueryLanguage, scope: &Scope<'a>) -> Option<Map> {
        let processor = self.processor(fields, language);
        let items = self.items(fields, language);
        self.at_most_one(fields, &["ItemSelector", "Parameters"]);
        let item_selector = match fields.get("ItemSelector") {
            Some(node) => self.template(node, language),
            None => self.template_field(fields, "Parameters", language),
        };
        let any = [0, u64::MAX];
        let max_concurrency = self.dynamic_integer(fields, ["MaxConcurrency", "MaxConcurrencyPath"], language, any);
        let names = ["ToleratedFailureCount", "ToleratedFailureCountPath"];
        let tolerated_failure_count = self.dynamic_integer(fields, names, language, any);
        let names = ["ToleratedFailurePercentage", "ToleratedFailurePercentagePath"];
        let tolerated_failure_percentage =
            self.dynamic(fields, names, language, |compiler, node| compiler.float(node, 0.0, 100.0));
        let result_selector = self.template_field(fields, "ResultSelector", language);
        let result_path = self.result_path(fields);
        let recovery = self.recovery(fields, language, scope);
        let distributed = self.distributed(fields, language, processor.as_ref());
        Some(Map {
            items,
            item_selector,
            max_concurrency: max_concurrency.unwrap_or(Dynamic::Literal(0)),
            processor: processor?.start?,
            distributed,
            tolerated_failure_count,
            tolerated_failure_percentage,
            result_selector,
            result_path,
            recovery,
        })
    }

    fn items(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<Items> {
        if language == QueryLanguage::JsonPath {
            return fields.get("ItemsPath").and_then(|node| self.reference_to_read(node)).map(Items::Path);
        }
        let node = fields.get("Items")?;
        match node.kind {
            Kind::String(_) => self.jsonata(node).map(Template::Expression).map(Items::Template),
            Kind::Array(_) => self.template(node, language).map(Items::Template),
            _ => {
                self.report(node, schema::expected("Array"));
                None
            }
        }
    }

    /// `ItemProcessor`, or the older `Iterator`.
    fn processor(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<Processor> {
        self.at_most_one(fields, &["ItemProcessor", "Iterator"]);
        let Some(node) = fields.get("ItemProcessor").or_else(|| fields.get("Iterator")) else {
            self.report(fields.node, schema::one_required(&["ItemProcessor", "Iterator"]));
            return None;
        };
        let processor = self.object(node)?;
        self.check_fields(&processor, table::PROCESSOR, language);
        self.string_field(&processor, "Comment");
        let mode = self.processor_config(&processor, language);
        let start = self.states(&processor, mode == Mode::Inline);
        Some(Processor { start, mode })
    }

    fn processor_config(&mut self, processor: &Fields<'a>, language: QueryLanguage) -> Mode {
        let Some(config) = self.object_field(processor, "ProcessorConfig") else { return Mode::Inline };
        self.check_fields(&config, table::PROCESSOR_CONFIG, language);
        let mode = self.choice_of(&config, "Mode", &["INLINE", "DISTRIBUTED"]);
        if mode.is_none_or(|mode| mode == "INLINE") {
            if let Some(member) = config.members.iter().find(|member| member.name == "ExecutionType") {
                let finding = schema::unsupported(&member.name, std::iter::empty())
                    .help("child executions have a type, and only a DISTRIBUTED processor has them");
                self.report_at(config.node, member.name_span, finding);
            }
            return Mode::Inline;
        }
        let express =
            self.choice_of(&config, "ExecutionType", &["STANDARD", "EXPRESS"]).is_some_and(|v| v == "EXPRESS");
        if !config.has("ExecutionType") {
            self.report(config.node, schema::required(&["ExecutionType"]));
        }
        if self.kind == MachineType::Express
            && let Some(node) = config.get("Mode")
        {
            self.report(node, diagnostic::map::express());
        }
        Mode::Distributed { express }
    }

    /// The fields that only a Distributed Map has.
    fn distributed(
        &mut self,
        fields: &Fields<'a>,
        language: QueryLanguage,
        processor: Option<&Processor>,
    ) -> Option<Distributed> {
        let label = self.label(fields);
        let item_reader = self.item_reader(fields, language);
        let item_batcher = self.item_batcher(fields, language);
        let result_writer = self.result_writer(fields, language);
        let Mode::Distributed { express } = processor?.mode else {
            for member in fields.members {
                if matches!(member.name.as_str(), "ItemReader" | "ItemBatcher" | "ResultWriter") {
                    self.report_at(fields.node, member.name_span, diagnostic::map::distributed_only(&member.name));
                }
            }
            return None;
        };
        Some(Distributed { express, label, item_reader, item_batcher, result_writer })
    }

    /// `Label`: a part of Map Run ARNs, and so without the characters that these cannot have.
    fn label(&mut self, fields: &Fields<'a>) -> Option<Str> {
        let node = fields.get("Label")?;
        let label = self.string(node)?;
        if label.chars().count() > LABEL_CHARS_MAX {
            self.report(node, diagnostic::map::label_too_long(label, LABEL_CHARS_MAX));
        }
        if let Some((offset, bad)) = label.char_indices().find(|(_, c)| is_forbidden_in_label(*c)) {
            self.report_at(node, node.span_at(offset), diagnostic::map::label_character(bad));
        }
        if self.labels.insert(label, ()).is_some() {
            self.report(node, diagnostic::map::duplicate_label(label));
        }
        Some(label.clone())
    }

    fn item_batcher(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<ItemBatcher> {
        let batcher = self.object_field(fields, "ItemBatcher")?;
        self.check_fields(&batcher, table::ITEM_BATCHER, language);
        let names = ["MaxItemsPerBatch", "MaxItemsPerBatchPath"];
        let max_items = self.dynamic_integer(&batcher, names, language, [0, u64::MAX]);
        let names = ["MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];
        let max_input_bytes = self.dynamic_integer(&batcher, names, language, [0, BATCH_BYTES_MAX]);
        let batch_input = self.template_field(&batcher, "BatchInput", language);
        if max_items.is_none() && max_input_bytes.is_none() && !names_any(&batcher) {
            self.report(batcher.node, schema::some_required(&["MaxItemsPerBatch", "MaxInputBytesPerBatch"]));
        }
        Some(ItemBatcher { batch_input, max_items, max_input_bytes })
    }
}

struct Processor {
    start: Option<StateId>,
    mode: Mode,
}

#[derive(PartialEq)]
enum Mode {
    Inline,
    Distributed { express: bool },
}

/// Is any limit of a batch given, be it a wrong one?
fn names_any(batcher: &Fields<'_>) -> bool {
    batcher.members.iter().any(|member| member.name != "BatchInput")
}

/// Developer Guide, *Label*: no white space, wildcards (`? *`), brackets (`< > { } [ ]`), special characters
/// (`: ; , \ | ^ ~ $ # % & ` "`) and control characters.
fn is_forbidden_in_label(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"".contains(c)
}
