//! `sqs:sendMessage`. Where nobody said where SQS is, the local queues answer.

use super::Services;
use super::optimised::{Service, with_text};
use asl_engine::task::{TaskRequest, TaskResult};

const SQS: Service = Service { prefix: "SQS", name: "AmazonSQS" };

pub(super) async fn send_message(services: &Services, request: &TaskRequest) -> TaskResult {
    let parameters = with_text(&request.input, "MessageBody");
    SQS.result(SQS.call(services, "sqs", "sendMessage", &parameters, request).await?)
}
