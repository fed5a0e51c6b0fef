//! Ends what the functions started, also when this server is killed.
//!
//! Every function process leads a process group. A small shell beside the server knows the groups that live. It waits for
//! its standard input to end, which happens however the server ends, and then kills them.

use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Reads `+GROUP` and `-GROUP`, a line each.
const SHELL: &str = r#"
trap '' INT TERM HUP
groups=
while read -r line; do
  group=${line#?}
  kept=
  for one in $groups; do [ "$one" = "$group" ] || kept="$kept $one"; done
  groups=$kept
  case $line in +*) groups="$groups $group" ;; esac
done
for one in $groups; do kill -KILL "-$one" 2>/dev/null; done
"#;

/// Knows the process groups that live.
#[derive(Default)]
pub(super) struct Reaper(Mutex<State>);

#[derive(Default)]
struct State {
    shell: Option<Child>,
    groups: BTreeSet<i32>,
}

impl Reaper {
    /// A function process started, the leader of its group.
    pub(super) fn started(&self, leader: u32) {
        let Ok(group) = i32::try_from(leader) else { return };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.groups.insert(group);
        if state.shell.is_none() {
            match start() {
                Ok(shell) => state.shell = Some(shell),
                Err(error) => tracing::warn!(%error, "no shell: if this server is killed, its functions go on"),
            }
        }
        state.tell(format_args!("+{group}\n"));
    }

    /// Kills what is left of the group.
    pub(super) fn kill(&self, leader: u32) {
        if let Some(group) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
            // Nobody may be left of it.
            _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// The group's leader has ended and what it left behind is killed.
    pub(super) fn ended(&self, leader: u32) {
        let Ok(group) = i32::try_from(leader) else { return };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.groups.remove(&group) {
            state.tell(format_args!("-{group}\n"));
        }
    }
}

impl State {
    fn tell(&mut self, line: std::fmt::Arguments<'_>) {
        if let Some(input) = self.shell.as_mut().and_then(|shell| shell.stdin.as_mut())
            && let Err(error) = input.write_fmt(line)
        {
            tracing::warn!(%error, "the shell that ends left-over functions is gone");
            self.shell = None;
        }
    }
}

/// Ends the processes, then the shell.
impl Drop for Reaper {
    fn drop(&mut self) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut shell) = state.shell.take() {
            drop(shell.stdin.take());
            _ = shell.wait();
        }
    }
}

fn start() -> std::io::Result<Child> {
    let mut shell = Command::new("/bin/sh");
    // A group of its own: Ctrl-C in the terminal ends the server, not the shell.
    shell.args(["-c", SHELL]).process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn()
}
