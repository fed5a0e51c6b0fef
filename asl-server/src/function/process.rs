//! One process of a function: started, invoked, ended with everything it started itself.

use super::log::forward;
use super::reaper::Reaper;
use super::report;
use super::runtime_api::{Answer, Call, Handed, Server, Session};
use super::{LocalFunction, Surroundings, command, environment};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

/// How long a process may take until it asks for its first invocation, if the function's own timeout is not longer
/// (Lambda Developer Guide, *Init phase*).
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// A process, until it is dropped.
pub(super) struct Process {
    session: Arc<Session>,
    server: Server,
    kill: Arc<Notify>,
    ended: watch::Receiver<Option<ExitStatus>>,
    /// It has never been invoked.
    fresh: bool,
    /// It is no good for another invocation.
    spent: bool,
}

impl Process {
    /// Starts a process of the function.
    ///
    /// # Errors
    /// Why it cannot be started, for people.
    pub(super) async fn start(
        function: &LocalFunction,
        surroundings: &Surroundings,
        reaper: &Arc<Reaper>,
    ) -> Result<Process, String> {
        let argv = command::argv(function)?;
        let [program, arguments @ ..] = &*argv else { return Err("its command is empty".to_owned()) };
        let session = Arc::<Session>::default();
        let no_listener = |error| format!("no port for its Runtime API: {error}");
        let server = Server::start(Arc::clone(&session)).await.map_err(no_listener)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&function.directory)
            .env_clear()
            .envs(environment::variables(function, surroundings, server.address()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: so it can be ended with all that it started.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| match function.directory.is_dir() {
            true => format!("fork/exec {program}: {error}"),
            false => format!("its directory `{}` is not there", function.directory.display()),
        })?;
        let name: Arc<str> = function.name.as_str().into();
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(forward(Arc::clone(&name), stdout, session.budget.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(forward(name, stderr, session.budget.clone()));
        }
        let kill = Arc::new(Notify::new());
        let (on_end, ended) = watch::channel(None);
        tokio::spawn(supervise(child, Arc::clone(&kill), Arc::clone(reaper), on_end));
        Ok(Process { session, server, kill, ended, fresh: true, spent: false })
    }

    /// Can it be invoked again?
    pub(super) fn is_good(&self) -> bool {
        !self.spent && self.ended.borrow().is_none()
    }

    /// How it ended, if nobody ended it.
    pub(super) fn ended_by_itself(&self) -> Option<ExitStatus> {
        if self.spent { None } else { *self.ended.borrow() }
    }

    /// Invokes the function. `None`: the process was used before and has not taken this invocation: another process may.
    pub(super) async fn invoke(&mut self, call: Call, timeout: Duration) -> Option<Answer> {
        let id = call.request_id.clone();
        let fresh = std::mem::take(&mut self.fresh);
        let mut handed = self.session.hand_in(call, timeout);
        tokio::select! {
            biased;
            fetched = &mut handed.fetched => if fetched.is_err() {
                // Its initialisation failed, and it said why.
                self.end();
            },
            status = end(&mut self.ended) => {
                let answer = self.last_words(&mut handed, &id, status).await;
                let taken = handed.fetched.try_recv().is_ok();
                return (fresh || taken).then_some(answer);
            }
            () = sleep(INIT_TIMEOUT.max(timeout)) => {
                self.end();
                return fresh.then(|| Err(report::timed_out(&id, timeout)));
            }
        }
        Some(tokio::select! {
            biased;
            answer = &mut handed.answer => match answer {
                Ok(answer) => answer,
                // Cannot be: the session keeps the sender until it answers.
                Err(_) => Err(report::exited(&id, ExitStatus::default())),
            },
            status = end(&mut self.ended) => self.last_words(&mut handed, &id, status).await,
            () = sleep(timeout) => {
                self.end();
                Err(report::timed_out(&id, timeout))
            }
        })
    }

    /// How many lines of its last invocation were not logged.
    pub(super) fn lines_dropped(&self) -> u64 {
        self.session.budget.dropped()
    }

    /// What a process that has ended had still sent, else that it ended.
    async fn last_words(&mut self, handed: &mut Handed, id: &str, status: ExitStatus) -> Answer {
        self.server.finish().await;
        handed.answer.try_recv().unwrap_or_else(|_| Err(report::exited(id, status)))
    }

    fn end(&mut self) {
        self.spent = true;
        self.kill.notify_one();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until the process has ended, and sees to it that nothing of it stays.
async fn supervise(
    mut child: Child,
    kill: Arc<Notify>,
    reaper: Arc<Reaper>,
    on_end: watch::Sender<Option<ExitStatus>>,
) {
    let Some(leader) = child.id() else { return };
    reaper.started(leader);
    let status = tokio::select! {
        status = child.wait() => status,
        () = kill.notified() => {
            reaper.kill(leader);
            child.wait().await
        }
    };
    reaper.kill(leader);
    reaper.ended(leader);
    on_end.send_replace(Some(status.unwrap_or_default()));
}

async fn end(ended: &mut watch::Receiver<Option<ExitStatus>>) -> ExitStatus {
    match ended.wait_for(Option::is_some).await {
        Ok(status) => status.unwrap_or_default(),
        Err(_) => ExitStatus::default(),
    }
}
