//! What `Ref` and `Fn::GetAtt` give for the resources of a template, which are not created here but for a few: the names
//! and ARNs that they would have in the account and region (CloudFormation User Guide, *Return values* of each type).

use crate::service::Caller;

/// The property that names a resource of that type; one without it is named after its logical id.
pub(super) fn name_property(kind: &str) -> &'static str {
    match kind {
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => "FunctionName",
        "AWS::StepFunctions::StateMachine" => "StateMachineName",
        "AWS::SNS::Topic" => "TopicName",
        "AWS::SQS::Queue" => "QueueName",
        "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable" | "AWS::Serverless::SimpleTable" => "TableName",
        "AWS::S3::Bucket" => "BucketName",
        "AWS::IAM::Role" => "RoleName",
        "AWS::Logs::LogGroup" => "LogGroupName",
        "AWS::ECS::Cluster" => "ClusterName",
        "AWS::ECS::TaskDefinition" => "Family",
        "AWS::Batch::JobQueue" => "JobQueueName",
        "AWS::Batch::JobDefinition" => "JobDefinitionName",
        _ => "Name",
    }
}

/// What `Ref` gives.
pub(super) fn reference(kind: &str, name: &str, caller: &Caller) -> String {
    match kind {
        "AWS::Serverless::StateMachine"
        | "AWS::StepFunctions::StateMachine"
        | "AWS::StepFunctions::Activity"
        | "AWS::SNS::Topic"
        | "AWS::SecretsManager::Secret"
        | "AWS::ECS::TaskDefinition"
        | "AWS::Batch::JobQueue"
        | "AWS::Batch::JobDefinition" => arn(kind, name, caller).unwrap_or_else(|| name.to_owned()),
        "AWS::SQS::Queue" => queue_url(name, caller),
        "AWS::S3::Bucket" => name.to_lowercase(),
        _ => name.to_owned(),
    }
}

/// What `Fn::GetAtt` gives; `None`: it is not known here.
pub(super) fn attribute(kind: &str, name: &str, attribute: &str, caller: &Caller) -> Option<String> {
    match (kind, attribute) {
        ("AWS::SNS::Topic", "TopicArn") | ("AWS::Events::Connection" | _, "Arn") => arn(kind, name, caller),
        (_, "Name") => Some(name.to_owned()),
        ("AWS::SNS::Topic", "TopicName") | ("AWS::SQS::Queue", "QueueName") => Some(name.to_owned()),
        ("AWS::SQS::Queue", "QueueUrl") => Some(queue_url(name, caller)),
        _ => None,
    }
}

fn queue_url(name: &str, Caller { account, region }: &Caller) -> String {
    format!("https://sqs.{region}.amazonaws.com/{account}/{name}")
}

fn arn(kind: &str, name: &str, caller: &Caller) -> Option<String> {
    let Caller { account, region } = caller;
    let partition = caller.partition();
    let regional = |service: &str, rest: String| Some(format!("arn:{partition}:{service}:{region}:{account}:{rest}"));
    match kind {
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => regional("lambda", format!("function:{name}")),
        "AWS::Serverless::StateMachine" | "AWS::StepFunctions::StateMachine" => {
            regional("states", format!("stateMachine:{name}"))
        }
        "AWS::StepFunctions::Activity" => regional("states", format!("activity:{name}")),
        "AWS::SNS::Topic" => regional("sns", name.to_owned()),
        "AWS::SQS::Queue" => regional("sqs", name.to_owned()),
        "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable" => regional("dynamodb", format!("table/{name}")),
        "AWS::Events::EventBus" => regional("events", format!("event-bus/{name}")),
        "AWS::Events::Connection" => regional("events", format!("connection/{name}")),
        "AWS::SecretsManager::Secret" => regional("secretsmanager", format!("secret:{name}")),
        "AWS::Logs::LogGroup" => regional("logs", format!("log-group:{name}:*")),
        "AWS::ECS::Cluster" => regional("ecs", format!("cluster/{name}")),
        "AWS::ECS::TaskDefinition" => regional("ecs", format!("task-definition/{name}:1")),
        "AWS::Batch::JobQueue" => regional("batch", format!("job-queue/{name}")),
        "AWS::Batch::JobDefinition" => regional("batch", format!("job-definition/{name}:1")),
        "AWS::KMS::Key" => regional("kms", format!("key/{name}")),
        "AWS::S3::Bucket" => Some(format!("arn:{partition}:s3:::{}", name.to_lowercase())),
        "AWS::IAM::Role" => Some(format!("arn:{partition}:iam::{account}:role/{name}")),
        _ => None,
    }
}
