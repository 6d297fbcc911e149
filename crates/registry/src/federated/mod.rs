//! Tasks of federated learning (docs/federated.md) as the chain has them: a task's code, what it stores, what it said. Nothing here
//! knows the curve or the rules; who does is asked through [`crate::audit::Mathematics`].

pub(crate) mod event;
pub(crate) mod task;

/// Events of a task as the contract writes them.
pub use event::typed::Told as TaskEvents;
pub use event::{Contested, Phase, TaskEvent, TaskEventError};
pub use task::{
    FACTORY_SLOT, TASK_SLOT, TaskCode, TaskCodeError, TaskRule, TaskStanding, TaskTerms, factory_slots,
    history_after, outcome_digest, task_slots,
};
