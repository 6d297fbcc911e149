//! What requests and offers are known by, and the modes.

use super::{Mode, Offer, OtherStatement, Request, SettlementClient};
use alloy::sol_types::SolValue;
use averment_primitives::{Address, B256, U256, keccak256};
use averment_verifier::statement::{Mode as Hides, Statement};
use std::fmt;

/// How a request is answered: by a proof if more is at risk than its policy allows without one. None if this program does
/// not know its mode.
pub fn mode_of(asked: &Request) -> Option<Mode> {
    if asked.valueAtRisk > asked.proofAbove { Some(Mode::Proof) } else { Mode::from_code(asked.mode) }
}

/// A set of modes, as an offer's terms have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modes(pub u8);

impl Modes {
    /// All there are.
    pub const ALL: Self = Self(0b111);

    /// Whether a mode is in it.
    pub fn has(self, mode: Mode) -> bool {
        (self.0 >> mode.code()) & 1 == 1
    }

    /// Those in it.
    pub fn iter(self) -> impl Iterator<Item = Mode> {
        [Mode::Proof, Mode::Optimistic, Mode::Quorum].into_iter().filter(move |mode| self.has(*mode))
    }
}

impl FromIterator<Mode> for Modes {
    fn from_iter<T: IntoIterator<Item = Mode>>(modes: T) -> Self {
        Self(modes.into_iter().fold(0, |bits, mode| bits | 1 << mode.code()))
    }
}

/// What an offer is known by to the router at `place`, a chain and an address.
pub fn offer_id((chain_id, router): (u64, Address), offered: &Offer) -> B256 {
    let head = (keccak256("averment.offer/1"), U256::from(chain_id), router, offered.clone());
    keccak256(head.abi_encode_params())
}

/// What a proof says that answers the request `id` of the router at `place`, a chain and an address: see
/// [`SettlementClient::statement`].
pub fn statement(
    (chain_id, router): (u64, Address),
    id: B256,
    asked: &Request,
    offered: &Offer,
    outputs: &[i64],
    beneficiary: Address,
) -> Statement {
    Statement {
        setup: B256::ZERO,
        chain_id,
        contract: router,
        request: id,
        beneficiary,
        version: asked.version,
        weights: offered.weights,
        plan: offered.plan,
        schema: offered.schema,
        inputs: asked.inputs,
        items: asked.items,
        public: [&asked.publicInputs, outputs].concat(),
        seed: asked.seed,
        mode: if offered.zeroKnowledge { Hides::ZeroKnowledge } else { Hides::Transparent },
        terms: offered.terms,
    }
}

impl SettlementClient {
    /// What an offer is known by.
    pub fn offer_id(&self, offered: &Offer) -> B256 {
        offer_id((self.ledger.chain_id(), self.router()), offered)
    }

    /// What a request of `requester`'s is known by.
    pub fn request_id(&self, requester: Address, asked: &Request) -> B256 {
        let chain = U256::from(self.ledger.chain_id());
        let head = (keccak256("averment.request/1"), chain, self.router(), requester, asked.clone());
        keccak256(head.abi_encode_params())
    }

    /// What a proof says that answers a request with `outputs` for `beneficiary`, who has to be the one that sends it
    /// (docs/protocol.md, [9.1]). The setup is the offer's verifier's, and left out here: zero.
    pub fn statement(
        &self,
        requester: Address,
        asked: &Request,
        offered: &Offer,
        outputs: &[i64],
        beneficiary: Address,
    ) -> Statement {
        let place = (self.ledger.chain_id(), self.router());
        statement(place, self.request_id(requester, asked), asked, offered, outputs, beneficiary)
    }

    /// The outputs that a proof states, if its statement is the request's but for them and the setup.
    pub fn outputs_of<'a>(
        &self,
        requester: Address,
        asked: &Request,
        offered: &Offer,
        beneficiary: Address,
        stated: &'a Statement,
    ) -> Result<&'a [i64], OtherStatement> {
        let expected = self.statement(requester, asked, offered, &[], beneficiary);
        let differs = |what, expected: &dyn fmt::Debug, got: &dyn fmt::Debug| {
            Err(OtherStatement {
                id: self.request_id(requester, asked),
                what,
                expected: format!("{expected:?}"),
                got: format!("{got:?}"),
            })
        };
        macro_rules! same {
            ($($field:ident: $what:literal),*) => {
                $(if stated.$field != expected.$field {
                    return differs($what, &expected.$field, &stated.$field);
                })*
            };
        }
        same!(
            request: "request", chain_id: "chain", contract: "contract", beneficiary: "beneficiary", version: "version",
            weights: "commitment to weights", plan: "plan", schema: "schema", inputs: "input", items: "number of inputs",
            seed: "seed", mode: "kind of proof", terms: "text of terms"
        );
        match stated.public.strip_prefix(asked.publicInputs.as_slice()) {
            Some(outputs) => Ok(outputs),
            None => differs("public input", &asked.publicInputs, &stated.public),
        }
    }
}
