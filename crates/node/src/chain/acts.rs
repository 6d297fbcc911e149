//! Actions as transactions.

use super::Chain;
use crate::{
    drand::{Fetched, NoRound, RelayError, RelayFault, Relays},
    machine::{Action, Agreeing, Asked, Certificate, Machine, Promise, Said, SignedList, Voice, commits_of},
    proofs::{Proved, Wanted},
    secrets,
    signing::{Domain, ShortSignature, commitment, list_digest},
};
use alloy::{
    providers::Provider,
    sol_types::{SolCall, SolValue},
    transports::TransportError,
};
use alloy_primitives::{Address, B256, Bytes};
use averment_ledger::{
    HeaderError,
    contracts::{
        BlockRandomness, DrandRandomness, InferenceRouter, OracleStaking, SendError, Sent, drand, is_arbitrum,
    },
    keys::SignError,
    settlement::statement,
};
use thiserror::Error;

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// A transaction is on its way, or on the chain already.
    Sent(B256),
    /// It is not to be done now: its time has not come.
    NotYet,
}

/// Why an action was not carried out.
#[derive(Debug, Error)]
pub enum ActError {
    /// The machine knows no such request any more, or what is needed of it.
    #[error("request {id}: {what} is not known")]
    Unknown {
        /// The request.
        id: B256,
        /// What is missing.
        what: &'static str,
    },
    /// What was kept of a request is not what the contracts encode.
    #[error("request {id}: {what} does not decode: {why}")]
    Body {
        /// The request.
        id: B256,
        /// What.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The contract refused, or the transaction was not sent.
    #[error(transparent)]
    Send(#[from] Box<SendError>),
    /// Nothing was signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The node did not answer.
    #[error("asking the {what}: {source}")]
    Ask {
        /// Which contract.
        what: &'static str,
        /// What the node said.
        source: TransportError,
    },
    /// The header of the block that draws was not had.
    #[error(transparent)]
    Header(#[from] Box<HeaderError>),
    /// No relay gave the round of drand that draws. It is asked for again.
    #[error(transparent)]
    Round(#[from] NoRound),
    /// The contract's answer is none.
    #[error("the {what} gave an answer that does not decode: {why}")]
    Answer {
        /// Which contract.
        what: &'static str,
        /// Why.
        why: String,
    },
}

impl ActError {
    /// Whether the contract said no: mostly somebody else was first, or the time is over.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Send(error)
            if matches!(**error, SendError::Refused { .. } | SendError::Reverted { .. }))
    }
}

impl Chain {
    /// Carries out an action, as far as that takes a transaction.
    pub async fn act(&self, machine: &Machine, action: &Action) -> Result<Done, ActError> {
        let id = action.id();
        if let Action::Accuse { answers, .. } = action {
            let [one, other] = [&answers.one, &answers.other].map(signed);
            let call = OracleStaking::equivocatedCall { id, one, other };
            return self.send("show two answers of one operator", self.contracts.staking, &call).await;
        }
        let asked = machine.asked(&id).ok_or(ActError::Unknown { id, what: "the request" })?;
        match action {
            Action::Compute { .. }
            | Action::GiveUp { .. }
            | Action::Stake { .. }
            | Action::Prove { .. }
            | Action::Overrule { .. }
            | Action::Contradict { .. }
            | Action::Promise { .. }
            | Action::List { .. }
            | Action::Speak { .. }
            | Action::Accuse { .. } => Ok(Done::NotYet),
            Action::Agree { outputs, commits, voices, .. } => {
                let voice = |voice: &Agreeing| OracleStaking::Voice {
                    seat: voice.seat,
                    salt: voice.salt,
                    r: voice.signature.r,
                    vs: voice.signature.vs,
                };
                let call = OracleStaking::agreeCall {
                    requester: asked.requester,
                    asked: decode(id, "the request", &asked.body)?,
                    committee: self.committee(machine, id)?,
                    agreement: OracleStaking::Agreement {
                        outputs: outputs.clone(),
                        commits: commits.clone(),
                        voices: voices.iter().map(voice).collect(),
                    },
                };
                self.send("post what the members say", self.contracts.staking, &call).await
            }
            Action::Draw { .. } => self.draw(asked).await,
            Action::Commit { seat, outputs, .. } => {
                let Promise { digest, signature: ShortSignature { r, vs } } = self.promise(id, outputs)?;
                let commitment = OracleStaking::Commitment { seat: *seat, digest, r, vs };
                let committee = self.committee(machine, id)?;
                let call = OracleStaking::commitCall { id, committee, commitments: vec![commitment] };
                self.send("commit to an answer", self.contracts.staking, &call).await
            }
            Action::Reveal { seat, outputs, .. } => {
                let salt = self.salt(id)?;
                let reveal = OracleStaking::Reveal { seat: *seat, salt, outputs: outputs.clone() };
                let committee = self.committee(machine, id)?;
                let call = OracleStaking::revealCall { id, committee, reveals: vec![reveal] };
                self.send("reveal an answer", self.contracts.staking, &call).await
            }
            Action::Close { heard, .. } => {
                let call = OracleStaking::closeCall {
                    requester: asked.requester,
                    asked: decode(id, "the request", &asked.body)?,
                    committee: self.committee(machine, id)?,
                    heard: heard.clone(),
                };
                self.send("close a committee", self.contracts.staking, &call).await
            }
            Action::Answer { outputs, .. } => {
                let call = InferenceRouter::answerCall {
                    requester: asked.requester,
                    asked: decode(id, "the request", &asked.body)?,
                    outputs: outputs.clone(),
                };
                self.send("answer with a bond", self.contracts.router, &call).await
            }
            Action::Finalise { outputs, .. } => {
                let call = self.finalisation(asked, outputs)?;
                self.send("make an answer final", self.contracts.router, &call).await
            }
            Action::Challenge { answerer, outputs, .. } => {
                let call = InferenceRouter::challengeCall {
                    requester: asked.requester,
                    asked: decode(id, "the request", &asked.body)?,
                    offered: self.offer(machine, asked)?,
                    given: answer(*answerer, Address::ZERO, outputs),
                };
                self.send("challenge an answer", self.contracts.router, &call).await
            }
            Action::Forfeit { answerer, outputs, .. } => {
                let call = InferenceRouter::forfeitCall {
                    requester: asked.requester,
                    asked: decode(id, "the request", &asked.body)?,
                    offered: self.offer(machine, asked)?,
                    given: answer(*answerer, self.account(), outputs),
                };
                self.send("have an answer slashed that was not proved", self.contracts.router, &call).await
            }
        }
    }

    fn finalisation(
        &self,
        asked: &Asked,
        outputs: &[i64],
    ) -> Result<InferenceRouter::finaliseCall, ActError> {
        Ok(InferenceRouter::finaliseCall {
            requester: asked.requester,
            asked: decode(asked.id, "the request", &asked.body)?,
            given: answer(self.account(), Address::ZERO, outputs),
        })
    }

    /// Makes several own answers final in one transaction; all of them or none.
    pub async fn finalise_all(&self, machine: &Machine, all: &[(B256, Vec<i64>)]) -> Result<Done, ActError> {
        let call = |(id, outputs): &(B256, Vec<i64>)| {
            let asked = machine.asked(id).ok_or(ActError::Unknown { id: *id, what: "the request" })?;
            Ok(Bytes::from(self.finalisation(asked, outputs)?.abi_encode()))
        };
        let data = all.iter().map(call).collect::<Result<_, ActError>>()?;
        let call = InferenceRouter::multicallCall { data };
        self.send("make answers final", self.contracts.router, &call).await
    }

    /// What a proof of an answer to a request has to say.
    pub fn wanted(&self, machine: &Machine, id: B256, outputs: &[i64]) -> Result<Wanted, ActError> {
        let asked = machine.asked(&id).ok_or(ActError::Unknown { id, what: "the request" })?;
        let request = decode(id, "the request", &asked.body)?;
        let offer: InferenceRouter::Offer = self.offer(machine, asked)?;
        let place = (self.ledger().chain_id(), self.contracts.router);
        let statement = statement(place, id, &request, &offer, outputs, self.account());
        Ok(Wanted { asked: asked.clone(), statement, descriptor: offer.descriptor })
    }

    /// Sends a proof: an answer, or over a committee, or against what operators said.
    pub async fn prove(
        &self,
        machine: &Machine,
        action: &Action,
        Proved { points, proof }: Proved,
    ) -> Result<Done, ActError> {
        let id = action.id();
        let known = machine.asked(&id).ok_or(ActError::Unknown { id, what: "the request" })?;
        let (requester, asked): (_, InferenceRouter::Request) =
            (known.requester, decode(id, "the request", &known.body)?);
        match action {
            Action::Prove { outputs, contested, .. } => {
                let contested = match contested {
                    None => answer(Address::ZERO, Address::ZERO, &[]),
                    Some(there) => answer(there.answerer, there.challenger, &there.outputs),
                };
                let call = InferenceRouter::proveCall {
                    requester,
                    asked,
                    offered: self.offer(machine, known)?,
                    contested,
                    outputs: outputs.clone(),
                    proof: InferenceRouter::Proof { points, proof },
                };
                self.send("prove an answer", self.contracts.router, &call).await
            }
            Action::Overrule { outputs, heard, .. } => {
                let call = InferenceRouter::overruleCall {
                    requester,
                    asked,
                    offered: self.offer(machine, known)?,
                    committee: self.committee(machine, id)?.into(),
                    heard: heard.clone(),
                    outputs: outputs.clone(),
                    proof: InferenceRouter::Proof { points, proof },
                };
                self.send("overrule a committee", self.contracts.router, &call).await
            }
            Action::Contradict { outputs, said, .. } => {
                let nothing = |outputs: &Vec<i64>| OracleStaking::Signed {
                    outputs: outputs.clone(),
                    commits: B256::ZERO,
                    r: B256::ZERO,
                    vs: B256::ZERO,
                };
                let saying = |said: &Said| OracleStaking::Saying {
                    operator: said.operator,
                    signed: said.voice.as_ref().map_or_else(|| nothing(&said.outputs), signed),
                };
                let call = OracleStaking::contradictCall {
                    requester,
                    asked: asked.into(),
                    offered: self.offer(machine, known)?,
                    outputs: outputs.clone(),
                    proof: OracleStaking::Proof { points, proof },
                    sayings: said.iter().map(saying).collect(),
                };
                self.send("contradict operators", self.contracts.staking, &call).await
            }
            _ => Ok(Done::NotYet),
        }
    }

    /// Draws a committee, and first brings the block that draws it. That block is settled: what it draws stays. A round of drand
    /// is fetched, if there are relays, or waited for; what is signed once stays, too.
    async fn draw(&self, asked: &Asked) -> Result<Done, ActError> {
        let drawn = InferenceRouter::drawOfCall { id: asked.id };
        let round = self.ask("router", self.contracts.router, &drawn).await?.round;
        if round == 0 {
            return Ok(Done::NotYet);
        }
        // Where blocks have no randomness, a round is drand's, which somebody brings (`aver oracle round`).
        let of_blocks = self.relays.is_none() && !is_arbitrum(self.ledger().chain_id());
        let newest = self.ledger().newest_final().await.map_err(Box::new)?;
        let (reached, when) = match of_blocks {
            true => (newest.header.number, round),
            false => (newest.header.timestamp, drand::time_of(round)),
        };
        if reached < when {
            return Ok(Done::NotYet);
        }
        let value = BlockRandomness::valueOfCall { round };
        if self.ask("randomness", self.contracts.randomness, &value).await?.is_zero() {
            if of_blocks {
                let header = self.ledger().verified_header(round).await.map_err(Box::new)?;
                let header = Bytes::from(alloy_rlp::encode(&header.header));
                let call = BlockRandomness::recordCall { header };
                self.send("bring the block that draws", self.contracts.randomness, &call).await?;
            } else {
                let Some(relays) = &self.relays else { return Ok(Done::NotYet) };
                let Some(fetched) = relays.take(round)? else { return Ok(Done::NotYet) };
                self.bring(relays, fetched).await?;
            }
        }
        let call = InferenceRouter::drawCall {
            requester: asked.requester,
            asked: decode(asked.id, "the request", &asked.body)?,
        };
        self.send("draw a committee", self.contracts.router, &call).await
    }

    /// Brings a round of drand. The contract says whether its signature is one; if not, the next relay is asked.
    async fn bring(&self, relays: &Relays, fetched: Fetched) -> Result<(), ActError> {
        let Fetched { round, ref coordinates, ref host, .. } = fetched;
        let call = DrandRandomness::recordCall { round, signature: Bytes::copy_from_slice(coordinates) };
        match self.send("bring the round that draws", self.contracts.randomness, &call).await {
            Ok(_) => relays.forget(round),
            Err(error) if error.is_refusal() => {
                let fault = RelayFault::Refused { why: error.to_string() };
                let faults = vec![RelayError { host: host.clone(), fault }];
                relays.distrust(&fetched);
                return Err(NoRound { round, faults }.into());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// This operator's commitment to an answer, signed. The same request and outputs give the same.
    pub fn promise(&self, id: B256, outputs: &[i64]) -> Result<Promise, ActError> {
        let digest = commitment(id, self.account(), outputs, self.salt(id)?);
        let signature = ShortSignature::new(self.sender.key(), &self.domain().commit(id, digest))?;
        Ok(Promise { digest, signature })
    }

    /// This operator's signature of a list of promises. The others need the promises from who `leads`.
    pub fn list(
        &self,
        id: B256,
        round: u8,
        promises: &[Option<Promise>],
        leads: bool,
    ) -> Result<SignedList, ActError> {
        let commits = list_digest(&commits_of(promises));
        let signature = ShortSignature::new(self.sender.key(), &self.domain().list(id, round, commits))?;
        Ok(SignedList { round, commits, promises: leads.then(|| promises.to_vec()), signature })
    }

    /// This operator's answer, signed together with the list of a certificate.
    pub fn voice(&self, id: B256, outputs: &[i64], certificate: &Certificate) -> Result<Voice, ActError> {
        let said = self.domain().agreement(id, outputs, &certificate.commits);
        Ok(Voice {
            certificate: certificate.clone(),
            outputs: outputs.to_vec(),
            salt: self.salt(id)?,
            signature: ShortSignature::new(self.sender.key(), &said)?,
        })
    }

    /// What hides a commitment.
    fn salt(&self, id: B256) -> Result<B256, ActError> {
        let Domain { chain_id, staking } = self.domain();
        Ok(secrets::salt(self.sender.key(), chain_id, staking, id)?)
    }

    /// Where members' signatures count.
    pub fn domain(&self) -> Domain {
        Domain { chain_id: self.ledger().chain_id(), staking: self.contracts.staking }
    }

    fn committee(&self, machine: &Machine, id: B256) -> Result<OracleStaking::Committee, ActError> {
        let what = "the committee";
        decode(id, what, &machine.committee(&id).ok_or(ActError::Unknown { id, what })?.body)
    }

    /// The offer of a request, as the one contract or the other takes it.
    fn offer<T>(&self, machine: &Machine, asked: &Asked) -> Result<T, ActError>
    where
        T: SolValue + From<<T::SolType as alloy::sol_types::SolType>::RustType>,
    {
        let (id, what) = (asked.id, "the offer");
        decode(id, what, machine.offer(&asked.offer).ok_or(ActError::Unknown { id, what })?)
    }

    async fn send<C: SolCall>(&self, action: &str, to: Address, call: &C) -> Result<Done, ActError> {
        match self.sender.call(action, to, call).await {
            Ok(Sent { tx, .. }) => Ok(Done::Sent(tx)),
            // Its events say when it is settled.
            Err(SendError::NotFinal { tx, .. } | SendError::Uncertain { tx, .. }) => Ok(Done::Sent(tx)),
            Err(error) => Err(Box::new(error).into()),
        }
    }

    pub(super) async fn ask<C: SolCall>(
        &self,
        what: &'static str,
        to: Address,
        call: &C,
    ) -> Result<C::Return, ActError> {
        let request = alloy::rpc::types::TransactionRequest::default().to(to).input(call.abi_encode().into());
        let answer = self.ledger().provider().call(request).await;
        let answer = answer.map_err(|source| ActError::Ask { what, source })?;
        C::abi_decode_returns(&answer).map_err(|error| ActError::Answer { what, why: error.to_string() })
    }
}

fn signed(voice: &Voice) -> OracleStaking::Signed {
    OracleStaking::Signed {
        outputs: voice.outputs.clone(),
        commits: list_digest(&voice.certificate.commits),
        r: voice.signature.r,
        vs: voice.signature.vs,
    }
}

fn answer(answerer: Address, challenger: Address, outputs: &[i64]) -> InferenceRouter::Answer {
    InferenceRouter::Answer { answerer, challenger, outputs: outputs.to_vec() }
}

fn decode<T>(id: B256, what: &'static str, body: &Bytes) -> Result<T, ActError>
where
    T: SolValue + From<<T::SolType as alloy::sol_types::SolType>::RustType>,
{
    T::abi_decode_validate(body).map_err(|error| ActError::Body { id, what, why: error.to_string() })
}
