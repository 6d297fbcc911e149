//! The steps that move a request on: which there are, when, and taking them.

use super::{Found, Mode, Phase, Proof, Request, SettlementClient, SettlementError};
use crate::{
    contracts::{BlockRandomness, InferenceRouter, OracleStaking, SendError, Sender, Sent, is_arbitrum},
    evidence::header_rlp,
};
use alloy::sol_types::SolCall;
use averment_primitives::B256;

/// A step that somebody may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Answer with a bond.
    Answer,
    /// Answer with a proof, or prove the answer that is there, or another.
    Prove,
    /// Draw the committee.
    Draw,
    /// Members commit.
    Commit,
    /// Members reveal.
    Reveal,
    /// End the committee's work.
    Close,
    /// Challenge the answer.
    Challenge,
    /// Make the answer final.
    Finalise,
    /// Have the answer slashed that was not proved.
    Forfeit,
    /// Give everybody back what they put in.
    Refund,
    /// Call the requester back again.
    Redeliver,
}

impl Step {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Prove => "prove",
            Self::Draw => "draw",
            Self::Commit => "commit",
            Self::Reveal => "reveal",
            Self::Close => "close",
            Self::Challenge => "challenge",
            Self::Finalise => "finalise",
            Self::Forfeit => "forfeit",
            Self::Refund => "refund",
            Self::Redeliver => "redeliver",
        }
    }

    /// Whether anybody may take it, and it takes neither money nor an answer of theirs.
    pub fn is_anybodys(self) -> bool {
        use Step::{Close, Draw, Finalise, Forfeit, Redeliver, Refund};
        matches!(self, Draw | Close | Finalise | Forfeit | Refund | Redeliver)
    }
}

/// When a step may be taken, in seconds of Unix time. Where a sequencer may stop, windows end later if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Which.
    pub step: Step,
    /// From this second on.
    pub from: u64,
    /// Until this second, if not for good.
    pub until: Option<u64>,
}

impl Opening {
    /// Whether it is open at a time.
    pub fn is_open(&self, now: u64) -> bool {
        self.from <= now && self.until.is_none_or(|until| now <= until)
    }
}

impl Found {
    /// The steps that there are from where the request stands, now or later, in the order in which they come. None once it
    /// is over.
    pub fn steps(&self) -> Vec<Opening> {
        let until = |step, until| Opening { step, from: 0, until: Some(until) };
        let after = |step, until: u64| Opening { step, from: until.saturating_add(1), until: None };
        let now = |step| Opening { step, from: 0, until: None };
        let standing = &self.standing;
        let end = standing.until;
        match standing.phase {
            Phase::None | Phase::Final | Phase::Refunded => Vec::new(),
            Phase::Undelivered => vec![now(Step::Redeliver)],
            Phase::Drawn if self.revoked => vec![now(Step::Close)],
            Phase::Open | Phase::Answered | Phase::Challenged if self.revoked => vec![now(Step::Refund)],
            Phase::Open => {
                let first = match self.mode() {
                    Some(Mode::Optimistic) => Some(Step::Answer),
                    Some(Mode::Quorum) if standing.draw().is_some() => Some(Step::Draw),
                    _ => None,
                };
                let first = first.map(|step| until(step, end));
                first.into_iter().chain([until(Step::Prove, end), after(Step::Refund, end)]).collect()
            }
            // A proof is taken until somebody makes the answer final.
            Phase::Answered => {
                vec![until(Step::Challenge, end), now(Step::Prove), after(Step::Finalise, end)]
            }
            Phase::Challenged => vec![until(Step::Prove, end), after(Step::Forfeit, end)],
            Phase::Drawn => {
                let committee = self.committee.as_ref();
                let times = committee.map(|one| (one.commitUntil.to::<u64>(), one.revealUntil.to::<u64>()));
                let (commits, reveals) = times.unwrap_or_default();
                let all = committee.is_some_and(|one| self.reveals() == one.members.len());
                let close = if all { now(Step::Close) } else { after(Step::Close, reveals) };
                let reveal = Opening { until: Some(reveals), ..after(Step::Reveal, commits) };
                vec![until(Step::Commit, commits), reveal, now(Step::Prove), close]
            }
        }
    }

