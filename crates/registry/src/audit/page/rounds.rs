//! The rounds of federated learning that made a version: as a picture, round by round, and who earned what.

use super::{Page, Source, moment};
use crate::{
    audit::{ProofStanding, RoundStanding, VerifiedRound, VerifiedRounds},
    federated::TaskEvent,
};
use averment_primitives::{B256, U256};
use maud::{Markup, html};

/// Sizes in pixels of the picture's own space.
const BOX: (usize, usize) = (128, 92);
const GAP: usize = 34;
const BARS: (usize, usize) = (104, 44);
/// Rounds that the picture has at most; the rest are in the table.
const DRAWN: usize = 60;

impl Page<'_> {
    pub(super) fn rounds(&self) -> Markup {
        html! { @for rounds in self.verified.rounds() { (self.rounds_of(rounds)) } }
    }

    fn rounds_of(&self, rounds: &VerifiedRounds) -> Markup {
        let made = self.version_name(rounds.version);
        let first = self.version_name(rounds.terms.version);
        let (told, of) = rounds.told;
        html! {
            h2 id="rounds" { "Rounds that made " (made) }
            p.about {
                "Participants who do not trust each other trained " (first) " further, under the contract "
                code { (rounds.task) } ". "
                @match &rounds.adoption {
                    None => { "Its final model has the very points that are registered as " (made) "’s weights. " }
                    Some((record, standing)) => {
                        (made) "’s weights are those of its final model, shifted by " (record.up) " bits up and " (record.down)
                        " down and rounded" @match standing {
                            ProofStanding::Unchecked => { " by what its manifest says; nobody checked the proof of it here. " }
                            _ => { ", which a proof shows" (Source::Computed.mark(self)) ". " }
                        }
                    }
                }
                @if rounds.claimed { "The version's manifest names these rounds. " }
                @if !rounds.concluded { "The task's sponsor has not said on the chain that this is its model. " }
                "The points of each round's model, its matrix of inner products and its participants are hashed into the chain of rounds "
                "that the contract stores" (Source::Rounds.mark(self)) ". "
                @if rounds.computed() {
                    "How much each update weighs and is worth was computed again from the matrix"
                    (Source::Computed.mark(self)) "."
                    @match rounds.proved() {
                        ProofStanding::Unchecked => {}
                        standing => {
                            " Each round's proof was checked here: the matrix is that of the updates' inner products, each new model "
                            "is their weighted sum, and it is in range" (Source::Computed.mark(self)) "."
                            @if standing == ProofStanding::DevelopmentSetup {
                                " (The setup is the development one, whose secret is public: such proofs prove nothing.)"
                            }
                        }
                    }
                } @else {
                    "How much each update weighs and is worth is as the contract said it; nobody computed it again here."
                }
            }
            (picture(rounds, &self.short_name(rounds.terms.version), &self.short_name(rounds.version)))
            dl.facts {
                div { dt { "Rule" } dd { (rounds.terms.rule.name()) @if rounds.terms.rule.faults > 0 {
                    small { "up to " (rounds.terms.rule.faults) " wrong" } } } }
                div { dt { "Final rounds" } dd { (rounds.rounds.len()) @if !rounds.voided.is_empty() {
                    small { (rounds.voided.len()) " came to nothing" } } } }
                div { dt { "Sponsor" } dd { (self.plain(rounds.sponsor)) } }
                div { dt { "What the task said" } dd {
                    @if told == 0 { "proved by receipts" } @else { (told) " of " (of) " events told, not proved" }
                    (if told == 0 { Source::RoundReceipt } else { Source::RoundTold }.mark(self))
                } }
            }
            h3 { "Who took part, round by round" }
            @for round in &rounds.rounds { (self.round(rounds, round)) }
            (self.money(rounds))
            @if !rounds.faults.is_empty() {
                h3 { "Faults" }
                ul {
                    @for (event, proved) in &rounds.faults {
                        li { (self.fault(rounds, event)) (if *proved { Source::RoundReceipt } else { Source::RoundTold }.mark(self)) }
                    }
                }
            }
        }
    }

    /// The number as its manifest states it.
    fn short_name(&self, version: averment_primitives::VersionId) -> String {
        self.verified.version(version).map_or_else(String::new, super::number)
    }

    fn round(&self, rounds: &VerifiedRounds, round: &VerifiedRound) -> Markup {
        let source = if round.proved { Source::RoundReceipt } else { Source::RoundTold };
        html! {
            details open[round.number == 1] {
                summary {
                    "Round " (round.number) ", paid " (moment(round.settled)) ": " (round.updates.len()) " updates, model by "
                    (self.plain(round.aggregator)) (source.mark(self))
                }
                p.about {
                    "Model " (short(round.models[0])) " → " (short(round.models[1])) (Source::Rounds.mark(self))
                    @if round.standing != RoundStanding::Unchecked { (Source::Computed.mark(self)) }
                }
                div.scroll {
                    table {
                        thead { tr { th { "Participant" } th { "Points" } th { "Proof" } th { "Package" } th { "Weight" } th { "Quality" }
                            @if !round.scores.is_empty() { th { "Scores" } } th { "Paid" } } }
                        tbody {
                            @for (place, update) in round.updates.iter().enumerate() {
                                tr {
                                    td { (self.plain(update.account)) }
                                    @match update.said {
                                        Some(words) => { @for word in words { td { (short(word)) } } }
                                        None => { td colspan="3" { "its reveal is not in the file" } }
                                    }
                                    td { (percent(update.weight)) }
                                    td { (percent(update.quality)) }
                                    @if !round.scores.is_empty() {
                                        td { @for scores in round.scores.values() {
                                            @if let Some(score) = scores.get(place) { (percent(U256::from(*score))) " " }
                                        } }
                                    }
                                    td { (rounds.amount(update.payment)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn money(&self, rounds: &VerifiedRounds) -> Markup {
        html! {
            h3 { "Money" }
            p.about {
                @match &rounds.token {
                    Some(token) => {
                        "In " (rounds.token_name()) ", whose amounts have " (token.decimals) " digits behind the point as the file's maker tells "
                        "it; in smallest units all is proved. "
                    }
                    None => { "In the token's smallest units. " }
                }
                "Earned is what updates were paid by quality, fees are for making models."
            }
            div.scroll {
                table {
                    thead { tr { th { "Account" } th { "Rounds" } th { "Earned" } th { "Fees" } th { "Stake lost" } } }
                    tbody {
                        @for (account, own) in rounds.money() {
                            tr {
                                td { (self.plain(account)) }
                                td { (own.rounds) }
                                td { (rounds.amount(own.earned)) }
                                td { (rounds.amount(own.fees)) }
                                td { (rounds.amount(own.slashed)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn fault(&self, rounds: &VerifiedRounds, event: &TaskEvent) -> Markup {
        html! {
            @match event {
                TaskEvent::Excluded { round, account } => {
                    "Round " (round) ": what " (self.plain(*account)) " sent does not stand."
                }
                TaskEvent::Struck { round, account, strikes } => {
                    "Round " (round) ": " (self.plain(*account)) " was silent or lost a challenge, strike " (strikes) "."
                }
                TaskEvent::Slashed { round, account, accuser, burned } => {
                    "Round " (round) ": " (self.plain(*account)) " lost its stake on a proved fault that " (self.plain(*accuser)) " showed; "
                    (rounds.amount(*burned)) " was burned."
                }
                _ => {}
            }
        }
    }

    /// An account that the registry's histories may not know.
    fn plain(&self, account: averment_primitives::Address) -> Markup {
        let whole = account.to_string();
        let (head, tail) = (whole.get(..8).unwrap_or(&whole), whole.get(36..).unwrap_or_default());
        html! { span.hash title=(whole) { (head) "…" (tail) } }
    }

    pub(super) fn rounds_chain(&self) -> Markup {
        html! {
            @for rounds in self.verified.rounds() {
                li id="link-rounds" { div {
                    strong { "Factory of tasks, task, rounds" }
                    " The factory " code { (rounds.factory.address) }
                    @if rounds.concluded { " says that version " code { (rounds.version) } " is the final model of its task " }
                    @else { " created the task that the manifest of version " code { (rounds.version) } " names, " }
                    code { (rounds.task) } "; that one runs " code { (rounds.runs.0) }
                    " (code " code { (rounds.runs.1) } "), is over, and stores the chain over " (rounds.rounds.len())
                    " final rounds, which is the chain of those shown."
                    @if rounds.factory.pinned { "" } @else { " You named no factory that you trust." }
                } }
                li id="link-computed" { div {
                    strong { "Computed again" }
                    " Weights and qualities are what the task's rule makes of each round's matrix, payments what quality and scores come to, "
                    "and what a round adds is the difference of its models' points. "
                    @if rounds.proved() == ProofStanding::Unchecked {
                        "That each matrix is right, and that each model is the sum of its updates and in range, is the part of the "
                        "round's proof, which the contract verified when it took the model; it was not checked here."
                    } @else {
                        "The round's proof and the sum of the updates' points were checked, as the contract did when it took the model."
                    }
                } }
                li id="link-receipts" { div {
                    strong { "What the task said" }
                    " Who made a model, each update's hashes, scores, strikes and slashes: " (rounds.told.1.saturating_sub(rounds.told.0)) " of "
                    (rounds.told.1) " events are proved by receipts of blocks that the trusted state remembers, the others are told by "
                    "whoever made the file."
                } }
            }
        }
    }
}

/// The rounds from left to right, each with a bar for each update as high as its weight.
fn picture(rounds: &VerifiedRounds, first: &str, made: &str) -> Markup {
    let drawn = rounds.rounds.len().min(DRAWN);
    let step = BOX.0.saturating_add(GAP);
    let width = drawn.saturating_add(2).saturating_mul(step).saturating_sub(GAP).saturating_add(2);
    let height = BOX.1.saturating_add(2);
    let most = rounds.rounds.iter().flat_map(|round| &round.updates).map(|update| update.weight).max();
    let most = most.unwrap_or_default().max(U256::ONE);
    let at = |place: usize| place.saturating_mul(step).saturating_add(1);
    html! {
        figure.lineage {
            svg viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) role="img"
                aria-label={ "From " (first) " by " (rounds.rounds.len()) " rounds to " (made) } {
                (end(at(0), first, "initial version", false))
                @for (place, round) in rounds.rounds.iter().take(drawn).enumerate() {
                    @let x = at(place.saturating_add(1));
                    (arrow(x))
                    g {
                        rect.node x=(x) y="1" width=(BOX.0) height=(BOX.1) rx="9" {}
                        (bars(round, x.saturating_add(12), most))
                        text.name x=(x.saturating_add(12)) y="72" { "Round " (round.number) }
                        text.small x=(x.saturating_add(12)) y="86" { (round.updates.len()) " updates" }
                    }
                }
                @let last = at(drawn.saturating_add(1));
                (arrow(last))
                (end(last, made, if rounds.adoption.is_some() { "adopted, rounded" } else { "points byte for byte" }, true))
            }
            figcaption {
                "Each bar is an update, as high as its weight in the new model; a low line weighs nothing."
                @if drawn < rounds.rounds.len() { " The first " (drawn) " rounds are drawn." }
            }
        }
    }
}

fn end(x: usize, name: &str, what: &str, subject: bool) -> Markup {
    let name: String = name.chars().take(14).collect();
    html! {
        g.subject[subject] {
            rect.node x=(x) y="1" width=(BOX.0) height=(BOX.1) rx="9" {}
            text.name x=(x.saturating_add(12)) y="44" { (name) }
            text.small x=(x.saturating_add(12)) y="62" { (what) }
        }
    }
}

fn arrow(to: usize) -> Markup {
    let (from, tip) = (to.saturating_sub(GAP), to.saturating_sub(7));
    html! {
        path.edge d={ "M" (from) " 47 L" (tip) " 47" } {}
        path.arrow d={ "M" (tip) " 43 l7 4 l-7 4 z" } {}
    }
}

fn bars(round: &VerifiedRound, x: usize, most: U256) -> Markup {
    let count = round.updates.len().max(1);
    let pitch = (BARS.0 / count).max(1);
    let thick = pitch.saturating_sub(if pitch > 3 { 2 } else { 0 }).min(16);
    html! {
        @for (place, update) in round.updates.iter().enumerate().take(BARS.0) {
            @let high: usize = update.weight.saturating_mul(U256::from(BARS.1)).checked_div(most).unwrap_or_default().saturating_to();
            @let high = high.clamp(1, BARS.1);
            rect.weight x=(x.saturating_add(place.saturating_mul(pitch))) y=(BARS.1.saturating_sub(high).saturating_add(10)) width=(thick)
                height=(high) { title { (update.account) ": " (percent(update.weight)) } }
        }
    }
}

/// Parts of 2^16 in percent, with one digit behind the point.
fn percent(parts: U256) -> String {
    let tenths: u128 = (parts.saturating_mul(U256::from(1000)) >> 16_usize).saturating_to();
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn short(digest: B256) -> Markup {
    let whole = digest.to_string();
    html! { span.hash title=(whole) { (whole.get(..10).unwrap_or_default()) "…" } }
}
