//! Everything as it is: digits that members learn from data of their own, proofs, the real verifier, packages over HTTP. One of five
//! sends the opposite of what it learned, one a proof of something else, one in the second round what it sent in the first. Three
//! validators score, of whom one lies.

use crate::{
    until,
    world::{AGGREGATOR, Ground, Member, VALIDATORS, World},
};
use alloy_primitives::{Address, B256, U256};
use averment_compiler::{
    Options,
    network::Network,
    samples::Samples,
    task::{self, Start, Template, Widths},
    tensor::Tensor,
};
use averment_federated::rules::Kind;
use averment_ledger::{
    federated::{Contested, Event as Told, Phase, TaskKinds, Terms, WHOLE},
    proofs::ProofClient,
};
use averment_node::federated::craft::{
    About, Craft, CraftError, Learning, Origin, Row, Scoring, TaskCraft, Update, Work,
};
use averment_plan::vector::{Package, Vector, VectorKind};
use averment_primitives::{Salt, VersionId};
use averment_prover::{Setup, model::Committed};
use averment_trainers::{
    Evaluation, Fit, FitError, Fitted, Graph, Learner, Parameters, Participant, Progress, Settings,
    TensorSchema,
    data::{
        Dataset,
        split::{Split, split},
        table,
    },
    models,
    random::seed_of,
};
use averment_verifier::{
    commitment::WeightsCommitment,
    descriptor::{self, Descriptor},
    federated::TaskShape,
    point,
};
use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Arc, Mutex},
};

/// What everybody knows of a task before it is on a chain.
pub struct Problem {
    pub network: Network,
    pub start: Start,
    pub samples: Samples,
    pub setup: Setup,
    pub options: descriptor::Options,
    pub commitment: WeightsCommitment,
    pub initial: Vec<u8>,
    pub parts: Vec<Dataset>,
    pub evaluation: Dataset,
}

fn digits(name: &str) -> Dataset {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/digits/data/");
    let bytes = std::fs::read(format!("{path}{name}.csv")).unwrap();
    let data = table::read(&bytes, "digit", &["row"]).unwrap().data;
    data.changed(|_, image| image.iter_mut().for_each(|pixel| *pixel /= 16.0)).unwrap()
}

impl Problem {
    /// Digits for a perceptron with these hidden layers, split among so many, in chunks of so many cells (as a power of two), or of as
    /// many as a decision's proof has.
    pub fn of(hidden: &[usize], count: usize, widths: Widths, chunk_bits: Option<u8>) -> Self {
        let (training, evaluation) = (digits("training"), digits("evaluation"));
        let network = models::perceptron(training.features(), hidden, training.classes(), [7; 32]);
        let parts = split(&training, count, Split::Even, seed_of(1, 1)).unwrap();
        let parts = parts.iter().map(|part| training.choose(part)).collect();
        let cells = training.inputs().iter().take(64 * 200).map(|cell| f64::from(*cell)).collect();
        let samples = Samples::new(&network, vec![Tensor { dims: vec![200, 64], cells }]).unwrap();
        let start = task::start(&network, &samples, &Options::default(), widths).unwrap();
        let model = &start.compiled.model;
        let options = descriptor::Options::default();
        let derived = || Descriptor::derive(model.plan(), options).unwrap().descriptor.layout.chunk_bits;
        let bits = chunk_bits.unwrap_or_else(derived);
        let options = descriptor::Options { chunk_bits: Some(bits), ..options };
        let setup = Setup::development(bits);
        let salt = Salt::from_random([3; 32]);
        let commitment = Committed::register(&setup, model, options, Some(&salt)).unwrap().0;
        let vector = Vector::of_weights(&start.layout, model.weights()).unwrap();
        let initial = Package { vector, salt }.encode(&start.layout);
        Self { network, start, samples, setup, options, commitment, initial, parts, evaluation }
    }

