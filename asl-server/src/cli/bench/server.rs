//! The server under test: a process of this program's own, and what the system tells of it.

use super::client::{Address, Client};
use anyhow::{Context, bail, ensure};
use axum::body::Bytes;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(60);
/// The kernel tells CPU time in hundredths of a second, on every architecture (proc(5), USER_HZ).
const TICKS_PER_SECOND: f64 = 100.0;

/// A server that this process started, and ends.
pub(super) struct Server {
    process: Mutex<Child>,
    id: Option<u32>,
    pub(super) address: Address,
    /// How long it took until it answered a request.
    pub(super) first_answer: Duration,
}

/// How a server is started.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    /// Its folder; it keeps its data there, too.
    pub(super) folder: PathBuf,
    pub(super) ephemeral: bool,
    pub(super) arguments: Vec<String>,
}

impl Launch {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not listen in time.
    pub(super) async fn start(&self) -> anyhow::Result<Server> {
        let mut command = Command::new(&self.program);
        // Settings of the user's other servers are not for this one.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ASL_")) {
            command.env_remove(name);
        }
        command.current_dir(&self.folder).args(["serve", "--listen", "127.0.0.1:0"]).args(&self.arguments);
        if self.ephemeral {
            command.arg("--ephemeral");
        }
        command.env("ASL_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let began = Instant::now();
        let mut process = command.spawn().with_context(|| format!("cannot start {}", self.program.display()))?;
        let output = process.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let address = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, rest)) = line.split_once(" on http://") {
                    return Ok(Address(rest.split(' ').next().unwrap_or_default().to_owned()));
                }
            }
            bail!("the server ended before it listened; its message is above")
        };
        let address = tokio::time::timeout(PATIENCE, address).await.context("the server does not listen")??;
        let mut client = Client::connect(&address).await?;
        client.call("ListStateMachines", Bytes::from_static(b"{}")).await?.read::<serde::de::IgnoredAny>()?;
        let first_answer = began.elapsed();
        // What else it says is of no interest, but must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Server { id: process.id(), process: Mutex::new(process), address, first_answer })
    }
}

impl Server {
    /// CPU time, user and system, in milliseconds; `None` where the system does not tell.
    pub(super) fn cpu_millis(&self) -> Option<f64> {
        let text = self.proc("stat")?;
        // The second field is the program's name in parentheses, which may hold anything.
        let fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
        let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        Some((ticks.first()? + ticks.get(1)?) * 1000.0 / TICKS_PER_SECOND)
    }

    /// Memory in use (`VmRSS`) or the most that ever was (`VmHWM`), in MB.
    pub(super) fn memory_mb(&self, field: &str) -> Option<f64> {
        let text = self.proc("status")?;
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
        let kilobytes: f64 = line.split_ascii_whitespace().next()?.parse().ok()?;
        Some(kilobytes * 1024.0 / 1e6)
    }

    /// Tells it to end, and waits until it has.
    #[cfg(unix)]
    pub(super) async fn stop(&self) -> anyhow::Result<()> {
        use rustix::process::{Pid, Signal, kill_process};
        let id = self.id.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).context("the server has ended")?;
        kill_process(id, Signal::TERM)?;
        let status = self.process.lock().await.wait().await?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// There is no way to tell it: ends it.
    #[cfg(not(unix))]
    pub(super) async fn stop(&self) -> anyhow::Result<()> {
        self.kill().await;
        Ok(())
    }

    fn proc(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(Path::new("/proc").join(self.id?.to_string()).join(file)).ok()
    }

    /// Ends it at once, as a crash would.
    pub(super) async fn kill(&self) {
        _ = self.process.lock().await.kill().await;
    }
}
