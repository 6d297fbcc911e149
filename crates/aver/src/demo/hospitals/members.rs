//! Members of the task: the service that production runs, with its server, and one who cheats.

use anyhow::{Context as _, Result};
use averment_compiler::task::Template;
use averment_ledger::{
    contracts::Sender,
    federated::{Posted, TaskClient, Terms},
};
use averment_node::federated::{
    craft::{About, Craft, CraftError, Integers, NewModel, TaskCraft, Update, UpdateFault, Work as Round},
    machine::Settings,
    service::{Plan, Service},
    transfers::{Patience, Place, TransferServer},
};
use averment_plan::vector::{Vector, VectorKind};
use averment_trainers::{Fit, Graph, Participant};
use std::{ops::ControlFlow, path::Path, sync::Arc, time::Duration};
use tokio::task::JoinHandle;

/// Longest package.
const FILE: u64 = 1 << 20;

/// What a member does.
pub struct Work {
    pub craft: Arc<dyn Craft>,
    pub trains: bool,
}

/// A member at work; its server stops with it.
pub struct Member {
    service: Service,
    serving: JoinHandle<()>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Member {
    pub async fn start(folder: &Path, work: Work, client: &TaskClient, sender: Sender) -> Result<Self> {
        let settings = Settings {
            account: sender.address(),
            trains: work.trains,
            aggregates: true,
            challenges: true,
            bonds: 8,
            carried: false,
            scores: false,
            settling: 0,
            stagger: 10,
        };
        let plan = Plan {
            again_after: Duration::ZERO,
            patience: Patience { times: 2, again: Duration::from_millis(1), ..Patience::default() },
            file: FILE,
            ..Plan::new(settings, String::new())
        };
        let service = Service::open(folder, plan, client.clone(), sender, work.craft)?;
        let place = Place { chain_id: client.id().chain_id, task: client.id().task };
        let (desk, store) = (Arc::new(service.desk().clone()), service.store().clone());
        let limits = TransferServer::limits(FILE);
        let local = "127.0.0.1:0".parse().context("an address of this machine")?;
        let server =
            TransferServer::bind(local, limits, place, desk, store.inbox.clone(), store.outbox.clone());
        let server = server.await?;
        let service = service.with_endpoint(format!("http://{}", server.address()));
        let serving = tokio::spawn(server.run(std::future::pending()));
        Ok(Self { service, serving })
    }

    pub fn take_initial(&self, package: &[u8], points: &[u8]) -> Result<()> {
        Ok(self.service.take_initial(package, points)?)
    }

    /// Turns until nothing is computed any more.
    pub async fn turn(&mut self) -> Result<()> {
        while self.service.turn().await?.busy {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// The package of a model, if the member has it.
    pub fn model(&self, round: usize) -> Result<Option<Vec<u8>>> {
        Ok(self.service.store().model(u16::try_from(round)?)?)
    }
}

/// How long what somebody learns first is, in units of the finest scale.
pub fn length(template: &Template, from: &Vector, learner: &dyn Participant) -> Result<u64> {
    let graph = Graph::new(template.network_of(from)?)?;
    let model = graph.parameters()?;
    let fitted = learner
        .fit(&Fit { model: &model, memory: None, seed: [1; 32] }, &mut |_| ControlFlow::Continue(()))?;
    let update = template.update(from, &graph.with(&fitted.model)?.parameters(), u64::MAX >> 2)?;
    Ok(u64::try_from(update.norm_squared(template.layout()).isqrt())?)
}

/// How much of what `learner` holds out a model decides rightly.
pub fn accuracy(template: &Template, model: &Vector, learner: &dyn Participant) -> Result<f64> {
    let graph = Graph::new(template.network_of(model)?)?;
    Ok(learner.evaluate(&graph.parameters()?)?.accuracy())
}

/// Trains as it should, and proves it for the next round: the proof is one, and not of this.
pub struct ForAnother(pub TaskCraft);

impl Craft for ForAnother {
    fn prefix(&self) -> Vec<u8> {
        self.0.prefix()
    }

    fn model_points(&self, package: &[u8]) -> Result<Vec<u8>, CraftError> {
        self.0.model_points(package)
    }

    fn check_room(&self, terms: &Terms, initial: &[u8]) -> Result<(), String> {
        Craft::check_room(&self.0, terms, initial)
    }

    fn train(&self, about: &About, model: &[u8]) -> Result<Update, CraftError> {
        self.0.train(&About { round: about.round.saturating_add(1), ..about.clone() }, model)
    }

    fn check_update(&self, about: &About, update: &Update) -> Result<(), UpdateFault> {
        self.0.check_update(about, update)
    }

    fn sum(&self, packages: &[Vec<u8>]) -> Result<Vec<u8>, CraftError> {
        self.0.sum(packages)
    }

    fn gathered(&self, posted: &Posted, without: Option<&[u8]>) -> Result<Vec<u8>, CraftError> {
        self.0.gathered(posted, without)
    }

    fn check_opening(&self, opening: &[u8], points: &[u8]) -> Result<(), UpdateFault> {
        self.0.check_opening(opening, points)
    }

    fn aggregate(&self, work: &Round) -> Result<NewModel, CraftError> {
        self.0.aggregate(work)
    }

    fn integers(&self, kind: VectorKind, package: &[u8]) -> Result<Integers, CraftError> {
        self.0.integers(kind, package)
    }

    fn score(&self, work: &Round) -> Result<Vec<u32>, CraftError> {
        self.0.score(work)
    }
}