    pub fn origin(&self) -> Origin<'_> {
        Origin {
            plan: self.start.compiled.model.plan(),
            layout: &self.start.layout,
            commitment: &self.commitment,
            network: &self.network,
        }
    }

    pub fn points(&self) -> Vec<u8> {
        point::to_bytes(self.commitment.chunked().points())
    }

    pub fn prefix(&self) -> Vec<u8> {
        let chunked = self.commitment.chunked();
        WeightsCommitment::meaning(chunked.setup(), chunked.blocks())
    }

    pub fn learner(&self, part: usize, settings: Settings) -> Learner {
        let graph = TaskCraft::graph(self.origin()).unwrap();
        Learner::new(graph, self.parts[part].clone(), self.evaluation.clone(), settings).unwrap()
    }

    /// Somebody who trains nothing and judges by a third of what nobody trains on.
    fn judge(&self, third: usize, settings: Settings) -> Learner {
        let own: Vec<usize> = (third..self.evaluation.len()).step_by(VALIDATORS.len()).collect();
        let graph = TaskCraft::graph(self.origin()).unwrap();
        Learner::new(graph, self.parts[0].clone(), self.evaluation.choose(&own), settings).unwrap()
    }

    pub fn craft(&self, terms: &Terms, learning: Option<Learning>) -> TaskCraft {
        TaskCraft::new(self.origin(), terms, self.setup.clone(), learning, [5; 32]).unwrap()
    }

    /// So many times as long as what one learns first: the bound of updates.
    pub fn bound(&self, settings: Settings, times: u32) -> u32 {
        let template =
            Template::new(&self.network, self.start.compiled.model.plan(), &self.start.layout).unwrap();
        let first = Vector::of_weights(&self.start.layout, self.start.compiled.model.weights()).unwrap();
        let graph = Graph::new(template.network_of(&first).unwrap()).unwrap();
        let model = graph.parameters().unwrap();
        let fit = Fit { model: &model, memory: None, seed: [1; 32] };
        let fitted = self.learner(0, settings).fit(&fit, &mut |_| ControlFlow::Continue(())).unwrap();
        let parameters = graph.with(&fitted.model).unwrap().parameters();
        let update = template.update(&first, &parameters, u64::MAX >> 2).unwrap();
        u32::try_from(update.norm_squared(&self.start.layout).isqrt()).unwrap() * times
    }

    /// Registers what proofs will be about, the initial version, and completes terms.
    pub async fn on(&self, ground: &Ground, change: impl FnOnce(&mut Terms)) -> (Terms, VersionId) {
        let plan = self.start.compiled.model.plan();
        let version = ground.register("first", self.commitment.identity(), plan.digest(), Vec::new()).await;
        let mut terms = ground.terms(version, plan.digest());
        change(&mut terms);
        let layout = &self.start.layout;
        let bits = self.commitment.chunked().blocks().chunk_bits();
        let updates = layout.blocks().iter().map(|block| block.update_bits).collect();
        let shape = TaskShape::new(plan, bits, updates, layout.exponents().collect()).unwrap();
        let kinds = TaskKinds::new(&shape, &terms).unwrap();
        (terms.updateKind, terms.roundKind) = (kinds.update_digest(), kinds.round_digest());
        let proofs = ProofClient::new(&ground.ledger, &ground.deployment).unwrap();
        for descriptor in [&kinds.update.descriptor, &kinds.round.descriptor] {
            proofs.register_with(&ground.sender(0), descriptor, &[]).await.unwrap();
        }
        (terms, version)
    }
}

/// Sends the opposite of what it learned.
struct Opposite(Learner);

impl Participant for Opposite {
    fn schema(&self) -> &[TensorSchema] {
        self.0.schema()
    }

    fn fit(
        &self,
        fit: &Fit<'_>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Fitted, FitError> {
        let honest = self.0.fit(fit, watch)?;
        let cells = fit.model.cells().iter().zip(honest.model.cells());
        let away =
            |(old, new): (&Vec<f32>, &Vec<f32>)| old.iter().zip(new).map(|(o, n)| o - (n - o)).collect();
        let model = Parameters::new(self.schema(), cells.map(away).collect())?;
        Ok(Fitted { model, ..honest })
    }

    fn evaluate(&self, model: &Parameters) -> Result<Evaluation, FitError> {
        self.0.evaluate(model)
    }
}

