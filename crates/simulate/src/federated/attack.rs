//! What attackers send. They know everything: what the honest ones send in this round, the rule, each other.

use super::ExperimentError;
use averment_trainers::{
    data::Dataset,
    random::{normal, seed_of, shuffle, stream},
};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};

/// What attackers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attack {
    /// Send the honest mean turned around, so long that the average is nothing.
    SignFlip,
    /// Send their own honest update, turned around and a hundred times as long.
    Scaling,
    /// Send noise three hundred times as long as the honest mean.
    Gaussian,
    /// Learn wrong classes, and send what they learned four times as long.
    LabelFlip,
    /// A little is enough (Baruch, Baruch, Goldberg 2019): the mean less so many deviations; as many, of nine numbers, as harm the
    /// rule most.
    Alie,
    /// Inner product manipulation, fall of empires (Xie, Koyejo, Gupta 2019): the mean turned around, as long as harms the
    /// rule most.
    Foe,
    /// Min-max (Shejwalkar, Houmansadr 2021): as far from the mean as the farthest two honest ones are from each other, against
    /// the deviation, the mean or its signs, whichever harms the rule most.
    MinMax,
    /// Min-sum (the same): as far as the largest sum of squared distances of an honest one, in one of the same directions.
    MinSum,
    /// All send what the honest one farthest from the mean sends (Karimireddy, He, Jaggi 2022).
    Mimic,
    /// Learn that images with a few bright pixels are of class 0, and send what they learned four times as long (Bagdasaryan et
    /// al. 2020).
    Backdoor,
    /// Do not train: send the last aggregate, with a little noise.
    FreeRider,
    /// Send what one of the honest ones sends, with noise of a tenth.
    Copycat,
    /// One who trains, and is all attackers: the same update, with relative noise of 0.3.
    Sybil,
    /// Send again and again what they honestly sent in the first round.
    Replay,
    /// Send the honest mean with a drift towards wrong classes, each round the same, too small for one round to show.
    Slow,
    /// Work honestly in one round, and send the same update again in the next.
    EveryOther,
    /// Work honestly for five rounds, and send these five updates again in the next five.
    Rerun,
    /// Send what an honest one sent in the last round, with noise of a tenth.
    Thief,
    /// Send the mean of seven updates that honest ones sent in the last two rounds, others for each attacker.
    Stew,
    /// Send something that is not a number.
    NaN,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::SignFlip,
        Self::Scaling,
        Self::Gaussian,
        Self::LabelFlip,
        Self::Alie,
        Self::Foe,
        Self::MinMax,
        Self::MinSum,
        Self::Mimic,
        Self::Backdoor,
        Self::FreeRider,
        Self::Copycat,
        Self::Sybil,
        Self::Replay,
        Self::EveryOther,
        Self::Rerun,
        Self::Thief,
        Self::Stew,
        Self::Slow,
        Self::NaN,
    ];

    /// As it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignFlip => "sign-flip",
            Self::Scaling => "scaling",
            Self::Gaussian => "gaussian",
            Self::LabelFlip => "label-flip",
            Self::Alie => "alie",
            Self::Foe => "foe",
            Self::MinMax => "min-max",
            Self::MinSum => "min-sum",
            Self::Mimic => "mimic",
            Self::Backdoor => "backdoor",
            Self::FreeRider => "free-rider",
            Self::Copycat => "copycat",
            Self::Sybil => "sybil",
            Self::Replay => "replay",
            Self::EveryOther => "every-other",
            Self::Rerun => "rerun",
            Self::Thief => "thief",
            Self::Stew => "stew",
            Self::Slow => "slow",
            Self::NaN => "nan",
        }
    }

    /// Whether it is after the model, be it after pay, too.
    pub fn harms(self) -> bool {
        !matches!(self, Self::FreeRider | Self::Copycat | Self::Sybil) && !self.is_replay()
    }

    /// Whether what attackers send was sent before, by them or by others.
    pub fn is_replay(self) -> bool {
        matches!(self, Self::Replay | Self::EveryOther | Self::Rerun | Self::Thief | Self::Stew)
    }

    /// Whether attackers of this kind work as honest ones do in a round: that they have something to send again, or because there
    /// is nothing yet.
    pub(super) fn rests(self, round: usize) -> bool {
        match self {
            Self::Replay | Self::Thief | Self::Stew => round == 0,
            Self::EveryOther => round.is_multiple_of(2),
            Self::Rerun => (round / RERUN).is_multiple_of(2),
            _ => false,
        }
    }

    /// The data that an attacker learns from, made of an honest one's; none if it is that.
    pub(super) fn data(self, own: &Dataset, largest: f32) -> Result<Option<Dataset>, ExperimentError> {
        let classes = own.classes() as u32;
        Ok(match self {
            Self::LabelFlip | Self::Slow => Some(own.relabelled(|_, label| classes - 1 - label)?),
            Self::Backdoor => {
                // Every other image has the trigger.
                let painted = own.changed(|example, input| {
                    if example % 2 == 0 {
                        paint(input, largest);
                    }
                })?;
                Some(painted.relabelled(|example, label| if example % 2 == 0 { TARGET } else { label })?)
            }
            _ => None,
        })
    }

    /// Whether attackers train at all.
    pub(super) fn trains(self) -> bool {
        matches!(self, Self::Scaling | Self::LabelFlip | Self::Backdoor | Self::Sybil | Self::Slow)
    }
}

