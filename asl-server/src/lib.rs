//! A Step-Functions-compatible server, and the `asl` command line.

pub mod aws;
pub mod cli;
pub mod config;
pub mod connection;
pub mod deploy;
pub mod execution;
pub mod function;
pub mod http;
pub mod http_client;
pub mod integration;
pub mod operation;
pub mod queue;
pub mod quota;
pub mod registry;
pub mod saga;
pub mod service;
mod service_model;
pub mod storage;
pub mod table;
pub mod template;
pub mod wire;

pub use service::{Caller, Service};