/// Sends what it learned first once more and once more.
struct Again(Learner, Mutex<Option<Vec<Vec<f32>>>>);

impl Participant for Again {
    fn schema(&self) -> &[TensorSchema] {
        self.0.schema()
    }

    fn fit(
        &self,
        fit: &Fit<'_>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Fitted, FitError> {
        let fitted = self.0.fit(fit, watch)?;
        let cells = fit.model.cells().iter().zip(fitted.model.cells());
        let learned = cells.map(|(old, new)| new.iter().zip(old).map(|(n, o)| n - o).collect()).collect();
        let mut first = self.1.lock().unwrap();
        let cells = fit.model.cells().iter().zip(first.get_or_insert(learned));
        let again = cells.map(|(old, step)| old.iter().zip(step).map(|(o, s)| o + *s).collect()).collect();
        Ok(Fitted { model: Parameters::new(self.schema(), again)?, ..fitted })
    }

    fn evaluate(&self, model: &Parameters) -> Result<Evaluation, FitError> {
        self.0.evaluate(model)
    }
}

/// Proves its updates for another round, or says the opposite of what it measured.
struct Cheat(TaskCraft);

impl Craft for Cheat {
    as_the_inner!(
        prefix,
        model_points,
        check_room,
        check_update,
        sum,
        gathered,
        check_opening,
        aggregate,
        integers
    );

    fn train(&self, about: &About, model: &[u8]) -> Result<Update, CraftError> {
        self.0.train(&About { round: about.round + 1, ..about.clone() }, model)
    }

    fn score(&self, work: &Work) -> Result<Vec<u32>, CraftError> {
        Ok(self.0.score(work)?.into_iter().map(|score| WHOLE - score).collect())
    }
}

const ROUNDS: u16 = 2;

