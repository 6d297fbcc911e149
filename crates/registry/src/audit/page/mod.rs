//! The audit file as a page for a person to read: rendered from [`Verified`] only, so that it can say nothing
//! that was not checked.
//!
//! One HTML file: no scripts, no external resources (a content security policy forbids them), light and dark,
//! printable. Every statement has a mark that leads to the link of the evidence that carries it. Text from the
//! evidence is escaped, and characters that could disorder the page are shown as escapes.

mod chain;
mod decision;
mod history;
mod lineage;
mod manifest;
mod rounds;

use super::verified::{Caveat, Verified, VerifiedVersion};
use crate::{
    history::{Stage, Text, is_unsafe},
    utc::Utc,
};
use averment_primitives::{Address, ModelId, RoleId, VersionId};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

const STYLE: &str = include_str!("style.css");

/// The page about the subject of `verified`.
pub fn render(verified: &Verified) -> String {
    let Some(subject) = verified.version(verified.subject()) else {
        // `verify` makes no such result; without its subject there is nothing to show.
        return String::new();
    };
    let page = Page { verified, subject };
    page.document().into_string()
}

/// What every part of the page needs.
struct Page<'a> {
    verified: &'a Verified,
    subject: &'a VerifiedVersion,
}

/// The link of the evidence that carries a statement.
#[derive(Clone, Copy)]
enum Source {
    Block,
    State,
    Entry(ModelId, u64),
    Manifest(VersionId),
    Listing(VersionId),
    Opening(VersionId),
    History(ModelId),
    Log(usize),
    Request,
    Router,
    Pool,
    Receipt,
    Told,
    Proof,
    Intake,
    Rounds,
    Computed,
    RoundReceipt,
    RoundTold,
}

impl Source {
    /// The mark behind a statement.
    fn mark(self, page: &Page<'_>) -> Markup {
        let (target, label, title) = match self {
            Self::Block => ("link-block".into(), "block".into(), "Hashed into the trusted block hash"),
            Self::State => (
                "link-state".into(),
                "state proof".into(),
                "Proved by account and storage proofs from the block",
            ),
            Self::Entry(model, sequence) => (
                page.entry_anchor(model, sequence),
                format!("entry {sequence}"),
                "Recorded in the model's history, whose head the registry stores",
            ),
            Self::Manifest(version) => (
                format!("manifest-{}", short_id(version)),
                "manifest".into(),
                "Stated and signed in the manifest whose digest is registered",
            ),
            Self::Listing(version) => (
                format!("files-{}", short_id(version)),
                "file listing".into(),
                "The listing adds up to the artifacts root that is registered",
            ),
            Self::Opening(version) => (
                format!("manifest-{}", short_id(version)),
                "opened".into(),
                "Disclosed with its salt; it opens the commitment in the signed manifest",
            ),
            Self::History(model) => (
                format!("link-history-{}", short_model(model)),
                "history".into(),
                "Hashed into the history's head, which the registry stores",
            ),
            Self::Log(place) => (
                format!("link-log-{place}"),
                "log".into(),
                "Included in the log under a root that is anchored on chain",
            ),
            Self::Request => (
                "link-request".into(),
                "request id".into(),
                "Hashed into the request's id, under which the router's state says that it is final",
            ),
            Self::Router => (
                "link-router".into(),
                "router's state".into(),
                "Proved by account and storage proofs of the router",
            ),
            Self::Pool => (
                "link-pool".into(),
                "pool's state".into(),
                "Proved by account and storage proofs of the claims pool",
            ),
            Self::Receipt => (
                "link-steps".into(),
                "receipt".into(),
                "Said by the contract in a receipt that is proved from the trusted block",
            ),
            Self::Told => (
                "link-steps".into(),
                "told, not proved".into(),
                "Told by whoever made the file; the trusted state does not remember this block",
            ),
            Self::Proof => {
                ("link-proof".into(), "proof".into(), "Verified offline against what is registered")
            }
            Self::Rounds => (
                "link-rounds".into(),
                "task's state".into(),
                "Hashed into the chain of rounds that the task stores",
            ),
            Self::Computed => (
                "link-computed".into(),
                "computed".into(),
                "Follows from the round's matrix and points, and was computed again",
            ),
            Self::RoundReceipt => (
                "link-receipts".into(),
                "receipt".into(),
                "Said by the task in a receipt that is proved from the trusted block",
            ),
            Self::RoundTold => (
                "link-receipts".into(),
                "told, not proved".into(),
                "Told by whoever made the file; the trusted state does not remember this block",
            ),
            Self::Intake => (
                "link-intake".into(),
                "signature".into(),
                "The intake's signature is recovered from what it signed",
            ),
        };
        let told = matches!(self, Self::Told | Self::RoundTold);
        html! { a.src.told[told] href={ "#" (target) } title=(title) { (label) } }
    }
}

