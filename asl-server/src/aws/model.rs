//! What the services of AWS take and answer: the models in `asl-server/models/`.

use std::sync::Arc;

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
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// As in `arn:aws:states:::aws-sdk:NAME:action`: `cloudwatchlogs`.
    pub(crate) name: String,
    /// What its errors begin with: `CloudWatchLogs`.
    pub(crate) prefix: String,
    /// What causes and `AWS_ENDPOINT_URL_…` name it: `CloudWatch Logs`.
    pub(crate) id: String,
    /// The first label of its hosts: `logs`.
    pub(crate) endpoint_prefix: String,
    /// The service in a signature's scope: `logs`.
    pub(crate) signing_name: String,
    pub(crate) protocol: Protocol,
}

/// The model of one service.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) service: Service,
}

impl Model {
    /// The model of a service, named as in `arn:aws:states:::aws-sdk:NAME:action`.
    pub(crate) fn of(_sdk_name: &str) -> Option<Arc<Model>> {
        None
    }

    /// An operation, named as in a resource ARN: `putItem`.
    pub(crate) fn operation(&self, _action: &str) -> Option<Operation<'_>> {
        None
    }
}

/// An operation of a service.
#[derive(Clone, Debug)]
pub(crate) struct Operation<'m> {
    /// As the service names it: `PutItem`.
    pub(crate) name: &'m str,
    pub(crate) method: &'m str,
    /// A call without signature.
    pub(crate) anonymous: bool,
}
