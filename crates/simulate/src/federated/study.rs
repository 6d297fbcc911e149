//! Many simulations: every scheme against every attack, each from several seeds, on several threads. What comes of one depends on
//! its seed alone, so on neither the others nor the threads.

use super::{Attack, Experiment, ExperimentError, Outcome, Problem, Round, Scheme, Source, run};
use averment_trainers::Graph;
use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// The most seeds.
pub const SEEDS: usize = 1_000;

/// What is simulated, and how often.
#[derive(Debug, Clone)]
pub struct Study {
    /// Where data comes from.
    pub source: Source,
    /// Cells of the hidden layer; 0 for logistic regression.
    pub hidden: usize,
    /// What decides how much updates count, one after the other.
    pub schemes: Vec<Scheme>,
    /// What attackers do, one after the other.
    pub attacks: Vec<Option<Attack>>,
    /// How many seeds: `common.seed` and those after it.
    pub seeds: usize,
    /// All that is the same; scheme and attack are overridden.
    pub common: Experiment,
    /// How many run at a time.
    pub threads: NonZeroUsize,
}

/// What came of one attack under one scheme.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The scheme.
    pub scheme: Scheme,
    /// The attack, none of honest ones only.
    pub attack: Option<Attack>,
    /// Seed by seed, at least one.
    pub outcomes: Vec<Outcome>,
}

/// A number that several seeds say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The least.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// The standard deviation between seeds; 0 of one.
    pub deviation: f64,
}

impl Spread {
    /// Of these numbers; all 0 of none.
    pub fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let numbers: Vec<f64> = numbers.collect();
        let Some((&first, others)) = numbers.split_first() else {
            return Self { mean: 0.0, least: 0.0, most: 0.0, deviation: 0.0 };
        };
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let square = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>();
        Self {
            mean,
            least: others.iter().copied().fold(first, f64::min),
            most: others.iter().copied().fold(first, f64::max),
            deviation: (square / (count - 1.0).max(1.0)).sqrt(),
        }
    }
}

impl Found {
    /// What the seeds say of something.
    pub fn spread(&self, of: impl Fn(&Outcome) -> f64) -> Spread {
        Spread::of(self.outcomes.iter().map(of))
    }

    /// The last model's accuracy.
    pub fn final_accuracy(&self) -> Spread {
        self.spread(Outcome::final_accuracy)
    }

    /// Round by round, the accuracy.
    pub fn accuracy(&self) -> Vec<Spread> {
        let rounds = self.outcomes.iter().map(|outcome| outcome.rounds.len()).min().unwrap_or(0);
        let at = |round: usize| {
            let accuracies = self.outcomes.iter().filter_map(|outcome| outcome.rounds.get(round));
            Spread::of(accuracies.map(|round| round.accuracy))
        };
        (0..rounds).map(at).collect()
    }

    /// The attack's name, or `none`.
    pub fn attack_name(&self) -> &'static str {
        self.attack.map_or("none", Attack::name)
    }
}

/// Data and the network to begin with, as a seed says.
type Stage = (Problem, Graph);

impl Study {
    /// How many rounds there are in all.
    pub fn rounds(&self) -> usize {
        self.schemes.len() * self.attacks.len() * self.seeds * self.common.rounds
    }

    /// Runs all; tells `watch` each round, of whichever simulation. The schemes come in order, and of each the attacks.
    ///
    /// # Errors
    /// The first that arose, in no particular order.
    pub fn run(&self, watch: impl Fn(&Round) + Sync) -> Result<Vec<Found>, ExperimentError> {
        self.common.check()?;
        if !(1..=SEEDS).contains(&self.seeds) {
            return Err(ExperimentError::Count { what: "seeds", least: 1, most: SEEDS, got: self.seeds });
        }
        // A stage is read once for those who need it at the same time, and gone when none does: a large data set with many
        // seeds is not there as often as there are seeds.
        let stages: Vec<Mutex<Weak<Stage>>> = (0..self.seeds).map(|_| Mutex::new(Weak::new())).collect();
        let cells = self.schemes.len() * self.attacks.len();
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let done: Mutex<Vec<(usize, Outcome)>> = Mutex::new(Vec::new());
        let worker = || -> Result<(), ExperimentError> {
            let mut stage: Option<(usize, Arc<Stage>)> = None;
            while !stop.load(Ordering::Relaxed) {
                let job = next.fetch_add(1, Ordering::Relaxed);
                let (place, cell) = (job / cells.max(1), job % cells.max(1));
                let Some(kept) = stages.get(place) else { break };
                let own = match stage.take().filter(|(of, _)| *of == place) {
                    Some((_, own)) => own,
                    None => self.stage(kept, place)?,
                };
                let (scheme, attack) = (cell / self.attacks.len(), cell % self.attacks.len());
                let (Some(&scheme), Some(&attack)) = (self.schemes.get(scheme), self.attacks.get(attack))
                else {
                    break;
                };
                let experiment = Experiment { scheme, attack, seed: self.seed(place), ..self.common };
                let outcome = run(&own.0, &own.1, &experiment, &watch)?;
                locked(&done).push((job, outcome));
                stage = Some((place, own));
            }
            Ok(())
        };
        let guarded = || worker().inspect_err(|_| stop.store(true, Ordering::Relaxed));
        thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads.get()).map(|_| scope.spawn(guarded)).collect();
            let own = guarded();
            others.into_iter().fold(own, |result, other| match other.join() {
                Ok(other) => result.and(other),
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })?;
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(job, _)| (job % cells.max(1), *job));
        let mut outcomes = done.into_iter().map(|(_, outcome)| outcome);
        let both =
            self.schemes.iter().flat_map(|scheme| self.attacks.iter().map(move |attack| (scheme, attack)));
        Ok(both
            .map(|(&scheme, &attack)| Found {
                scheme,
                attack,
                outcomes: outcomes.by_ref().take(self.seeds).collect(),
            })
            .collect())
    }

    fn seed(&self, place: usize) -> u64 {
        self.common.seed.wrapping_add(place as u64)
    }

    fn stage(&self, kept: &Mutex<Weak<Stage>>, place: usize) -> Result<Arc<Stage>, ExperimentError> {
        let mut kept = locked(kept);
        if let Some(stage) = kept.upgrade() {
            return Ok(stage);
        }
        let problem = Problem::read(&self.source, self.seed(place))?;
        let graph = problem.network(self.hidden, self.seed(place))?;
        let stage = Arc::new((problem, graph));
        *kept = Arc::downgrade(&stage);
        Ok(stage)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