impl Page<'_> {
    fn document(&self) -> Markup {
        let title = format!("{} {}: audit", self.model_name(self.subject.model), number(self.subject));
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                    meta name="referrer" content="no-referrer";
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#main" { "Skip to the findings" }
                    (self.top())
                    main id="main" {
                        (self.line())
                        (self.lineage())
                        (self.rounds())
                        (self.approvals())
                        (self.timeline())
                        (self.manifest(self.subject))
                        (self.files(self.subject))
                        (self.logs())
                        (self.ancestors())
                        (self.accounts())
                        (self.chain())
                    }
                    (self.footer())
                }
            }
        }
    }

    fn top(&self) -> Markup {
        let subject = self.subject;
        let purpose = subject.statement.predicate().pointer("/model/purpose").and_then(Value::as_str);
        html! {
            header.top {
                p.kicker {
                    @if self.verified.decision().is_some() { "Audit of a decision of a model version" }
                    @else { "Audit of a model version" }
                }
                h1 { (self.model_name(subject.model)) " " span.number { (number(subject)) } }
                @if let Some(purpose) = purpose {
                    p.lede { (clean(purpose)) (Source::Manifest(subject.id).mark(self)) }
                }
                (self.verdict())
                (self.facts())
                nav.contents aria-label="Contents" {
                    @if self.verified.decision().is_some() { a href="#decision" { "From data to payout" } }
                    a href="#lineage" { "Lineage" }
                    @if !self.verified.rounds().is_empty() { a href="#rounds" { "Rounds" } }
                    a href="#approvals" { "Approvals" }
                    a href="#timeline" { "Timeline" }
                    a href={ "#manifest-" (short_id(subject.id)) } { "What was declared" }
                    a href={ "#files-" (short_id(subject.id)) } { "Files" }
                    @if !self.verified.logs().is_empty() { a href="#logs" { "Runs and decisions" } }
                    a href="#accounts" { "Accounts" }
                    a href="#chain" { "Chain of proof" }
                }
            }
        }
    }

    fn verdict(&self) -> Markup {
        let block = self.verified.block();
        let warn = self.verified.caveats().iter().any(grave);
        html! {
            section.verdict.warn[warn] aria-labelledby="verdict" {
                (if warn { symbol_warn() } else { symbol_good() })
                div {
                    h2 id="verdict" {
                        @if block.embedded { "Every link holds, but this proves nothing to a third party" }
                        @else if warn { "Every link holds; read what follows" }
                        @else { "Every link holds" }
                    }
                    p {
                        "All evidence was checked offline from block " (block.number) " of "
                        (moment(block.timestamp)) ". What is said here was so at that moment."
                    }
                    @if block.embedded {
                        p {
                            "The block is of an embedded chain: one that a single operator runs for itself, and "
                            "could have written otherwise. It shows how an audit works; it convinces nobody else."
                        }
                    }
                }
            }
            @if self.verified.caveats().iter().any(|caveat| *caveat != Caveat::EmbeddedChain) {
                ul.caveats aria-label="What to know before relying on this" {
                    @for caveat in self.verified.caveats() {
                        @if *caveat != Caveat::EmbeddedChain {
                            li.note[!grave(caveat)] { (self.caveat(caveat)) }
                        }
                    }
                }
            }
        }
    }

    fn caveat(&self, caveat: &Caveat) -> Markup {
        let plural = |n: &usize| if *n == 1 { "decision" } else { "decisions" };
        match caveat {
            Caveat::EmbeddedChain => html! {},
            Caveat::RegistryNotPinned => html! {
                "Compare the registry's address with the one you know: "
                code { (self.verified.registry().address) }
                ". Anybody can deploy a registry that says what they like."
            },
            Caveat::CodeNotPinned => html! {
                "No code hash was demanded of the registry"
                @if let Some(decision) = self.verified.decision() {
                    @if decision.pool.is_some() { ", the router and the claims pool" } @else { " and the router" }
                }
                ". Behind the registry's proxy is " code { (self.verified.implementation().0) }
                ", whose code has hash " code { (self.verified.implementation().1) } "."
            },
            Caveat::AnchorsNotPinned => html! {
                "Compare the contract that holds the anchors with the one you know: "
                @for (i, log) in self.verified.logs().iter().enumerate() {
                    @if i > 0 { ", " } code { (log.terms.anchors) }
                }
                ". When something was anchored is that contract's word."
            },
            Caveat::RouterNotPinned => html! {
                "Compare the router's address with the one you know"
                @if let Some(decision) = self.verified.decision() { ": " code { (decision.contract.address) } }
                ". Another router says what its maker likes."
            },
            Caveat::PoolNotPinned => html! {
                "Compare the claims pool's address with the one you know"
                @if let Some(decision) = self.verified.decision() { ": " code { (decision.requester) } }
                "."
            },
            Caveat::Told { steps, of } => html! {
                (steps) " of " (of) " steps of the decision are told by whoever made the file, not proved: the trusted state does not "
                "remember their blocks. What is final and what is paid is proved all the same."
            },
            Caveat::ProofUnchecked => {
                html! { "The proof of the answer is in the file, but was not checked for this page." }
            }
            Caveat::ProofMissing => {
                html! { "The proof of the answer is not in the file: that it was proved is the router's word." }
            }
            Caveat::DevelopmentSetup => html! {
                "The proof of the answer is made with the development setup, whose secret is public: anybody can prove anything with it."
            },
            Caveat::InputsUnchecked => {
                html! { "Disclosed inputs are in the file, but were not checked for this page, which does not show them." }
            }
            Caveat::LogKeysNotPinned => html! {
                "No log key was demanded. The anchored root binds every record; the key vouches only for the log's size."
            },
            Caveat::TasksNotPinned => html! {
                "No factory of federated tasks was demanded: compare its address with the one that its operator publishes."
            },
            Caveat::RoundsTold { version, steps, of } => html! {
                (steps) " of " (of) " events of the rounds that made " (self.version_name(*version))
                " are told, not proved. Each round's models, matrix and participants, and what follows from them, are proved all the same."
            },
            Caveat::RoundsUnproved { version } => html! {
                "The proofs of the rounds that made " (self.version_name(*version)) " were not checked here: that each model is the weighted "
                "sum of its updates, and in range, is what the contract found when it took the model."
            },
            Caveat::RoundsDevelopmentSetup { version } => html! {
                "The proofs of the rounds that made " (self.version_name(*version)) " are by the development setup, whose secret is "
                "public: they prove nothing."
            },
            Caveat::AdoptionUnchecked { version } => html! {
                "That the weights of " (self.version_name(*version)) " are a task's, shifted and rounded, was not checked here."
            },
            Caveat::RoundsUnchecked { version } => html! {
                "Weights and qualities in the rounds that made " (self.version_name(*version)) " were not computed again here."
            },
            Caveat::TouchedApprovals { version, decisions } => html! {
                (decisions) " " (plural(decisions)) " about " (self.version_name(*version))
                " fell after a key was no longer its owner's alone, and " @if *decisions == 1 { "does" } @else { "do" } " not count."
            },
            Caveat::VouchedByChain { version, decisions } => html! {
                (decisions) " " (plural(decisions)) " about " (self.version_name(*version))
                " came from a contract wallet, whose signature only the chain could check."
            },
            Caveat::Ended { version } => {
                let record = self.verified.version(*version).map(|v| &v.record);
                let ending = record.and_then(|record| record.endings.last());
                html! {
                    (self.version_name(*version))
                    @if let Some(ending) = ending {
                        " was " (ending.stage) " on " (moment(ending.timestamp)) ": “" (ending.reason) "”."
                    }
                }
            }
        }
    }

    fn facts(&self) -> Markup {
        let (subject, block) = (self.subject, self.verified.block());
        let record = &subject.record;
        let state = subject.approvals;
        html! {
            dl.facts {
                div {
                    dt { "Stage" }
                    dd { (stage(record.stage)) (Source::History(subject.model).mark(self)) }
                }
                div {
                    dt { "Approvals that stand" }
                    dd {
                        (state.standing) " of " (state.needed) " needed" (Source::History(subject.model).mark(self))
                        @if state.touched > 0 { small { (state.touched) " more touched by a compromised key" } }
                    }
                }
                div {
                    dt { "Registered" }
                    dd {
                        (day(record.registered_at)) (Source::Entry(subject.model, record.sequence).mark(self))
                        small { "by " (self.who(record.registrant)) }
                    }
                }
                @for deployment in &record.deployments {
                    div {
                        dt { "In “" (deployment.environment) "” since" }
                        dd { (day(deployment.since)) (Source::Entry(subject.model, deployment.sequence).mark(self)) }
                    }
                }
                @for ending in &record.endings {
                    div {
                        dt { (capital(&ending.stage.to_string())) }
                        dd {
                            (day(ending.timestamp)) (Source::Entry(subject.model, ending.sequence).mark(self))
                            small { "“" (ending.reason) "”" }
                        }
                    }
                }
                div {
                    dt { "Chain" }
                    dd {
                        (self.verified.registry().chain_id) @if block.embedded { " (embedded)" }
                        (Source::State.mark(self))
                        small { "block " (block.number) (Source::Block.mark(self)) }
                    }
                }
            }
            p { span.hash { "version " (subject.id) } }
        }
    }

    fn ancestors(&self) -> Markup {
        let mut ancestors: Vec<_> = self.verified.versions().filter(|version| version.depth > 0).collect();
        ancestors.sort_by_key(|version| version.depth);
        if ancestors.is_empty() {
            return html! {};
        }
        html! {
            h2 { "Ancestors" }
            p.about { "Versions that this one was made from, each with what was declared and signed about it." }
            @for version in ancestors {
                details {
                    summary { (self.version_name(version.id)) " " (stage(version.record.stage)) }
                    p { span.hash { "version " (version.id) } }
                    (self.manifest(version))
                    (self.files(version))
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        html! {
            footer {
                div {
                    p {
                        "This page was made from an audit file after every link of it was checked. The file, not the "
                        "page, is the evidence; to check it yourself, take the block's hash from a source that you trust:"
                    }
                    pre { code { "aver audit verify FILE --block-hash " (self.verified.block().hash) } }
                }
            }
        }
    }

    fn model_name(&self, model: ModelId) -> String {
        self.verified.history(model).map_or_else(|| model.to_string(), |history| history.name().to_string())
    }

    fn version_name(&self, id: VersionId) -> String {
        match self.verified.version(id) {
            Some(version) => format!("{} {}", self.model_name(version.model), number(version)),
            None => id.to_string(),
        }
    }

    fn role_name(&self, model: ModelId, role: RoleId) -> String {
        let history = self.verified.history(model);
        let name = history
            .and_then(|history| history.policies().iter().rev().find_map(|policy| policy.role_name(role)));
        name.map_or_else(|| role.to_string(), Text::to_string)
    }

    /// An account, by its first and last digits; the table of accounts has it whole.
    fn who(&self, account: Address) -> Markup {
        let whole = account.to_string();
        let (head, tail) = (whole.get(..8).unwrap_or(&whole), whole.get(36..).unwrap_or_default());
        html! { a.hash href={ "#account-" (whole) } title=(whole) { (head) "…" (tail) } }
    }

    fn entry_anchor(&self, model: ModelId, sequence: u64) -> String {
        format!("entry-{}-{sequence}", short_model(model))
    }
}

/// Whether a caveat is about the version, not about what the reader left open.
fn grave(caveat: &Caveat) -> bool {
    match caveat {
        Caveat::EmbeddedChain
        | Caveat::TouchedApprovals { .. }
        | Caveat::Ended { .. }
        | Caveat::ProofUnchecked
        | Caveat::RoundsUnchecked { .. }
        | Caveat::RoundsDevelopmentSetup { .. }
        | Caveat::AdoptionUnchecked { .. }
        | Caveat::DevelopmentSetup => true,
        Caveat::RegistryNotPinned
        | Caveat::CodeNotPinned
        | Caveat::AnchorsNotPinned
        | Caveat::LogKeysNotPinned
        | Caveat::RouterNotPinned
        | Caveat::PoolNotPinned
        | Caveat::Told { .. }
        | Caveat::ProofMissing
        | Caveat::TasksNotPinned
        | Caveat::RoundsTold { .. }
        | Caveat::RoundsUnproved { .. }
        | Caveat::InputsUnchecked
        | Caveat::VouchedByChain { .. } => false,
    }
}

/// The version's number as its manifest states it.
fn number(version: &VerifiedVersion) -> String {
    clean(version.statement.version())
}

fn short_id(version: VersionId) -> String {
    version.to_string().get(2..10).unwrap_or_default().to_owned()
}

fn short_model(model: ModelId) -> String {
    model.to_string().get(2..10).unwrap_or_default().to_owned()
}

fn stage(stage: Stage) -> Markup {
    html! { span class={ "stage " (stage) } { (stage) } }
}

fn moment(second: u64) -> Markup {
    html! { time { (Utc(second)) } }
}

/// The date alone.
fn day(second: u64) -> String {
    let whole = Utc(second).to_string();
    whole.split_once(' ').map_or(whole.clone(), |(day, _)| day.to_owned())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Text from outside without what could disorder the page: line breaks become spaces, controls escapes.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => out.push(' '),
            other if is_unsafe(other) => out.extend(other.escape_unicode()),
            other => out.push(other),
        }
    }
    out
}

fn symbol_good() -> Markup {
    html! {
        svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"
            stroke-linejoin="round" aria-hidden="true" {
            circle cx="12" cy="12" r="10" {}
            path d="M7.5 12.4l3 3 6-6.6" {}
        }
    }
}

fn symbol_warn() -> Markup {
    html! {
        svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"
            stroke-linejoin="round" aria-hidden="true" {
            path d="M12 3.2l9.4 16.6H2.6z" {}
            path d="M12 9.6v4.6M12 17.2v.1" {}
        }
    }
}

#[cfg(test)]
mod tests;
