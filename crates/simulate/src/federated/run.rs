//! One simulation, round by round.

use super::{
    Attack, Comparison, Experiment, ExperimentError, Method, Pays, Problem,
    attack::{Knowledge, REMEMBERED, TARGET, paint},
    pays::{Paid, Role},
    ranges::Ranges,
    validators::Validators,
};
use averment_federated::{
    gram::Gram,
    pay::pay,
    quality::qualities,
    rules::{Kind, Weights},
};
use averment_trainers::{
    Fit, Graph, Parameters, Participant, Settings, Trainer,
    data::{Dataset, split::split},
    random::{seed_of, shuffle, stream},
};
use std::{
    collections::{BTreeMap, VecDeque},
    ops::ControlFlow,
};

/// Where no split makes parts this small, participants share parts.
const LEAST_EXAMPLES: usize = 8;
/// A round's share of the pool.
const SHARE: u128 = 1_000_000_000;
/// How many times as long as the sponsor's own first update an update may be.
const BOUND: f64 = 4.0;

/// What came of one round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Round {
    /// The part of the held out examples that the model decides rightly.
    pub accuracy: f64,
    /// Updates that were refused at decoding.
    pub refused: usize,
    /// The part of all weight that attackers' updates had; none with a rule that gives no weights.
    pub attackers_weight: Option<f64>,
}

/// What came of a simulation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Round by round.
    pub rounds: Vec<Round>,
    /// The part of painted examples of other classes that the last model takes for the backdoor's.
    pub backdoor: f64,
    /// What members earned.
    pub pays: Pays,
    /// What they would have earned by the matrix alone, had no validator spoken.
    pub by_matrix: Pays,
    /// Who is out in the end for its strikes: of attackers how many, and of honest members.
    pub out: (usize, usize),
}

impl Outcome {
    /// The last round's accuracy.
    pub fn final_accuracy(&self) -> f64 {
        self.rounds.last().map_or(0.0, |round| round.accuracy)
    }
}

/// Who is who, and what each one keeps between rounds.
struct Crowd<'a> {
    experiment: &'a Experiment,
    /// Whether each participant attacks.
    attacks: Vec<bool>,
    /// Parts of the data; participant i has part i modulo their number.
    parts: Vec<Dataset>,
    /// The parts as attackers have them.
    twisted: Vec<Option<Dataset>>,
    memories: BTreeMap<usize, Parameters>,
    histories: BTreeMap<usize, Vec<i64>>,
    /// What attackers sent in the first round.
    first: BTreeMap<usize, Vec<f32>>,
    /// What everybody sent in the last rounds, where attackers look at it.
    past: VecDeque<BTreeMap<usize, Vec<f32>>>,
    /// Round by round who took part, in order, and what it earned: with validators' scores, and without.
    paid: [Vec<Vec<Paid>>; 2],
    /// How often each one failed.
    strikes: Vec<u32>,
}

impl<'a> Crowd<'a> {
    fn new(experiment: &'a Experiment, problem: &Problem) -> Result<Self, ExperimentError> {
        let n = experiment.participants;
        let mut order: Vec<usize> = (0..n).collect();
        shuffle(&mut stream(seed_of(experiment.seed, 3), 0), &mut order);
        let attackers = if experiment.attack.is_some() { experiment.attackers } else { 0 };
        let mut attacks = vec![false; n];
        order.iter().take(attackers).for_each(|&one| attacks[one] = true);
        // All data is the honest ones'; an attacker knows that of one of them.
        let honest = (n - experiment.attackers).min(problem.training.len() / LEAST_EXAMPLES).max(1);
        let parts = split(&problem.training, honest, experiment.split, seed_of(experiment.seed, 4))?;
        let parts: Vec<Dataset> = parts.iter().map(|part| problem.training.choose(part)).collect();
        let twist = |part: &Dataset| match experiment.attack {
            Some(attack) => attack.data(part, problem.largest),
            None => Ok(None),
        };
        let twisted = parts.iter().map(twist).collect::<Result<_, _>>()?;
        Ok(Self {
            experiment,
            attacks,
            parts,
            twisted,
            memories: BTreeMap::new(),
            histories: BTreeMap::new(),
            first: BTreeMap::new(),
            past: VecDeque::new(),
            paid: [Vec::new(), Vec::new()],
            strikes: vec![0; n],
        })
    }

    /// Whether it has as many strikes as a member may have.
    fn is_out(&self, one: usize) -> bool {
        let most = self.experiment.defence.strikes;
        most > 0 && self.strikes[one] >= most
    }

    /// How many attackers, or honest members, are out.
    fn gone(&self, attackers: bool) -> usize {
        let those = self.attacks.iter().enumerate().filter(|(_, attacks)| **attacks == attackers);
        those.filter(|(one, _)| self.is_out(*one)).count()
    }

