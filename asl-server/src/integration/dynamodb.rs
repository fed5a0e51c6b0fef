//! `dynamodb`: items of tables.

use super::Services;
use super::optimised::Service;
use asl_engine::task::{TaskRequest, TaskResult};

const DYNAMODB: Service = Service { prefix: "DynamoDB", name: "AmazonDynamoDBv2" };

/// What can be done with items.
pub(super) const ACTIONS: [&str; 4] = ["getItem", "putItem", "updateItem", "deleteItem"];

pub(super) async fn call(services: &Services, action: &str, request: &TaskRequest) -> TaskResult {
    DYNAMODB.result(DYNAMODB.call(services, "dynamodb", action, &request.input, request).await?)
}
