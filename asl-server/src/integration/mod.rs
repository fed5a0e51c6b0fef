//! Who answers tasks: one file a service, and the dispatcher that finds the right one.
//!
//! In-process functions that were registered with the engine answer first; what is left comes here. In this order:
//! a URL configured for that function, a local process, the Lambda Invoke endpoint, the service integration. When nothing is configured
//! for a resource the task fails at once, with a cause that names the resource and the setting that would provide it.

mod abandoned;
mod action;
mod apigateway;
mod athena;
mod aws_sdk;
mod batch;
mod bedrock;
mod client;
mod codebuild;
mod databrew;
mod dynamodb;
mod ecs;
mod eks;
mod emr;
mod emr_containers;
mod emr_serverless;
mod endpoint;
mod events;
mod glue;
mod http;
pub mod http_invoke;
mod item_reader;
mod job;
mod lambda;
mod mediaconvert;
mod metadata;
mod optimised;
mod result_writer;
mod sagemaker;
mod sfn;
mod sns;
mod sqs;
mod states;

pub use endpoint::{Endpoint, EndpointError, Endpoints};
pub(crate) use http_invoke::Exchange;
pub use http_invoke::HttpApis;
pub use sns::{Published, Topics};

use crate::aws::{Aws, ServiceEndpoints};
use crate::function::Functions;
use crate::http_client::HttpClients;
use crate::queue::Queues;
use crate::service::{Caller, Service, WeakService};
use crate::storage::{Buckets, Storage};
use asl_engine::StatesError;
use asl_engine::runtime::Clock;
use asl_engine::task::{Pattern, Purpose, Resource, TaskFuture, TaskHandler, TaskRequest, TaskResult};
use std::sync::{Arc, OnceLock};

/// Answers the tasks that no in-process function answers. Cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {
    services: Arc<Services>,
}

struct Services {
    endpoints: Endpoints,
    functions: Functions,
    clients: HttpClients,
    aws: Aws,
    storage: Storage,
    http: http_invoke::HttpTasks,
    topics: Topics,
    queues: Arc<Queues>,
    states: OnceLock<WeakService>,
}

/// Where what tasks ask for is answered.
pub(crate) struct Places {
    pub(crate) endpoints: Endpoints,
    pub(crate) functions: Functions,
    pub(crate) buckets: Buckets,
    pub(crate) apis: HttpApis,
    pub(crate) aws: ServiceEndpoints,
    /// The account and region of calls that do not say.
    pub(crate) caller: Caller,
    pub(crate) clock: Clock,
}

impl Dispatcher {
    pub(crate) fn new(places: Places) -> Self {
        let Places { endpoints, functions, buckets, apis, aws, caller, clock } = places;
        let (clients, http, states) = (HttpClients::default(), http_invoke::HttpTasks::new(apis), OnceLock::new());
        let (topics, queues) = (Topics::new(clock.clone()), Arc::new(Queues::new(clock)));
        let aws = Aws::new(aws, clients.clone(), caller, Arc::clone(&queues));
        let storage = Storage::new(buckets, aws.clone());
        let services = Services { endpoints, functions, clients, aws, storage, http, topics, queues, states };
        Dispatcher { services: Arc::new(services) }
    }

    /// Lets `states:startExecution` tasks start executions of this service.
    pub(crate) fn serve_states(&self, service: &Service) {
        // Weak: the service holds the engine that holds this dispatcher.
        _ = self.services.states.set(service.downgrade());
    }

    /// The functions that are local processes.
    pub fn functions(&self) -> &Functions {
        &self.services.functions
    }

    /// The local topics.
    pub fn topics(&self) -> &Topics {
        &self.services.topics
    }

    /// The local queues.
    pub fn queues(&self) -> &Queues {
        &self.services.queues
    }
}

impl Dispatcher {
    /// Answers an HTTP task, and tells what was sent and what came back.
    pub(crate) async fn exchange(&self, request: &TaskRequest, exchange: &mut Exchange) -> TaskResult {
        http_invoke::invoke(&self.services, request, Some(exchange)).await
    }
}

impl TaskHandler for Dispatcher {
    fn call(&self, request: TaskRequest) -> TaskFuture {
        let services = Arc::clone(&self.services);
        Box::pin(async move { services.answer(request).await })
    }
}

impl Services {
    async fn answer(&self, request: TaskRequest) -> TaskResult {
        match &request.purpose {
            Purpose::Task => self.task(request).await,
            Purpose::ReadItems { config, max_items } => {
                item_reader::read_items(self, &request, config, *max_items).await
            }
            Purpose::WriteResults(results) => result_writer::write_results(self, &request, results).await,
        }
    }

    async fn task(&self, request: TaskRequest) -> TaskResult {
        let (service, action) = match &request.resource {
            Resource::LambdaFunction { arn } => return lambda::function(self, arn, &request).await,
            Resource::Service { service, action, .. } => (service.as_str(), action.as_str()),
            // The engine hands activities to their workers itself.
            Resource::Activity { arn } => return Err(unsupported(arn)),
        };
        match (service, action) {
            ("lambda", "invoke") => lambda::invoke(self, &request).await,
            ("http", "invoke") => http_invoke::invoke(self, &request, None).await,
            ("apigateway", "invoke") => apigateway::invoke(self, &request).await,
            ("dynamodb", action) if dynamodb::ACTIONS.contains(&action) => dynamodb::call(self, action, &request).await,
            ("events", "putEvents") => events::put_events(self, &request).await,
            ("bedrock", "invokeModel") => bedrock::invoke_model(self, &request).await,
            ("elasticmapreduce", "modifyInstanceFleetByName") => {
                emr::modify_by_name(self, &emr::FLEETS, &request).await
            }
            ("elasticmapreduce", "modifyInstanceGroupByName") => {
                emr::modify_by_name(self, &emr::GROUPS, &request).await
            }
            ("sns", "publish") => sns::publish(self, &request).await,
            ("sqs", "sendMessage") => sqs::send_message(self, &request).await,
            ("states", "startExecution") => states::start_execution(self, &request).await,
            ("aws-sdk:sfn", action) if !matches!(request.resource.pattern(), Pattern::Sync | Pattern::Sync2) => {
                sfn::call(self, action, &request).await
            }
            _ => match (service.strip_prefix("aws-sdk:"), action::integration(service)) {
                (Some(service), _) if service != "sfn" => aws_sdk::call(self, service, action, &request).await,
                (_, Some(integration)) => integration.answer(self, action, &request).await,
                _ => Err(unsupported(request.resource.arn())),
            },
        }
    }

    /// The service whose engine asks.
    fn service(&self) -> Result<Service, StatesError> {
        let service = self.states.get().and_then(WeakService::upgrade);
        service.ok_or_else(|| StatesError::runtime("The server is shutting down."))
    }
}

/// The region of the execution that asks.
fn region(request: &TaskRequest) -> Option<&str> {
    request.execution_arn.split(':').nth(3)
}

/// The error of a task whose resource nothing here can answer.
fn unsupported(arn: &str) -> StatesError {
    StatesError::runtime(format!(
        "This server has no integration for the resource '{arn}'. It answers Lambda functions (configure them with \
         --function NAME=URL|COMMAND, --template FILE or --lambda-endpoint URL), lambda:invoke, http:invoke, apigateway:invoke, \
         sns:publish, sqs:sendMessage, dynamodb's items, events:putEvents, states:startExecution, the jobs of other services \
         (glue:startJobRun, ecs:runTask, …) and aws-sdk:SERVICE:ACTION."
    ))
}
