//! The client of a claims pool, and its deployment, on the embedded chain: what it does, and what is refused, each in its own
//! words and before anything is paid for.

#[path = "settlement/world.rs"]
#[allow(dead_code, reason = "shared with the tests of settlement")]
mod world;

use alloy::primitives::{Address, B256, U256, aliases::U40, keccak256};
use averment_ledger::{
    claims::{Authorised, Batch, ClaimsClient, ClaimsError, FilingError, FilingFile, Policy, Stage},
    contracts::{
        AccessManager,
        ClaimsPool::{self, ClaimsPoolErrors as Pool},
        DeployError, DeploymentFault, GovernanceError,
        InferenceRouter::InferenceRouterErrors as Router,
        MIN_DELAY,
        ModelRegistry::ModelRegistryErrors as Registry,
        PoolContracts, PoolGovernance, PoolTerms, Refusal, SendError, Sender, Sent,
    },
    keys::AccountKey,
    settlement::{Mode, Phase, SettlementError},
};
use averment_primitives::Bytes;
use std::fmt::Debug;
use world::{BOND, DEADLINE, MONEY, WINDOW, Who, World, proof};

const CADENCE: u64 = 3_600;
const FILING: u64 = 900;
const PATIENCE: u64 = 10_000;
const APPEAL: u64 = 5_000;
const REVIEW: u64 = 6_000;
const TERM: u64 = 100_000;
const PREMIUM: u128 = 20;
const PAYOUT: u128 = 100;
const FEE: u128 = 10;

/// A pool on the world's chain: its owner insures, its registrar is the intake, its reviewer reviews, its requester buys.
struct Insurance {
    world: World,
    claims: ClaimsClient,
}

fn terms(world: &World) -> PoolTerms {
    PoolTerms {
        router: world.client.contracts().router.address,
        token: world.client.contracts().token,
        cadence: CADENCE as u32,
        filing: FILING as u32,
        patience: PATIENCE as u32,
        appeal: APPEAL as u32,
        review: REVIEW as u32,
        uptime: Address::ZERO,
        grace: 0,
    }
}

fn governance(world: &World, delay: u32) -> PoolGovernance {
    PoolGovernance {
        insurer: world.address(Who::Owner),
        reviewer: world.address(Who::Reviewer),
        pauser: world.address(Who::Owner),
        upgrader: world.address(Who::Prover),
        canceller: world.address(Who::Challenger),
        delay,
    }
}

impl Insurance {
    /// With capital for nine policies, an intake, and a product for each of proofs (1) and bonded answers (2).
    async fn new(delay: u32) -> Self {
        let world = World::new().await;
        let owner = world.by(Who::Owner);
        let (record, _) =
            PoolContracts::deploy(&owner, &terms(&world), &governance(&world, delay)).await.unwrap();
        let claims = ClaimsClient::open(&world.ledger, &record).await.unwrap();
        world.client.mint(&owner, U256::from(MONEY)).await.unwrap();
        claims.add_capital(&owner, 1_000).await.unwrap();
        claims.fund_router(&owner, 200).await.unwrap();
        claims.set_intake(&owner, world.address(Who::Registrar), true).await.unwrap();
        let insurance = Self { world, claims };
        for (mode, expected) in [(Mode::Proof, 1), (Mode::Optimistic, 2)] {
            let routine = insurance.claims.add_routine(&owner, insurance.routine(mode)).await.unwrap().0;
            let product = insurance.claims.add_product(&owner, product(routine)).await.unwrap().0;
            assert_eq!((routine, product), (expected, expected));
        }
        insurance
    }

    fn routine(&self, mode: Mode) -> ClaimsPool::Routine {
        ClaimsPool::Routine {
            version: self.world.version.0,
            offer: self.world.offer_id,
            least: 5,
            most: 9,
            output: 0,
            outputs: 1,
            batch: 1,
            mode: mode.code(),
            personal: false,
            proofAbove: u128::MAX,
            fee: FEE,
            answerSeconds: DEADLINE as u32,
            window: WINDOW as u32,
        }
    }

    fn broker(&self) -> Sender {
        self.world.by(Who::Requester)
    }

    /// A policy of the development account with this number.
    async fn policy(&self, product: u16, holder: usize) -> Policy {
        let holder = self.world.keys[holder].address();
        let salt = keccak256(U256::from(self.world.now().await).to_be_bytes::<32>());
        self.claims.buy(&self.broker(), product, holder, salt).await.unwrap().0
    }

