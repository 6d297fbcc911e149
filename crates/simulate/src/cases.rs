//! The strategies, each with its defence and without it.

use crate::{SimulationError, optimistic, optimistic::Outcome, quorum, world::World};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::collections::{HashMap, hash_map::Entry};

/// The most requests of one simulation: more would run past the days that approvals live for.
pub const MOST_REQUESTS: u32 = 1_000_000;

/// What things cost, in the token's smallest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Economy {
    /// What one answer is worth to who asks; a committee's member gets as much.
    pub fee: u128,
    /// What running the model costs.
    pub compute: u128,
    /// What making a proof costs, and so what a challenger stakes.
    pub proof: u128,
    /// What somebody gains by a wrong answer that becomes final.
    pub at_risk: u128,
    /// What a million gas costs.
    pub gas: u128,
    /// A seat's bond. A committee may answer where half of what three members would lose is at risk.
    pub seat_bond: u128,
}

impl Default for Economy {
    /// An answer costs a fifth of its fee to compute, and three fees to prove; fifteen fees are at risk, as much as a
    /// committee may answer for. A million gas costs a tenth of a fee: so it does on a rollup at 0.03 gwei, where ether is at
    /// 3,300 dollars and an answer at one.
    fn default() -> Self {
        Self { fee: 100, compute: 20, proof: 300, at_risk: 1_500, gas: 10, seat_bond: 1_000 }
    }
}

impl Economy {
    /// What gas costs.
    fn gas_cost(&self, gas: u64) -> i128 {
        (u128::from(gas) * self.gas / 1_000_000) as i128
    }
}

/// How a case is answered.
#[derive(Debug, Clone, Copy)]
enum Setting {
    Optimistic(optimistic::Setting),
    Quorum(quorum::Setting),
}

impl Setting {
    fn seat_bond(&self, economy: &Economy) -> u128 {
        match self {
            Self::Optimistic(_) => economy.seat_bond,
            Self::Quorum(setting) => setting.seat_bond,
        }
    }
}

/// A strategy, and whether what speaks against it is there.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The strategy, in words.
    pub strategy: &'static str,
    /// How requests are answered.
    pub mode: &'static str,
    /// The one defence.
    pub defence: &'static str,
    /// Whether it is there; a control is without it.
    pub defended: bool,
    setting: Setting,
}

/// A case with what came of it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// Requests.
    pub requests: u32,
    /// What came of it for who follows the strategy.
    pub outcome: Outcome,
}

impl Row {
    /// What the strategy cost: bonds, stake and expenses.
    pub fn cost(&self) -> i128 {
        self.outcome.gained - self.outcome.profit
    }

    /// Whether it was worth more than honest work.
    pub fn pays(&self) -> bool {
        self.outcome.profit > self.outcome.honest
    }

    /// Whether it is as it should be: honest work is worth something, attacks pay without their defence alone.
    pub fn is_expected(&self) -> bool {
        match self.case.strategy {
            HONEST => self.outcome.profit > 0 && self.outcome.wrong == 0,
            _ => self.pays() != self.case.defended,
        }
    }
}

/// What a simulation found.
#[derive(Debug, Clone)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What things cost.
    pub economy: Economy,
    /// Case by case.
    pub rows: Vec<Row>,
}

impl Report {
    /// Whether every attack pays without its defence alone.
    pub fn is_sound(&self) -> bool {
        self.rows.iter().all(Row::is_expected)
    }
}

const HONEST: &str = "honest";
const OPTIMISTIC: &str = "optimistic";
const QUORUM: &str = "quorum";

