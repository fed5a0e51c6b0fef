//! What cases are played against.

pub mod http;
pub mod library;

use crate::case::Setup;
use crate::lambda::LambdaBehaviour;
use anyhow::Result;
use jiff::Timestamp;
use serde_json::Value;

/// Something that answers Step Functions calls; one per played case, cheap to create.
pub trait Target: Send + Sync {
    /// Calls an operation, as `account` or the target's own one: the HTTP status and the body.
    ///
    /// # Errors
    /// When there is no answer at all. An error answer is an answer.
    fn call(
        &self,
        operation: &str,
        params: &Value,
        account: Option<&str>,
    ) -> impl Future<Output = Result<(u16, Value)>> + Send;

    /// Lets time pass until the next thing happens; false when nothing is pending.
    ///
    /// A virtual clock jumps. A real endpoint waits a little and returns true.
    fn advance(&self) -> impl Future<Output = bool> + Send;

    /// Lets so many seconds pass.
    fn sleep(&self, seconds: f64) -> impl Future<Output = ()> + Send;

    /// Sleeps while somebody else moves time on: what a worker does beside the case.
    fn doze(&self, seconds: f64) -> impl Future<Output = ()> + Send {
        self.sleep(seconds)
    }

    /// Lets a worker pause that found no task. With a virtual clock no time passes: the case itself moves it.
    fn idle(&self) -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    /// The target's present time.
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Whether what a case made must be deleted at its end, because the next case meets the same target.
    fn is_shared(&self) -> bool;
}

/// What a case needs to be there before its first step.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The account of the target.
    pub account: String,
    /// The region of the target.
    pub region: String,
    /// The functions, by name.
    pub lambdas: Vec<(String, LambdaBehaviour)>,
    /// Calls to other services that the case begins with. A target that has the service makes them; a server's user does.
    pub setup: Vec<Setup>,
    /// The MockConfigFile of a mocked run.
    pub mock_config: Option<Value>,
}

/// Makes the target of each case.
pub trait Targets: Send + Sync {
    /// What it makes.
    type Target: Target;

    /// A target with the functions and mocks of one case.
    ///
    /// # Errors
    /// When the target cannot take them.
    fn open(&self, stage: Stage) -> impl Future<Output = Result<Self::Target>> + Send;
}