    /// Who is selected, ascending: a permutation that follows from the round's seed.
    fn select(&self, round: usize) -> Vec<usize> {
        let mut order: Vec<usize> =
            (0..self.experiment.participants).filter(|&one| !self.is_out(one)).collect();
        if self.experiment.selected < order.len() {
            shuffle(&mut stream(seed_of(self.experiment.seed, 5), round as u64), &mut order);
            order.truncate(self.experiment.selected);
            order.sort_unstable();
        }
        order
    }

    /// The cumulative updates as they would be with these.
    fn histories_with(&self, who: &[usize], updates: &[Vec<i32>]) -> Vec<Vec<i64>> {
        let with = |(one, update): (&usize, &Vec<i32>)| {
            let mut sum = self.histories.get(one).cloned().unwrap_or_else(|| vec![0; update.len()]);
            sum.iter_mut().zip(update).for_each(|(sum, &cell)| *sum += i64::from(cell));
            sum
        };
        who.iter().zip(updates).map(with).collect()
    }

    /// What one learns in a round.
    fn train(
        &mut self,
        graph: &Graph,
        problem: &Problem,
        model: &Parameters,
        one: usize,
        round: usize,
    ) -> Result<Vec<f32>, ExperimentError> {
        // Honest ones have the parts in turn.
        let place = (0..one).filter(|other| !self.attacks[*other]).count();
        let part = if self.attacks[one] { one % self.parts.len() } else { place % self.parts.len() };
        let own = if self.attacks[one] { self.twisted[part].as_ref() } else { None };
        let data = own.unwrap_or(&self.parts[part]);
        let seed = seed_of(self.experiment.seed, 1_000 + (round as u64 * (1 << 21)) + one as u64);
        let fit = Fit { model, memory: self.memories.get(&one), seed };
        let trainer = Trainer::new(graph, data, &problem.evaluation, self.experiment.training)?;
        let fitted = trainer.fit(&fit, &mut |_| ControlFlow::Continue(()))?;
        if let Some(memory) = fitted.memory {
            self.memories.insert(one, memory);
        }
        Ok(fitted.model.minus(model)?.into_cells().concat())
    }
}

