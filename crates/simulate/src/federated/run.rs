//! One simulation, round by round.

use super::{
    Attack, Comparison, Experiment, ExperimentError, Method, Problem,
    attack::{Knowledge, REMEMBERED, TARGET, paint},
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
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Round by round.
    pub rounds: Vec<Round>,
    /// The part of painted examples of other classes that the last model takes for the backdoor's.
    pub backdoor: f64,
    /// Who was selected at least once, in order.
    pub members: Vec<Member>,
    /// The part of all shares that honest participants earned.
    pub honest_share: f64,
}

/// What one participant earned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// Its number, from 0.
    pub participant: usize,
    /// Whether it is an attacker.
    pub attacker: bool,
    /// What it earned over what one honest participant earned in the mean, both for each round that they were selected in; 0
    /// if no honest one earned anything.
    pub pay: f64,
    /// The same of those rounds only in which it did attack, if there is one: some work honestly in between.
    pub attacking: Option<f64>,
}

impl Outcome {
    /// What all attackers together earned, over what one honest participant earned in the mean.
    pub fn attackers_gain(&self) -> f64 {
        self.members.iter().filter(|member| member.attacker).map(|member| member.pay).sum()
    }

    /// What one attacker earned in the rounds in which it attacked, over what an honest one did in the same, in the mean; 0 of none.
    pub fn attacking(&self) -> f64 {
        let pays: Vec<f64> = self.members.iter().filter_map(|member| member.attacking).collect();
        pays.iter().sum::<f64>() / pays.len().max(1) as f64
    }

    /// Among honest members the least and the largest pay, over their mean.
    pub fn honest_pays(&self) -> (f64, f64) {
        let pays = self.members.iter().filter(|member| !member.attacker).map(|member| member.pay);
        let (least, most) =
            pays.fold((f64::INFINITY, 0.0), |(least, most), pay| (pay.min(least), pay.max(most)));
        (least.min(most), most)
    }

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
    /// Round by round who took part, in order: what it earned, and whether it attacked in that round.
    paid: Vec<Vec<Paid>>,
}

/// What one earned in a round.
struct Paid {
    one: usize,
    earned: u128,
    attacked: bool,
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
            paid: Vec::new(),
        })
    }

    /// Who is selected, ascending: a permutation that follows from the round's seed.
    fn select(&self, round: usize) -> Vec<usize> {
        let n = self.experiment.participants;
        let mut order: Vec<usize> = (0..n).collect();
        if self.experiment.selected < n {
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
            return Ok(Outcome { rounds, backdoor: 0.0, members: Vec::new(), honest_share: 0.0 });
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
        let (earned, _) = pay(SHARE, &qualities, &scores);
        let attacking = experiment.attack.is_some_and(|attack| !attack.rests(number));
        let earned: BTreeMap<usize, u128> = who.iter().copied().zip(earned).collect();
        let paid = |&one: &usize| Paid {
            one,
            earned: earned.get(&one).copied().unwrap_or(0),
            attacked: attacking && crowd.attacks[one],
        };
        let paid = selected.iter().map(paid).collect();
        crowd.paid.push(paid);
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
        honest_share: {
            let honest = crowd.paid.iter().flatten().filter(|paid| !crowd.attacks[paid.one]);
            honest.map(|paid| paid.earned as f64).sum::<f64>() / (SHARE as f64 * experiment.rounds as f64)
        },
        members: members(&crowd),
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

/// What members earned for each round that they were selected in, as a part of what honest ones earned in the mean.
fn members(crowd: &Crowd<'_>) -> Vec<Member> {
    let honest = |round: &[Paid]| {
        let honest = round.iter().filter(|paid| !crowd.attacks[paid.one]);
        let (sum, count) =
            honest.fold((0.0, 0.0), |(sum, count), paid| (sum + paid.earned as f64, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    };
    // For each: earned and rounds; the same of rounds in which it attacked, with what honest ones earned in these.
    let mut books: BTreeMap<usize, Book> = BTreeMap::new();
    for round in &crowd.paid {
        let usual = honest(round);
        for paid in round {
            let book = books.entry(paid.one).or_default();
            book.earned += paid.earned as f64;
            book.rounds += 1.0;
            if paid.attacked {
                book.attacking += paid.earned as f64;
                book.usual += usual;
                book.attacks += 1;
            }
        }
    }
    let each = |book: &Book| book.earned / book.rounds;
    let good: Vec<f64> =
        books.iter().filter(|(one, _)| !crowd.attacks[**one]).map(|(_, book)| each(book)).collect();
    let usual = good.iter().sum::<f64>() / good.len().max(1) as f64;
    let over = |pay: f64, usual: f64| if usual > 0.0 { pay / usual } else { 0.0 };
    let member = |(&participant, book): (&usize, &Book)| Member {
        participant,
        attacker: crowd.attacks[participant],
        pay: over(each(book), usual),
        attacking: (book.attacks > 0).then(|| over(book.attacking, book.usual)),
    };
    books.iter().map(member).collect()
}

/// What one earned in all.
#[derive(Default)]
struct Book {
    earned: f64,
    rounds: f64,
    attacking: f64,
    usual: f64,
    attacks: u32,
}

/// How participants train where nothing else is said.
pub fn usual_training() -> Settings {
    Settings { rate: 0.5, momentum: 0.9, batch: 16, epochs: 1, ..Settings::default() }
}