    /// The step that anybody may take at `now`, if one is due.
    pub fn due(&self, now: u64) -> Option<Step> {
        let due = |opening: &Opening| opening.step.is_anybodys() && opening.is_open(now);
        self.steps().into_iter().find(due).map(|opening| opening.step)
    }

    fn in_phase(&self, step: Step, phases: &[Phase]) -> Result<(), SettlementError> {
        match phases.contains(&self.standing.phase) {
            true => Ok(()),
            false => Err(SettlementError::NotNow {
                id: self.id,
                stands: self.standing.phase.words(),
                step: step.name(),
            }),
        }
    }
}

impl SettlementClient {
    /// Asks. The fee comes of the sender's balance with the router; what is missing there is deposited first, if the router
    /// would take the request otherwise. Returns the request's id.
    pub async fn request(
        &self,
        sender: &Sender,
        asked: &Request,
    ) -> Result<(B256, Vec<Sent>), SettlementError> {
        let call = InferenceRouter::requestCall { asked: asked.clone() };
        let sent = self.paying(sender, "ask for an answer", &call).await?;
        Ok((self.request_id(sender.address(), asked), sent))
    }

    /// What the sender's balance with the router lacks to ask; fails with why the router would refuse it otherwise.
    pub async fn lacks_to_request(
        &self,
        sender: &Sender,
        asked: &Request,
    ) -> Result<averment_primitives::U256, SettlementError> {
        let call = InferenceRouter::requestCall { asked: asked.clone() };
        self.lacks(sender, "ask for an answer", &call).await
    }

    /// Answers an optimistic request with its bond, of which what is missing with the router is deposited first.
    pub async fn answer(
        &self,
        sender: &Sender,
        found: &Found,
        outputs: Vec<i64>,
    ) -> Result<Vec<Sent>, SettlementError> {
        found.in_phase(Step::Answer, &[Phase::Open])?;
        let (requester, asked) = (found.requester, found.asked.clone());
        let call = InferenceRouter::answerCall { requester, asked, outputs };
        self.paying(sender, "answer with a bond", &call).await
    }

    /// Challenges the answer that is there, with the offer's stake, of which what is missing with the router is deposited
    /// first.
    pub async fn challenge(&self, sender: &Sender, found: &Found) -> Result<Vec<Sent>, SettlementError> {
        found.in_phase(Step::Challenge, &[Phase::Answered])?;
        let call = InferenceRouter::challengeCall {
            requester: found.requester,
            asked: found.asked.clone(),
            offered: found.offer.clone(),
            given: found.contested(),
        };
        self.paying(sender, "challenge the answer", &call).await
    }

    /// Answers with a proof for the sender, whatever the mode: also where an answer or a committee is there already, which
    /// the proof then confirms or contradicts.
    pub async fn prove(
        &self,
        sender: &Sender,
        found: &Found,
        outputs: Vec<i64>,
        proof: Proof,
    ) -> Result<Sent, SettlementError> {
        use Phase::{Answered, Challenged, Drawn, Open};
        found.in_phase(Step::Prove, &[Open, Answered, Challenged, Drawn])?;
        let (requester, asked, offered) = (found.requester, found.asked.clone(), found.offer.clone());
        if let Some(committee) = &found.committee {
            let call = InferenceRouter::overruleCall {
                requester,
                asked,
                offered,
                committee: committee.clone().into(),
                heard: found.heard(),
                outputs,
                proof,
            };
            return Ok(self.routed(sender, "prove the answer, over the committee", &call).await?);
        }
        let contested = found.contested();
        let call = InferenceRouter::proveCall { requester, asked, offered, contested, outputs, proof };
        Ok(self.routed(sender, "prove the answer", &call).await?)
    }

    /// Takes the step that is due, which anybody may take, and returns what was sent: see [`Found::due`].
    pub async fn settle(
        &self,
        sender: &Sender,
        found: &Found,
        step: Step,
    ) -> Result<Vec<Sent>, SettlementError> {
        Ok(vec![match step {
            Step::Draw => return self.draw(sender, found).await,
            Step::Close => self.close(sender, found).await?,
            Step::Finalise => self.finalise(sender, found).await?,
            Step::Forfeit => self.forfeit(sender, found).await?,
            Step::Refund => self.refund(sender, found).await?,
            Step::Redeliver => self.redeliver(sender, found).await?,
            Step::Answer | Step::Prove | Step::Commit | Step::Reveal | Step::Challenge => {
                found.in_phase(step, &[])?;
                return Ok(Vec::new());
            }
        }])
    }