/// Runs it; tells `watch` each round as soon as it is there.
pub fn run(
    problem: &Problem,
    graph: &Graph,
    experiment: &Experiment,
    mut watch: impl FnMut(&Round),
) -> Result<Outcome, ExperimentError> {
    experiment.check()?;
    let Experiment { scheme, defence, .. } = *experiment;
    let schema = graph.schema();
    let mut crowd = Crowd::new(experiment, problem)?;
    let judge = Trainer::new(graph, &problem.root, &problem.evaluation, experiment.training)?;
    let mut model = graph.parameters()?;
    // The sponsor says how long updates may be, by what its own data gives.
    let ranges = {
        let fitted = root_update(&judge, &model, seed_of(experiment.seed, 6))?;
        let norm = fitted.iter().map(|&cell| f64::from(cell).powi(2)).sum::<f64>().sqrt();
        Ranges::new(schema, BOUND * norm)
    };
    let mut validators = Validators::new(graph, problem, experiment.training, defence.validators);
    let mut integers = ranges.model(&model);
    let mut previous = vec![0i32; integers.len()];
    let mut rounds: Vec<Round> = Vec::new();
    for number in 0..experiment.rounds {
        model = ranges.parameters(&integers, schema)?;
        let selected = crowd.select(number);
        if selected.is_empty() {
            // Nobody is left: rounds are void, and the model stays.
            let accuracy = judge.evaluate(&model)?.accuracy();
            let round = Round { accuracy, refused: 0, attackers_weight: None };
            watch(&round);
            rounds.push(round);
            continue;
        }
        let (attackers, honest_ones): (Vec<usize>, Vec<usize>) =
            selected.iter().partition(|&&one| crowd.attacks[one]);
        let mut sent: BTreeMap<usize, Vec<f32>> = BTreeMap::new();
        for &one in &honest_ones {
            sent.insert(one, crowd.train(graph, problem, &model, one, number)?);
        }
        let root = match scheme.method == Method::Task(Kind::FlTrust) {
            true => {
                let update = root_update(&judge, &model, seed_of(experiment.seed, 8 + number as u64))?;
                ranges.update(&update, defence.bound)
            }
            false => None,
        };
        let sum = Sum { experiment, ranges: &ranges, previous: &previous, root: root.as_deref(), number };
        let faults = experiment.attackers * selected.len();
        let faults = u8::try_from(faults.div_ceil(experiment.participants)).unwrap_or(u8::MAX);
        let faults = faults.min(u8::try_from((selected.len() - 1) / 2).unwrap_or(u8::MAX));
        if let Some(attack) = experiment.attack.filter(|_| !attackers.is_empty()) {
            let rests = attack.rests(number);
            let mut own = Vec::new();
            for &one in attackers.iter().filter(|_| attack.trains() || rests) {
                own.push(crowd.train(graph, problem, &model, one, number)?);
            }
            let honest: Vec<Vec<f32>> = sent.values().cloned().collect();
            let last =
                ranges.parameters(&previous.iter().map(|&cell| cell.into()).collect::<Vec<i64>>(), schema)?;
            let knowledge = Knowledge {
                honest: &honest,
                own: &own,
                first: &crowd.first,
                past: &crowd.past,
                attacks: &crowd.attacks,
                previous: &last.into_cells().concat(),
                attackers: &attackers,
                seed: experiment.seed,
                round: number,
            };
            // The rule on what the round would be, without the cumulative updates, which one round hardly changes.
            let quantised: Vec<Vec<i32>> =
                honest.iter().filter_map(|update| ranges.update(update, defence.bound)).collect();
            let senders: Vec<usize> = honest_ones.iter().chain(&attackers).copied().collect();
            let mut harm = |update: &[f32]| {
                let Some(bad) = ranges.update(update, defence.bound) else { return 0.0 };
                let mut rows = quantised.clone();
                rows.extend(std::iter::repeat_n(bad, attackers.len()));
                let found = match scheme.method {
                    Method::Task(_) => ranges
                        .gram(&rows, &previous, root.as_deref(), None, 1, defence.bound)
                        .and_then(|gram| sum.of(&rows, &[], &gram, faults)),
                    Method::Compared(comparison) => {
                        let histories = match comparison {
                            Comparison::FoolsGold => crowd.histories_with(&senders, &rows),
                            _ => Vec::new(),
                        };
                        sum.compared(comparison, &rows, &histories, faults).map(|found| (found, None))
                    }
                };
                found.map_or(0.0, |(found, _)| away(&found, &quantised))
            };
            let crafted = if rests { own.clone() } else { knowledge.craft(attack, &mut harm) };
            for (&one, update) in attackers.iter().zip(crafted) {
                crowd.first.entry(one).or_insert_with(|| update.clone());
                sent.insert(one, update);
            }
        }
        if experiment.attack.is_some_and(Attack::is_replay) {
            crowd.past.push_front(sent.clone());
            crowd.past.truncate(REMEMBERED);
        }
        if !defence.decoding && sent.values().flatten().any(|cell| !cell.is_finite()) {
            // Whoever adds up reals has a model without any from here on.
            let round = Round { accuracy: 0.0, refused: 0, attackers_weight: None };
            watch(&round);
            rounds.resize(experiment.rounds, round);
            return Ok(Outcome { rounds, ..Outcome::default() });
        }
        let mut stand: Vec<(usize, Vec<i32>)> = Vec::new();
        for (one, update) in &sent {
            stand.extend(ranges.update(update, defence.bound).map(|update| (*one, update)));
        }
        let refused = sent.len() - stand.len();
        let (who, updates): (Vec<usize>, Vec<Vec<i32>>) = stand.into_iter().unzip();
        let past: Vec<Option<&[i64]>> =
            who.iter().map(|one| crowd.histories.get(one).map(Vec::as_slice)).collect();
        let scores = validators.scores(&ranges, &integers, &updates, &past)?;
        for (one, update) in who.iter().zip(&updates) {
            let history = crowd.histories.entry(*one).or_insert_with(|| vec![0; update.len()]);
            history.iter_mut().zip(update).for_each(|(sum, &cell)| *sum += i64::from(cell));
        }
        let histories: Vec<Vec<i64>> =
            who.iter().filter_map(|one| crowd.histories.get(one).cloned()).collect();
        let gram = ranges.gram(
            &updates,
            &previous,
            root.as_deref(),
            defence.history.then_some(histories.as_slice()),
            experiment.rounds,
            defence.bound,
        )?;
        let (aggregate, weights) = sum.of(&updates, &histories, &gram, faults)?;
        integers.iter_mut().zip(&aggregate).for_each(|(cell, change)| *cell += i64::from(*change));
        previous = aggregate;
        let each = u32::try_from((1usize << 16) / who.len().max(1)).unwrap_or(0);
        let qualities = if defence.quality { qualities(&gram) } else { vec![each; who.len()] };
        let attacking = experiment.attack.is_some_and(|attack| !attack.rests(number));
        let silent = vec![None; who.len()];
        for (scores, paid) in [&scores, &silent].into_iter().zip(&mut crowd.paid) {
            let (earned, _) = pay(SHARE, &qualities, scores);
            let earned: BTreeMap<usize, u128> = who.iter().copied().zip(earned).collect();
            let round = selected.iter().map(|&one| Paid {
                one,
                earned: earned.get(&one).copied().unwrap_or(0),
                role: match (crowd.attacks[one], attacking) {
                    (false, _) => Role::Honest,
                    (true, false) => Role::Resting,
                    (true, true) => Role::Attacking,
                },
            });
            paid.push(round.collect());
        }
        // A strike has who revealed nothing that could be decoded, and whose update does harm.
        let poor = who.iter().zip(&scores).filter(|(_, score)| **score == Some(0)).map(|(one, _)| *one);
        let mute = selected.iter().copied().filter(|one| !who.contains(one));
        for one in poor.chain(mute) {
            crowd.strikes[one] += 1;
        }
        model = ranges.parameters(&integers, schema)?;
        let attackers_weight = weights.map(|weights| {
            let all: u64 = weights.all().iter().map(|&weight| u64::from(weight)).sum();
            let bad = who.iter().zip(weights.updates()).filter(|(one, _)| crowd.attacks[**one]);
            bad.map(|(_, &weight)| u64::from(weight)).sum::<u64>() as f64 / all.max(1) as f64
        });
        let accuracy = judge.evaluate(&model)?.accuracy();
        let round = Round { accuracy, refused, attackers_weight };
        watch(&round);
        rounds.push(round);
    }
    Ok(Outcome {
        rounds,
        backdoor: triggered(graph, &judge, problem, &model)?,
        pays: Pays::new(&crowd.paid[0], SHARE),
        by_matrix: Pays::new(&crowd.paid[1], SHARE),
        out: (crowd.gone(true), crowd.gone(false)),
    })
}