    /// What the intake signs about evidence, which the model answers with its last digit.
    async fn signed(&self, policy: B256, evidence: u64) -> ClaimsPool::Filing {
        let now = self.world.now().await;
        self.signed_as(Who::Registrar, intake(policy, evidence, now, now + DEADLINE))
    }

    fn signed_as(&self, who: Who, intake: ClaimsPool::Intake) -> ClaimsPool::Filing {
        self.claims.sign_intake(&self.world.keys[who as usize], intake).unwrap()
    }

    async fn next_period(&self) {
        self.world.pass(CADENCE - self.world.now().await % CADENCE).await;
    }

    /// A claim that waits, of a new policy.
    async fn filed(&self, product: u16, holder: usize, evidence: u64) -> ClaimsPool::Claim {
        let policy = self.policy(product, holder).await;
        self.next_period().await;
        let filing = self.signed(policy.id, evidence).await;
        self.claims.file(&self.broker(), vec![filing]).await.unwrap();
        ClaimsPool::Claim { policy: policy.id, evidence: word(evidence) }
    }

    /// The next one in the queue is asked about, in the next period.
    async fn asked(&self, routine: u16) -> Batch {
        self.next_period().await;
        let now = self.world.now().await;
        let ready = self.claims.ready(&self.claims.book().await.unwrap(), routine, now).await.unwrap();
        self.claims.ask(&self.broker(), routine, ready).await.unwrap().0
    }

    /// A proof answers, and the pool decides.
    async fn decided(&self, batch: &Batch) -> i64 {
        let found = self.world.client.find(batch.id).await.unwrap();
        let output = (U256::from_be_bytes(batch.evidence[0].0) % U256::from(10)).to::<i64>();
        self.world.client.prove(&self.world.by(Who::Prover), &found, vec![output], proof()).await.unwrap();
        self.claims.decide(&self.broker(), batch, vec![output]).await.unwrap();
        output
    }

    /// Where a claim stands, by the contract and by its events.
    async fn stage(&self, claim: &ClaimsPool::Claim) -> Stage {
        let asked = self.claims.claim(claim.evidence).await.unwrap().stage;
        let book = self.claims.book().await.unwrap();
        assert_eq!(book.claim(claim.evidence).map_or(Stage::None, |own| own.stage), asked);
        asked
    }

    async fn wallet(&self, account: Address) -> u128 {
        self.world.client.balance(account).await.unwrap().wallet.to()
    }
}

fn product(routine: u16) -> ClaimsPool::Product {
    ClaimsPool::Product {
        premium: PREMIUM,
        payout: PAYOUT,
        term: TERM as u32,
        filing: FILING as u32,
        routine,
    }
}

fn word(evidence: u64) -> B256 {
    B256::from(U256::from(evidence))
}

fn intake(policy: B256, evidence: u64, happened: u64, expiry: u64) -> ClaimsPool::Intake {
    let (happened, expiry) = (U40::from(happened), U40::from(expiry));
    ClaimsPool::Intake { policy, evidence: word(evidence), happenedAt: happened, expiry }
}

/// Why nothing was sent.
#[track_caller]
fn refusal<T: Debug, E: Into<Why>>(result: Result<T, E>) -> Refusal {
    match result.map_err(Into::into) {
        Err(Why(SendError::Refused { refusal, .. })) => *refusal,
        other => panic!("expected a refusal: {other:?}"),
    }
}

/// What went wrong in sending, whoever says it.
#[derive(Debug)]
struct Why(SendError);

impl From<SendError> for Why {
    fn from(error: SendError) -> Self {
        Self(error)
    }
}

impl From<ClaimsError> for Why {
    fn from(error: ClaimsError) -> Self {
        match error {
            ClaimsError::Send(error) => Self(*error),
            other => panic!("expected a refusal: {other:?}"),
        }
    }
}

impl From<SettlementError> for Why {
    fn from(error: SettlementError) -> Self {
        match error {
            SettlementError::Send(error) => Self(*error),
            other => panic!("expected a refusal: {other:?}"),
        }
    }
}