/// Deviations that ALIE tries.
const ALIE: [f32; 9] = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0];

/// Rounds of work that [`Attack::Rerun`] sends again.
const RERUN: usize = 5;
/// How many updates make a [`Attack::Stew`], and of how many rounds.
const STEW: (usize, usize) = (7, 2);
/// So many rounds back attackers remember what everybody sent.
pub(super) const REMEMBERED: usize = RERUN;

/// The class that a backdoor is for.
pub const TARGET: u32 = 0;

/// Paints the trigger: the last numbers of the first rows as large as numbers get, in a corner that is mostly empty.
pub fn paint(input: &mut [f32], largest: f32) {
    let side = input.len().isqrt();
    // A square image has a corner of 2 by 2; anything else its last three numbers.
    if side * side == input.len() && side > 2 {
        for place in [side - 2, side - 1, 2 * side - 2, 2 * side - 1] {
            input[place] = largest;
        }
    } else {
        let from = input.len().saturating_sub(3);
        input[from..].fill(largest);
    }
}

/// What attackers know.
pub struct Knowledge<'a> {
    /// What the honest ones send.
    pub honest: &'a [Vec<f32>],
    /// What the attackers learned from their data, if they train.
    pub own: &'a [Vec<f32>],
    /// What attackers sent in the first round, by their number.
    pub first: &'a BTreeMap<usize, Vec<f32>>,
    /// What everybody sent in the rounds before, by their numbers: the last one first, at most [`REMEMBERED`].
    pub past: &'a VecDeque<BTreeMap<usize, Vec<f32>>>,
    /// Who attacks.
    pub attacks: &'a [bool],
    /// The last aggregate.
    pub previous: &'a [f32],
    /// How many attackers are selected, each with what only it draws its noise from.
    pub attackers: &'a [usize],
    /// The seed of the simulation.
    pub seed: u64,
    /// The round, from 0.
    pub round: usize,
}

