//! `aver steward`: versions that take over from others, and versions that are retired for what a log records.

use super::{Context, log};
use crate::{
    args::{AnnounceArgs, LimitArgs, MeasureArgs, StewardCommand},
    exit,
    subject::Subject,
};
use anyhow::{Context as _, Result};
use averment_ledger::{
    contracts::Sent,
    registry::RegistryClient,
    stewardship::{AnchoredRoot, Limit, Steward, Succession},
};
use averment_primitives::{Address, VersionId};
use averment_registry::{
    Utc,
    log::Record,
    measurement::{MILLIONTHS, Measurement, SignedMeasurement},
};
use averment_storage::log::Log;
use serde_json::{Value, json};

pub fn run(command: &StewardCommand, context: &Context) -> Result<()> {
    context.block_on(async {
        match command {
            StewardCommand::Appoint { model, dismiss } => appoint(model, *dismiss, context).await,
            StewardCommand::Announce(args) => announce(args, context).await,
            StewardCommand::Cancel { version } => cancel(version, context).await,
            StewardCommand::Succeed { version } => succeed(version, context).await,
            StewardCommand::Monitor { model, monitor, forbid } => {
                set_monitor(model, monitor, !forbid, context).await
            }
            StewardCommand::Log { model } => name_log(model, context).await,
            StewardCommand::Limit(args) => limit(args, context).await,
            StewardCommand::Measure(args) => measure(args, context).await,
            StewardCommand::Retire { records } => retire(records, context).await,
            StewardCommand::Show { version } => show(version, context).await,
        }
    })
}

/// The steward that was deployed with the contracts.
fn steward(registry: &RegistryClient, context: &Context) -> Result<Steward> {
    let Some(contract) = context.deployment()?.steward else {
        return Err(exit::usage("these contracts have no steward: `aver contracts deploy` makes one").into());
    };
    Ok(Steward::new(registry.ledger(), contract.address))
}

/// Refuses, before a password is asked for, what is the owner's alone.
fn by_owner(subject: &Subject, context: &Context) -> Result<()> {
    let (owner, got) = (subject.history.owner(), context.account_address()?);
    if owner == got {
        return Ok(());
    }
    let name = |account| subject.names.account(account);
    Err(exit::refused(format!("only the model's owner {} may do this, not {}", name(owner), name(got)))
        .into())
}

async fn appoint(model: &str, dismiss: bool, context: &Context) -> Result<()> {
    let subject = context.model(model).await?;
    let steward = if dismiss { Address::ZERO } else { steward(&subject.registry, context)?.id().address };
    by_owner(&subject, context)?;
    let sender = context.sender_for(&subject).await?;
    let sent = subject.registry.set_steward(&sender, subject.model(), steward).await?;
    let name = subject.history.name();
    let words = match dismiss {
        true => format!("{name} has no steward any more"),
        false => format!("{steward} may retire versions of {name}, and do nothing else"),
    };
    let value = json!({ "model": subject.model(), "steward": (!dismiss).then_some(steward) });
    context.sent(&subject.registry, &sent, value, words)
}

async fn announce(args: &AnnounceArgs, context: &Context) -> Result<()> {
    let (subject, version) = context.version(&args.version).await?;
    let successor = context.version_id(&subject.registry, &args.successor).await?;
    let steward = steward(&subject.registry, context)?;
    by_owner(&subject, context)?;
    let sender = context.sender_for(&subject).await?;
    let succession = Succession { successor, hour: args.at, environment: args.environment.clone() };
    let sent = steward.announce(&sender, version, &succession).await?;
    let name = |id| subject.names.full_version(&subject.history, id);
    let words = format!(
        "{} takes over from {} in {:?} at {}: deploy it there before, and have the old one retired then with\n  \
         aver steward succeed {version}",
        name(successor),
        name(version),
        args.environment,
        Utc(args.at)
    );
    let value = json!({
        "version": version, "successor": successor, "at": args.at, "environment": args.environment,
    });
    context.sent(&subject.registry, &sent, value, words)
}