macro_rules! refuses {
    ($of:ident :: $error:ident, $result:expr) => {
        refuses!($of::$error(_), $result)
    };
    ($pattern:pat, $result:expr) => {{
        let refusal = refusal($result);
        assert!(
            match &refusal {
                Refusal::Pool(error) => matches!(error, $pattern),
                _ => false,
            },
            "{refusal:?}: {refusal}"
        );
    }};
}

#[tokio::test]
async fn a_claim_is_paid_and_one_is_appealed_and_the_book_says_so() {
    let own = Insurance::new(0).await;
    let (claims, broker) = (&own.claims, own.broker());
    let accepted = own.filed(1, 5, 17).await;
    assert_eq!(own.stage(&accepted).await, Stage::Filed);
    assert_eq!(claims.queue(1).await.unwrap(), (0, 1));
    let batch = own.asked(1).await;
    assert_eq!((batch.evidence.clone(), batch.asked.inputs), (vec![word(17)], word(17)));
    assert_eq!(own.decided(&batch).await, 7);
    assert_eq!(own.stage(&accepted).await, Stage::Accepted);
    let holder = own.world.keys[5].address();
    let before = own.wallet(holder).await;
    claims.pay(&broker, vec![accepted.clone()]).await.unwrap();
    assert_eq!((own.stage(&accepted).await, own.wallet(holder).await - before), (Stage::Paid, PAYOUT));

    let rejected = own.filed(1, 6, 23).await;
    let batch = own.asked(1).await;
    assert_eq!(own.decided(&batch).await, 3);
    assert_eq!(own.stage(&rejected).await, Stage::Rejected);
    claims.appeal(&broker, &own.world.keys[6], rejected.clone()).await.unwrap();
    assert_eq!(own.stage(&rejected).await, Stage::InReview);
    let reviewer = own.world.by(Who::Reviewer);
    claims.review(&reviewer, rejected.clone(), true, keccak256("why")).await.unwrap();
    let to = Address::repeat_byte(9);
    claims.withdraw(&own.world.by_key(6), rejected.clone(), to).await.unwrap();
    assert_eq!((own.stage(&rejected).await, own.wallet(to).await), (Stage::Paid, PAYOUT));

    let book = claims.book().await.unwrap();
    let paid: Vec<_> = book.claims.iter().map(|own| (own.output, own.paid)).collect();
    assert_eq!(paid, [(Some(7), Some((holder, PAYOUT))), (Some(3), Some((to, PAYOUT)))]);
    assert_eq!(book.claims[1].review, Some((own.world.address(Who::Reviewer), keccak256("why"))));
    assert_eq!(book.claims[1].request, Some(batch.id));
    assert_eq!((book.batches.len(), book.policies.len(), book.products.len()), (2, 2, 2));
    assert!(book.intakes.contains(&own.world.address(Who::Registrar)));
    // Premiums came in, payouts and fees went out.
    let (free, reserved) = claims.capital().await.unwrap();
    assert_eq!((free.to::<u128>(), reserved.to::<u128>()), (1_000 - 200 + 2 * PREMIUM - 2 * PAYOUT, 0));
    let fees = own.world.client.balance(claims.address()).await.unwrap().router;
    assert_eq!(fees.to::<u128>(), 200 - 2 * FEE);
}

