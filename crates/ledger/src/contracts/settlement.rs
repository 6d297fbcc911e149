//! The contracts that settle: requests and answers, the stake of oracle operators, and what draws their committees.
//!
//! Router and stake know each other for ever, so each proxy's address is computed from the deployer's nonces before the
//! other is created; what came to another place is reported, and not used.

use super::{
    BlockRandomness, Contract, DeployError, DevelopmentToken, DrandRandomness, ERC1967Proxy, InferenceRouter,
    OracleOperators, OracleStaking, ProofContracts, RouterOffers, Sender, Sent,
    deployment::{create, part_address, part_of, with_arguments},
    drand,
};
use alloy::sol_types::SolCall;
use averment_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};

/// Seconds in a day.
const DAY: u32 = 24 * 60 * 60;

/// Chains whose blocks have no randomness: Arbitrum One, Nova and Sepolia.
const WITHOUT_RANDOMNESS: [u64; 3] = [42_161, 42_170, 421_614];

/// Whether a chain is one of Arbitrum's, whose blocks have no randomness.
pub fn is_arbitrum(chain_id: u64) -> bool {
    WITHOUT_RANDOMNESS.contains(&chain_id)
}

/// What stakes, fees and bonds are paid in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Money {
    /// A token that is there.
    Token(Address),
    /// A token of our own, of which anybody makes as much as they like: for development chains.
    Development,
}

/// What draws committees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draws {
    /// The randomness of the chain's own blocks.
    Blocks {
        /// Of blocks whose numbers are multiples of this.
        stride: u64,
        /// Blocks between a request and the block whose randomness draws its committee, at least. On a rollup, longer than
        /// its sequencer ever is behind layer 1.
        delay: u64,
        /// Seconds from a block to the next, at least: a request whose deadline comes before its committee can be drawn is
        /// refused.
        block_seconds: u32,
    },
    /// What drand's network quicknet signs, where blocks have none and EIP-2537's precompiles are there.
    Drand {
        /// Of rounds whose numbers are multiples of this.
        stride: u64,
        /// Seconds between a request and the round that draws its committee, at least: longer than the chain's time ever is
        /// behind the world's.
        delay: u64,
    },
}

/// How requests are settled. Fixed at deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettlementTerms {
    /// The one token.
    pub money: Money,
    /// What a seat of an operator is worth, in the token's smallest units.
    pub seat_bond: u128,
    /// Seconds between giving up a seat and withdrawing its bond, 10 to 90 days.
    pub unbonding: u32,
    /// What draws committees.
    pub draws: Draws,
    /// What says whether the chain's sequencer works; zero where there is none.
    pub uptime: Address,
    /// Seconds for which no window ends after the sequencer is back.
    pub grace: u32,
}

impl SettlementTerms {
    /// For a development chain: a token of its own, seats of 1,000 tokens, the next block but one draws.
    pub const DEVELOPMENT: Self = Self {
        money: Money::Development,
        seat_bond: 1_000 * 10u128.pow(18),
        unbonding: 14 * DAY,
        draws: Draws::Blocks { stride: 1, delay: 0, block_seconds: 1 },
        uptime: Address::ZERO,
        grace: 0,
    };

    /// For Ethereum's layer 1: seats of `seat_bond`, and a committee drawn two to three minutes after its request.
    pub const fn layer1(token: Address, seat_bond: u128) -> Self {
        Self {
            money: Money::Token(token),
            seat_bond,
            unbonding: 14 * DAY,
            draws: Draws::Blocks { stride: 4, delay: 8, block_seconds: 12 },
            uptime: Address::ZERO,
            grace: 0,
        }
    }

    /// For a rollup of the OP stack, whose blocks come every two seconds: a committee drawn ten minutes after its request,
    /// when the sequencer is sure to build on a later block of layer 1. `uptime` is its sequencer's feed.
    pub const fn op_stack(token: Address, seat_bond: u128, uptime: Address) -> Self {
        Self {
            money: Money::Token(token),
            seat_bond,
            unbonding: 14 * DAY,
            draws: Draws::Blocks { stride: 30, delay: 300, block_seconds: 2 },
            uptime,
            grace: 60 * 60,
        }
    }

    /// For Arbitrum from ArbOS 50 on: a committee drawn by a round of drand ten to eleven minutes after its request. `uptime`
    /// is its sequencer's feed. Somebody has to bring the rounds.
    pub const fn arbitrum(token: Address, seat_bond: u128, uptime: Address) -> Self {
        Self { draws: Draws::DRAND, ..Self::op_stack(token, seat_bond, uptime) }
    }
}

