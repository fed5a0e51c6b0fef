//! `ItemReader` and `ResultWriter` of a Distributed Map (Developer Guide, *ItemReader*, *ResultWriter*).

use super::super::source::Node;
use super::{Compiler, Fields, table};
use crate::definition::program::{Dynamic, ItemReader, ResultWriter};
use crate::diagnostic::{self, schema};
use crate::query::QueryLanguage;
use crate::task::Resource;
use crate::value::{Object, Value};

/// `ReaderConfig.MaxItems` (Developer Guide, *ItemReader*: 100,000,000).
const READER_ITEMS_MAX: u64 = 100_000_000;

/// What reads items.
const READERS: &[&str] = &["s3:getObject", "s3:listObjectsV2"];
/// What writes results.
const WRITERS: &[&str] = &["s3:putObject"];

/// The fields of `ReaderConfig` that have few possible values.
const READER_CHOICES: &[(&str, &[&str])] = &[
    ("InputType", &["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"]),
    ("Transformation", &["NONE", "LOAD_AND_FLATTEN"]),
    ("ManifestType", &["ATHENA_DATA", "S3_INVENTORY"]),
    ("CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]),
    ("CSVDelimiter", &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]),
];
/// The same of `WriterConfig`.
const WRITER_CHOICES: &[(&str, &[&str])] =
    &[("OutputType", &["JSON", "JSONL"]), ("Transformation", &["NONE", "COMPACT", "FLATTEN"])];

impl<'a> Compiler<'a, '_> {
    pub(super) fn item_reader(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<ItemReader> {
        let reader = self.object_field(fields, "ItemReader")?;
        self.check_fields(&reader, table::ITEM_READER, language);
        let resource = match reader.get("Resource") {
            Some(node) => self.storage(node, READERS),
            None => {
                self.report(reader.node, schema::required(&["Resource"]));
                None
            }
        };
        let arguments = self.arguments(&reader, language);
        let config = self.object_field(&reader, "ReaderConfig");
        let max_items = config.and_then(|config| self.reader_config(&config, language));
        let config = config.map_or_else(Value::empty_object, |config| without_max_items(&config));
        Some(ItemReader { resource: resource?, arguments, config, max_items })
    }

    /// Checks `ReaderConfig`; returns its `MaxItems`.
    fn reader_config(&mut self, config: &Fields<'a>, language: QueryLanguage) -> Option<Dynamic<u64>> {
        self.check_fields(config, table::READER_CONFIG, language);
        let input_type = self.choices(config, READER_CHOICES);
        let header = config.get("CSVHeaderLocation");
        match (input_type, header) {
            (Some("CSV"), None) => self.report(config.node, schema::field_missing("CSVHeaderLocation")),
            (Some("CSV") | None, _) => {}
            (Some(_), Some(_)) => self.unsupported(config, "CSVHeaderLocation"),
            (Some(_), None) => {}
        }
        let given = header.and_then(Node::string).is_some_and(|location| location == "GIVEN");
        if given && !config.has("CSVHeaders") {
            self.report(config.node, schema::required(&["CSVHeaders"]));
        }
        if let Some(headers) = self.array_field(config, "CSVHeaders") {
            headers.iter().for_each(|header| _ = self.string(header));
        }
        self.string_field(config, "ItemsPointer");
        self.dynamic_integer(config, ["MaxItems", "MaxItemsPath"], language, [0, READER_ITEMS_MAX])
    }

    pub(super) fn result_writer(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<ResultWriter> {
        let writer = self.object_field(fields, "ResultWriter")?;
        self.check_fields(&writer, table::RESULT_WRITER, language);
        let resource = writer.get("Resource").and_then(|node| self.storage(node, WRITERS));
        if !writer.has("Resource") && !writer.has("WriterConfig") {
            self.report(writer.node, schema::some_required(&["Resource", "WriterConfig"]));
        }
        let arguments = self.arguments(&writer, language);
        let config = self.object_field(&writer, "WriterConfig");
        if let Some(config) = &config {
            self.check_fields(config, table::WRITER_CONFIG, language);
            self.choices(config, WRITER_CHOICES);
        }
        let config = config.map_or_else(Value::empty_object, |config| config.node.value());
        Some(ResultWriter { resource, arguments, config })
    }

    /// Checks the fields that have few possible values; returns the first one's value.
    fn choices(&mut self, config: &Fields<'a>, choices: &[(&str, &[&str])]) -> Option<&'a str> {
        let values: Vec<_> = choices.iter().map(|(name, values)| self.choice_of(config, name, values)).collect();
        values.first().copied().flatten().map(|value| value.as_str())
    }

    fn unsupported(&mut self, fields: &Fields<'a>, name: &str) {
        if let Some(member) = fields.members.iter().find(|member| member.name == name) {
            self.report_at(fields.node, member.name_span, schema::unsupported(name, std::iter::empty()));
        }
    }

    /// The resource of an ItemReader or ResultWriter: one of few service integrations.
    fn storage(&mut self, node: &'a Node, known: &[&str]) -> Option<Resource> {
        let text = self.string(node)?;
        let is_known = |action: &str| text.strip_suffix(action).is_some_and(|arn| arn.ends_with(":states:::"));
        if !known.iter().any(|action| is_known(action)) {
            self.report(node, diagnostic::map::resource(known));
        }
        Resource::parse(text).filter(|resource| matches!(resource, Resource::Service { .. }))
    }
}

/// `ReaderConfig` without what is compiled.
fn without_max_items(config: &Fields<'_>) -> Value {
    let kept = config.members.iter().filter(|m| !matches!(m.name.as_str(), "MaxItems" | "MaxItemsPath"));
    Value::Object(kept.map(|m| (m.name.clone(), m.value.value())).collect::<Object>())
}
