//! What AWS's services take and answer: reads the archive of models in `asl-server/models/`, whose README.md tells its format.

use super::shape::{Member, Shape, ShapeId};
use flate2::read::DeflateDecoder;
use std::borrow::Cow;
use std::io::Read as _;
use std::ops::Range;
use std::sync::OnceLock;

/// What a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Json,
    Query,
    Ec2,
    RestJson,
    RestXml,
}

/// A service's names and habits.
#[derive(Debug)]
pub(crate) struct Service {
    /// What its errors begin with: `CloudWatchLogs`.
    pub(crate) prefix: String,
    /// The first label of its hosts: `logs`.
    pub(crate) endpoint_prefix: String,
    /// The service in a signature's scope: `logs`.
    pub(crate) signing_name: String,
    pub(crate) protocol: Protocol,
    /// The `1.1` of `application/x-amz-json-1.1`.
    pub(crate) json_version: String,
    /// What `X-Amz-Target` begins with.
    pub(crate) target: String,
    /// `2012-11-05`, which calls in the query protocols name.
    pub(crate) version: String,
    /// Its errors are known by the codes that its query protocol had.
    pub(crate) query_compatible: bool,
    /// A header that every call of it must have: its name and its value.
    pub(crate) header: Option<(String, String)>,
}

/// The model of one service: its text, and where the lines of it begin.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) service: Service,
    text: String,
    /// Where each line begins, and where the text ends.
    lines: Vec<usize>,
    operations: Range<usize>,
    errors: Range<usize>,
    /// The line of the first shape.
    shapes: usize,
}

/// A service in the archive. Its text is inflated when it is first asked for, and then kept: all of them together have less
/// than 7 MB.
struct Entry {
    name: &'static str,
    /// The first label of its hosts, which many take for its name.
    endpoint: &'static str,
    packed: &'static [u8],
    length: usize,
    model: OnceLock<Option<Model>>,
}

static ARCHIVE: &[u8] = include_bytes!("../../models/services.models");

fn entries() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let end = ARCHIVE.windows(2).position(|pair| pair == b"\n\n").unwrap_or(0);
        let (index, packed) = ARCHIVE.split_at(end);
        let index = str::from_utf8(index).unwrap_or_default();
        let entry = |line: &'static str| {
            let mut words = line.split(' ');
            let name = words.next()?;
            let mut number = || words.next()?.parse::<usize>().ok();
            let (start, packed_length, length) = (number()? + 2, number()?, number()?);
            let packed = packed.get(start..start + packed_length)?;
            Some(Entry { name, endpoint: words.next()?, packed, length, model: OnceLock::new() })
        };
        index.lines().filter_map(entry).collect()
    })
}

/// Is there a service of that name: `aws-sdk:NAME:action`?
pub(crate) fn is_service(sdk_name: &str) -> bool {
    entry(sdk_name).is_some()
}

fn entry(sdk_name: &str) -> Option<&'static Entry> {
    // The index is sorted by name.
    let entries = entries();
    entries.binary_search_by(|entry| entry.name.cmp(sdk_name)).ok().map(|place| &entries[place])
}