    /// Draws the committee of a quorum request, and first brings the block whose randomness draws it. A round of drand has to
    /// be there.
    pub async fn draw(&self, sender: &Sender, found: &Found) -> Result<Vec<Sent>, SettlementError> {
        found.in_phase(Step::Draw, &[Phase::Open])?;
        let mut sent = Vec::new();
        if let Some(draw) = found.standing.draw() {
            let newest = self.ledger.newest_final().await?;
            let randomness = self.contracts.randomness.address;
            let value = BlockRandomness::valueOfCall { round: draw.round };
            if self.read(&newest, "valueOf", randomness, value).await?.is_zero() {
                let (id, round) = (found.id, draw.round);
                // Where blocks have no randomness, a round is drand's.
                if is_arbitrum(self.ledger.chain_id()) {
                    return Err(SettlementError::NoRound { id, round });
                }
                let number = newest.header.number;
                if number < round {
                    return Err(SettlementError::NotDrawable { id, round, newest: number });
                }
                let header = header_rlp(&self.ledger.verified_header(round).await?);
                let call = BlockRandomness::recordCall { header };
                sent.push(self.send(sender, "bring the block that draws", randomness, &call).await?);
            }
        }
        let call = InferenceRouter::drawCall { requester: found.requester, asked: found.asked.clone() };
        sent.push(self.routed(sender, "draw the committee", &call).await?);
        Ok(sent)
    }

    /// Ends the work of a committee whose time is over, or all of whose members have revealed. Who was silent is slashed,
    /// half of it for the sender.
    pub async fn close(&self, sender: &Sender, found: &Found) -> Result<Sent, SettlementError> {
        found.in_phase(Step::Close, &[Phase::Drawn])?;
        let call = OracleStaking::closeCall {
            requester: found.requester,
            asked: found.asked.clone().into(),
            committee: found.committee.clone().unwrap_or_default(),
            heard: found.heard(),
        };
        Ok(self.send(sender, "end the committee's work", self.staking(), &call).await?)
    }

    /// Makes an answer final whose window has passed without a challenge.
    pub async fn finalise(&self, sender: &Sender, found: &Found) -> Result<Sent, SettlementError> {
        found.in_phase(Step::Finalise, &[Phase::Answered])?;
        let call = InferenceRouter::finaliseCall {
            requester: found.requester,
            asked: found.asked.clone(),
            given: found.contested(),
        };
        Ok(self.routed(sender, "make the answer final", &call).await?)
    }

    /// Has an answer slashed that was challenged and not proved in time.
    pub async fn forfeit(&self, sender: &Sender, found: &Found) -> Result<Sent, SettlementError> {
        found.in_phase(Step::Forfeit, &[Phase::Challenged])?;
        let call = InferenceRouter::forfeitCall {
            requester: found.requester,
            asked: found.asked.clone(),
            offered: found.offer.clone(),
            given: found.contested(),
        };
        Ok(self.routed(sender, "have an answer slashed that was not proved", &call).await?)
    }

    /// Gives everybody back what they put in: of a request that nobody answered in time, or whose version was revoked.
    pub async fn refund(&self, sender: &Sender, found: &Found) -> Result<Sent, SettlementError> {
        use Phase::{Answered, Challenged, Open};
        found.in_phase(Step::Refund, &[Open, Answered, Challenged])?;
        let call = InferenceRouter::refundCall {
            requester: found.requester,
            asked: found.asked.clone(),
            offered: found.offer.clone(),
            given: found.contested(),
        };
        Ok(self.routed(sender, "refund the request", &call).await?)
    }

    /// Calls the requester back again, whose callback failed.
    pub async fn redeliver(&self, sender: &Sender, found: &Found) -> Result<Sent, SettlementError> {
        found.in_phase(Step::Redeliver, &[Phase::Undelivered])?;
        let call = InferenceRouter::redeliverCall {
            requester: found.requester,
            asked: found.asked.clone(),
            outputs: found.outputs.clone().unwrap_or_default(),
        };
        Ok(self.routed(sender, "call the requester back again", &call).await?)
    }

    async fn routed<C: SolCall>(
        &self,
        sender: &Sender,
        action: &'static str,
        call: &C,
    ) -> Result<Sent, SendError> {
        self.send(sender, action, self.router(), call).await
    }
}
