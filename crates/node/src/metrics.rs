//! What an operator, or a member of a federated task, counts of itself, for Prometheus.

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
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// What a counter is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Label {
    what: &'static str,
}

/// What is counted of somebody, beside what everybody counts: names with words for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures<const N: usize> {
    /// What all names begin with.
    pub prefix: &'static str,
    /// How long something took, from the least of so many seconds on, doubling.
    pub seconds: (&'static str, &'static str, f64),
    /// What each turn finds.
    pub each_turn: [(&'static str, &'static str); N],
}

/// The figures; copies are the same figures.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    actions: Family<Label, Counter>,
    failures: Family<Label, Counter>,
    seconds: Histogram,
    block: Gauge,
    each_turn: Vec<Gauge>,
    /// Seconds of Unix time.
    last_turn: Arc<AtomicU64>,
    halted: Arc<AtomicBool>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("last_turn", &self.last_turn).finish_non_exhaustive()
    }
}

impl Metrics {
    /// Zeros of these.
    pub(crate) fn new<const N: usize>(figures: &Figures<N>) -> Self {
        let mut registry = Registry::with_prefix(figures.prefix);
        let (actions, failures, block) = (Family::default(), Family::default(), Gauge::default());
        let (name, help, least) = figures.seconds;
        let seconds = Histogram::new(exponential_buckets(least, 2.0, 17));
        registry.register("actions", "Transactions sent, by action", actions.clone());
        registry.register("failures", "What did not work, by what", failures.clone());
        registry.register(name, help, seconds.clone());
        registry.register("settled_block", "Newest settled block that was read", block.clone());
        let mut each_turn = Vec::with_capacity(N);
        for (name, help) in figures.each_turn {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            each_turn.push(gauge);
        }
        let (last_turn, halted) = Default::default();
        let registry = Arc::new(registry);
        Self { registry, actions, failures, seconds, block, each_turn, last_turn, halted }
    }

    /// A transaction was sent.
    pub(crate) fn acted(&self, what: &'static str) {
        self.actions.get_or_create(&Label { what }).inc();
    }

    /// Something did not work.
    pub(crate) fn failed(&self, what: &'static str) {
        self.failures.get_or_create(&Label { what }).inc();
    }

    /// Something was computed.
    pub(crate) fn computed(&self, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
    }

    /// Computes something, and says how long it took.
    pub(crate) fn timed<T>(&self, compute: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let made = compute();
        self.computed(begun.elapsed());
        made
    }

    /// A turn ended, and found these, in their order.
    pub(crate) fn turn<const N: usize>(&self, block: u64, found: [u64; N]) {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.block.set(number(block));
        for (gauge, value) in self.each_turn.iter().zip(found) {
            gauge.set(number(value));
        }
        self.last_turn.store(now(), Ordering::Relaxed);
    }

    /// It has stopped with an alarm.
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
