//! The local runtime: executions on tokio, with real or virtual time.
