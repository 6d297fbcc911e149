//! What an operator counts of itself, for Prometheus.

use crate::machine::Machine;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What a counter is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Label {
    what: &'static str,
}

/// The figures; copies are the same figures.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    actions: Family<Label, Counter>,
    failures: Family<Label, Counter>,
    answers: Histogram,
    block: Gauge,
    open: Gauge,
    seats: Gauge,
    refused: Gauge,
    missed: Gauge,
    /// Seconds of Unix time.
    last_turn: Arc<AtomicU64>,
    halted: Arc<AtomicBool>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("last_turn", &self.last_turn).finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("averment_oracle");
        let (actions, failures) = (Family::default(), Family::default());
        // A tenth of a millisecond to some seven seconds.
        let answers = Histogram::new(exponential_buckets(1e-4, 2.0, 17));
        let [block, open, seats, refused, missed] = [(); 5].map(|()| Gauge::default());
        registry.register("actions", "Transactions sent, by action", actions.clone());
        registry.register("failures", "What did not work, by what", failures.clone());
        registry.register("answer_seconds", "Time to compute an answer", answers.clone());
        registry.register("settled_block", "Newest settled block that was read", block.clone());
        registry.register("open_requests", "Open requests to versions served here", open.clone());
        registry.register("seats", "Committees that this operator has a seat in now", seats.clone());
        registry.register(
            "refused_requests",
            "Open requests whose windows are too short here",
            refused.clone(),
        );
        registry.register("missed", "Seats not answered in time; this costs stake", missed.clone());
        let (last_turn, halted) = Default::default();
        let registry = Arc::new(registry);
        Self { registry, actions, failures, answers, block, open, seats, refused, missed, last_turn, halted }
    }
}

impl Metrics {
    /// A transaction was sent.
    pub(crate) fn acted(&self, what: &'static str) {
        self.actions.get_or_create(&Label { what }).inc();
    }

    /// Something did not work.
    pub(crate) fn failed(&self, what: &'static str) {
        self.failures.get_or_create(&Label { what }).inc();
    }

    /// An answer was computed.
    pub(crate) fn answered(&self, took: Duration) {
        self.answers.observe(took.as_secs_f64());
    }

    /// A turn ended.
    pub(crate) fn turn(&self, machine: &Machine, block: u64) {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.block.set(number(block));
        self.open.set(number(machine.open() as u64));
        self.seats.set(number(machine.seats() as u64));
        self.refused.set(number(machine.refused().count() as u64));
        self.missed.set(number(machine.missed()));
        self.last_turn.store(now(), Ordering::Relaxed);
    }

    /// The operator has stopped with an alarm.
    pub(crate) fn halted(&self) {
        self.halted.store(true, Ordering::Relaxed);
        self.failed("halted");
    }

    /// Whether it has stopped with an alarm.
    pub fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed)
    }

    /// Seconds since a turn last ended well; none if none has.
    pub fn since_turn(&self) -> Option<u64> {
        match self.last_turn.load(Ordering::Relaxed) {
            0 => None,
            at => Some(now().saturating_sub(at)),
        }
    }

    /// All of them, as Prometheus reads them (OpenMetrics text).
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