#[tokio::test]
async fn silence_denies_nobody_and_nothing_waits_for_ever() {
    let own = Insurance::new(0).await;
    let (claims, broker) = (&own.claims, own.broker());
    // Nobody asks, nobody reviews: accepted.
    let forgotten = own.filed(1, 5, 11).await;
    refuses!(Pool::TooEarly, claims.unasked(&broker, vec![forgotten.evidence]).await.map_err(router_words));
    own.world.pass(PATIENCE).await;
    claims.unasked(&broker, vec![forgotten.evidence]).await.unwrap();
    assert_eq!(own.stage(&forgotten).await, Stage::InReview);
    own.world.pass(REVIEW + 2).await;
    claims.unreviewed(&broker, vec![forgotten.evidence]).await.unwrap();
    assert_eq!(own.stage(&forgotten).await, Stage::Accepted);

    // Nobody answers: before the reviewer, the fee comes back; denied, so that the policy may have another claim.
    let unanswered = own.filed(1, 6, 12).await;
    let batch = own.asked(1).await;
    refuses!(Pool::NotUnanswered, claims.unanswered(&broker, &batch).await);
    own.world.pass(DEADLINE + 2).await;
    let found = own.world.client.find(batch.id).await.unwrap();
    own.world.client.refund(&broker, &found).await.unwrap();
    assert_eq!(own.world.client.find(batch.id).await.unwrap().standing.phase, Phase::Refunded);
    claims.unanswered(&broker, &batch).await.unwrap();
    assert_eq!(own.stage(&unanswered).await, Stage::InReview);
    let reviewer = own.world.by(Who::Reviewer);
    claims.review(&reviewer, unanswered.clone(), false, keccak256("why not")).await.unwrap();
    assert_eq!(own.stage(&unanswered).await, Stage::Denied);

    // Nobody appeals: closed. Then the policies are over, and what was reserved is free.
    let rejected = own.filed(1, 7, 13).await;
    let batch = own.asked(1).await;
    own.decided(&batch).await;
    own.world.pass(APPEAL + 2).await;
    claims.unappealed(&broker, vec![rejected.clone()]).await.unwrap();
    assert_eq!(own.stage(&rejected).await, Stage::Denied);
    refuses!(Pool::NotOver, claims.lapse(&broker, vec![rejected.policy]).await);
    own.world.pass(TERM + FILING).await;
    claims.lapse(&broker, vec![rejected.policy, unanswered.policy]).await.unwrap();
    claims.pay(&broker, vec![forgotten.clone()]).await.unwrap();
    assert_eq!(claims.capital().await.unwrap().1, U256::ZERO);
    assert!(claims.book().await.unwrap().policies[&rejected.policy].lapsed);
}

/// The router and the pool have errors of one name and type, which the router's words are taken for.
fn router_words(error: SendError) -> SendError {
    let SendError::Refused { action, refusal } = error else { return error };
    let refusal = match *refusal {
        Refusal::Router(Router::TooEarly(e)) => {
            Refusal::Pool(Pool::TooEarly(ClaimsPool::TooEarly { evidence: e.id, until: e.until }))
        }
        Refusal::Router(Router::TooLate(e)) => {
            Refusal::Pool(Pool::TooLate(ClaimsPool::TooLate { evidence: e.id, until: e.until }))
        }
        other => other,
    };
    SendError::Refused { action, refusal: Box::new(refusal) }
}

