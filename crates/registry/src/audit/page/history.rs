//! Who decided what and when: approvals, the timeline, the accounts.

use super::{Page, Source, clean, day};
use crate::{
    approval::Decision,
    history::{DecisionRecord, Entry, History, Payload, SignatureCheck},
    utc::Utc,
};
use averment_primitives::{Address, RoleId, VersionId};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

impl Page<'_> {
    pub(super) fn approvals(&self) -> Markup {
        let subject = self.subject;
        let Some(history) = self.verified.history(subject.model) else { return html! {} };
        let Some(policy) = history.policy_of(subject.record.policy_revision) else { return html! {} };
        html! {
            h2 id="approvals" { "Approvals" }
            p.about {
                "Policy revision " (policy.revision) " applies to this version: " (policy.threshold) " of "
                (policy.roles.len()) " roles have to approve" (Source::Entry(subject.model, policy.sequence).mark(self))
                ". Whoever registered it cannot be one of them."
            }
            div.scroll {
                table {
                    caption { "Each role's last decision, and whether it counts" }
                    thead { tr {
                        th scope="col" { "Role" } th scope="col" { "Decision" } th scope="col" { "Signed by" }
                        th scope="col" { "Recorded" } th scope="col" { "Signature" }
                    } }
                    tbody {
                        @for role in &policy.roles {
                            tr {
                                th scope="row" { (role) }
                                @match subject.record.last_decision(role.role_id()) {
                                    None => { td colspan="4" { "has not decided" } }
                                    Some(decision) => (self.decision(history, decision)),
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn decision(&self, history: &History, decision: &DecisionRecord) -> Markup {
        let tainted = history.decision_tainted_by(decision);
        html! {
            td {
                @match (tainted, decision.approval.decision) {
                    (Some(_), _) => span.tag.no { "does not count" },
                    (None, Decision::Approve) => span.tag.yes { "approved" },
                    (None, Decision::Reject) => span.tag.no { "rejected" },
                }
                @if let Some((key, compromise)) = tainted {
                    br; small { "key " (self.who(key)) " compromised from entry " (compromise.from_sequence) " on" }
                }
            }
            td { (self.who(decision.signer)) }
            td.number { (day(decision.timestamp)) (Source::Entry(history.model(), decision.sequence).mark(self)) }
            td {
                @match decision.signature_check(self.verified.registry()) {
                    SignatureCheck::Recovered => "recovered offline",
                    SignatureCheck::VouchedByChain => "contract wallet: vouched for by the chain",
                }
            }
        }
    }

    pub(super) fn timeline(&self) -> Markup {
        let Some(own) = self.verified.history(self.subject.model) else { return html! {} };
        html! {
            h2 id="timeline" { "Timeline" }
            p.about {
                "The whole history of " (own.name()) ", as the registry recorded it: " (own.length())
                " entries, each hashed over the one before; the registry stores the last hash."
            }
            (self.entries(own))
            @for history in self.verified.histories() {
                @if history.model() != own.model() {
                    details {
                        summary { "History of " (history.name()) ", " (history.length()) " entries" }
                        (self.entries(history))
                    }
                }
            }
        }
    }

    fn entries(&self, history: &History) -> Markup {
        html! {
            ol.timeline {
                @for entry in history.entries() {
                    @let (date, time) = split(entry.timestamp);
                    li class=[tone(entry, self.subject.id)] id=(self.entry_anchor(history.model(), entry.sequence)) {
                        time { (date) small { (time) } }
                        span.mark aria-hidden="true" {}
                        div.what {
                            p { (self.says(history, entry)) }
                            p.by {
                                "entry " (entry.sequence) ", by " (self.who(entry.actor))
                                (Source::History(history.model()).mark(self))
                            }
                        }
                    }
                }
            }
        }
    }

    /// What an entry says, in a sentence.
    fn says(&self, history: &History, entry: &Entry) -> Markup {
        let role = |role: &RoleId| self.role_name(history.model(), *role);
        let version = self.version_or_other(history, entry.version);
        match &entry.payload {
            Payload::ModelCreated { name, owner } => {
                html! { "Model “" (name) "” created, owned by " (self.who(*owner)) }
            }
            Payload::OwnershipTransferred { previous_owner, new_owner } => html! {
                "Ownership passed from " (self.who(*previous_owner)) " to " (self.who(*new_owner))
            },
            Payload::RegistrarSet { registrar, allowed } => html! {
                (self.who(*registrar)) @if *allowed { " may register versions" } @else { " may no longer register versions" }
            },
            Payload::PolicySet { revision, threshold, roles } => html! {
                "Policy " (revision) ": " (threshold) " of "
                @for (i, role) in roles.iter().enumerate() { @if i > 0 { ", " } (role) }
                " have to approve what is registered from now on"
            },
            Payload::RoleKeySet { role: id, previous_signer, new_signer } => html! {
                (self.who(*new_signer)) " appointed as " (role(id))
                @if !previous_signer.is_zero() { " in place of " (self.who(*previous_signer)) }
            },
            Payload::RoleKeyRotated { rotation, previous_signer, .. } => html! {
                "The key of " (role(&rotation.role)) " handed its role on, from " (self.who(*previous_signer))
                " to " (self.who(rotation.new_signer))
            },
            Payload::KeyCompromised { role: id, signer, from_sequence } => html! {
                "The key " (self.who(*signer)) " of " (role(id)) " was declared compromised from entry "
                (from_sequence) " on"
            },
            Payload::VersionRegistered { .. } => html! { strong { (version) } " registered" },
            Payload::DecisionRecorded { approval, signer, .. } => html! {
                (role(&approval.role)) " (" (self.who(*signer)) ") "
                @match approval.decision { Decision::Approve => "approved ", Decision::Reject => "rejected " }
                strong { (version) }
            },
            Payload::VersionApproved { approvals, .. } => html! {
                strong { (version) } " is approved: " (approvals) " roles agree"
            },
            Payload::Deployed { environment } => {
                html! { strong { (version) } " runs in “" (environment) "”" }
            }
            Payload::Retired { reason } => html! { strong { (version) } " retired: “" (reason) "”" },
            Payload::Revoked { reason } => html! { strong { (version) } " revoked: “" (reason) "”" },
            Payload::StewardSet { steward } if steward.is_zero() => {
                html! { "Nobody beside the owner may retire versions any more" }
            }
            Payload::StewardSet { steward } => html! {
                (self.who(*steward)) " is the model's steward: it may retire versions"
            },
        }
    }

    /// A version's name if its manifest is here; other versions of the model have only their id.
    fn version_or_other(&self, history: &History, id: VersionId) -> String {
        if self.verified.version(id).is_some() {
            return self.version_name(id);
        }
        format!("{} {}", history.name(), super::short_id(id))
    }

    pub(super) fn accounts(&self) -> Markup {
        let mut accounts: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
        let mut note = |account: Address, what: String| {
            accounts.entry(account).or_default().insert(what);
        };
        for history in self.verified.histories() {
            let name = history.name();
            note(history.owner(), format!("owner of {name}"));
            note(history.creator(), format!("created {name}"));
            if !history.steward().is_zero() {
                note(history.steward(), format!("may retire versions of {name}, its steward"));
            }
            for registrar in history.registrars() {
                note(*registrar, format!("may register versions of {name}"));
            }
            for key in history.keys() {
                let role = self.role_name(history.model(), key.role);
                let held = if history.present_signer(key.role) == key.signer { "is" } else { "was" };
                let state = if key.compromise.is_some() { ", declared compromised" } else { "" };
                note(key.signer, format!("{held} {role} for {name}{state}"));
            }
            for entry in history.entries() {
                note(entry.actor, format!("sent transactions about {name}"));
            }
            for (_, version) in history.versions() {
                note(version.registrant, format!("registered versions of {name}"));
            }
        }
        for version in self.verified.versions() {
            for signer in &version.signers {
                let (crate::audit::ManifestSigner::Registrant(account)
                | crate::audit::ManifestSigner::Owner(account)
                | crate::audit::ManifestSigner::Other(account)) = signer;
                note(*account, format!("signed the manifest of {}", self.version_name(version.id)));
            }
        }
        for log in self.verified.logs() {
            note(log.terms.poster, format!("anchors the log {}", clean(&log.origin)));
        }
        html! {
            h2 id="accounts" { "Accounts" }
            p.about { "Who they are is for you to know: the evidence names accounts, not people." }
            div.scroll {
                table {
                    thead { tr { th scope="col" { "Account" } th scope="col" { "What it is or did" } } }
                    tbody {
                        @for (account, what) in &accounts {
                            tr id={ "account-" (account) } {
                                td { code { (account) } }
                                td { @for (i, what) in what.iter().enumerate() { @if i > 0 { br; } (what) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Date and time apart.
fn split(second: u64) -> (String, String) {
    let whole = Utc(second).to_string();
    match whole.split_once(' ') {
        Some((date, time)) => (date.to_owned(), time.to_owned()),
        None => (whole, String::new()),
    }
}

/// How an entry's mark is filled: what matters to the subject stands out.
fn tone(entry: &Entry, subject: VersionId) -> Option<&'static str> {
    match &entry.payload {
        Payload::Revoked { .. } | Payload::KeyCompromised { .. } => Some("bad"),
        _ if entry.version != subject => None,
        Payload::Deployed { .. } | Payload::VersionApproved { .. } => Some("good"),
        Payload::VersionRegistered { .. } | Payload::DecisionRecorded { .. } => Some("key"),
        _ => None,
    }
}