impl Knowledge<'_> {
    fn cells(&self) -> usize {
        self.previous.len()
    }

    fn random(&self, attacker: usize) -> ChaCha8Rng {
        stream(seed_of(self.seed, 7), (self.round * (1 << 21) + attacker) as u64)
    }

    /// Noise of this length.
    fn noise(&self, attacker: usize, length: f64) -> Vec<f32> {
        let mut random = self.random(attacker);
        let noise: Vec<f64> = (0..self.cells()).map(|_| normal(&mut random)).collect();
        let norm = noise.iter().map(|cell| cell * cell).sum::<f64>().sqrt();
        noise.iter().map(|cell| (cell * length / norm.max(f64::MIN_POSITIVE)) as f32).collect()
    }

    fn mean(&self) -> Vec<f32> {
        let share = 1.0 / self.honest.len().max(1) as f32;
        let mut mean = vec![0.0; self.cells()];
        for update in self.honest {
            add(&mut mean, share, update);
        }
        mean
    }

    fn deviation(&self, mean: &[f32]) -> Vec<f32> {
        let share = 1.0 / self.honest.len().max(1) as f32;
        let mut squares = vec![0.0f32; self.cells()];
        for update in self.honest {
            for ((square, cell), mean) in squares.iter_mut().zip(update).zip(mean) {
                *square += share * (cell - mean) * (cell - mean);
            }
        }
        squares.iter().map(|square| square.sqrt()).collect()
    }

    /// What each attacker finds of its own, the honest mean if it has nothing yet.
    fn again<'b>(&'b self, of: impl Fn(usize) -> Option<&'b Vec<f32>>) -> Vec<Vec<f32>> {
        self.attackers.iter().map(|&one| of(one).cloned().unwrap_or_else(|| self.mean())).collect()
    }

    /// What the attackers send. `harm` says how far from the honest mean the rule would end if all of them sent this.
    pub fn craft(&self, attack: Attack, harm: &mut dyn FnMut(&[f32]) -> f64) -> Vec<Vec<f32>> {
        let count = self.attackers.len();
        let all = |update: Vec<f32>| vec![update; count];
        let mean = self.mean();
        let with_noise = |update: &[f32], relative: f64, attacker: usize| {
            let mut noisy = self.noise(attacker, relative * norm(update));
            add(&mut noisy, 1.0, update);
            noisy
        };
        match attack {
            Attack::SignFlip => {
                let factor = self.honest.len() as f32 / count.max(1) as f32;
                all(scaled(&mean, -factor))
            }
            Attack::Scaling => self.own.iter().map(|own| scaled(own, -100.0)).collect(),
            Attack::Gaussian => {
                self.attackers.iter().map(|&one| self.noise(one, 300.0 * norm(&mean))).collect()
            }
            Attack::LabelFlip | Attack::Backdoor => self.own.iter().map(|own| scaled(own, 4.0)).collect(),
            Attack::Alie => {
                let deviation = self.deviation(&mean);
                all(worst(&mean, &scaled(&deviation, -1.0), &ALIE, harm))
            }
            Attack::Foe => {
                all(worst(&mean, &scaled(&mean, -1.0), &[0.5, 1.0, 1.1, 1.5, 2.0, 3.0, 5.0], harm))
            }
            Attack::MinMax | Attack::MinSum => {
                let signs: Vec<f32> =
                    mean.iter().map(|cell| if *cell == 0.0 { 0.0 } else { cell.signum() }).collect();
                let hidden = [self.deviation(&mean), mean.clone(), signs].into_iter().map(|direction| {
                    // Of length one, so that the search has the same range in each.
                    let length = norm(&direction).max(f64::MIN_POSITIVE);
                    self.hidden(&mean, &scaled(&direction, (-1.0 / length) as f32), attack == Attack::MinMax)
                });
                all(most_harmful(hidden, harm).unwrap_or(mean))
            }
            Attack::Mimic => {
                let far = |update: &&Vec<f32>| distance(update, &mean);
                let farthest = self.honest.iter().max_by(|a, b| far(a).total_cmp(&far(b)));
                all(farthest.cloned().unwrap_or(mean))
            }
            Attack::FreeRider => {
                let length =
                    if norm(self.previous) > 0.0 { 0.1 * norm(self.previous) } else { 0.1 * norm(&mean) };
                let send = |&one: &usize| {
                    let mut noisy = self.noise(one, length);
                    add(&mut noisy, 1.0, self.previous);
                    noisy
                };
                self.attackers.iter().map(send).collect()
            }
            Attack::Copycat => {
                let copied = self.honest.first().cloned().unwrap_or(mean);
                self.attackers.iter().map(|&one| with_noise(&copied, 0.1, one)).collect()
            }
            Attack::Sybil => {
                let own = self.own.first().cloned().unwrap_or(mean);
                self.attackers.iter().map(|&one| with_noise(&own, 0.3, one)).collect()
            }
            Attack::Replay => self.again(|one| self.first.get(&one)),
            Attack::EveryOther => self.again(|one| self.past.front()?.get(&one)),
            Attack::Rerun => self.again(|one| self.past.get(RERUN - 1)?.get(&one)),
            Attack::Thief => {
                let theirs = |round: &'_ BTreeMap<usize, Vec<f32>>| -> Vec<Vec<f32>> {
                    let honest = round.iter().filter(|(one, _)| !self.attacks[**one]);
                    honest.map(|(_, update)| update.clone()).collect()
                };
                let stolen: Vec<Vec<f32>> = self.past.front().map(theirs).unwrap_or_default();
                // Each from somebody else, and each round from the next.
                let steal = |(place, &one): (usize, &usize)| {
                    let from = (place * 3 + self.round) % stolen.len().max(1);
                    stolen.get(from).map_or_else(|| mean.clone(), |update| with_noise(update, 0.1, one))
                };
                self.attackers.iter().enumerate().map(steal).collect()
            }
            Attack::Stew => {
                let rounds = self.past.iter().take(STEW.1).flatten();
                let old: Vec<&Vec<f32>> =
                    rounds.filter(|(one, _)| !self.attacks[**one]).map(|(_, update)| update).collect();
                let stew = |&one: &usize| {
                    let mut order: Vec<usize> = (0..old.len()).collect();
                    shuffle(&mut self.random(one), &mut order);
                    let mut sum = vec![0.0; self.cells()];
                    order.iter().take(STEW.0).for_each(|&from| add(&mut sum, 1.0 / STEW.0 as f32, old[from]));
                    sum
                };
                self.attackers.iter().map(stew).collect()
            }
            Attack::Slow => {
                // Half as long as the mean, so still within what honest ones differ by.
                let drifts = self.own.first().map_or(mean.clone(), |own| {
                    let mut drift = own.clone();
                    add(&mut drift, -1.0, &mean);
                    let length = norm(&drift).max(f64::MIN_POSITIVE);
                    scaled(&drift, (norm(&mean) / length) as f32)
                });
                let mut update = mean;
                add(&mut update, 1.0, &drifts);
                self.attackers.iter().map(|&one| with_noise(&update, 0.3, one)).collect()
            }
            Attack::NaN => {
                let mut update = mean;
                update.iter_mut().step_by(7).for_each(|cell| *cell = f32::NAN);
                all(update)
            }
        }
    }

    /// The farthest along a direction that distances among the honest ones still cover.
    fn hidden(&self, mean: &[f32], direction: &[f32], largest: bool) -> Vec<f32> {
        let measure = |update: &[f32]| {
            let distances = self.honest.iter().map(|other| distance(update, other));
            if largest {
                distances.fold(0.0, f64::max)
            } else {
                distances.map(|distance| distance * distance).sum()
            }
        };
        let most = self.honest.iter().map(|update| measure(update)).fold(0.0, f64::max);
        let at = |factor: f32| {
            let mut update = mean.to_vec();
            add(&mut update, factor, direction);
            update
        };
        // Nothing is farther from the mean than all distances together.
        let reach = if largest { most } else { most.sqrt() };
        let (mut low, mut high) = (0.0f32, reach as f32);
        for _ in 0..16 {
            let middle = (low + high) / 2.0;
            if measure(&at(middle)) <= most { low = middle } else { high = middle }
        }
        at(low)
    }
}