#[tokio::test]
async fn claims_that_are_replayed_forged_duplicated_or_stale_are_refused() {
    let own = Insurance::new(0).await;
    let (claims, broker) = (&own.claims, own.broker());
    let file = async |filing: &ClaimsPool::Filing| claims.file(&broker, vec![filing.clone()]).await;
    let policy = own.policy(1, 5).await.id;
    let from = own.world.now().await;
    let policy_of_another = own.policy(1, 6).await.id;
    own.next_period().await;
    let good = own.signed(policy, 17).await;
    let now = own.world.now().await;

    // Forged: by nobody accredited, with another's signature, about another policy.
    let other = own.signed_as(Who::Requester, good.intake.clone());
    refuses!(Pool::NotAccredited, file(&other).await);
    let forged = ClaimsPool::Filing { signer: good.signer, ..other };
    let signature = refusal(file(&forged).await);
    assert!(matches!(signature, Refusal::Registry(Registry::InvalidSignature(_))), "{signature:?}");
    let mut moved = good.clone();
    moved.intake.policy = policy_of_another;
    let signature = refusal(file(&moved).await);
    assert!(matches!(signature, Refusal::Registry(Registry::InvalidSignature(_))), "{signature:?}");
    let long = ClaimsPool::Filing { signature: Bytes::from(vec![1; 40_000]), ..good.clone() };
    let long = refusal(file(&long).await);
    assert!(long.to_string().contains("32768"), "{long:?}");

    // Signed for another pool.
    let (owner, rules) = (own.world.by(Who::Owner), governance(&own.world, 0));
    let twin = PoolContracts::deploy(&owner, &terms(&own.world), &rules).await.unwrap().0;
    let twin = ClaimsClient::open(&own.world.ledger, &twin).await.unwrap();
    let elsewhere = twin.sign_intake(&own.world.keys[Who::Registrar as usize], good.intake.clone()).unwrap();
    let signature = refusal(file(&elsewhere).await);
    assert!(matches!(signature, Refusal::Registry(Registry::InvalidSignature(_))), "{signature:?}");
    let carried = FilingFile::new(&twin, &elsewhere);
    assert!(matches!(carried.filing(claims), Err(FilingError::Pool { .. })));
    let mut carried = FilingFile::new(claims, &good);
    carried.chain_id = 1;
    assert!(matches!(carried.filing(claims), Err(FilingError::Chain { expected: 31_337, got: 1 })));
    let mut carried = FilingFile::new(claims, &good);
    carried.happened_at = 1 << 40;
    assert!(matches!(carried.filing(claims), Err(FilingError::Time { field: "happenedAt", .. })));
    let carried = FilingFile::new(claims, &good);
    let carried = FilingFile::decode(&carried.encode().unwrap()).unwrap();
    assert_eq!(carried.filing(claims).unwrap(), good);
    let unknown = String::from_utf8(carried.encode().unwrap()).unwrap().replace("filing/1", "filing/2");
    assert!(matches!(FilingFile::decode(unknown.as_bytes()), Err(FilingError::Form(_))));

    // Stale, and of what is not insured.
    let stale = own.signed_as(Who::Registrar, intake(policy, 17, now, now - 1));
    refuses!(Pool::Stale, file(&stale).await);
    for happened in [from - CADENCE, now + CADENCE] {
        let outside = own.signed_as(Who::Registrar, intake(policy, 17, happened, now + DEADLINE));
        refuses!(Pool::NotInForce, file(&outside).await);
    }
    let unsold = own.signed(keccak256("no policy"), 17).await;
    refuses!(Pool::WrongState, file(&unsold).await);

    // Once: neither again, nor in the same transaction, nor with other evidence, nor for another policy.
    let twice = own.signed(policy, 18).await;
    refuses!(Pool::WrongState, claims.file(&broker, vec![good.clone(), twice.clone()]).await);
    file(&good).await.unwrap();
    refuses!(Pool::EvidenceUsed, file(&good).await);
    refuses!(Pool::WrongState, file(&twice).await);
    let again = own.signed(policy_of_another, 17).await;
    refuses!(Pool::EvidenceUsed, file(&again).await);

    // Only at the beginning of a period, and only what an intake signed that is accredited still.
    let late = own.signed(policy_of_another, 19).await;
    own.world.pass(FILING + 1).await;
    refuses!(Pool::FilingClosed, file(&late).await);
    own.next_period().await;
    claims.set_intake(&own.world.by(Who::Owner), own.world.address(Who::Registrar), false).await.unwrap();
    assert!(!claims.is_accredited(own.world.address(Who::Registrar)).await.unwrap());
    refuses!(Pool::NotAccredited, file(&late).await);
}

#[tokio::test]
async fn a_version_that_is_not_authorised_retired_or_revoked_decides_nothing() {
    let own = Insurance::new(0).await;
    let (claims, owner) = (&own.claims, own.world.by(Who::Owner));
    own.filed(1, 5, 17).await;
    own.next_period().await;
    let ask = async || claims.ask(&own.broker(), 1, vec![word(17)]).await;
    let authorise = async |version: B256, offer: B256| {
        let now = own.world.now().await;
        assert!(matches!(
            claims.authorise(&owner, 1, version, offer, now).await.unwrap(),
            Authorised::Now(_)
        ));
    };
    authorise(B256::ZERO, B256::ZERO).await;
    refuses!(Pool::NoVersion, ask().await);
    authorise(keccak256("another version"), own.world.offer_id).await;
    assert!(matches!(refusal(ask().await), Refusal::Router(Router::OfferNotOpen(_))));
    authorise(own.world.version.0, own.world.offer_id).await;
    own.world.registry.retire(&owner, own.world.version, "replaced").await.unwrap();
    assert!(matches!(refusal(ask().await), Refusal::Router(Router::NotDeployed(e)) if e.got == 4));
    own.world.registry.revoke(&owner, own.world.version, "wrong").await.unwrap();
    assert!(matches!(refusal(ask().await), Refusal::Router(Router::NotDeployed(e)) if e.got == 5));
}

