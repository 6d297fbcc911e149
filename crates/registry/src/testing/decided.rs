//! A request of the world's subject that a claims pool made, its answer in any mode, and what was paid: as the contracts would
//! have stored and said it.

use super::{
    REGISTRY, account,
    world::{NUMBER, State, World, header_of, trie},
};
use crate::{
    audit::{
        BlockEvidence, ClaimEvidence, DecisionEvidence, PoolEvidence, ProofEvidence, ReceiptEvidence,
        RequestEvidence, StepsEvidence, ToldEvidence,
    },
    settlement::{
        Filing, Intake, Log, Mode, Offer, Quorum, Request, Router, abi::typed, batch_inputs, encode_outputs,
        outputs_digest,
    },
    state::{
        IMPLEMENTATION_SLOT,
        settlement::{
            BLOCK_HASHES, block_hash_slot, claim_slots, offer_slot, product_slots, request_slot, routine_slot,
        },
    },
};
use alloy_primitives::aliases::U40;
use alloy_sol_types::SolEvent;
use averment_primitives::{Address, B256, Bytes, U256, keccak256};
use std::collections::BTreeMap;

pub(crate) const ROUTER: Address = Address::repeat_byte(0x40);
pub(crate) const POOL: Address = Address::repeat_byte(0x50);
pub(crate) const STAKING: Address = Address::repeat_byte(0x60);
const ROUTER_CODE: Address = Address::repeat_byte(0x41);
const POOL_CODE: Address = Address::repeat_byte(0x51);
pub(crate) const PAYOUT: u128 = 50_000_000_000_000_000_000;
pub(crate) const PROVER: Address = Address::repeat_byte(0x70);
pub(crate) const ANSWERER: Address = Address::repeat_byte(0x71);
/// What the tests' checker takes for a proof.
pub(crate) const PROOF: &[u8] = b"a proof";

/// A step: how many blocks before the trusted one, and the logs of one receipt.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) back: u64,
    pub(crate) logs: Vec<Log>,
}

/// A decision, before it is proved.
#[derive(Clone)]
pub(crate) struct Decided {
    pub(crate) chain_id: u64,
    pub(crate) requester: Address,
    pub(crate) offer: Offer,
    pub(crate) request: Request,
    pub(crate) outputs: Vec<i64>,
    /// As the router stores it: phase and outputs.
    pub(crate) stored: (u8, Vec<i64>),
    pub(crate) stages: [u8; 2],
    pub(crate) said: Vec<Said>,
    pub(crate) proof: Option<ProofEvidence>,
    evidence: Vec<B256>,
}

pub(crate) fn policy(n: u8) -> B256 {
    B256::repeat_byte(0xb0 + n)
}

/// Seconds of a block, by how many blocks before the trusted one it is.
fn time_of(time: u64, back: u64) -> u64 {
    time - 12 * back
}

pub(crate) fn log(address: Address, event: &impl SolEvent) -> Log {
    let data = event.encode_log_data();
    Log { address, topics: data.topics().to_vec(), data: data.data.clone() }
}

impl Decided {
    /// Two claims, of which the first is accepted and paid; answered in `mode`.
    pub(crate) fn new(world: &World, mode: Mode) -> Self {
        let evidence = vec![B256::repeat_byte(0xe0), B256::repeat_byte(0xe1)];
        let offer = Offer {
            version: world.subject,
            weights: B256::ZERO,
            plan: B256::ZERO,
            schema: B256::repeat_byte(0x11),
            terms: B256::ZERO,
            verifier: Address::repeat_byte(0x80),
            descriptor: B256::repeat_byte(0x12),
            certificate: B256::repeat_byte(0x13),
            zero_knowledge: true,
            modes: 0b111,
            modes_for_persons: 0b111,
            proof_seconds: 86_400,
            challenge_bond: 1_000,
            quorum: Quorum {
                members: 3,
                threshold: 2,
                commit_seconds: 600,
                reveal_seconds: 600,
                tolerance: 0,
            },
        };
        let request = Request {
            version: world.subject,
            offer: Router { chain_id: REGISTRY.chain_id, address: ROUTER }.offer_id(&offer),
            inputs: batch_inputs(2, &evidence),
            items: 2,
            seed: B256::ZERO,
            salt: B256::ZERO,
            mode,
            personal: true,
            proof_above: u128::MAX,
            value_at_risk: 2 * PAYOUT,
            fee: 200,
            bond: 2 * PAYOUT,
            deadline: 1_900_000_000,
            window: 21_600,
            callback_gas: 0,
            public_inputs: Vec::new(),
        };
        let outputs = vec![7, 2];
        let mut decided = Self {
            chain_id: REGISTRY.chain_id,
            requester: POOL,
            offer,
            request,
            stored: (5, outputs.clone()),
            outputs,
            stages: [4, 5],
            said: Vec::new(),
            proof: None,
            evidence,
        };
        decided.say();
        decided
    }

