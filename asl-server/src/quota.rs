//! How much an account may have in a region.

/// AWS's quotas by default (Developer Guide, *Service quotas*; the API reference for versions and aliases).
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// State machines.
    pub state_machines: usize,
    /// Versions of a state machine.
    pub versions: usize,
    /// Aliases of a state machine.
    pub aliases: usize,
    /// Activities.
    pub activities: usize,
    /// Workers that wait for a task of an activity.
    pub workers: usize,
    /// Executions that run at once, of all accounts together.
    pub executions: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Quotas {
            state_machines: 100_000,
            versions: 1_000,
            aliases: 100,
            activities: 100_000,
            workers: 1_000,
            executions: 1_000_000,
        }
    }
}