/// How a round's updates become one.
struct Sum<'a> {
    experiment: &'a Experiment,
    ranges: &'a Ranges,
    previous: &'a [i32],
    root: Option<&'a [i32]>,
    /// The round's number.
    number: usize,
}

impl Sum<'_> {
    /// The aggregate, and the weights if the rule gives any.
    fn of(
        &self,
        updates: &[Vec<i32>],
        histories: &[Vec<i64>],
        gram: &Gram,
        faults: u8,
    ) -> Result<(Vec<i32>, Option<Weights>), ExperimentError> {
        match self.experiment.scheme.method {
            Method::Task(kind) => {
                let weights = self.experiment.scheme.rule(kind, faults).weights(gram)?;
                let sum = self.ranges.aggregate(&weights, updates, self.previous, self.root)?;
                Ok((sum, Some(weights)))
            }
            Method::Compared(comparison) => {
                Ok((self.compared(comparison, updates, histories, faults)?, None))
            }
        }
    }

    fn compared(
        &self,
        comparison: Comparison,
        updates: &[Vec<i32>],
        histories: &[Vec<i64>],
        faults: u8,
    ) -> Result<Vec<i32>, ExperimentError> {
        let mut order: Vec<usize> = (0..updates.len()).collect();
        shuffle(&mut stream(seed_of(self.experiment.seed, 0), self.number as u64), &mut order);
        let scheme = &self.experiment.scheme;
        scheme.compared(comparison, faults.into(), self.ranges, updates, histories, &order)
    }
}

fn root_update(
    sponsor: &Trainer<'_>,
    model: &Parameters,
    seed: [u8; 32],
) -> Result<Vec<f32>, ExperimentError> {
    let fit = Fit { model, memory: None, seed };
    let fitted = sponsor.fit(&fit, &mut |_| ControlFlow::Continue(()))?;
    Ok(fitted.model.minus(model)?.into_cells().concat())
}

/// The squared distance of an aggregate from the mean of the honest ones.
fn away(found: &[i32], honest: &[Vec<i32>]) -> f64 {
    let mut square = 0.0;
    for (cell, found) in found.iter().enumerate() {
        let mean = honest.iter().filter_map(|row| row.get(cell)).map(|&cell| f64::from(cell)).sum::<f64>();
        square += (f64::from(*found) - mean / honest.len().max(1) as f64).powi(2);
    }
    square
}

/// The part of painted examples of other classes that a model takes for the target.
fn triggered(
    graph: &Graph,
    judge: &Trainer<'_>,
    problem: &Problem,
    model: &Parameters,
) -> Result<f64, ExperimentError> {
    let data = &problem.evaluation;
    let others: Vec<usize> = (0..data.len()).filter(|&example| data.labels()[example] != TARGET).collect();
    let painted = data.choose(&others).changed(|_, input| paint(input, problem.largest))?;
    let wanted = painted.relabelled(|_, _| TARGET)?;
    debug_assert_eq!(graph.features(), wanted.features());
    Ok(judge.evaluate_on(model, &wanted)?.accuracy())
}

/// How participants train where nothing else is said.
pub fn usual_training() -> Settings {
    Settings { rate: 0.5, momentum: 0.9, batch: 16, epochs: 1, ..Settings::default() }
}