    pub(crate) fn router(&self) -> Router {
        Router { chain_id: self.chain_id, address: ROUTER }
    }

    pub(crate) fn id(&self) -> B256 {
        self.router().request_id(self.requester, &self.request)
    }

    /// What the contracts said, from request and outputs.
    pub(crate) fn say(&mut self) {
        let (id, evidence) = (self.id(), &self.evidence);
        let outputs = self.outputs.clone();
        let request = typed_request(&self.request);
        let filed = |n: usize| {
            let intake = account(50).address;
            log(POOL, &typed::Filed { policy: policy(n as u8), evidence: evidence[n], intake })
        };
        let asked = typed::Asked { request: id, routine: 1, evidence: evidence.clone() };
        let requested = typed::Requested { id, requester: POOL, request };
        let mut said = vec![
            // Older than what the state remembers.
            Said {
                back: 9_000,
                logs: vec![log(
                    POOL,
                    &typed::PolicySold { policy: policy(0), holder: account(60).address, product: 1 },
                )],
            },
            Said { back: 5_000, logs: vec![filed(0), filed(1)] },
            Said { back: 4_000, logs: vec![log(ROUTER, &requested), log(POOL, &asked)] },
        ];
        let (paid, proved) = match self.request.mode {
            Mode::Proof => (PROVER, PROVER),
            Mode::Optimistic => {
                let until = U40::from(1_790_000_000_u64);
                let answered = typed::Answered { id, answerer: ANSWERER, until, outputs: outputs.clone() };
                said.push(Said { back: 3_900, logs: vec![log(ROUTER, &answered)] });
                (ANSWERER, Address::ZERO)
            }
            Mode::Quorum => {
                let members = (1_u64..=3).map(|n| {
                    let key = U256::from_be_bytes(account(n as u8).address.into_word().0);
                    (U256::from(n) << 176_usize) | key
                });
                let committee = typed::Committee {
                    threshold: 2,
                    commitUntil: U40::from(1_u64),
                    revealUntil: U40::from(2_u64),
                    tolerance: 0,
                    members: members.collect(),
                };
                let drawn = typed::Drawn { id, seed: B256::repeat_byte(5), committee };
                said.push(Said { back: 3_900, logs: vec![log(STAKING, &drawn)] });
                (STAKING, Address::ZERO)
            }
        };
        let mut last = vec![log(ROUTER, &typed::Finalised { id, paid, proved, outputs: outputs.clone() })];
        if self.request.mode == Mode::Quorum {
            last.insert(0, log(STAKING, &typed::Ended { id, outcome: 0, agreeing: vec![1, 3] }));
        }
        said.push(Said { back: 1_000, logs: last });
        let decided =
            |n: usize, stage| log(POOL, &typed::Decided { evidence: evidence[n], stage, output: outputs[n] });
        said.push(Said { back: 900, logs: vec![decided(0, 3), decided(1, 5)] });
        let to = account(60).address;
        let paid = typed::Paid { policy: policy(0), evidence: evidence[0], to, amount: PAYOUT };
        said.push(Said { back: 800, logs: vec![log(POOL, &paid)] });
        self.said = said;
        if self.request.mode == Mode::Proof {
            let bytes = Bytes::from_static(PROOF);
            self.proof = Some(ProofEvidence {
                plan: bytes.clone(),
                schema: bytes.clone(),
                weights: bytes.clone(),
                certificate: bytes.clone(),
                inputs: bytes.clone(),
                proof: bytes,
            });
        }
    }