async fn cancel(version: &str, context: &Context) -> Result<()> {
    let (subject, version) = context.version(version).await?;
    let steward = steward(&subject.registry, context)?;
    by_owner(&subject, context)?;
    let sender = context.sender_for(&subject).await?;
    let sent = steward.cancel(&sender, version).await?;
    let words =
        format!("{} is succeeded by nobody any more", subject.names.full_version(&subject.history, version));
    context.sent(&subject.registry, &sent, json!({ "version": version, "successor": null }), words)
}

async fn succeed(version: &str, context: &Context) -> Result<()> {
    let (subject, version) = context.version(version).await?;
    let steward = steward(&subject.registry, context)?;
    let sender = context.sender_for(&subject).await?;
    let sent = steward.succeed(&sender, version).await?;
    retired(&subject, version, &sent, context)
}

fn retired(subject: &Subject, version: VersionId, sent: &Sent, context: &Context) -> Result<()> {
    let words = format!("{} is retired", subject.names.full_version(&subject.history, version));
    context.sent(&subject.registry, sent, json!({ "version": version, "stage": "retired" }), words)
}

async fn set_monitor(model: &str, monitor: &str, allowed: bool, context: &Context) -> Result<()> {
    let account = context.address(monitor)?;
    let subject = context.model(model).await?;
    let steward = steward(&subject.registry, context)?;
    by_owner(&subject, context)?;
    let sender = context.sender_for(&subject).await?;
    let sent = steward.set_monitor(&sender, subject.model(), account, allowed).await?;
    let may = if allowed { "may" } else { "may no longer" };
    let words = format!("{} {may} measure {}", subject.names.account(account), subject.history.name());
    let value = json!({ "model": subject.model(), "monitor": account, "allowed": allowed });
    context.sent(&subject.registry, &sent, value, words)
}

async fn name_log(model: &str, context: &Context) -> Result<()> {
    let subject = context.model(model).await?;
    let steward = steward(&subject.registry, context)?;
    let here = log::reader(context)?;
    let id = log::terms(&here, &subject.registry)?.id();
    by_owner(&subject, context)?;
    let sender = context.sender_for(&subject).await?;
    let sent = steward.set_log(&sender, subject.model(), id).await?;
    let words = format!("measurements of {} are recorded in log {id}", subject.history.name());
    context.sent(&subject.registry, &sent, json!({ "model": subject.model(), "log": id }), words)
}

async fn limit(args: &LimitArgs, context: &Context) -> Result<()> {
    let subject = context.model(&args.model).await?;
    let steward = steward(&subject.registry, context)?;
    by_owner(&subject, context)?;
    let (run, samples, fresh) = (args.run, args.samples, args.fresh);
    let limit = args.bound().map(|bound| Limit { bound, run, samples, fresh });
    let sender = context.sender_for(&subject).await?;
    let sent = steward.set_limit(&sender, subject.model(), &args.metric, limit.as_ref()).await?;
    let name = subject.history.name();
    let words = match limit {
        Some(_) => {
            format!("versions of {name} are retired after {run} measurements of {} beyond it", args.metric)
        }
        None => format!("{} of {name} has no limit any more", args.metric),
    };
    let value = json!({
        "model": subject.model(), "metric": args.metric, "least": args.least, "most": args.most,
        "run": limit.map(|limit| limit.run),
    });
    context.sent(&subject.registry, &sent, value, words)
}

