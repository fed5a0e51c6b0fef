//! ARNs of the service's own resources.

use super::ApiError;
use std::fmt;

/// The ARN of a Step Functions resource: `arn:aws:states:REGION:ACCOUNT:` and what follows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arn {
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// `us-east-1`, …
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// What it names.
    pub resource: Resource,
}

/// What an [`Arn`] names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// `stateMachine:NAME`, or with the number of a version or the name of an alias.
    StateMachine {
        /// The state machine's name.
        name: String,
        /// A version's number or an alias's name.
        qualifier: Option<String>,
    },
    /// `execution:STATE_MACHINE:NAME`
    Execution {
        /// The state machine's name.
        state_machine: String,
        /// The execution's name.
        name: String,
    },
    /// `express:STATE_MACHINE:NAME:ID`
    Express {
        /// The state machine's name.
        state_machine: String,
        /// The execution's name.
        name: String,
        /// Tells executions of the same name apart.
        id: String,
    },
    /// `activity:NAME`
    Activity {
        /// The activity's name.
        name: String,
    },
    /// `mapRun:STATE_MACHINE/LABEL:ID`
    MapRun {
        /// The state machine's name and the Map state's label.
        name: String,
        /// Tells the runs apart.
        id: String,
    },
}

impl Arn {
    /// Reads an ARN of this service.
    ///
    /// # Errors
    /// `InvalidArn`, with AWS's reason, when the text is none.
    pub fn parse(text: &str) -> Result<Arn, ApiError> {
        let Some(rest) = text.strip_prefix("arn:") else {
            return Err(ApiError::invalid_arn(format_args!("Invalid ARN prefix: {text}")));
        };
        let mut parts = rest.splitn(5, ':');
        let mut part = || parts.next().unwrap_or_default();
        let (partition, service, region, account, resource) = (part(), part(), part(), part(), part());
        if partition.is_empty() || service != "states" || region.is_empty() || account.is_empty() {
            return Err(ApiError::invalid_arn(format_args!("{text}")));
        }
        let resource = Resource::parse(resource).ok_or_else(|| ApiError::invalid_arn(format_args!("{text}")))?;
        Ok(Arn { partition: partition.into(), region: region.into(), account: account.into(), resource })
    }

    /// Reads the ARN of a state machine, a version or an alias of one.
    ///
    /// # Errors
    /// `InvalidArn` when the text is none.
    pub fn parse_state_machine(text: &str) -> Result<Arn, ApiError> {
        let arn = Arn::parse(text)?.expect(|resource| matches!(resource, Resource::StateMachine { .. }))?;
        match &arn.resource {
            Resource::StateMachine { name, .. } if name.contains('/') => Err(ApiError::labelled_arn(text)),
            _ => Ok(arn),
        }
    }

    /// Reads the ARN of a version or an alias of a state machine. Returns the state machine's ARN and what follows it.
    ///
    /// # Errors
    /// `InvalidArn` when the text is none.
    pub fn parse_qualified(text: &str) -> Result<(&str, Qualifier), ApiError> {
        match (Arn::parse_state_machine(text)?.resource, text.rsplit_once(':')) {
            (Resource::StateMachine { qualifier: Some(qualifier), .. }, Some((state_machine, _))) => {
                Ok((state_machine, Qualifier::of(qualifier)))
            }
            _ => Err(ApiError::invalid_arn("Resource type not valid in this context: stateMachine")),
        }
    }

    /// Reads the ARN of an execution of a STANDARD state machine.
    ///
    /// # Errors
    /// `InvalidArn` when the text is none. AWS keeps no record of EXPRESS executions, so their ARNs are refused, too.
    pub fn parse_execution(text: &str) -> Result<Arn, ApiError> {
        Arn::parse(text)?.expect(|resource| matches!(resource, Resource::Execution { .. }))
    }

    /// Reads the ARN of a Map Run.
    ///
    /// # Errors
    /// `InvalidArn` when the text is none.
    pub fn parse_map_run(text: &str) -> Result<Arn, ApiError> {
        Arn::parse(text)?.expect(|resource| matches!(resource, Resource::MapRun { .. }))
    }