#[tokio::test]
async fn digits_are_learned_under_the_contract_and_the_points_are_the_versions() {
    let settings = Settings { rate: 0.3, epochs: 6, batch: 16, ..Settings::default() };
    // Updates that need not be shortened to their widths.
    let widths = Widths { bits: 22, update_bits: 18, ..Widths::default() };
    let problem = Problem::of(&[12], 5, widths, None);
    let bound = problem.bound(settings, 4);
    let ground = Ground::new(Some(&problem.setup.key())).await;
    let (terms, version) = problem
        .on(&ground, |terms| {
            terms.bound = bound;
            terms.rule.kind = Kind::MultiKrum as u8;
            (terms.rule.faults, terms.rule.history) = (1, true);
            (terms.size.rounds, terms.size.minimum) = (ROUNDS, 3);
            (terms.size.perRound, terms.size.maximum) = (6, 9);
        })
        .await;
    let (prefix, points) = (problem.prefix(), problem.points());
    let world = ground.create(terms.clone(), prefix.clone(), points.clone(), 1..AGGREGATOR).await;

    world.seat(&VALIDATORS).await;
    let (replayer, poisoner, cheat) = (3, 4, 5);
    let mut members: Vec<Member> = Vec::new();
    for at in 1..AGGREGATOR {
        let learner = problem.learner(at - 1, settings);
        let craft: Arc<dyn Craft> = match at {
            at if at == poisoner => Arc::new(problem.craft(&terms, Some(Box::new(Opposite(learner))))),
            at if at == replayer => {
                Arc::new(problem.craft(&terms, Some(Box::new(Again(learner, Mutex::default())))))
            }
            at if at == cheat => Arc::new(Cheat(problem.craft(&terms, Some(Box::new(learner))))),
            _ => Arc::new(problem.craft(&terms, Some(Box::new(learner)))),
        };
        members.push(world.start_with(at, craft, &problem.initial, &points).await);
    }
    let judge = problem.craft(&terms, Some(Box::new(problem.learner(0, settings))));
    judge.check_room(&problem.initial, &terms).unwrap();
    scored(&problem, &world, &terms, settings);
    let none = Arc::new(problem.craft(&terms, None));
    members.push(world.start_with(AGGREGATOR, none, &problem.initial, &points).await);
    let validator = async |third: usize| {
        let craft = problem.craft(&terms, Some(Box::new(problem.judge(third, settings))));
        let craft: Arc<dyn Craft> = if third == 2 { Arc::new(Cheat(craft)) } else { Arc::new(craft) };
        world.start_with(VALIDATORS[third], craft, &problem.initial, &points).await
    };
    for third in 0..VALIDATORS.len() {
        members.push(validator(third).await);
    }
    // Somebody has an update published that was brought to everybody who may see it, and then a model.
    let asker = world.sender(9);
    until(&world, &mut members, async |world| world.book().await.phase == Phase::Check).await;
    world.client.challenge(&asker, world.address(1), Contested::Update).await.unwrap();
    until(&world, &mut members, async |world| world.book().await.phase == Phase::Settle).await;
    world.client.challenge(&asker, Address::ZERO, Contested::Model).await.unwrap();
    until(&world, &mut members, async |world| world.book().await.models.len() == 1).await;
    let answered = world.history().await.into_iter().filter_map(|event| match event {
        Told::Answered { account, contested, .. } => Some((account, contested)),
        _ => None,
    });
    let answered: Vec<_> = answered.filter(|(_, contested)| *contested != Contested::Proof).collect();
    assert!(
        matches!(answered[..], [(one, Contested::Update), (_, Contested::Model)] if one == world.address(1))
    );
    // One that is started anew remembers what it saw.
    let at = members.iter().position(|member| member.at == VALIDATORS[0]).unwrap();
    drop(members.remove(at));
    members.push(validator(0).await);
    until(&world, &mut members, async |world| world.book().await.phase == Phase::Ended).await;

    let book = world.book().await;
    assert_eq!(book.models.len(), usize::from(ROUNDS));
    // A proof of something else costs the stake; who sent the opposite has no weight, and earns nothing.
    let [bad, false_] = [poisoner, cheat].map(|at| world.address(at));
    assert!(book.members[&false_].out);
    for made in &book.models {
        assert!(!made.accounts.contains(&false_));
        let place = made.accounts.iter().position(|account| *account == bad).unwrap();
        assert_eq!(made.weights[place], U256::ZERO);
        assert_eq!(made.accounts.len(), 4);
    }
    let balance = async |at: usize| world.client.balance(world.address(at)).await.unwrap();
    assert_eq!(balance(poisoner).await, U256::ZERO);
    assert_eq!(balance(cheat).await, U256::ZERO);
    let history = world.history().await;
    let paid: Vec<BTreeMap<_, _>> = history
        .iter()
        .filter_map(|event| match event {
            Told::Settled { round, payments, .. } => Some((&book.models[usize::from(*round) - 1], payments)),
            _ => None,
        })
        .map(|(made, payments)| made.accounts.iter().copied().zip(payments.iter().copied()).collect())
        .collect();
    let told = |at: usize| -> Vec<&[u32]> {
        let own = history.iter().filter_map(|event| match event {
            Told::ScoresRevealed { validator, scores, .. } if *validator == world.address(at) => {
                Some(&scores[..])
            }
            _ => None,
        });
        own.collect()
    };
    let place = |at: usize| book.models[1].accounts.iter().position(|a| *a == world.address(at)).unwrap();
    for &at in &VALIDATORS {
        assert_eq!(told(at).len(), 2, "{at}");
        assert_eq!(balance(at).await, U256::from(2 * 100));
    }
    // Two say that the third member sends what it sent, and the one who lies is not the median.
    for &at in &VALIDATORS[..2] {
        assert!(told(at)[1][place(replayer)] <= 1, "{:?}", told(at));
    }
    assert!(told(VALIDATORS[2])[1][place(replayer)] > 60_000);
    for at in 1..poisoner {
        let second = paid[1][&world.address(at)];
        let other = paid[1][&world.address(1)].min(paid[1][&world.address(2)]);
        match at == replayer {
            true => {
                assert!(second * U256::from(10) < other, "{at} earned {second} once more, others {other}")
            }
            false => assert!(balance(at).await > U256::from(1_000), "{at} earned {paid:?}"),
        }
    }
    // The aggregator has its fees, a quarter of the cheat's stake, and the bond of who asked for its model.
    assert_eq!(balance(AGGREGATOR).await, U256::from(2 * 300 + 250 + 70));

    // Who was put out is given nothing; the others fetch what came of it.
    for _ in 0..2 {
        for member in &mut members {
            member.turn().await;
        }
    }
    for member in &mut members {
        let model = member.service().store().model(ROUNDS).unwrap();
        assert_eq!(model.is_none(), member.at == cheat, "{}", member.at);
    }
    // What was learned is better, and its points are those of the version whose plan is compiled from it.
    let last = members[0].service().store().model(ROUNDS).unwrap().unwrap();
    let [before, after] =
        [&problem.initial, &last].map(|package| judge.evaluate(package).unwrap().accuracy());
    assert!(before < 0.3 && after > 0.8, "{before} {after}");
    finished(&problem, &world, version, &last, &prefix).await;
}

