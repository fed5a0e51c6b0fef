//! The local runtime: executions on tokio, with real or virtual time.
//!
//! Executions are spread over a few shards. A shard is one tokio task that owns its machines: it takes a batch of messages,
//! steps the machines, and performs their commands. The child executions of a Map Run live in the shard of their parent. No
//! lock is held across executions, and a waiting execution costs no thread, no task and soon no memory: it is a row in the
//! journal and an entry in its shard's timer table.
//!
//! ```
//! use asl_engine::{Definition, runtime::Engine, machine::Outcome, object, task::typed};
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let definition = Definition::parse(r#"{"StartAt": "Greet", "States": {"Greet": {"Type": "Task", "End": true,
//!     "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Greet"}}}"#, &Default::default());
//! let engine = Engine::builder()
//!     .function("Greet", typed(|name: String| async move { Ok(format!("Hello, {name}!")) }))
//!     .build();
//! let outcome = engine.run(definition.program.unwrap(), "Ada".into()).await;
//! assert_eq!(outcome, Outcome::Succeeded { output: "Hello, Ada!".into() });
//! # }
//! ```

mod activity;
mod clock;
mod dispatch;
mod engine;
mod functions;
mod history;
mod journal;
mod map_run;
mod outstanding;
mod parking;
mod perform;
mod record;
mod recovery;
mod redrive;
mod replay;
mod retention;
mod shard;
mod task_future;

pub use activity::ActivityTask;
pub use clock::{Clock, VirtualClock};
pub use engine::{Engine, EngineBuilder, StartError, TokenError, TokenReport};
pub use functions::{function_name, invoke_answer, invoke_error};
pub use history::{HistoryPage, HistoryRange};
pub use journal::{Birth, End, Entry, Happened, Journal, JournalError, Kept, MemoryJournal, Parent, Parked, Saved};
#[cfg(feature = "durable")]
pub use journal::{Durability, DurableJournal};
pub use map_run::{Counts, MapRun};
pub use outstanding::Outstanding;
pub use record::{Execution, Status};
pub use redrive::{NotRedrivable, RedriveError, Redrives};
pub use retention::Retention;
