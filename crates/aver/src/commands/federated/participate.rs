//! `aver federated participate`: a member at work, until it is stopped or the task is over.

use super::{Task, create};
use crate::{
    args::federated::{ParticipateArgs, ScoringArg},
    commands::{
        Context,
        oracle::{log, settling},
    },
    exit,
    plans::PlanFolder,
    signals::stopped,
};
use alloy::primitives::utils::parse_ether;
use anyhow::{Context as _, Result};
use averment_node::{
    federated::{
        craft::{Learning, Origin, Scoring, TaskCraft},
        machine::Settings,
        service::{Plan, Service},
        transfers::{Place, TransferServer},
    },
    pages::Pages,
};
use averment_plan::vector::{Package, VectorKind, VectorLayout};
use averment_storage::atomic;
use averment_trainers::{
    Learner, Settings as Training, Standardised,
    data::{Dataset, table},
};
use serde_json::json;
use std::{path::Path, sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// What everybody may do is done first by one member, by another after so many seconds.
const STAGGER: u64 = 15;
/// After so many pauses without a turn that ended well it is ill.
const PATIENCE: u64 = 30;
/// Shapley's value: over so many orders, up to this loss.
const SHAPLEY: Scoring = Scoring::Shapley { orders: 20, tolerance: 1e-3 };

pub async fn participate(args: &ParticipateArgs, context: &Context) -> Result<()> {
    let max_fee = parse_ether(&args.max_fee)
        .map_err(|_| exit::usage(format!("--max-fee: expected ether such as 0.1, got {:?}", args.max_fee)))?;
    let task = Task::open(&args.task, context).await?;
    let terms = task.client.terms().clone();
    let folder = PlanFolder::open(&args.plan)?;
    let (plan, layout, commitment) = (folder.plan()?, folder.layout()?, folder.commitment()?);
    let (prefix, points) = create::parts(&commitment);
    let beginning = task.client.beginning().await?;
    if averment_primitives::keccak256(&prefix) != task.client.code().prefix_hash || points != beginning.points
    {
        let message = format!("the task began with another model than {}", args.plan.display());
        return Err(exit::refused(message).into());
    }
    let file = std::fs::read(&args.network).with_context(|| format!("reading {}", args.network.display()))?;
    let network = averment_compiler::import(&file)
        .map_err(|error| exit::usage(format!("{}: {error}", args.network.display())))?;
    let origin = Origin { plan: &plan, layout: &layout, commitment: &commitment, network: &network };
    let learning = learning(args, origin)?;
    let (trains, scores) = (learning.is_some() && !args.no_training, args.score.is_some());
    if scores && learning.is_none() {
        return Err(exit::usage("--score needs --data: updates are scored on rows of one's own").into());
    }
    let chunked = commitment.chunked();
    let setup = context.setup(chunked.setup(), chunked.blocks().chunk_bits())?;
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).context("the operating system gives no randomness")?;
    let craft = TaskCraft::new(origin, &terms, setup, learning, *seed)
        .map_err(|error| exit::refused(format!("{error}. Do not take part")))?;
    let craft = craft.with_scoring(match args.score {
        Some(ScoringArg::Shapley) => SHAPLEY,
        _ => Scoring::LeaveOneOut,
    });
    let initial = args.model.as_deref().map(|path| read_package(path, &layout)).transpose()?;
    if let Some(initial) = &initial {
        craft.check_room(initial, &terms).map_err(|error| exit::refused(error.to_string()))?;
    }

    let (ledger, key) = (task.ledger(), context.account()?);
    let account = key.address();
    let settings = Settings {
        account,
        trains,
        aggregates: !args.no_aggregating,
        challenges: !args.no_challenges,
        bonds: args.bonds,
        carried: args.carried,
        scores,
        settling: args.settling.unwrap_or_else(|| settling(ledger.finality())),
        stagger: STAGGER,
    };
    let member = Plan::new(settings, args.endpoint.clone());
    let limit = member.file;
    let sender = context.sender(ledger, key).await?.confirm(move |quote| quote.largest_fee() <= max_fee);
    // Before anybody hears that it can be stopped by a signal, it can.
    let stop = stopped()?;
    log(context.ui.json);
    let mut service = Service::open(&args.folder, member, task.client.clone(), sender, Arc::new(craft))?;
    if let Some(initial) = &initial {
        service
            .take_initial(initial, &points)
            .with_context(|| "the initial model is not the one that the task starts from")?;
    }
    let place = Place { chain_id: task.client.id().chain_id, task: task.client.id().task };
    let (desk, store) = (Arc::new(service.desk().clone()), service.store().clone());
    let limits = TransferServer::limits(limit);
    let server =
        TransferServer::bind(args.listen, limits, place, desk, store.inbox.clone(), store.outbox.clone());
    let server = server.await.with_context(|| format!("listening at {}", args.listen))?;
    let listening = server.address();
    if args.endpoint.is_empty() {
        service = service.with_endpoint(format!("http://{listening}"));
    }
    let pages = Pages::bind(args.pages, service.metrics(), args.pause.saturating_mul(PATIENCE)).await?;
    let shown = pages.address();
    context.ui.result(
        &json!({
            "task": task.address(),
            "account": account,
            "trains": trains,
            "aggregates": !args.no_aggregating,
            "scores": scores,
            "folder": args.folder,
            "listening": listening.to_string(),
            "pages": format!("http://{shown}"),
        }),
        format!(
            "{account} takes part in {}: {}{}{}; packages at {listening}, what it keeps in {}\nhttp://{shown}/health and /metrics; Ctrl-C \
             stops it, and it goes on where it was",
            task.address(),
            if trains { "it trains" } else { "it does not train" },
            if args.no_aggregating { "" } else { ", aggregates when it is its turn" },
            if scores { ", scores" } else { "" },
            args.folder.display(),
        ),
    )?;
    let serving = tokio::spawn(server.run(std::future::pending()));
    let showing = tokio::spawn(pages.run(std::future::pending()));
    let done = service.run(Duration::from_secs(args.pause), stop).await;
    serving.abort();
    showing.abort();
    Ok(done?)
}

