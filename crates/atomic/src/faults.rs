//! Lets chosen steps of the calling thread fail.

use super::Step;
use std::{cell::RefCell, io};

/// What fails, counted in steps since the plan began, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Only the step with this number, with "disk full".
    Once(usize),
    /// Every step from this number on, cleaning up included: what a crash leaves behind.
    From(usize),
}

#[derive(Default)]
struct State {
    plan: Option<Plan>,
    steps: Vec<Step>,
    active: bool,
}

thread_local!(static STATE: RefCell<State> = RefCell::default());

/// Runs `action` with `plan`; returns its result and the steps that it came by.
pub fn with<T>(plan: Option<Plan>, action: impl FnOnce() -> T) -> (T, Vec<Step>) {
    STATE.set(State { plan, active: true, ..State::default() });
    let result = action();
    (result, STATE.take().steps)
}

/// Runs `action` without faults to count its steps, then once for every step and both kinds of plan.
/// `action` must start from a fresh state each time. Returns the number of steps.
pub fn each(mut action: impl FnMut(Option<Plan>)) -> usize {
    let ((), steps) = with(None, || action(None));
    for number in 0..steps.len() {
        for plan in [Plan::Once(number), Plan::From(number)] {
            with(Some(plan), || action(Some(plan)));
        }
    }
    steps.len()
}

/// Takes note of a step, and says whether it fails.
pub fn point(step: Step) -> io::Result<()> {
    STATE.with_borrow_mut(|state| {
        if !state.active {
            return Ok(());
        }
        let number = state.steps.len();
        state.steps.push(step);
        let fails = match state.plan {
            None => false,
            Some(Plan::Once(at)) => number == at,
            Some(Plan::From(at)) => number >= at,
        };
        if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    })
}

/// Runs `action` within [`with`], neither failing nor counted.
pub fn unharmed<T>(action: impl FnOnce() -> T) -> T {
    let active = STATE.with_borrow_mut(|state| std::mem::take(&mut state.active));
    let result = action();
    STATE.with_borrow_mut(|state| state.active = active);
    result
}

/// Ends the plan and the counting within [`with`], to look at what is left on the disk.
pub fn end() {
    STATE.with_borrow_mut(|state| state.active = false);
}