    fn blocks(&self, time: u64) -> Vec<(u64, Bytes, B256, Vec<Bytes>)> {
        let remembered = self.said.iter().filter(|said| said.back <= BLOCK_HASHES.1);
        let block = |said: &Said| {
            let other = Log { address: Address::repeat_byte(1), topics: Vec::new(), data: Bytes::new() };
            let receipts = [vec![other.clone()], said.logs.clone(), vec![other]];
            let leaves: BTreeMap<Vec<u8>, Vec<u8>> = receipts
                .iter()
                .enumerate()
                .map(|(index, logs)| (alloy_rlp::encode(index as u64), receipt(logs)))
                .collect();
            let (root, proof) = trie(&leaves, Some(alloy_rlp::encode(1_u64)));
            let number = NUMBER - said.back;
            let (header, hash) =
                header_of(number, keccak256(number.to_be_bytes()), root, time_of(time, said.back), false);
            (number, header, hash, proof)
        };
        remembered.map(block).collect()
    }

    /// Puts what the contracts keep into the state.
    pub(crate) fn store(&self, accounts: &mut BTreeMap<Address, BTreeMap<B256, B256>>, time: u64) {
        let id = self.id();
        let since =
            self.said.iter().find(|said| said.back == 1_000).map_or(0, |said| time_of(time, said.back));
        let mut word = [0; 32];
        word[..26].copy_from_slice(&outputs_digest(&self.stored.1));
        word[26..31].copy_from_slice(&since.to_be_bytes()[3..]);
        word[31] = self.stored.0;
        let quorum = self.offer.quorum;
        let mut terms = [0; 32];
        terms[31] = 1;
        (terms[30], terms[29]) = (self.offer.modes, self.offer.modes_for_persons);
        (terms[28], terms[27]) = (quorum.members, quorum.threshold);
        terms[23..27].copy_from_slice(&quorum.commit_seconds.to_be_bytes());
        terms[19..23].copy_from_slice(&quorum.reveal_seconds.to_be_bytes());
        terms[11..19].copy_from_slice(&quorum.tolerance.to_be_bytes());
        let router = BTreeMap::from([
            (IMPLEMENTATION_SLOT, ROUTER_CODE.into_word()),
            (request_slot(id), word.into()),
            (offer_slot(self.request.version.0, self.request.offer), terms.into()),
        ]);
        let mut routine = [0; 32];
        routine[24..].copy_from_slice(&5_i64.to_be_bytes());
        routine[16..24].copy_from_slice(&9_i64.to_be_bytes());
        (routine[13], routine[11]) = (1, 2);
        let [premium, times] = product_slots(1);
        let mut sale = [0; 32];
        sale[..16].copy_from_slice(&PAYOUT.to_be_bytes());
        let mut decides = [0; 32];
        decides[23] = 1;
        let mut pool = BTreeMap::from([
            (IMPLEMENTATION_SLOT, POOL_CODE.into_word()),
            (routine_slot(1), routine.into()),
            (premium, sale.into()),
            (times, decides.into()),
        ]);
        for (n, (evidence, stage)) in self.evidence.iter().zip(self.stages).enumerate() {
            let [claim, of] = claim_slots(*evidence, policy(n as u8));
            let mut progress = [0; 32];
            progress[..24].copy_from_slice(&policy(n as u8)[..24]);
            (progress[25], progress[31]) = (1, stage);
            pool.insert(claim, progress.into());
            let mut word = [0; 32];
            word[11..31].copy_from_slice(account(60 + n as u8).address.as_slice());
            word[10] = 9;
            pool.insert(of, word.into());
        }
        let hashes =
            self.blocks(time).into_iter().map(|(number, _, hash, _)| (block_hash_slot(number), hash));
        accounts.insert(BLOCK_HASHES.0, hashes.collect());
        accounts.insert(ROUTER, router);
        accounts.insert(POOL, pool);
        accounts.insert(ROUTER_CODE, BTreeMap::new());
        accounts.insert(POOL_CODE, BTreeMap::new());
    }