/// Is `aws-sdk:SERVICE:ACTION` an action of a service?
///
/// # Errors
/// What to write instead, when it is none.
pub(crate) fn check_action(service: &str, action: &str) -> Result<(), String> {
    let Some(model) = Model::of(service) else {
        let plain: String = service.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let named = entries().iter().find(|entry| entry.name == plain || entry.endpoint == service);
        return Err(match named {
            Some(entry) => format!("the service is named `{}` here", entry.name),
            None => "a service is named as in the AWS SDK for Java, in small letters: `sfn`, `eventbridge`, `cloudwatchlogs`"
                .to_owned(),
        });
    };
    if model.operation(action).is_some() {
        return Ok(());
    }
    let actions = || model.operations.clone().filter_map(|line| model.line(line).split(' ').next());
    if let Some(known) = actions().find(|known| known.eq_ignore_ascii_case(action)) {
        return Err(format!("the action is named `{known}`"));
    }
    // Those that begin as it does.
    let alike = |known: &str| known.bytes().zip(action.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    let best = actions().map(alike).max().filter(|count| *count > 3);
    let near: Vec<String> =
        actions().filter(|known| Some(alike(known)) == best).take(5).map(|a| format!("`{a}`")).collect();
    Err(match near.as_slice() {
        [] => {
            format!("`{service}` has no such action; an action is named as in its API, beginning with a small letter")
        }
        near => format!("`{service}` has no such action; it has {}", near.join(", ")),
    })
}

impl Model {
    /// The model of a service, named as in `arn:aws:states:::aws-sdk:NAME:action`.
    pub(crate) fn of(sdk_name: &str) -> Option<&'static Model> {
        let entry = entry(sdk_name)?;
        entry.model.get_or_init(|| entry.read()).as_ref()
    }

    /// An operation, named as in a resource ARN: `putItem`.
    pub(crate) fn operation(&self, action: &str) -> Option<Operation<'_>> {
        let lines = self.operations.clone();
        let name = |start: usize| self.text[start..].split(' ').next().unwrap_or_default();
        // The generator sorts operations by name.
        let place = self.lines[lines.clone()].binary_search_by(|start| name(*start).cmp(action)).ok()?;
        Operation::read(self.line(lines.start + place))
    }

    /// The error that has this code, or this name. (A code is a shape's name unless the service says otherwise.)
    pub(crate) fn error(&self, code: &str) -> Option<ErrorShape<'_>> {
        let errors = || self.errors.clone().filter_map(|line| ErrorShape::read(self.line(line)));
        errors().find(|error| error.code == code).or_else(|| errors().find(|error| error.shape == code))
    }

    pub(crate) fn shape(&self, id: ShapeId) -> Shape<'_> {
        Shape::read(self.line(self.shapes + id.0))
    }

    /// A line without its end; of a line that is not there, nothing.
    fn line(&self, line: usize) -> &str {
        match (self.lines.get(line), self.lines.get(line + 1)) {
            (Some(start), Some(next)) => &self.text[*start..next - 1],
            _ => "",
        }
    }

    #[cfg(test)]
    fn all() -> impl Iterator<Item = (&'static str, &'static Model)> {
        entries().iter().filter_map(|entry| Some((entry.name, Model::of(entry.name)?)))
    }

    #[cfg(test)]
    fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        self.operations.clone().filter_map(|line| Operation::read(self.line(line)))
    }

    fn read(text: String) -> Option<Model> {
        let mut lines = vec![0];
        lines.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        // Empty lines divide the head, the operations, the errors and the shapes.
        let mut divisions = (0..lines.len() - 1).filter(|line| lines[line + 1] == lines[*line] + 1);
        let (head, operations, errors) = (divisions.next()?, divisions.next()?, divisions.next()?);
        let field = |name: &str| {
            let mut fields = text[..lines[head]].lines();
            fields.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap_or_default().to_owned()
        };
        let protocol = match field("protocol").as_str() {
            "json" => Protocol::Json,
            "query" => Protocol::Query,
            "ec2" => Protocol::Ec2,
            "rest-json" => Protocol::RestJson,
            "rest-xml" => Protocol::RestXml,
            _ => return None,
        };
        let service = Service {
            prefix: field("prefix"),
            endpoint_prefix: field("endpoint"),
            signing_name: field("signing"),
            protocol,
            json_version: field("json"),
            target: field("target"),
            version: field("version"),
            query_compatible: field("querycompatible") == "yes",
            header: field("header").split_once(' ').map(|(name, value)| (name.to_owned(), value.to_owned())),
        };
        Some(Model {
            service,
            operations: head + 1..operations,
            errors: operations + 1..errors,
            shapes: errors + 1,
            text,
            lines,
        })
    }
}

impl Entry {
    fn read(&self) -> Option<Model> {
        let mut text = String::with_capacity(self.length);
        DeflateDecoder::new(self.packed).read_to_string(&mut text).ok()?;
        Model::read(text)
    }
}

