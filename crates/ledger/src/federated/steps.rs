//! Every step of a task, as a transaction. Before one is paid for, the contract is asked whether it would take it.

use super::{
    Aggregation, Contested, Event, Evidence, Openings, Outcome, Posting, Reveal, Scores, SignedCommit,
    TaskClient, TaskError, Terms,
};
use crate::contracts::{DevelopmentToken, FederatedTask, FederatedTasks, SendError, Sender, Sent};
use alloy::sol_types::{SolCall, SolValue};
use averment_primitives::{Address, B256, Bytes, U256, keccak256};

/// The terms' type in signatures.
const TERMS: &str = "(bytes32,bytes32,bytes32,bytes32,uint32,uint8,uint8,bool,bool,uint64,uint64,bool,uint16,uint16,uint16,uint16,\
    uint8,uint8,uint32,uint32,uint32,uint32,uint32,uint32,uint32,uint32,uint32,uint32,uint32,uint128,uint128,uint128,uint128,\
    uint128,uint128,uint8,address,address,address,uint8)";

/// `create` of the factory, whose terms are nested here and flat there, which is the same bytes.
struct Create {
    terms: Terms,
    salt: B256,
    prefix: Bytes,
    points: Bytes,
}

impl Create {
    fn signature() -> String {
        format!("create({TERMS},bytes32,bytes,bytes)")
    }

    fn encode(self) -> Bytes {
        let arguments = (self.terms, self.salt, self.prefix, self.points).abi_encode_params();
        let selector = keccak256(Self::signature());
        let selector = selector.first_chunk::<4>().copied().unwrap_or_default();
        [&selector[..], &arguments].concat().into()
    }
}

/// `TaskCreated` of the factory.
pub(super) fn created_signature() -> String {
    format!("TaskCreated(address,address,bytes32,{TERMS},bytes,bytes)")
}

/// `create` of the factory.
#[cfg(test)]
pub(super) fn create_signature() -> String {
    Create::signature()
}

pub(crate) fn created_topic() -> B256 {
    keccak256(created_signature())
}

/// What all rounds of a task pay, which its sponsor puts there: as the factory's `poolOf`.
pub fn pool_of(terms: &Terms) -> U256 {
    let money = &terms.money;
    let validators = U256::from(money.validatorFee).saturating_mul(U256::from(terms.validators));
    let each = U256::from(money.reward).saturating_add(U256::from(money.fee)).saturating_add(validators);
    each.saturating_mul(U256::from(terms.size.rounds))
}

/// A task that was created.
#[derive(Debug, Clone)]
pub struct Created {
    /// Where it is.
    pub task: Address,
    /// What was sent.
    pub sent: Vec<Sent>,
}

impl TaskClient {
    /// Creates a task with a factory, and lets that take the pool first. `prefix` and `points` are the commitment to the initial
    /// version's weights, `salt` tells the sponsor's tasks apart.
    pub async fn create(
        sender: &Sender,
        factory: Address,
        terms: &Terms,
        salt: B256,
        prefix: Bytes,
        points: Bytes,
    ) -> Result<Created, TaskError> {
        let pool = pool_of(terms);
        let block = sender.ledger().newest_final().await?;
        let token = FederatedTasks::tokenCall {};
        let token = crate::registry::ask(sender.ledger(), &block, "token", factory, token).await?;
        let mut sent = Vec::new();
        sent.extend(allow(sender, token, factory, pool).await?);
        let call = Create { terms: terms.clone(), salt, prefix, points };
        let made = sender.call_encoded("create a task", factory, call.encode()).await?;
        let (tx, event) = (made.tx, "TaskCreated");
        let mut logs = made.receipt.logs().iter().filter(|log| log.address() == factory);
        let task = logs.find_map(|log| match log.topics() {
            [name, task, _, _] if *name == created_topic() => Some(Address::from_word(*task)),
            _ => None,
        });
        let task = task.ok_or(SendError::NoEvent { tx, event, contract: factory })?;
        sent.push(made);
        Ok(Created { task, sent })
    }

    /// Joins with the stake, which the task is let take first; takes part from the next round on.
    pub async fn join(&self, sender: &Sender, evidence: Bytes) -> Result<Vec<Sent>, TaskError> {
        let stake = U256::from(self.terms().money.stake);
        self.paying(sender, "join the task", stake, &FederatedTask::joinCall { evidence }).await
    }

    /// Joins as validator.
    pub async fn join_as_validator(&self, sender: &Sender, evidence: Bytes) -> Result<Vec<Sent>, TaskError> {
        let stake = U256::from(self.terms().money.validatorStake);
        let call = FederatedTask::joinAsValidatorCall { evidence };
        self.paying(sender, "join the task as validator", stake, &call).await
    }

    /// Leaves with the stake, unless the present round binds it.
    pub async fn quit(&self, sender: &Sender) -> Result<Sent, TaskError> {
        self.send(sender, "leave the task", &FederatedTask::quitCall {}).await
    }