#[tokio::test]
async fn a_version_that_is_revoked_while_it_is_asked_brings_claims_before_the_reviewer() {
    let own = Insurance::new(0).await;
    let claim = own.filed(2, 5, 17).await;
    let batch = own.asked(2).await;
    let found = own.world.client.find(batch.id).await.unwrap();
    assert_eq!((found.asked.bond, found.asked.valueAtRisk), (PAYOUT, PAYOUT));
    own.world.client.answer(&own.world.by(Who::Answerer), &found, vec![7]).await.unwrap();
    own.world.registry.revoke(&own.world.by(Who::Owner), own.world.version, "wrong").await.unwrap();
    own.world.pass(WINDOW + 2).await;
    let found = own.world.again(&found).await;
    let finalised = own.world.client.finalise(&own.broker(), &found).await;
    world::refused(finalised, "revoked");
    own.world.client.refund(&own.broker(), &found).await.unwrap();
    own.claims.unanswered(&own.broker(), &batch).await.unwrap();
    assert_eq!(own.stage(&claim).await, Stage::InReview);
}

#[tokio::test]
async fn claims_are_asked_about_all_together_once_and_decided_by_their_final_answer() {
    let own = Insurance::new(0).await;
    let (claims, broker) = (&own.claims, own.broker());
    let owner = own.world.by(Who::Owner);
    let pairs = ClaimsPool::Routine { batch: 2, ..own.routine(Mode::Optimistic) };
    let routine = claims.add_routine(&owner, pairs).await.unwrap().0;
    let sold = claims.add_product(&owner, product(routine)).await.unwrap().0;
    let policies = [own.policy(sold, 5).await.id, own.policy(sold, 6).await.id];
    let elsewhere = own.policy(1, 7).await.id;
    own.next_period().await;
    let mut filings = Vec::new();
    for (policy, evidence) in policies.into_iter().chain([elsewhere]).zip([17, 23, 31]) {
        filings.push(own.signed(policy, evidence).await);
    }
    claims.file(&broker, filings).await.unwrap();
    let both = vec![word(17), word(23)];
    refuses!(Pool::BatchSize, claims.ask(&broker, routine, both.clone()).await);
    own.next_period().await;
    refuses!(Pool::BatchSize, claims.ask(&broker, routine, vec![word(17)]).await);
    refuses!(Pool::OtherRoutine, claims.ask(&broker, routine, vec![word(17), word(31)]).await);
    refuses!(Pool::WrongStage, claims.ask(&broker, routine, vec![word(17), word(17)]).await);
    refuses!(Pool::UnknownRoutine, claims.ask(&broker, 9, both.clone()).await);
    let batch = claims.ask(&broker, routine, both.clone()).await.unwrap().0;
    assert_eq!((batch.asked.items, batch.asked.valueAtRisk, batch.asked.fee), (2, 2 * PAYOUT, 2 * FEE));
    refuses!(Pool::BatchSize, claims.ask(&broker, routine, both.clone()).await);

    refuses!(Pool::NotFinal, claims.decide(&broker, &batch, vec![7, 3]).await);
    let found = own.world.client.find(batch.id).await.unwrap();
    assert!(found.asked.bond < BOND);
    own.world.client.answer(&own.world.by(Who::Answerer), &found, vec![7, 3]).await.unwrap();
    own.world.pass(WINDOW + 2).await;
    let found = own.world.again(&found).await;
    own.world.client.finalise(&broker, &found).await.unwrap();
    refuses!(Pool::NotFinal, claims.decide(&broker, &batch, vec![7, 7]).await);
    let turned = Batch { evidence: vec![word(23), word(17)], ..batch.clone() };
    refuses!(Pool::OtherClaims, claims.decide(&broker, &turned, vec![7, 3]).await);
    claims.decide(&broker, &batch, vec![7, 3]).await.unwrap();
    refuses!(Pool::WrongStage, claims.decide(&broker, &batch, vec![7, 3]).await);

    // Who may do what with the claims.
    let claim = |policy, evidence| ClaimsPool::Claim { policy, evidence: word(evidence) };
    let (accepted, rejected) = (claim(policies[0], 17), claim(policies[1], 23));
    refuses!(Pool::WrongStage, claims.appeal(&broker, &own.world.keys[5], accepted.clone()).await);
    refuses!(Pool::OtherPolicy, claims.pay(&broker, vec![claim(policies[1], 17)]).await);
    refuses!(Pool::WrongStage, claims.pay(&broker, vec![rejected.clone()]).await);
    let to = Address::repeat_byte(9);
    refuses!(Pool::NotHolder, claims.withdraw(&broker, accepted.clone(), to).await);
    let anothers: &AccountKey = &own.world.keys[5];
    let signature = refusal(claims.appeal(&broker, anothers, rejected.clone()).await);
    assert!(matches!(signature, Refusal::Registry(Registry::InvalidSignature(_))), "{signature:?}");
    let review = claims.review(&own.world.by(Who::Reviewer), rejected.clone(), true, B256::ZERO).await;
    refuses!(Pool::WrongStage, review);
    claims.appeal(&broker, &own.world.keys[6], rejected.clone()).await.unwrap();
    let review = refusal(claims.review(&broker, rejected.clone(), true, B256::ZERO).await);
    assert!(matches!(review, Refusal::Registry(Registry::AccessManagedUnauthorized(_))), "{review:?}");
    claims.pay(&broker, vec![accepted.clone()]).await.unwrap();
    refuses!(Pool::WrongStage, claims.pay(&broker, vec![accepted]).await);
}

