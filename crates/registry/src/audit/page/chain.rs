//! Runs and decisions from logs, and the chain of proof from the block hash down.

use super::{Page, Source, capital, clean, manifest::record_fields, moment, short_model};
use crate::{
    audit::{VerifiedLog, VerifiedRecord},
    utc::Utc,
};
use maud::{Markup, html};

impl Page<'_> {
    pub(super) fn logs(&self) -> Markup {
        let logs = self.verified.logs();
        if logs.is_empty() {
            return html! {};
        }
        html! {
            h2 id="logs" { "Runs and decisions" }
            p.about {
                "Records from an append-only log. Only a salted commitment of each was ever published; those "
                "shown here were disclosed for this audit."
            }
            @for (place, log) in logs.iter().enumerate() { (self.log(place, log)) }
        }
    }

    fn log(&self, place: usize, log: &VerifiedLog) -> Markup {
        html! {
            section id={ "log-" (place) } {
                h3 { (clean(&log.origin)) }
                p.about {
                    "A log of " (log.size) " entries. Its root was anchored on chain for the epoch that began "
                    (moment(log.epoch_begins)) ", so every record below was in it no later than "
                    (moment(log.anchored_before)) "."
                }
                div.cards { @for record in &log.records { (self.record(place, record)) } }
            }
        }
    }

    fn record(&self, place: usize, record: &VerifiedRecord) -> Markup {
        let Some(said) = &record.record else {
            return html! {
                div.card {
                    h3 { "Record " (record.index) (Source::Log(place).mark(self)) }
                    p { "Erased or withheld. That it is in the log is proved; what it said is not shown." }
                    span.hash { (record.leaf.0) }
                }
            };
        };
        html! {
            div.card {
                h3 { (capital(said.kind().name())) (Source::Log(place).mark(self)) }
                p {
                    "Record " (record.index) @if let Some(version) = said.version() { " about " (self.version_name(version)) }
                    @if let Some(at) = said.at() { ", made at " (Utc(at)) " by its own account" }
                    "."
                }
                (record_fields(said))
            }
        }
    }

    pub(super) fn chain(&self) -> Markup {
        let (block, registry) = (self.verified.block(), self.verified.registry());
        let (implementation, code) = self.verified.implementation();
        let subject = self.subject;
        html! {
            h2 id="chain" { "Chain of proof" }
            p.about { "Whoever trusts the first line has to believe the others: each is hashed into the one before it, or signed." }
            ol.chain {
                li id="link-block" { div {
                    p { strong { "Block " (block.number) } ", made " (moment(block.timestamp)) ", whose hash the reader trusts." }
                    span.hash { (block.hash) }
                } }
                li id="link-state" { div {
                    p {
                        strong { "State." } " The block's header commits to every account. The registry's account and "
                        "storage, and the code behind its proxy, are proved from it."
                    }
                    span.hash { "registry " (registry.address) " on chain " (registry.chain_id) }
                    span.hash { "implementation " (implementation) ", code " (code) }
                } }
                @for history in self.verified.histories() {
                    li id={ "link-history-" (short_model(history.model())) } { div {
                        p {
                            strong { "History of " (history.name()) "." } " The registry stores " (history.length())
                            " and this hash; the entries give both, and obey the contract's rules one by one."
                        }
                        span.hash { "model " (history.model()) }
                        span.hash { "head " (history.head()) }
                    } }
                }
                li { div {
                    p { strong { "Version." } " Its id is the hash of everything it consists of, parents included." }
                    span.hash { (subject.id) }
                } }
                (self.rounds_chain())
                li { div {
                    p { strong { "Manifest." } " SHA-256 of the signed statement, part of the version's id." }
                    span.hash { (subject.record.content.manifest_digest) }
                } }
                li { div {
                    p { strong { "Files." } " Root over the listing of files, part of the version's id." }
                    span.hash { (subject.record.content.artifacts_root) }
                } }
                @if !subject.record.content.plan_digest.is_zero() {
                    li { div {
                        p {
                            strong { "Plan." } " What the version computes, in integers, and the commitment to its weights, part "
                            "of the version's id: its decisions can be proved by these, without showing the weights."
                        }
                        span.hash { "plan " (subject.record.content.plan_digest) }
                        span.hash { "weights " (subject.record.content.weights_commitment) }
                    } }
                }
                (self.decision_links())
                @for (place, log) in self.verified.logs().iter().enumerate() {
                    li id={ "link-log-" (place) } { div {
                        p {
                            strong { "Log " (clean(&log.origin)) "." } " The contract " code { (log.terms.anchors) }
                            " holds what was anchored for epoch " (log.epoch) ": the log's root and the registry's "
                            "head at that time. Each record is included under that root."
                        }
                        span.hash { "log " (log.id) ", anchored by " (log.terms.poster) }
                        span.hash { "root " (log.root) }
                        span.hash {
                            "checkpoint signed by " (clean(&log.key))
                            @if !log.key_pinned { " (a key that the reader did not name)" }
                        }
                    } }
                }
            }
        }
    }
}
