//! Task tokens: opaque to users, and enough to find the task again after a restart without an index.

use super::TaskId;
use super::rng::mix;
use crate::value::Str;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The token of a task.
pub fn encode(execution_arn: &str, task: TaskId, seed: u64) -> Str {
    URL_SAFE_NO_PAD.encode(format!("{:016x}{:x}:{execution_arn}", check(task, seed), task.0)).into()
}

/// The execution and task that a token names, and its check value. `None`: not one of our tokens.
pub fn decode(token: &str) -> Option<(Str, TaskId, u64)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (head, execution_arn) = text.split_once(':')?;
    let (check, task) = head.split_at_checked(16)?;
    Some((execution_arn.into(), TaskId(u64::from_str_radix(task, 16).ok()?), u64::from_str_radix(check, 16).ok()?))
}

/// What a genuine token of this task carries: it cannot be made up from an execution's ARN alone.
pub fn check(task: TaskId, seed: u64) -> u64 {
    mix(seed ^ mix(task.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_task() {
        let token = encode("arn:aws:states:us-east-1:1:execution:m:e", TaskId(42), 7);
        assert_eq!(
            decode(&token),
            Some(("arn:aws:states:us-east-1:1:execution:m:e".into(), TaskId(42), check(TaskId(42), 7)))
        );
        assert_eq!(decode("Invalid token"), None);
        assert_eq!(decode(""), None);
    }
}
