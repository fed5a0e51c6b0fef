//! After a restart: every shard gets its share of what is unfinished.

use super::Engine;
use crate::runtime::journal::{JournalError, Kept};
use crate::runtime::recovery::Share;
use crate::runtime::shard::{Message, Shared, home_of};
use crate::value::Str;
use std::collections::HashMap;
use tokio::sync::oneshot;

impl Engine {
    /// Goes on with the executions that the journal holds unfinished: tasks are asked for again with the ids they had,
    /// timers fire at the moments they were set to, those that are late at once. Returns with how many executions go on; one
    /// that cannot is logged. To be called once, when everything that answers tasks is in place.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn recover(&self) -> Result<usize, JournalError> {
        let journal = &self.0.shared.log.journal;
        let unfinished = journal.unfinished()?;
        let roots = Roots::new(&unfinished);
        let mut shares: Vec<Share> = self.0.shards.iter().map(|_| Share::default()).collect();
        for kept in unfinished {
            let home = roots.home_of(&kept, &self.0.shared);
            shares[self.shard_at(home)].unfinished.push((kept, home));
        }
        journal.parked(&mut |parked| shares[self.shard_at(parked.home)].parked.push(parked))?;
        let mut answers = Vec::new();
        for (shard, share) in self.0.shards.iter().zip(shares) {
            let (recovered, answer) = oneshot::channel();
            if shard.send(Message::Recover { share, recovered }).await.is_ok() {
                answers.push(answer);
            }
        }
        let mut count = 0;
        for answer in answers {
            count += answer.await.map_err(|_| JournalError::Stopped)?;
        }
        Ok(count)
    }
}

/// Where executions come from: children live in the shard of the execution that began it all.
struct Roots(HashMap<Str, Str>);

impl Roots {
    fn new(unfinished: &[Kept]) -> Self {
        let parent = |kept: &Kept| {
            Some((kept.birth.start.execution_arn.clone(), kept.birth.parent.as_ref()?.execution_arn.clone()))
        };
        Roots(unfinished.iter().filter_map(parent).collect())
    }

    fn home_of(&self, kept: &Kept, shared: &Shared) -> u64 {
        let mut root = &kept.birth.start.execution_arn;
        while let Some(parent) = self.0.get(root) {
            root = parent;
        }
        if *root == kept.birth.start.execution_arn { shared.home_of(&kept.birth) } else { home_of(root) }
    }
}