/// What a validator says of three who learn, of whom the first sends what it sent before, and of one who sends the opposite.
fn scored(problem: &Problem, world: &World, terms: &Terms, settings: Settings) {
    let about = About { id: world.client.id(), terms: terms.clone(), round: 1, party: world.address(1) };
    let update =
        |learning: Learning| problem.craft(terms, Some(learning)).train(&about, &problem.initial).unwrap();
    let mut updates: Vec<Update> =
        (0..3).map(|part| update(Box::new(problem.learner(part, settings)))).collect();
    updates.push(update(Box::new(Opposite(problem.learner(3, settings)))));
    let row = |(at, update): (usize, &Update)| Row {
        account: world.address(at + 1),
        update: update.clone(),
        before: if at == 0 { vec![update.package.clone()] } else { Vec::new() },
        sum: None,
    };
    let work = Work {
        about: about.clone(),
        model: problem.initial.clone(),
        older: None,
        rows: updates.iter().enumerate().map(row).collect(),
        root: None,
        last: Vec::new(),
    };
    for scoring in [Scoring::LeaveOneOut, Scoring::Shapley { orders: 24, tolerance: 0.0 }] {
        let validator = problem.craft(terms, Some(Box::new(problem.learner(4, settings))));
        let scores = validator.with_scoring(scoring).score(&work).unwrap();
        let [replay, honest, other, opposite] = scores[..] else { panic!("{scores:?}") };
        assert!(replay <= 1 && opposite <= 1, "{scoring:?}: {scores:?}");
        // A whole share is what the median of the gains has: nobody honest has less than a quarter of it.
        assert!(honest.min(other) > 16_384, "{scoring:?}: {scores:?}");
    }
}

/// Compiles the last model, registers it, and has the task say that it ended as that.
async fn finished(problem: &Problem, world: &World, first: VersionId, package: &[u8], prefix: &[u8]) {
    let layout = &problem.start.layout;
    let package = Package::decode_as(layout, VectorKind::Model, package).unwrap();
    let template = Template::new(&problem.network, problem.start.compiled.model.plan(), layout).unwrap();
    let compiled = task::finish(&template, &package.vector, &problem.samples, &Options::default()).unwrap();
    let (setup, model) = (&problem.setup, &compiled.model);
    let commitment = Committed::register(setup, model, problem.options, Some(&package.salt)).unwrap().0;
    let points = point::to_bytes(commitment.chunked().points());
    let book = world.book().await;
    assert_eq!(points, book.models.last().unwrap().points);
    let weights = commitment.identity();
    let version = world.ground.register("last", weights, model.plan().digest(), vec![first]).await;
    let sponsor = world.ground.sender(0);
    // The initial version is not what came of it.
    let early = world.client.finish(&sponsor, first.0, prefix.to_vec().into(), problem.points().into()).await;
    assert!(early.is_err());
    world.client.finish(&sponsor, version.0, prefix.to_vec().into(), points.into()).await.unwrap();
    assert_eq!(world.book().await.finished, Some(version.0));
    assert_ne!(version.0, B256::ZERO);
}