/// All cases.
fn cases(economy: &Economy) -> Vec<Case> {
    use optimistic::Answering as Answer;
    use quorum::Answering as Member;
    let calm = optimistic::Setting {
        answering: Answer::Honest,
        watched: 1_000,
        griefing: false,
        challenge_bond: economy.proof,
        stated: economy.at_risk,
    };
    let crew = quorum::Setting {
        answering: Member::Honest,
        operators: 2,
        proved: 1_000,
        hidden: true,
        stated: economy.at_risk,
        at_risk: economy.at_risk,
        seat_bond: economy.seat_bond,
    };
    let optimistic = |strategy, defence, defended, setting| Case {
        strategy,
        mode: OPTIMISTIC,
        defence,
        defended,
        setting: Setting::Optimistic(setting),
    };
    let quorum = |strategy, defence, defended, setting| Case {
        strategy,
        mode: QUORUM,
        defence,
        defended,
        setting: Setting::Quorum(setting),
    };
    let lazy = optimistic::Setting { answering: Answer::Lazy, ..calm };
    let bribed = optimistic::Setting { answering: Answer::Bribed, ..calm };
    let seldom = optimistic::Setting { watched: 700, ..bribed };
    let griefing = optimistic::Setting { griefing: true, ..calm };
    let blocking = optimistic::Setting { answering: Answer::Blocking, ..calm };
    let copying = quorum::Setting { answering: Member::Copying, ..crew };
    let colluding = quorum::Setting { answering: Member::Colluding, operators: 4, ..crew };
    let outright = quorum::Setting { operators: 7, ..colluding };
    let silent = quorum::Setting { answering: Member::Silent, operators: 4, stated: 0, ..crew };
    let unwatched = |setting| optimistic::Setting { watched: 0, ..setting };
    vec![
        optimistic(HONEST, "-", true, calm),
        optimistic("lazy: guesses", "a watcher challenges", true, lazy),
        optimistic("lazy: guesses", "a watcher challenges", false, unwatched(lazy)),
        optimistic("bribed: answers wrong", "a watcher challenges", true, bribed),
        optimistic("bribed: answers wrong", "a watcher challenges", false, unwatched(bribed)),
        optimistic("bribed: three in ten go unwatched", "the bond covers the value at risk", true, seldom),
        optimistic(
            "bribed: three in ten go unwatched",
            "the bond covers the value at risk",
            false,
            optimistic::Setting { stated: economy.at_risk / 100, ..seldom },
        ),
        optimistic("griefing: challenges what is right", "a challenge costs a proof", true, griefing),
        optimistic(
            "griefing: challenges what is right",
            "a challenge costs a proof",
            false,
            optimistic::Setting { challenge_bond: 0, ..griefing },
        ),
        optimistic("blocking: challenges itself", "half of a bond is nobody's", true, blocking),
        optimistic(
            "blocking: challenges itself",
            "half of a bond is nobody's",
            false,
            optimistic::Setting { stated: economy.at_risk / 100, ..blocking },
        ),
        quorum(HONEST, "-", true, crew),
        quorum("copying: says what others say", "commit before reveal", true, copying),
        quorum(
            "copying: says what others say",
            "commit before reveal",
            false,
            quorum::Setting { hidden: false, ..copying },
        ),
        quorum("colluding: 4 of 10 operators", "a proof slashes all of them", true, colluding),
        quorum(
            "colluding: 4 of 10 operators",
            "a proof slashes all of them",
            false,
            quorum::Setting { proved: 0, ..colluding },
        ),
        quorum("colluding: 7 of 10 operators", "stake is twice the value at risk", true, outright),
        quorum(
            "colluding: 7 of 10 operators",
            "stake is twice the value at risk",
            false,
            quorum::Setting { at_risk: 10 * economy.at_risk, ..outright },
        ),
        quorum("griefing: silent in committees", "silence costs a part of the bond", true, silent),
        quorum(
            "griefing: silent in committees",
            "silence costs a part of the bond",
            false,
            quorum::Setting { seat_bond: 1, ..silent },
        ),
    ]
}

/// Runs about `requests` requests, as many in each case; tells `watch` each row as soon as it is there.
pub async fn simulate(
    seed: u64,
    economy: Economy,
    requests: u32,
    mut watch: impl FnMut(&Row),
) -> Result<Report, SimulationError> {
    let cases = cases(&economy);
    let least = cases.len() as u32;
    if !(least..=MOST_REQUESTS).contains(&requests) {
        return Err(SimulationError::Requests { least, most: MOST_REQUESTS, got: requests });
    }
    let each = requests.div_ceil(least);
    // A world for each size of stake; making one takes as long as a hundred requests.
    let mut worlds: HashMap<u128, World> = HashMap::new();
    let mut accounts = [&optimistic::ACCOUNTS[..], &quorum::ACCOUNTS].concat();
    accounts.sort_unstable();
    accounts.dedup();
    // What honest work on as many requests uses, by mode; its case is the first of each.
    let mut honest_gas: HashMap<&str, u64> = HashMap::new();
    let mut rows = Vec::new();
    for (number, case) in (0_u64..).zip(cases) {
        // Each case has its own numbers, so that adding one changes no other.
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number);
        let seat_bond = case.setting.seat_bond(&economy);
        let world = match worlds.entry(seat_bond) {
            Entry::Occupied(known) => {
                let world = known.into_mut();
                world.begin_again()?;
                world
            }
            Entry::Vacant(place) => place.insert(World::new(seat_bond, &accounts).await?),
        };
        let mut outcome = match case.setting {
            Setting::Optimistic(setting) => {
                optimistic::run(world, &economy, &setting, each, &mut random).await?
            }
            Setting::Quorum(setting) => quorum::run(world, &economy, &setting, each, &mut random).await?,
        };
        world.check_money(&accounts).await?;
        if case.strategy == HONEST {
            honest_gas.insert(case.mode, outcome.gas);
        }
        outcome.profit -= economy.gas_cost(outcome.gas);
        if outcome.honest != 0 {
            outcome.honest -= economy.gas_cost(honest_gas.get(case.mode).copied().unwrap_or_default());
        }
        let row = Row { case, requests: each, outcome };
        watch(&row);
        rows.push(row);
    }
    Ok(Report { seed, economy, rows })
}