    /// Says with which key packages are sealed for the sender, and where it takes them.
    pub async fn announce(&self, sender: &Sender, key: B256, endpoint: &str) -> Result<Sent, TaskError> {
        let call = FederatedTask::announceCall { key, endpoint: endpoint.to_owned() };
        self.send(sender, "announce key and endpoint", &call).await
    }

    /// Takes money out of the task.
    pub async fn withdraw(&self, sender: &Sender, to: Address, amount: U256) -> Result<Sent, TaskError> {
        self.send(sender, "withdraw from the task", &FederatedTask::withdrawCall { to, amount }).await
    }

    /// Opens the next round.
    pub async fn open_round(&self, sender: &Sender) -> Result<Sent, TaskError> {
        self.send(sender, "open a round", &FederatedTask::openCall {}).await
    }

    /// Draws the participants.
    pub async fn draw(&self, sender: &Sender) -> Result<Sent, TaskError> {
        self.send(sender, "draw participants", &FederatedTask::drawCall {}).await
    }

    /// Begins the next phase, or ends the round that nobody goes on with.
    pub async fn advance(&self, sender: &Sender) -> Result<Sent, TaskError> {
        self.send(sender, "begin the next phase", &FederatedTask::advanceCall {}).await
    }

    /// Commits.
    pub async fn commit(&self, sender: &Sender, digest: B256) -> Result<Sent, TaskError> {
        self.send(sender, "commit to an update", &FederatedTask::commitCall { digest }).await
    }

    /// Carries signed commits.
    pub async fn commit_signed(
        &self,
        sender: &Sender,
        commits: Vec<SignedCommit>,
    ) -> Result<Sent, TaskError> {
        self.send(sender, "carry commits", &FederatedTask::commitSignedCall { commits }).await
    }

    /// Carries reveals.
    pub async fn reveal(&self, sender: &Sender, reveals: Vec<Reveal>) -> Result<Sent, TaskError> {
        self.send(sender, "reveal updates", &FederatedTask::revealCall { reveals }).await
    }

    /// Makes the new model.
    pub async fn aggregate(&self, sender: &Sender, aggregation: Aggregation) -> Result<Sent, TaskError> {
        self.send(sender, "aggregate the round", &FederatedTask::aggregateCall { aggregation }).await
    }

    /// Commits to scores.
    pub async fn commit_scores(&self, sender: &Sender, digest: B256) -> Result<Sent, TaskError> {
        self.send(sender, "commit to scores", &FederatedTask::commitScoresCall { digest }).await
    }

    /// Reveals scores.
    pub async fn disclose_scores(
        &self,
        sender: &Sender,
        outcome: Outcome,
        scores: Vec<u32>,
        salt: B256,
    ) -> Result<Sent, TaskError> {
        let call = FederatedTask::discloseScoresCall { outcome, scores, salt };
        self.send(sender, "reveal scores", &call).await
    }

    /// Has it computed what the outcome's updates are worth.
    pub async fn rate(&self, sender: &Sender, outcome: Outcome, matrix: Bytes) -> Result<Sent, TaskError> {
        self.send(sender, "rate the updates", &FederatedTask::rateCall { outcome, matrix }).await
    }

    /// Ends the round and pays, once the updates are rated.
    pub async fn settle(
        &self,
        sender: &Sender,
        outcome: Outcome,
        qualities: Vec<U256>,
        scored: Vec<Scores>,
    ) -> Result<Sent, TaskError> {
        self.send(sender, "pay the round", &FederatedTask::settleCall { outcome, qualities, scored }).await
    }

    /// What a transaction of [`Self::settle`] paid each of the outcome's accounts.
    pub fn payments(&self, sent: &Sent) -> Result<Vec<U256>, TaskError> {
        let own = sent.receipt.logs().iter().filter(|log| log.address() == self.id().task);
        let mut paid = own.filter_map(|log| match Event::decode(log.topics(), &log.data().data) {
            Ok(Event::Settled { payments, .. }) => Some(payments),
            _ => None,
        });
        let (tx, event, contract) = (sent.tx, "Settled", self.id().task);
        Ok(paid.next().ok_or(SendError::NoEvent { tx, event, contract })?)
    }

    /// Strikes who did not commit, or not reveal.
    pub async fn strike(&self, sender: &Sender, accounts: Vec<Address>) -> Result<Sent, TaskError> {
        self.send(sender, "strike who was silent", &FederatedTask::strikeCall { accounts }).await
    }

    /// Challenges with the bond, which the task is let take first.
    pub async fn challenge(
        &self,
        sender: &Sender,
        account: Address,
        contested: Contested,
    ) -> Result<Vec<Sent>, TaskError> {
        let call = FederatedTask::challengeCall { account, contested: contested.code() };
        let action = match contested {
            Contested::Proof => "challenge a proof",
            Contested::Update => "challenge an update",
            Contested::Model => "challenge the model",
            Contested::Cumulative => "challenge a cumulative update",
        };
        self.paying(sender, action, U256::from(self.terms().money.bond), &call).await
    }