/// Where the contracts are that settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettlementContracts {
    /// The token that everything is paid in.
    pub token: Address,
    /// What draws committees.
    pub randomness: Contract,
    /// Operators' stake: the proxy.
    pub staking: Contract,
    /// The code behind it.
    pub staking_implementation: Contract,
    /// What that one created for the coming and going of operators, as EIP-170 allows no more code in one contract.
    pub staking_part: Contract,
    /// The router: the proxy, to which requests go.
    pub router: Contract,
    /// The code behind it.
    pub router_implementation: Contract,
    /// What that one created for offers.
    pub router_part: Contract,
    /// Seconds between giving up a seat and withdrawing its bond.
    pub unbonding: u32,
}

/// Where the proxies of a deployment come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proxies {
    pub(super) router: Address,
    pub(super) staking: Address,
    pub(super) unbonding: u32,
}

impl SettlementTerms {
    /// Refuses blocks that draw committees on a chain where they cannot.
    pub(super) fn check(&self, chain_id: u64) -> Result<(), DeployError> {
        match self.draws {
            Draws::Blocks { .. } if is_arbitrum(chain_id) => Err(DeployError::NoRandomness { chain_id }),
            _ => Ok(()),
        }
    }

    /// Where the proxies will be if the deployer's next transaction but `before` is the first of
    /// [`SettlementContracts::deploy`].
    pub(super) fn proxies(&self, deployer: Address, first_nonce: u64) -> Proxies {
        // The token, if it is ours; randomness; stake and router, code first.
        let own = u64::from(self.money == Money::Development);
        let at = |step: u64| deployer.create(first_nonce.saturating_add(own + step));
        Proxies { staking: at(2), router: at(4), unbonding: self.unbonding }
    }
}

impl SettlementContracts {
    /// Creates them. Whose manager `manager` is, may pause and upgrade them.
    pub(super) async fn deploy(
        sender: &Sender,
        terms: &SettlementTerms,
        manager: Address,
        registry: Address,
        proofs: Option<&ProofContracts>,
        sent: &mut Vec<Sent>,
    ) -> Result<Self, DeployError> {
        let expected = terms.proxies(sender.address(), sender.next_nonce().await?);
        let token = match terms.money {
            Money::Token(token) => token,
            Money::Development => {
                let (code, runtime) =
                    (DevelopmentToken::BYTECODE.clone(), &DevelopmentToken::DEPLOYED_BYTECODE);
                create(sender, "development token", code, runtime, &[], sent).await?.address
            }
        };
        let randomness = terms.draws.deploy(sender, sent).await?;

        let clock = [terms.uptime.into_word(), number(terms.grace)];
        let arguments = OracleStaking::constructorCall {
            token_: token,
            router_: expected.router,
            seatBond_: terms.seat_bond,
            unbondingTime_: terms.unbonding,
            uptime_: terms.uptime,
            grace_: terms.grace,
        };
        let immutables = [
            token.into_word(),
            expected.router.into_word(),
            number(terms.seat_bond),
            number(terms.unbonding),
            clock[0],
            clock[1],
        ];
        let code = with_arguments(&OracleStaking::BYTECODE, &arguments);
        let (staking_implementation, staking_part) = in_two(
            sender,
            ["stake's implementation", "stake's part"],
            code,
            [&OracleStaking::DEPLOYED_BYTECODE, &OracleOperators::DEPLOYED_BYTECODE],
            &immutables,
            sent,
        )
        .await?;
        let initialize = OracleStaking::initializeCall { authority: manager }.abi_encode();
        let staking = proxy(sender, "stake", staking_implementation.address, initialize, sent).await?;
        displaced("stake", expected.staking, staking.address)?;

        let arguments = InferenceRouter::constructorCall {
            registry_: registry,
            token_: token,
            staking_: staking.address,
            randomness_: randomness.address,
            uptime_: terms.uptime,
            grace_: terms.grace,
        };
        let immutables = [
            registry.into_word(),
            token.into_word(),
            staking.address.into_word(),
            randomness.address.into_word(),
            number(terms.seat_bond),
            clock[0],
            clock[1],
        ];
        let code = with_arguments(&InferenceRouter::BYTECODE, &arguments);
        let (router_implementation, router_part) = in_two(
            sender,
            ["router's implementation", "router's part"],
            code,
            [&InferenceRouter::DEPLOYED_BYTECODE, &RouterOffers::DEPLOYED_BYTECODE],
            &immutables,
            sent,
        )
        .await?;
        let initialize = InferenceRouter::initializeCall {
            authority: manager,
            certificates: proofs.map_or(Address::ZERO, |proofs| proofs.certificates.address),
        };
        let router =
            proxy(sender, "router", router_implementation.address, initialize.abi_encode(), sent).await?;
        displaced("router", expected.router, router.address)?;
        Ok(Self {
            token,
            randomness,
            staking,
            staking_implementation,
            staking_part,
            router,
            router_implementation,
            router_part,
            unbonding: terms.unbonding,
        })
    }

