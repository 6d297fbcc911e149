//! A decision as a line from data to payout, and each of its checks.

use super::{Page, Source, clean, moment};
use crate::{
    audit::{Answer, ProofStanding, Step, VerifiedClaim, VerifiedDecision, VerifiedPool},
    settlement::{ClaimStage, Event, Mode},
    utc::Utc,
};
use averment_primitives::{Address, B256};
use maud::{Markup, html};

/// How many outputs, values or members are listed.
const LISTED: usize = 16;

/// A station of the line.
struct Station<'a> {
    target: &'a str,
    name: &'a str,
    what: String,
    more: String,
    /// How it is known, and whether that is less than a proof.
    known: (&'static str, bool),
}

impl Page<'_> {
    pub(super) fn line(&self) -> Markup {
        let Some(decision) = self.verified.decision() else { return html! {} };
        html! {
            h2 id="decision" { "From data to payout" }
            p.about {
                "What this version was made from, what it was asked, what it answered, how that became final"
                @if decision.pool.is_some() { ", and what was paid for it" }
                ". Each is bound to the one before: a version to its data and lineage, and a request to its version, by "
                "hashes; answer and payout to the request by what the contracts keep under its name."
            }
            ol.line aria-label="From data to payout" {
                @for station in self.stations(decision) {
                    li.weak[station.known.1] {
                        a href={ "#" (station.target) } { (station.name) }
                        strong { (station.what) }
                        small { (station.more) }
                        span.known { (station.known.0) }
                    }
                }
            }
            (self.asked(decision))
            (self.answered(decision))
            @if let Some(pool) = &decision.pool { (self.claims(decision, pool)) }
            (self.steps(decision))
        }
    }

    fn stations(&self, decision: &VerifiedDecision) -> Vec<Station<'static>> {
        // What the pool says of policies and claims does not bear on how it was answered.
        let told = decision.steps.iter().any(|step| !step.proved && step.contract != decision.requester);
        let events = if told { "told, not proved" } else { "proved by receipts" };
        let versions = self.verified.versions().count();
        let data = self.subject.statement.predicate().get("datasets").and_then(|sets| sets.as_array());
        let mut line = vec![
            Station {
                target: "lineage",
                name: "Data and lineage",
                what: plural(data.map_or(0, Vec::len), "data set", "data sets"),
                more: plural(versions, "version", "versions"),
                known: ("declared and signed", false),
            },
            Station {
                target: "approvals",
                name: "Version",
                what: self.version_name(self.subject.id),
                more: format!(
                    "{} of {} approvals",
                    self.subject.approvals.standing, self.subject.approvals.needed
                ),
                known: ("proved by state", false),
            },
            Station {
                target: "asked",
                name: "Request",
                what: plural(decision.request.items as usize, "input", "inputs"),
                more: format!("mode: {}", decision.request.effective_mode()),
                known: ("hashed into its id", false),
            },
        ];
        let (what, known) = match (&decision.answer, decision.proof) {
            (Answer::Proved { .. }, Some(ProofStanding::Verified)) => {
                ("proved", ("proof checked here", false))
            }
            (Answer::Proved { .. }, Some(ProofStanding::DevelopmentSetup)) => {
                ("proved", ("development setup", true))
            }
            (Answer::Proved { .. }, _) => ("proved", ("the router's word", true)),
            (Answer::Unchallenged { .. }, _) => ("bonded, unchallenged", (events, told)),
            (Answer::Agreed { .. }, _) => ("a committee's", (events, told)),
        };
        let more = outputs(&decision.outputs, 4);
        line.push(Station { target: "answered", name: "Answer", what: what.into(), more, known });
        line.push(Station {
            target: "link-router",
            name: "Final",
            what: day_of(decision.since),
            more: if decision.undelivered {
                "callback refused".into()
            } else {
                "in the router's state".into()
            },
            known: ("proved by state", false),
        });
        if let Some(pool) = &decision.pool {
            let paid = pool.claims.iter().filter(|claim| claim.stage == ClaimStage::Paid).count();
            line.push(Station {
                target: "claims",
                name: "Payout",
                what: format!("{paid} of {} paid", plural(pool.claims.len(), "claim", "claims")),
                more: amount(decision.paid()),
                known: ("proved by state", false),
            });
        }
        line
    }

    fn asked(&self, decision: &VerifiedDecision) -> Markup {
        let request = &decision.request;
        let offer = &decision.offer;
        let terms = |modes: u8| {
            let modes = [Mode::Proof, Mode::Optimistic, Mode::Quorum]
                .into_iter()
                .filter(move |mode| modes >> mode.code() & 1 == 1);
            let names: Vec<String> = modes.map(|mode| mode.to_string()).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        html! {
            section id="asked" {
                h3 { "What was asked" (Source::Request.mark(self)) }
                dl.fields {
                    dt { "Request" } dd { span.hash { (decision.id) } }
                    dt { "Asked by" } dd { code { (decision.requester) } @if decision.pool.is_some() { ", a claims pool" } }
                    dt { "Inputs" } dd {
                        (plural(request.items as usize, "input", "inputs"))
                        @if request.personal { ", about persons" } @else { ", about nobody" }
                        ", by their commitment" br; span.hash { (request.inputs) }
                        @if !request.public_inputs.is_empty() { br; "public: " (outputs(&request.public_inputs, LISTED)) }
                    }
                    @if let Some(inputs) = &decision.inputs {
                        @for input in inputs {
                            dt { "Input " (input.item.saturating_add(1)) ", disclosed" }
                            dd {
                                @for (name, values) in &input.values {
                                    div { (clean(name)) ": " (outputs(values, 64)) }
                                }
                                small { "opens the commitment above; disclosed to this reader" }
                            }
                        }
                    }
                    dt { "Mode" } dd {
                        (request.effective_mode())
                        @if request.effective_mode() != request.mode { ", because more is at risk than its policy allows in mode " (request.mode) }
                    }
                    dt { "At risk" } dd { (amount(request.value_at_risk)) }
                    dt { "Fee" } dd { (amount(request.fee)) }
                    @if request.effective_mode() == Mode::Optimistic {
                        dt { "Answerer's bond" } dd { (amount(request.bond)) }
                        dt { "Window" } dd { (request.window) " seconds" }
                    }
                    dt { "Deadline" } dd { (moment(request.deadline)) }
                    @if !request.seed.is_zero() { dt { "Seed" } dd { span.hash { (request.seed) } } }
                    dt { "Offer" (Source::Router.mark(self)) } dd {
                        span.hash { (request.offer) } br;
                        "for inputs about nobody: " (terms(offer.modes)) "; about persons: " (terms(offer.modes_for_persons)) br;
                        "of this version's own plan and weights, verified by " code { (offer.verifier) }
                        ", " @if offer.zero_knowledge { "proofs hide inputs and weights" } @else { "proofs hide nothing" }
                        @if !decision.offer_open { "; withdrawn since" }
                    }
                }
            }
        }
    }

    fn answered(&self, decision: &VerifiedDecision) -> Markup {
        let mark = |name: &str| {
            let step = decision.steps.iter().find(|step| step.event.name() == name);
            step.map(|step| source(step).mark(self))
        };
        html! {
            section id="answered" {
                h3 { "How it was answered" }
                dl.fields {
                    dt { "Outputs" } dd { (outputs(&decision.outputs, 64)) (Source::Router.mark(self)) }
                    dt { "Final since" } dd { (moment(decision.since)) (Source::Router.mark(self)) }
                    @match &decision.answer {
                        Answer::Proved { by } => {
                            dt { "Proved by" } dd { code { (by) } (mark("Finalised").unwrap_or_default()) }
                            dt { "Proof" } dd {
                                @match decision.proof {
                                    Some(ProofStanding::Verified) => {
                                        "In the file, and checked offline: the registered plan computes these outputs from the "
                                        "committed inputs with the registered weights, which are certified to be in range."
                                        (Source::Proof.mark(self))
                                    }
                                    Some(ProofStanding::DevelopmentSetup) => {
                                        "In the file, and it holds; but it is made with the development setup, whose secret is "
                                        "public: anybody could have made it." (Source::Proof.mark(self))
                                    }
                                    Some(ProofStanding::Unchecked) => "In the file; nobody checked it for this page.",
                                    None => "Not in the file: that it was proved is the router's word.",
                                }
                            }
                        }
                        Answer::Unchallenged { answerer, until } => {
                            dt { "Answered by" } dd { code { (answerer) } ", with a bond of " (amount(decision.request.bond)) (mark("Answered").unwrap_or_default()) }
                            dt { "Challenges" } dd {
                                "Nobody challenged it until " (moment(*until)) ", when its window ended. That it is right rests on one "
                                "honest watcher who could have sent a transaction."
                            }
                        }
                        Answer::Agreed { staking, threshold, members, agreeing } => {
                            dt { "Committee" } dd {
                                (agreeing.len()) " of " (members.len()) " said the same, " (threshold) " had to; each lost its bond to anybody "
                                "with a proof against it" (mark("Ended").unwrap_or_default())
                                ul {
                                    @for (number, key) in members.iter().take(LISTED) {
                                        li { "operator " (number) " " code { (key) } @if agreeing.contains(number) { " agreed" } @else { " did not" } }
                                    }
                                }
                                small { "operators' stake: " code { (staking) } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn claims(&self, decision: &VerifiedDecision, pool: &VerifiedPool) -> Markup {
        let terms = &pool.terms;
        html! {
            section id="claims" {
                h3 { "What it decided, and what was paid" }
                p.about {
                    "The request was about " (plural(pool.batch, "claim", "claims")) ", by the identities of their evidence's "
                    "commitments. Routine " (pool.routine) " accepts a claim whose output " (terms.output) " is from " (terms.least)
                    " to " (terms.most) ". Policies and holders are pseudonyms. Amounts are in the token's smallest units."
                    (Source::Pool.mark(self))
                }
                div.scroll {
                    table {
                        thead { tr {
                            th scope="col" { "Claim" } th scope="col" { "Output" } th scope="col" { "Stands" }
                            th scope="col" { "Payout" } th scope="col" { "Policy and holder" } th scope="col" { "Intake" }
                        } }
                        tbody { @for claim in &pool.claims { (self.claim_row(decision, claim)) } }
                    }
                }
            }
        }
    }

    fn claim_row(&self, decision: &VerifiedDecision, claim: &VerifiedClaim) -> Markup {
        let tone = match claim.stage {
            ClaimStage::Paid | ClaimStage::Accepted => "stage approved",
            ClaimStage::Rejected | ClaimStage::Denied => "stage revoked",
            _ => "stage",
        };
        let paid = decision.steps.iter().find_map(|step| match &step.event {
            Event::Paid { evidence, to, .. } if *evidence == claim.evidence => Some((step, *to)),
            _ => None,
        });
        html! {
            tr {
                th scope="row" { (claim.place.saturating_add(1)) br; (short(claim.evidence)) }
                td.number {
                    @match claim.output { Some(output) => (output), None => "none" }
                    br; small { @if claim.accepted { "accepted" } @else { "not accepted" } }
                }
                td {
                    span class=(tone) { (claim.stage) }
                    @if !claim.accepted && matches!(claim.stage, ClaimStage::Paid | ClaimStage::Accepted) {
                        br; small { "after a review" }
                    }
                    @if claim.until != 0 { br; small { "until " (moment(claim.until)) } }
                }
                td {
                    (amount(claim.payout))
                    @if let Some((step, to)) = paid {
                        br; small { (Utc(step.timestamp)) ", to " code { (to) } } (source(step).mark(self))
                    }
                }
                td { (short(claim.policy)) br; code { (claim.holder) } br; small { "since " (moment(claim.policy_from)) } }
                td {
                    @match &claim.filing {
                        Some(filing) => {
                            code { (filing.signer) } (Source::Intake.mark(self)) br;
                            small { "happened " (day_of(filing.happened_at)) }
                        }
                        None => small { "not in the file" },
                    }
                }
            }
        }
    }

    fn steps(&self, decision: &VerifiedDecision) -> Markup {
        let told = decision.told();
        html! {
            section id="steps" {
                h3 { "Step by step" }
                p.about {
                    @if told == 0 {
                        "What the contracts said, each from a receipt that is proved from the trusted block."
                    } @else {
                        "What the contracts said. " (told) " of " (decision.steps.len()) " steps are told, not proved: they are of blocks "
                        "that the trusted state does not remember. They contradict nothing that is proved; what is final and paid "
                        "does not rest on them."
                    }
                }
                ol.timeline {
                    @for step in &decision.steps {
                        @let whole = Utc(step.timestamp).to_string();
                        @let (date, time) = whole.split_once(' ').unwrap_or((&whole, ""));
                        li class=(tone(&step.event)) {
                            time { (date) small { (time) } }
                            span.mark aria-hidden="true" {}
                            div.what {
                                p { (says(&step.event)) }
                                p.by { (step.event.name()) ", block " (step.block) ", by " code { (step.contract) } (source(step).mark(self)) }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The decision's links in the chain of proof.
    pub(super) fn decision_links(&self) -> Markup {
        let Some(decision) = self.verified.decision() else { return html! {} };
        html! {
            li id="link-router" { div {
                p {
                    strong { "Router." } " Its account is proved from the state root; its storage holds the offer's terms, and of the "
                    "request that it is final since " (moment(decision.since)) " with outputs of this digest."
                }
                span.hash { "router " (decision.contract.address) ", code " (decision.contract.code) }
                span.hash { "outputs " (averment_primitives::hex::encode_prefixed(crate::settlement::outputs_digest(&decision.outputs))) }
            } }
            li id="link-request" { div {
                p {
                    strong { "Request." } " Its id, under which that word stands, is the hash of chain, router, requester and everything "
                    "that was asked for: version, offer, commitment to the inputs, terms."
                }
                span.hash { (decision.id) }
            } }
            li id="link-steps" { div {
                p {
                    strong { "Steps." } " The state keeps the hashes of the blocks before it; those give headers, these the receipts. "
                    @if decision.told() > 0 { "Older steps are told by the file's maker." }
                }
            } }
            @if matches!(decision.proof, Some(ProofStanding::Verified | ProofStanding::DevelopmentSetup)) {
                li id="link-proof" { div {
                    p {
                        strong { "Proof." } " It was verified here against the version's plan and weights, the request, its inputs and these "
                        "outputs, and holds for no other."
                    }
                } }
            }
            @if let Some(pool) = &decision.pool {
                li id="link-pool" { div {
                    p {
                        strong { "Claims pool." } " The requester's storage holds routine, products, policies, and where each claim stands; "
                        "the claims' evidence hashes into the request's inputs."
                    }
                    span.hash { "pool " (pool.contract.address) ", code " (pool.contract.code) }
                } }
                @if pool.claims.iter().any(|claim| claim.filing.is_some()) {
                    li id="link-intake" { div {
                        p { strong { "Intake." } " Its signatures over policy, evidence and time (EIP-712) are recovered to its key." }
                    } }
                }
            }
        }
    }
}

/// The mark of how a step is known.
fn source(step: &Step) -> Source {
    if step.proved { Source::Receipt } else { Source::Told }
}

fn tone(event: &Event) -> &'static str {
    match event {
        Event::Requested { .. } | Event::Drawn { .. } | Event::Asked { .. } => "key",
        Event::Finalised { .. } | Event::Paid { .. } => "good",
        Event::Slashed { .. } | Event::Challenged { .. } | Event::Delivered { taken: false } => "bad",
        _ => "",
    }
}

/// What an event says, in a sentence.
fn says(event: &Event) -> Markup {
    match event {
        Event::Requested { requester, .. } => html! { "Asked by " code { (requester) } },
        Event::Answered { answerer, until, outputs: given } => {
            html! { "Answered " (outputs(given, LISTED)) " with a bond by " code { (answerer) } ", to be challenged until " (Utc(*until)) }
        }
        Event::Challenged { challenger, until } => {
            html! { "Challenged by " code { (challenger) } ": to be proved until " (Utc(*until)) }
        }
        Event::Slashed { answerer, challenger, burned } => html! {
            "The bond of " code { (answerer) } " was slashed; " (amount(*burned)) " are nobody's"
            @if !challenger.is_zero() { ", the rest is for who challenged, " code { (challenger) } }
        },
        Event::Reopened => html! { "Open for another answer" },
        Event::Finalised { paid, proved, .. } => html! {
            "Final" @if *proved != Address::ZERO { ", proved by " code { (proved) } } "; the fee is for " code { (paid) }
        },
        Event::Delivered { taken } => {
            html! { @if *taken { "The requester took the answer" } @else { "The requester refused its callback" } }
        }
        Event::Drawn { members, threshold, .. } => {
            html! { "A committee of " (members.len()) " was drawn, " (threshold) " of whom have to say the same" }
        }
        Event::Committed { operator } => html! { "Operator " (operator) " committed to an answer" },
        Event::Revealed { operator, outputs: said } => {
            html! { "Operator " (operator) " said " (outputs(said, LISTED)) }
        }
        Event::Ended { outcome, agreeing } => match outcome {
            0 => html! { "The committee's work ended: " (agreeing.len()) " members agree" },
            1 => html! { "The committee's work ended: it could not answer" },
            _ => html! { "The committee's work ended without enough of the same" },
        },
        Event::Sold { policy, holder, product } => {
            html! { "Policy " (short(*policy)) " of product " (product) " was sold to " code { (holder) } }
        }
        Event::Filed { evidence, intake, .. } => {
            html! { "Claim " (short(*evidence)) " was filed, signed by the intake " code { (intake) } }
        }
        Event::Asked { routine, evidence } => {
            html! { "Routine " (routine) " asked about " (plural(evidence.len(), "claim", "claims")) }
        }
        Event::Decided { evidence, stage, output } => {
            html! { "Claim " (short(*evidence)) " was " (stage) " by output " (output) }
        }
        Event::Appealed { evidence } => html! { "Claim " (short(*evidence)) " was appealed" },
        Event::Unanswered { evidence } => {
            html! { "Claim " (short(*evidence)) " went to the reviewer without an answer" }
        }
        Event::Reviewed { evidence, reviewer, stage } => {
            html! { "Claim " (short(*evidence)) " was " (stage) " by the reviewer " code { (reviewer) } }
        }
        Event::Unreviewed { evidence } => {
            html! { "Claim " (short(*evidence)) " was accepted: no reviewer decided in time" }
        }
        Event::Unappealed { evidence } => {
            html! { "Claim " (short(*evidence)) " was closed: it was not appealed in time" }
        }
        Event::Paid { evidence, to, amount: paid, .. } => {
            html! { "Claim " (short(*evidence)) " was paid: " (amount(*paid)) " to " code { (to) } }
        }
    }
}

fn outputs(values: &[i64], most: usize) -> String {
    let mut text = values.iter().take(most).map(i64::to_string).collect::<Vec<_>>().join(", ");
    if values.len() > most {
        text += &format!(" and {} more", values.len().saturating_sub(most));
    }
    if text.is_empty() { "nothing".to_owned() } else { text }
}

/// A whole number in groups of three digits.
pub(super) fn amount(units: u128) -> String {
    let digits = units.to_string();
    let first = digits.len() % 3;
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn day_of(second: u64) -> String {
    super::day(second)
}

/// A digest by its first digits, whole when it is pointed at.
fn short(digest: B256) -> Markup {
    let whole = digest.to_string();
    html! { span.hash title=(whole) { (whole.get(..10).unwrap_or(&whole)) "…" } }
}