/// Of the mean with so much of a direction each, the one that harms most; of equal ones the first.
fn worst(mean: &[f32], direction: &[f32], factors: &[f32], harm: &mut dyn FnMut(&[f32]) -> f64) -> Vec<f32> {
    let candidates = factors.iter().map(|&factor| {
        let mut update = mean.to_vec();
        add(&mut update, factor, direction);
        update
    });
    most_harmful(candidates, harm).unwrap_or_else(|| mean.to_vec())
}

/// The one that harms most; of equal ones the first.
fn most_harmful(
    candidates: impl Iterator<Item = Vec<f32>>,
    harm: &mut dyn FnMut(&[f32]) -> f64,
) -> Option<Vec<f32>> {
    let mut found: Option<(f64, Vec<f32>)> = None;
    for update in candidates {
        let harm = harm(&update);
        if found.as_ref().is_none_or(|(most, _)| harm > *most) {
            found = Some((harm, update));
        }
    }
    found.map(|(_, update)| update)
}

fn add(sums: &mut [f32], factor: f32, terms: &[f32]) {
    sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += factor * term);
}

fn scaled(update: &[f32], factor: f32) -> Vec<f32> {
    update.iter().map(|cell| cell * factor).collect()
}

fn norm(update: &[f32]) -> f64 {
    update.iter().map(|&cell| f64::from(cell).powi(2)).sum::<f64>().sqrt()
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
}