    /// Reads the ARN of an activity.
    ///
    /// # Errors
    /// `InvalidArn` when the text is none.
    pub fn parse_activity(text: &str) -> Result<Arn, ApiError> {
        Arn::parse(text)?.expect(|resource| matches!(resource, Resource::Activity { .. }))
    }

    fn expect(self, wanted: impl FnOnce(&Resource) -> bool) -> Result<Arn, ApiError> {
        if wanted(&self.resource) {
            return Ok(self);
        }
        let kind = self.resource.kind();
        Err(ApiError::invalid_arn(format_args!("Resource type not valid in this context: {kind}")))
    }

    /// The ARN of another resource in the same partition, region and account.
    pub fn sibling(&self, resource: Resource) -> Arn {
        Arn { resource, ..self.clone() }
    }
}

/// What follows the name in the ARN of a version or an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Qualifier {
    /// A version's number.
    Version(u64),
    /// An alias's name. It is no number, so the two cannot be confused.
    Alias(String),
}

impl Qualifier {
    fn of(text: String) -> Self {
        text.parse().map_or(Qualifier::Alias(text), Qualifier::Version)
    }
}

impl Resource {
    fn parse(text: &str) -> Option<Resource> {
        let parts: Vec<&str> = text.split(':').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        Some(match parts.as_slice() {
            ["stateMachine", name] => Resource::StateMachine { name: name.to_string(), qualifier: None },
            ["stateMachine", name, qualifier] => {
                Resource::StateMachine { name: name.to_string(), qualifier: Some(qualifier.to_string()) }
            }
            ["execution", state_machine, name] => {
                Resource::Execution { state_machine: state_machine.to_string(), name: name.to_string() }
            }
            ["express", state_machine, name, id] => Resource::Express {
                state_machine: state_machine.to_string(),
                name: name.to_string(),
                id: id.to_string(),
            },
            ["activity", name] => Resource::Activity { name: name.to_string() },
            ["mapRun", name, id] => Resource::MapRun { name: name.to_string(), id: id.to_string() },
            _ => return None,
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Resource::StateMachine { .. } => "stateMachine",
            Resource::Execution { .. } => "execution",
            Resource::Express { .. } => "express",
            Resource::Activity { .. } => "activity",
            Resource::MapRun { .. } => "mapRun",
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Arn { partition, region, account, resource } = self;
        write!(f, "arn:{partition}:states:{region}:{account}:{}:", resource.kind())?;
        match resource {
            Resource::StateMachine { name, qualifier: None } | Resource::Activity { name } => f.write_str(name),
            Resource::StateMachine { name, qualifier: Some(qualifier) } => write!(f, "{name}:{qualifier}"),
            Resource::Execution { state_machine, name } => write!(f, "{state_machine}:{name}"),
            Resource::Express { state_machine, name, id } => write!(f, "{state_machine}:{name}:{id}"),
            Resource::MapRun { name, id } => write!(f, "{name}:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_back() {
        for text in [
            "arn:aws:states:us-east-1:123456789012:stateMachine:M",
            "arn:aws:states:us-east-1:123456789012:stateMachine:M:3",
            "arn:aws-cn:states:cn-north-1:123456789012:execution:M:a.b-c_d",
            "arn:aws:states:us-east-1:123456789012:express:M:N:I",
            "arn:aws:states:us-east-1:123456789012:activity:A",
            "arn:aws:states:us-east-1:123456789012:mapRun:M/L:I",
        ] {
            assert_eq!(Arn::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn says_why_a_text_is_no_arn_of_that_kind() {
        let message = |result: Result<Arn, ApiError>| result.unwrap_err().message;
        assert_eq!(message(Arn::parse("nonsense")), "Invalid Arn: 'Invalid ARN prefix: nonsense'");
        assert_eq!(message(Arn::parse("arn:aws:s3:::b")), "Invalid Arn: 'arn:aws:s3:::b'");
        assert_eq!(
            message(Arn::parse_execution("arn:aws:states:us-east-1:1:stateMachine:M")),
            "Invalid Arn: 'Resource type not valid in this context: stateMachine'"
        );
        for wrong in ["arn:", "arn:aws:states:us-east-1:1:execution:M", "arn:aws:states:us-east-1:1:activity:"] {
            assert_eq!(Arn::parse(wrong).unwrap_err().kind, "InvalidArn", "{wrong}");
        }
    }
}