    /// Answers a challenge of a proof with its bytes.
    pub async fn answer_proof(&self, sender: &Sender, evidence: Evidence) -> Result<Sent, TaskError> {
        self.send(sender, "answer a challenge", &FederatedTask::answerProofCall { evidence }).await
    }

    /// Says in which pieces integers will be posted.
    pub async fn begin_answer(
        &self,
        sender: &Sender,
        account: Address,
        contested: Contested,
        posting: Posting,
    ) -> Result<Sent, TaskError> {
        let call = FederatedTask::beginAnswerCall { account, contested: contested.code(), posting };
        self.send(sender, "begin to post integers", &call).await
    }

    /// Posts one piece of them.
    pub async fn post_piece(
        &self,
        sender: &Sender,
        account: Address,
        contested: Contested,
        posting: Posting,
        index: usize,
        cells: Bytes,
    ) -> Result<Sent, TaskError> {
        let (contested, index) = (contested.code(), U256::from(index));
        let call = FederatedTask::postPieceCall { account, contested, posting, index, cells };
        self.send(sender, "post integers", &call).await
    }

    /// Opens every chunk, once all pieces are there; takes the bond.
    pub async fn end_answer(
        &self,
        sender: &Sender,
        account: Address,
        contested: Contested,
        posting: Posting,
        openings: Openings,
    ) -> Result<Sent, TaskError> {
        let (contested, Openings { points, rest, quotients }) = (contested.code(), openings);
        let call = FederatedTask::endAnswerCall { account, contested, posting, points, rest, quotients };
        self.send(sender, "open what was posted", &call).await
    }

    /// Ends a challenge that was not answered.
    pub async fn lapse(
        &self,
        sender: &Sender,
        round: u16,
        account: Address,
        contested: Contested,
    ) -> Result<Sent, TaskError> {
        let call = FederatedTask::lapseCall { round, account, contested: contested.code() };
        self.send(sender, "end a challenge that was not answered", &call).await
    }

    /// Has a revealed proof that fails slashed.
    pub async fn accuse(&self, sender: &Sender, evidence: Evidence) -> Result<Sent, TaskError> {
        self.send(sender, "accuse of a proof that fails", &FederatedTask::accuseCall { evidence }).await
    }

    /// Has two signed commits of one account slashed.
    pub async fn equivocated(
        &self,
        sender: &Sender,
        one: SignedCommit,
        other: SignedCommit,
    ) -> Result<Sent, TaskError> {
        let call = FederatedTask::equivocatedCall { one, other };
        self.send(sender, "show two commits of one account", &call).await
    }

    /// Says which registered version the final model is.
    pub async fn finish(
        &self,
        sender: &Sender,
        version: B256,
        prefix: Bytes,
        points: Bytes,
    ) -> Result<Sent, TaskError> {
        let call = FederatedTask::finishCall { version, prefix, points };
        self.send(sender, "finish the task", &call).await
    }

    /// The token that everything is paid in.
    pub async fn token(&self) -> Result<Address, TaskError> {
        let block = self.ledger().newest_final().await?;
        Ok(self.read(&block, "token", FederatedTask::tokenCall {}).await?)
    }

    async fn send<C: SolCall>(
        &self,
        sender: &Sender,
        action: &'static str,
        call: &C,
    ) -> Result<Sent, TaskError> {
        Ok(sender.call_on(self.id().chain_id, action, self.id().task, call).await?)
    }

    async fn paying<C: SolCall>(
        &self,
        sender: &Sender,
        action: &'static str,
        amount: U256,
        call: &C,
    ) -> Result<Vec<Sent>, TaskError> {
        let token = self.token().await?;
        let mut sent: Vec<_> = allow(sender, token, self.id().task, amount).await?.into_iter().collect();
        sent.push(self.send(sender, action, call).await?);
        Ok(sent)
    }
}

/// Lets `spender` take `amount` of the sender's, if it may not yet and the sender has so much.
async fn allow(
    sender: &Sender,
    token: Address,
    spender: Address,
    needed: U256,
) -> Result<Option<Sent>, TaskError> {
    let account = sender.address();
    let block = sender.ledger().newest_final().await?;
    let wallet = DevelopmentToken::balanceOfCall { account };
    let got = crate::registry::ask(sender.ledger(), &block, "balanceOf", token, wallet).await?;
    if got < needed {
        return Err(TaskError::Money { account, token, needed, got });
    }
    let call = DevelopmentToken::allowanceCall { owner: account, spender };
    let allowed = crate::registry::ask(sender.ledger(), &block, "allowance", token, call).await?;
    if allowed >= needed {
        return Ok(None);
    }
    let call = DevelopmentToken::approveCall { spender, value: needed };
    Ok(Some(sender.call("let the task take what it needs", token, &call).await?))
}