#[tokio::test]
async fn sales_and_capital_are_checked_before_anything_is_paid() {
    let own = Insurance::new(0).await;
    let (claims, broker, owner) = (&own.claims, own.broker(), own.world.by(Who::Owner));
    let buy = async |product, salt: u8| {
        claims.buy(&broker, product, Address::repeat_byte(7), B256::repeat_byte(salt)).await
    };
    refuses!(Pool::NotSold, buy(9, 1).await);
    let sent = buy(1, 1).await.unwrap().1;
    assert_eq!(sent.len(), 2, "the premium is allowed, and paid");
    refuses!(Pool::PolicyExists, buy(1, 1).await);
    claims.set_sale(&owner, 1, false).await.unwrap();
    refuses!(Pool::NotSold, buy(1, 2).await);
    refuses!(Pool::UnknownProduct, claims.set_sale(&owner, 9, true).await);
    let free: u128 = claims.capital().await.unwrap().0.to();
    refuses!(Pool::NotCovered, claims.take_capital(&owner, Address::repeat_byte(7), free + 1).await);
    claims.take_capital(&owner, Address::repeat_byte(7), free).await.unwrap();
    refuses!(Pool::NotCovered, buy(2, 3).await);
    let poor = own.world.by(Who::Prover);
    let error = claims.add_capital(&poor, 10).await.unwrap_err();
    assert!(
        matches!(error, SettlementError::Money { got, needed, .. } if got.is_zero() && needed == U256::from(10))
    );
    refuses!(
        Pool::BadRoutine,
        claims.add_routine(&owner, ClaimsPool::Routine { batch: 3, ..own.routine(Mode::Proof) }).await
    );
    refuses!(
        Pool::BadProduct,
        claims.add_product(&owner, ClaimsPool::Product { payout: 0, ..product(1) }).await
    );
    refuses!(Pool::UnknownRoutine, claims.add_product(&owner, product(9)).await);
    let stranger = refusal(claims.fund_router(&broker, 1).await);
    assert!(matches!(stranger, Refusal::Registry(Registry::AccessManagedUnauthorized(_))), "{stranger:?}");
    claims.drain_router(&owner, 200).await.unwrap();
    assert!(own.world.client.balance(claims.address()).await.unwrap().router.is_zero());
}