/// An operation of a service.
#[derive(Clone, Debug)]
pub(crate) struct Operation<'m> {
    /// As the service names it: `PutItem`.
    pub(crate) name: &'m str,
    pub(crate) method: &'m str,
    /// `/{Bucket}/{Key+}?list-type=2`
    pub(crate) uri: &'m str,
    pub(crate) input: Option<ShapeId>,
    pub(crate) output: Option<ShapeId>,
    /// What goes before a host, with labels: `{AccountId}.`.
    pub(crate) host: Option<&'m str>,
    /// The element around the parameters, in XML.
    pub(crate) root: Option<&'m str>,
    /// The namespace of that element.
    pub(crate) namespace: Option<&'m str>,
    /// The element around the result, in the query protocol.
    pub(crate) wrapper: Option<&'m str>,
    /// The parameter that names the algorithm of the body's checksum, as the service names it.
    pub(crate) checksum: Option<&'m str>,
    /// The body must have a checksum.
    pub(crate) checksummed: bool,
    /// A call without signature.
    pub(crate) anonymous: bool,
    /// Results are spelt as the service spells them, as optimised integrations do, not as the SDK does.
    pub(crate) own_names: bool,
}

impl<'m> Operation<'m> {
    /// The same operation for an optimised integration: its results are spelt as the service does.
    pub(crate) fn with_own_names(self) -> Self {
        Operation { own_names: true, ..self }
    }

    /// What a member of the result is named.
    pub(crate) fn name_of<'s>(&self, member: &Member<'s>) -> Cow<'s, str> {
        if self.own_names { member.own_name() } else { Cow::Borrowed(member.name) }
    }

    /// `putItem PutItem POST / 12 -` and then `NAME=VALUE` or `NAME`, if it has any.
    fn read(line: &'m str) -> Option<Operation<'m>> {
        let mut words = line.split(' ');
        _ = words.next()?;
        let (name, method, uri) = (words.next()?, words.next()?, words.next()?);
        let (input, output) = (ShapeId::read(words.next()?), ShapeId::read(words.next()?));
        let traits = words.clone();
        let value = |name: &str| traits.clone().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let is = |name: &str| traits.clone().any(|word| word == name);
        Some(Operation {
            name,
            method,
            uri,
            input,
            output,
            host: value("host"),
            root: value("root"),
            namespace: value("namespace"),
            wrapper: value("wrapper"),
            checksum: value("checksum"),
            checksummed: is("checksummed"),
            anonymous: is("anonymous"),
            own_names: false,
        })
    }
}

/// An error of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ErrorShape<'m> {
    /// As the service names it: `DBInstanceNotFoundFault`.
    pub(crate) shape: &'m str,
    /// As Step Functions names it: `DbInstanceNotFoundException`.
    pub(crate) exception: &'m str,
    /// As it is on the wire: `DBInstanceNotFound`.
    pub(crate) code: &'m str,
}