    /// The proxies, each with the code behind it.
    pub(super) fn proxied(&self) -> [(&'static str, Contract, Contract); 2] {
        [
            ("stake", self.staking, self.staking_implementation),
            ("router", self.router, self.router_implementation),
        ]
    }
}

/// Creates an implementation, which creates its part itself; what the one was given, the other is.
async fn in_two(
    sender: &Sender,
    [name, part_name]: [&'static str; 2],
    code: Bytes,
    [runtime, part_runtime]: [&Bytes; 2],
    immutables: &[B256],
    sent: &mut Vec<Sent>,
) -> Result<(Contract, Contract), DeployError> {
    let at = sender.address().create(sender.next_nonce().await?);
    let immutables = [immutables, &[part_address(at).into_word()]].concat();
    let whole = create(sender, name, code, runtime, &immutables, sent).await?;
    let part = part_of(sender, part_name, whole, part_runtime, &immutables, sent).await?;
    Ok((whole, part))
}

impl Draws {
    /// A round of drand ten to eleven minutes after its request, one a minute.
    pub const DRAND: Self = Self::Drand { stride: 20, delay: 600 };

    async fn deploy(self, sender: &Sender, sent: &mut Vec<Sent>) -> Result<Contract, DeployError> {
        match self {
            Self::Blocks { stride, delay, block_seconds } => {
                let arguments = BlockRandomness::constructorCall {
                    stride_: stride,
                    delay_: delay,
                    blockSeconds_: block_seconds,
                };
                let code = with_arguments(&BlockRandomness::BYTECODE, &arguments);
                let immutables = [number(stride), number(delay), number(block_seconds)];
                let runtime = &BlockRandomness::DEPLOYED_BYTECODE;
                create(sender, "randomness", code, runtime, &immutables, sent).await
            }
            Self::Drand { stride, delay } => {
                let (arguments, immutables) = drand::construction(delay, stride)?;
                let code = with_arguments(&DrandRandomness::BYTECODE, &arguments);
                let runtime = &DrandRandomness::DEPLOYED_BYTECODE;
                create(sender, "randomness", code, runtime, &immutables, sent).await
            }
        }
    }
}

/// Creates a proxy of `implementation`, initialised in the same transaction.
pub(super) async fn proxy(
    sender: &Sender,
    name: &'static str,
    implementation: Address,
    initialize: Vec<u8>,
    sent: &mut Vec<Sent>,
) -> Result<Contract, DeployError> {
    let arguments = ERC1967Proxy::constructorCall { implementation, _data: Bytes::from(initialize) };
    let code = with_arguments(&ERC1967Proxy::BYTECODE, &arguments);
    create(sender, name, code, &ERC1967Proxy::DEPLOYED_BYTECODE, &[], sent).await
}

pub(super) fn displaced(contract: &'static str, expected: Address, got: Address) -> Result<(), DeployError> {
    match expected == got {
        true => Ok(()),
        false => Err(DeployError::Displaced { contract, expected, got }),
    }
}

fn number(value: impl Into<u128>) -> B256 {
    U256::from(value.into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_draw_only_where_they_have_randomness() {
        let (token, feed) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let blocks = SettlementTerms::layer1(token, 1);
        assert!(blocks.check(1).is_ok());
        assert!(SettlementTerms::op_stack(token, 1, feed).check(10).is_ok());
        assert!(matches!(blocks.check(42_161), Err(DeployError::NoRandomness { chain_id: 42_161 })));
        assert!(SettlementTerms::arbitrum(token, 1, feed).check(42_161).is_ok());
    }
}