/// Who trains or judges, on rows of its own.
fn learning(args: &ParticipateArgs, origin: Origin<'_>) -> Result<Option<Learning>> {
    let Some(data) = &args.data else { return Ok(None) };
    let rows = |path: &Path| -> Result<Dataset> {
        let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let without: Vec<&str> = args.except.iter().map(String::as_str).collect();
        let read = table::read(&bytes, &args.class, &without);
        Ok(read.map_err(|error| exit::usage(format!("{}: {error}", path.display())))?.data)
    };
    let training = rows(data)?;
    let held_out = args.held_out.as_deref().map_or_else(|| Ok(training.clone()), rows)?;
    let settings = Training {
        rate: args.rate,
        momentum: args.momentum,
        batch: args.batch,
        epochs: args.epochs,
        ..Training::default()
    };
    let wrong = |error: averment_trainers::FitError| exit::usage(format!("{}: {error}", data.display()));
    let graph = TaskCraft::graph(origin).map_err(|error| exit::usage(error.to_string()))?;
    if !args.standardise {
        return Ok(Some(Box::new(Learner::new(graph, training, held_out, settings).map_err(wrong)?)));
    }
    let (inside, judged) = (training.standardised(&training)?, held_out.standardised(&training)?);
    let learner = Learner::new(graph, inside, judged, settings).map_err(wrong)?;
    Ok(Some(Box::new(Standardised::new(learner, &training).map_err(wrong)?)))
}

/// The initial model, as the sponsor hands it out.
fn read_package(path: &Path, layout: &VectorLayout) -> Result<Zeroizing<Vec<u8>>> {
    let limit = Package::length(layout, VectorKind::Model) as u64;
    let bytes = atomic::read(path, limit).with_context(|| format!("reading {}", path.display()))?;
    Ok(Zeroizing::new(bytes))
}