#[tokio::test]
async fn a_governed_pool_lets_versions_and_upgrades_wait_and_its_canceller_stops_them() {
    let own = Insurance::new(MIN_DELAY).await;
    let (claims, owner) = (&own.claims, own.world.by(Who::Owner));
    let authorise = async || {
        let now = own.world.now().await;
        claims.authorise(&owner, 1, B256::ZERO, B256::ZERO, now).await
    };
    let Authorised::Scheduled { from, .. } = authorise().await.unwrap() else { panic!("it waits") };
    assert!(from >= own.world.now().await + u64::from(MIN_DELAY) - 1);
    assert!(matches!(authorise().await, Err(ClaimsError::NotYet { from: at, .. }) if at == from));
    // Before its time the pool itself refuses, too.
    let early = ClaimsPool::authoriseCall { routine: 1, version: B256::ZERO, offer: B256::ZERO };
    let early = refusal(claims.send(&owner, "authorise", &early).await);
    assert!(matches!(early, Refusal::Access(_)), "{early:?}");
    own.world.pass(u64::from(MIN_DELAY) + 1).await;
    assert!(matches!(authorise().await.unwrap(), Authorised::Now(_)));
    assert!(claims.book().await.unwrap().routines[&1].version.is_zero());

    // Scheduled again, and cancelled: then it is scheduled anew.
    assert!(matches!(authorise().await.unwrap(), Authorised::Scheduled { .. }));
    use alloy::sol_types::SolCall;
    let call = ClaimsPool::authoriseCall { routine: 1, version: B256::ZERO, offer: B256::ZERO };
    let cancel = AccessManager::cancelCall {
        caller: owner.address(),
        target: claims.address(),
        data: call.abi_encode().into(),
    };
    let manager = claims.contracts().manager.address;
    own.world.by(Who::Challenger).call("cancel", manager, &cancel).await.unwrap();
    assert!(matches!(authorise().await.unwrap(), Authorised::Scheduled { .. }));

    // The deployer keeps no power over the manager, and the insurer none over the code.
    let grant = AccessManager::grantRoleCall { roleId: 0, account: owner.address(), executionDelay: 0 };
    assert!(matches!(owner.call("grant", manager, &grant).await, Err(SendError::Refused { .. })));
    let upgrade = ClaimsPool::upgradeToAndCallCall { newImplementation: manager, data: Bytes::new() };
    assert!(matches!(claims.send(&owner, "upgrade", &upgrade).await, Err(SendError::Refused { .. })));
}

#[tokio::test]
async fn a_pool_that_would_not_protect_is_not_deployed_and_a_record_that_does_not_fit_is_refused() {
    let world = World::new().await;
    let owner = world.by(Who::Owner);
    let deploy = async |governance: PoolGovernance| -> Result<(PoolContracts, Vec<Sent>), DeployError> {
        PoolContracts::deploy(&owner, &terms(&world), &governance).await
    };
    let good = governance(&world, MIN_DELAY);
    let nonce = owner.next_nonce().await.unwrap();
    for (bad, expected) in [
        (PoolGovernance { reviewer: Address::ZERO, ..good }, GovernanceError::Missing { party: "reviewer" }),
        (
            PoolGovernance { reviewer: good.insurer, ..good },
            GovernanceError::Same { account: good.insurer, one: "insurer", other: "reviewer" },
        ),
        (
            PoolGovernance { canceller: good.upgrader, ..good },
            GovernanceError::Same { account: good.upgrader, one: "upgrader", other: "canceller" },
        ),
        (PoolGovernance { delay: MIN_DELAY - 1, ..good }, GovernanceError::Delay { got: MIN_DELAY - 1 }),
    ] {
        let error = deploy(bad).await.unwrap_err();
        assert!(matches!(&error, DeployError::Governance(got) if *got == expected), "{error:?}");
    }
    assert_eq!(owner.next_nonce().await.unwrap(), nonce, "nothing was sent");
    // Elsewhere there is no pool without a delay.
    assert_eq!(governance(&world, 0).check(1), Err(GovernanceError::Delay { got: 0 }));

    let (record, _) = deploy(good).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.json");
    record.save(&path).unwrap();
    assert_eq!(PoolContracts::load(&path).unwrap(), record);
    assert!(record.save(&path).is_err(), "the only record is not written over");
    let check = async |record: PoolContracts| ClaimsClient::open(&world.ledger, &record).await.map(drop);
    let mut elsewhere = record;
    elsewhere.chain_id = 1;
    assert!(matches!(check(elsewhere).await, Err(DeploymentFault::ChainId { expected: 1, got: 31_337 })));
    let mut reset = record;
    reset.block_hash = B256::ZERO;
    assert!(matches!(check(reset).await, Err(DeploymentFault::OtherChain { .. })));
    let mut changed = record;
    changed.manager.code_hash = B256::ZERO;
    assert!(matches!(
        check(changed).await,
        Err(DeploymentFault::Code { contract: "pool's access manager", .. })
    ));
    let mut upgraded = record;
    upgraded.implementation = record.manager;
    assert!(matches!(check(upgraded).await, Err(DeploymentFault::Implementation { contract: "pool", .. })));
    std::fs::write(&path, "{}").unwrap();
    let unread = PoolContracts::load(&path).unwrap_err().to_string();
    assert!(unread.contains("averment-claims-pool/1"), "{unread}");
}