    /// The decision's part of the file.
    pub(crate) fn prove(&self, state: &State, time: u64) -> DecisionEvidence {
        let id = self.id();
        let blocks = self.blocks(time);
        let told = self.said.iter().filter(|said| said.back > BLOCK_HASHES.1).flat_map(|said| {
            said.logs.iter().enumerate().map(|(index, log)| ToldEvidence {
                block: NUMBER - said.back,
                timestamp: time_of(time, said.back),
                index: index as u64,
                log: log.clone(),
            })
        });
        let slots = StepsEvidence::slots(blocks.iter().map(|(number, ..)| *number));
        let steps = StepsEvidence {
            block_hashes: Some(state.prove(BLOCK_HASHES.0, &slots)),
            blocks: blocks
                .into_iter()
                .map(|(_, header, _, proof)| BlockEvidence {
                    header,
                    receipts: vec![ReceiptEvidence { index: 1, proof }],
                })
                .collect(),
            told: told.collect(),
        };
        let claims: Vec<ClaimEvidence> = (0..2_u8)
            .map(|n| {
                let (policy, evidence) = (policy(n), self.evidence[usize::from(n)]);
                let (happened_at, expiry) = (1_780_000_000, 1_790_000_000);
                let intake = Intake { policy, evidence, happened_at, expiry };
                let (signer, signature) =
                    (account(50).address, account(50).sign(intake.digest(self.chain_id, POOL)));
                let filing = (n == 0).then_some(Filing { happened_at, expiry, signer, signature });
                ClaimEvidence { place: n.into(), policy, product: 1, filing }
            })
            .collect();
        let named: Vec<_> =
            self.evidence.iter().copied().zip(claims.iter().map(|claim| claim.policy)).collect();
        let slots = PoolEvidence::slots(1, &[1].into(), named);
        DecisionEvidence {
            router: state
                .prove(ROUTER, &DecisionEvidence::router_slots(self.request.version, self.request.offer, id)),
            implementation: state.prove(ROUTER_CODE, &[]),
            offer: self.offer.encode().into(),
            request: RequestEvidence { id, requester: self.requester, asked: self.request.encode().into() },
            outputs: encode_outputs(&self.outputs).into(),
            steps,
            proof: self.proof.clone(),
            inputs: None,
            pool: Some(PoolEvidence {
                account: state.prove(POOL, &slots),
                implementation: state.prove(POOL_CODE, &[]),
                routine: 1,
                evidence: self.evidence.clone(),
                claims,
            }),
        }
    }
}

fn typed_request(request: &Request) -> typed::Request {
    use alloy_sol_types::SolType;
    typed::Request::abi_decode(&request.encode()).unwrap()
}

/// A receipt of a transaction of EIP-1559.
fn receipt(logs: &[Log]) -> Vec<u8> {
    fn list(parts: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        alloy_rlp::Header { list: true, payload_length: parts.len() }.encode(&mut out);
        out.extend_from_slice(parts);
        out
    }
    let mut all = Vec::new();
    for log in logs {
        let topics: Vec<u8> = log.topics.iter().flat_map(alloy_rlp::encode).collect();
        let mut own = alloy_rlp::encode(log.address);
        own.extend(list(&topics));
        own.extend(alloy_rlp::encode(&log.data));
        all.extend(list(&own));
    }
    let mut fields = alloy_rlp::encode(true);
    fields.extend(alloy_rlp::encode(21_000_u64));
    fields.extend(alloy_rlp::encode([0_u8; 256]));
    fields.extend(list(&all));
    let mut receipt = vec![2];
    receipt.extend(list(&fields));
    receipt
}