async fn measure(args: &MeasureArgs, context: &Context) -> Result<()> {
    let registry = context.registry().await?;
    let version = context.version_id(&registry, &args.version).await?;
    let steward = steward(&registry, context)?;
    let key = context.account()?;
    // What was said before about this metric of this version, by this key, for this steward.
    let earlier = |record: &Record| {
        SignedMeasurement::of_record(record).ok().filter(|signed| {
            signed.monitor == key.address()
                && signed.steward == steward.id()
                && (signed.measurement.version, &signed.measurement.metric) == (version, &args.metric)
        })
    };
    let found = log::reader(context)?.find(|record| earlier(record).is_some()).map_err(log::read_fault)?;
    let last =
        found.iter().filter_map(|(_, record)| earlier(record)).map(|signed| signed.measurement.number).max();
    let measurement = Measurement {
        version,
        metric: args.metric.clone(),
        number: last.map_or(0, |last| last.saturating_add(1)),
        value: args.value,
        samples: args.samples,
        from: args.from,
        until: args.until,
    };
    measurement.check().map_err(|error| exit::usage(error.to_string()))?;
    let number = measurement.number;
    let signed = steward.sign(&key, measurement).context("signing the measurement")?;
    let index = log::append_record(&signed.record()?, context)?;
    let words = format!(
        "recorded measurement {number} of {}, {}, as record {index}",
        args.metric,
        decimal(args.value)
    );
    let value = json!({ "index": index, "number": number, "value": args.value, "monitor": signed.monitor });
    context.ui.result(&value, words)
}

async fn retire(records: &[u64], context: &Context) -> Result<()> {
    let here = log::reader(context)?;
    let version = measured(&here, records)?;
    let (subject, version) = context.version(&version.to_string()).await?;
    let steward = steward(&subject.registry, context)?;
    let terms = log::terms(&here, &subject.registry)?;
    let newest = here.anchor_before(subject.view.block().header.number).map_err(log::read_fault)?;
    let Some((anchor, confirmation)) = newest else {
        return Err(exit::usage("the log has no anchor in a final block: run `aver log anchor`").into());
    };
    let mut at = here.view_at(&anchor.note).map_err(log::read_fault)?;
    let proofs: Vec<_> =
        records.iter().map(|&index| at.prove(index).map_err(log::read_fault)).collect::<Result<_>>()?;
    let root = AnchoredRoot {
        log: terms.id(),
        epoch: confirmation.epoch,
        root: anchor.root(),
        registry_head: confirmation.registry_head,
        size: anchor.checkpoint.size,
    };
    let sender = context.sender_for(&subject).await?;
    let sent = steward.retire(&sender, &root, &proofs).await?;
    retired(&subject, version, &sent, context)
}

/// The version that the last of these records measures; each must hold a measurement.
fn measured(here: &Log, records: &[u64]) -> Result<VersionId> {
    let mut view = here.view().map_err(log::read_fault)?;
    let mut version = None;
    for &index in records {
        let (_, stored) = view.record(index).map_err(log::read_fault)?;
        let signed = stored.record().and_then(|record| SignedMeasurement::of_record(record).ok());
        let signed = signed.ok_or_else(|| exit::usage(format!("record {index} holds no measurement")))?;
        version = Some(signed.measurement.version);
    }
    Ok(version.ok_or_else(|| exit::usage("no record was named"))?)
}

async fn show(version: &str, context: &Context) -> Result<()> {
    let (subject, version) = context.version(version).await?;
    let steward = steward(&subject.registry, context)?;
    let current = steward.current_of(version).await?;
    let announced = steward.succession_of(version).await?;
    let name = |id| subject.names.full_version(&subject.history, id);
    let coming = announced.as_ref().map_or_else(
        || "no successor is announced".to_owned(),
        |next| format!("{} takes over in {:?} at {}", name(next.successor), next.environment, Utc(next.hour)),
    );
    let succession = announced.map_or(
        Value::Null,
        |next| json!({ "successor": next.successor, "at": next.hour, "environment": next.environment }),
    );
    context.ui.result(
        &json!({ "version": version, "current": current, "succession": succession }),
        format!("{coming}\nask now: {}", name(current)),
    )
}

/// Millionths as a decimal number.
fn decimal(value: i64) -> String {
    let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    let one = MILLIONTHS.unsigned_abs();
    format!("{sign}{}.{:06}", size / one, size % one)
}