impl<'m> ErrorShape<'m> {
    fn read(line: &'m str) -> Option<ErrorShape<'m>> {
        let mut words = line.split(' ');
        Some(ErrorShape { shape: words.next()?, exception: words.next()?, code: words.next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::shape::Shape;

    #[test]
    fn every_service_is_whole() {
        assert_eq!(Model::all().count(), entries().len());
        assert!(entries().len() > 400);
        for (name, model) in Model::all() {
            let shapes = model.lines.len() - 1 - model.shapes;
            for operation in model.operations() {
                let sides = operation.input.into_iter().chain(operation.output);
                assert!(sides.into_iter().all(|id| id.0 < shapes), "{name} {}", operation.name);
            }
            for id in (0..shapes).map(ShapeId) {
                let parts: Vec<ShapeId> = match model.shape(id) {
                    Shape::Structure(structure) => structure.members().map(|member| member.shape).collect(),
                    Shape::List(list) => vec![list.item],
                    Shape::Map(map) => vec![map.value],
                    Shape::Unknown => panic!("{name}: shape {id:?}"),
                    _ => Vec::new(),
                };
                assert!(parts.iter().all(|part| part.0 < shapes), "{name}: shape {id:?}");
            }
        }
    }

    #[test]
    fn operations_are_found_by_their_name_in_a_resource() {
        for (service, action, name) in [
            ("dynamodb", "putItem", "PutItem"),
            ("rds", "describeDBInstances", "DescribeDBInstances"),
            ("s3", "listObjectsV2", "ListObjectsV2"),
            ("elasticloadbalancingv2", "describeTargetHealth", "DescribeTargetHealth"),
        ] {
            assert_eq!(Model::of(service).unwrap().operation(action).unwrap().name, name);
        }
        for (service, action) in
            [("dynamodb", "PutItem"), ("dynamodb", "putItems"), ("dynamodb", "a"), ("sqs", "z"), ("sqs", "")]
        {
            assert!(Model::of(service).unwrap().operation(action).is_none(), "{service} {action}");
        }
        for (name, model) in Model::all() {
            assert_eq!(model.service.prefix.to_lowercase(), name);
            for line in model.operations.clone() {
                let action = model.line(line).split(' ').next().unwrap();
                assert!(model.operation(action).is_some(), "{name} {action}");
            }
        }
        assert!(Model::of("Dynamodb").is_none());
        assert!(Model::of("").is_none());
    }

    /// The names and prefixes are those of the Developer Guide, "Supported AWS SDK service integrations".
    #[test]
    fn services_have_the_names_of_the_developer_guide() {
        for prefix in [
            "AcmPca",
            "CloudWatchLogs",
            "CloudHsmV2",
            "CodestarNotifications",
            "Config",
            "CostExplorer",
            "DatabaseMigration",
            "Directory",
            "DynamoDb",
            "DynamoDbStreams",
            "Ec2",
            "EmrContainers",
            "Iot",
            "IoTSiteWise",
            "Kms",
            "MTurk",
            "MemoryDb",
            "PinpointSmsVoice",
            "ResourceGroupsTaggingApi",
            "S3",
            "SageMakerA2IRuntime",
            "SecretsManager",
            "SesV2",
            "Sfn",
            "Wafv2",
            "XRay",
            "ElasticLoadBalancingV2",
            "CognitoIdentityProvider",
            "Resiliencehub",
            "Savingsplans",
            "EventBridge",
        ] {
            let model = Model::of(&prefix.to_lowercase()).unwrap_or_else(|| panic!("{prefix}"));
            assert_eq!(model.service.prefix, prefix);
        }
    }

    #[test]
    fn unknown_actions_are_told_with_what_is_near() {
        let help = |service, action| check_action(service, action).err().unwrap_or_default();
        assert_eq!(help("dynamodb", "putItem"), "");
        assert_eq!(help("dynamodb", "PutItem"), "the action is named `putItem`");
        assert_eq!(help("dynamodb", "putItems"), "`dynamodb` has no such action; it has `putItem`");
        assert_eq!(
            help("sqs", "zap"),
            "`sqs` has no such action; an action is named as in its API, beginning with a small letter"
        );
        assert_eq!(help("events", "putEvents"), "the service is named `eventbridge` here");
        assert_eq!(help("secrets-manager", "getSecretValue"), "the service is named `secretsmanager` here");
        assert!(help("nosuch", "thing").starts_with("a service is named as in the AWS SDK for Java"));
    }

    #[test]
    fn errors_are_found_by_their_code() {
        let exception = |service, code| Model::of(service).unwrap().error(code).map(|error| error.exception);
        assert_eq!(exception("rds", "DBInstanceNotFound"), Some("DbInstanceNotFoundException"));
        assert_eq!(exception("s3", "NoSuchKey"), Some("NoSuchKeyException"));
        assert_eq!(exception("dynamodb", "ResourceNotFoundException"), Some("ResourceNotFoundException"));
        assert_eq!(exception("dynamodb", "ValidationException"), None);
    }
}
