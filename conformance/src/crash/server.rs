//! The server under test: a process that can be killed and started again.

use super::machine::BUCKET;
use super::results::Results;
use anyhow::{Context, Result, ensure};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Server {
    program: PathBuf,
    data: Option<PathBuf>,
    address: SocketAddr,
    world: SocketAddr,
    results: Results,
    process: Child,
}

impl Server {
    /// Starts it on a free port. Functions are called at `world`.
    pub(super) async fn start(
        program: &Path,
        data: Option<&Path>,
        results: &Results,
        world: SocketAddr,
    ) -> Result<Server> {
        // The port is free again when the server takes it.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = spawn(program, data, address, world, results)?;
        let (program, data) = (program.to_owned(), data.map(Path::to_owned));
        let mut server = Server { program, data, address, world, results: results.clone(), process };
        server.wait_until_ready().await?;
        Ok(server)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// SIGKILL: the process gets no chance to do anything.
    pub(super) async fn kill(&mut self) -> Result<()> {
        ensure!(self.process.try_wait()?.is_none(), "the server ended by itself");
        self.process.kill().await.context("the server cannot be killed")
    }

    pub(super) async fn restart(&mut self) -> Result<()> {
        self.process = spawn(&self.program, self.data.as_deref(), self.address, self.world, &self.results)?;
        self.wait_until_ready().await
    }

    /// SIGTERM: it ends by itself within seconds.
    pub(super) async fn stop(&mut self) -> Result<()> {
        let id = self.process.id().context("the server ended by itself")?;
        Command::new("kill").arg(id.to_string()).status().await?;
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        let status = ended.context("the server does not end when it is told to")??;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let begin = Instant::now();
        while tokio::net::TcpStream::connect(self.address).await.is_err() {
            ensure!(self.process.try_wait()?.is_none(), "the server does not start");
            ensure!(begin.elapsed() < PATIENCE, "the server does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

fn spawn(
    program: &Path,
    data: Option<&Path>,
    address: SocketAddr,
    world: SocketAddr,
    results: &Results,
) -> Result<Child> {
    let mut command = Command::new(program);
    command.arg("serve").arg("--listen").arg(address.to_string());
    command.arg("--lambda-endpoint").arg(format!("http://{world}"));
    command.arg("--bucket").arg(format!("{BUCKET}={}", results.folder().display()));
    match data {
        Some(data) => command.arg("--data").arg(data),
        None => command.arg("--ephemeral"),
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    command.spawn().with_context(|| format!("cannot start `{}`; build it, or name it with --server", program.display()))
}
