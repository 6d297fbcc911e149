//! What takes long, on a thread of its own: one job at a time, its outcome taken in a later turn.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

/// A job that was begun.
struct Job<K, T> {
    key: K,
    thread: JoinHandle<T>,
}

/// One place to work at.
pub(super) struct Workshop<K, T> {
    place: Arc<Mutex<Option<Job<K, T>>>>,
}

impl<K, T> Default for Workshop<K, T> {
    fn default() -> Self {
        Self { place: Arc::default() }
    }
}

impl<K: PartialEq, T: Send + 'static> Workshop<K, T> {
    /// The outcome of a job, if it is done: then it is forgotten. Begins it otherwise, unless another one is under way; one whose
    /// thread panicked is begun anew.
    pub(super) fn take(&self, key: K, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        match place.take() {
            Some(under_way) if !under_way.thread.is_finished() => {
                *place = Some(under_way);
                return None;
            }
            Some(done) if done.key == key => {
                if let Ok(outcome) = done.thread.join() {
                    return Some(outcome);
                }
            }
            // Nobody asked for the outcome of another one in time: it is of no use any more.
            Some(_) | None => {}
        }
        *place = Some(Job { key, thread: thread::spawn(job) });
        None
    }

    /// Whether something is under way.
    pub(super) fn is_busy(&self) -> bool {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.as_ref().is_some_and(|job| !job.thread.is_finished())
    }
}
