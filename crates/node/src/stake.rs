//! An operator's stake: joining, how it stands, leaving.

use alloy::{
    providers::Provider, rpc::types::TransactionRequest, sol_types::SolCall, transports::TransportError,
};
use alloy_primitives::{Address, B256, U256};
use averment_ledger::{
    Ledger,
    contracts::{DevelopmentToken, OracleStaking, SendError, Sender, Sent},
};
use thiserror::Error;

/// Places of a word of the contract.
const IN_A_WORD: u16 = 8;
/// Words there can be.
const WORDS: u16 = 128;

/// Why the stake was not asked or changed.
#[derive(Debug, Error)]
pub enum StakeError {
    /// The node did not answer.
    #[error("asking the stake for {what}: {source}")]
    Ask {
        /// What was asked for.
        what: &'static str,
        /// What the node said.
        source: TransportError,
    },
    /// An answer that is none.
    #[error("the stake's answer to {what} does not decode: {why}")]
    Answer {
        /// What was asked for.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// There is no such operator.
    #[error("there is no operator {operator}")]
    Unknown {
        /// Its number.
        operator: u32,
    },
    /// No place is left.
    #[error("{wanted} empty places are wanted, there are {got}")]
    Full {
        /// How many were asked for.
        wanted: u16,
        /// How many there are.
        got: usize,
    },
    /// A transaction was refused or not sent.
    #[error(transparent)]
    Send(#[from] Box<SendError>),
}

/// How an operator stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its number.
    pub operator: u32,
    /// Whom the stake belongs to.
    pub owner: Address,
    /// The key that signs; zero if there is none any more.
    pub signer: Address,
    /// The key that inputs are sealed to.
    pub encryption_key: B256,
    /// How many seats it has.
    pub seats: u16,
    /// In the token's smallest units: bonds that wait for withdrawal.
    pub unbonding: u128,
    /// From when on they can be withdrawn, in seconds of Unix time; zero if there are none.
    pub withdrawable_from: u64,
    /// In the token's smallest units: what answers have earned.
    pub earned: u128,
    /// How many bonds it owes.
    pub debts: u64,
}

/// A place with a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub place: u16,
    /// Whose seat.
    pub operator: u32,
}

/// The contract with the operators' stake.
#[derive(Debug, Clone)]
pub struct Stake {
    ledger: Ledger,
    staking: Address,
}

impl Stake {
    /// The contract at `staking`.
    pub fn new(ledger: &Ledger, staking: Address) -> Self {
        Self { ledger: ledger.clone(), staking }
    }

    /// What a seat is worth, in the token's smallest units.
    pub async fn seat_bond(&self) -> Result<u128, StakeError> {
        self.ask("the bond of a seat", self.staking, &OracleStaking::seatBondCall {}).await
    }

    /// The operator that has this key, or had it.
    pub async fn operator_by(&self, signer: Address) -> Result<Option<u32>, StakeError> {
        let call = OracleStaking::operatorBySignerCall { signer };
        let operator = self.ask("an operator", self.staking, &call).await?;
        Ok((operator != 0).then_some(operator))
    }

    /// How an operator stands.
    pub async fn standing(&self, operator: u32) -> Result<Standing, StakeError> {
        let found =
            self.ask("an operator", self.staking, &OracleStaking::operatorOfCall { operator }).await?;
        if found.owner.is_zero() {
            return Err(StakeError::Unknown { operator });
        }
        let debts = self.ask("its debts", self.staking, &OracleStaking::debtsOfCall { operator }).await?;
        Ok(Standing {
            operator,
            owner: found.owner,
            signer: found.signer,
            encryption_key: found.encryptionKey,
            seats: found.seats,
            unbonding: found.unbonding,
            withdrawable_from: found.withdrawableFrom.to(),
            earned: found.earned,
            debts: debts.saturating_to(),
        })
    }

    /// All seats, by their places, and the lowest empty places, at least `empty` of them if there are so many.
    async fn places(&self, empty: usize) -> Result<(Vec<Place>, Vec<u16>), StakeError> {
        let (mut taken, mut vacant) = (Vec::new(), Vec::new());
        for word in 0..WORDS {
            let call = OracleStaking::placesInCall { word: U256::from(word) };
            let places: U256 = self.ask("places", self.staking, &call).await?;
            // Behind a word without seats there are no more once enough places are found: places fill from the lowest.
            if places.is_zero() && vacant.len() >= empty && u64::from(word) >= 8 {
                break;
            }
            for (at, operator) in places.as_le_bytes().as_chunks::<4>().0.iter().enumerate() {
                let place = word * IN_A_WORD + at as u16;
                match u32::from_le_bytes(*operator) {
                    0 => vacant.push(place),
                    operator => taken.push(Place { place, operator }),
                }
            }
        }
        Ok((taken, vacant))
    }

    /// The places of an operator's seats.
    pub async fn places_of(&self, operator: u32) -> Result<Vec<u16>, StakeError> {
        let (taken, _) = self.places(0).await?;
        Ok(taken.into_iter().filter(|place| place.operator == operator).map(|place| place.place).collect())
    }

    /// Joins with `seats` seats, whose bonds are taken from `owner`'s account, which lets the contract take them first. Gives
    /// the operator's number.
    pub async fn join(
        &self,
        owner: &Sender,
        signer: Address,
        encryption_key: B256,
        seats: u16,
    ) -> Result<(u32, Vec<Sent>), StakeError> {
        let (_, vacant) = self.places(seats.into()).await?;
        if vacant.len() < usize::from(seats) {
            return Err(StakeError::Full { wanted: seats, got: vacant.len() });
        }
        let places = vacant.into_iter().take(seats.into()).collect();
        let needed = U256::from(self.seat_bond().await?).saturating_mul(U256::from(seats));
        let token = self.ask("its token", self.staking, &OracleStaking::tokenCall {}).await?;
        let allowance = DevelopmentToken::allowanceCall { owner: owner.address(), spender: self.staking };
        let mut sent = Vec::new();
        if self.ask("the allowance", token, &allowance).await? < needed {
            let approve = DevelopmentToken::approveCall { spender: self.staking, value: needed };
            sent.push(owner.call("let the stake take the bonds", token, &approve).await.map_err(Box::new)?);
        }
        let join = OracleStaking::joinCall { signer, encryptionKey: encryption_key, places };
        sent.push(owner.call("join", self.staking, &join).await.map_err(Box::new)?);
        let operator = self.operator_by(signer).await?.unwrap_or_default();
        Ok((operator, sent))
    }

    /// On a development chain, whose money anybody makes: gives `owner` what the bonds of `seats` seats take, if it lacks
    /// that. What is no such token refuses.
    pub async fn fund(&self, owner: &Sender, seats: u16) -> Result<(), StakeError> {
        let needed = U256::from(self.seat_bond().await?).saturating_mul(U256::from(seats));
        let token = self.ask("its token", self.staking, &OracleStaking::tokenCall {}).await?;
        let balance = DevelopmentToken::balanceOfCall { account: owner.address() };
        let lacking = needed.saturating_sub(self.ask("the balance", token, &balance).await?);
        if !lacking.is_zero() {
            let mint = DevelopmentToken::mintCall { to: owner.address(), amount: lacking };
            owner.call("make development money", token, &mint).await.map_err(Box::new)?;
        }
        Ok(())
    }

    /// Gives up the operator's seats that are in no committee. Gives how many there were.
    pub async fn leave(&self, owner: &Sender, operator: u32) -> Result<(usize, Option<Sent>), StakeError> {
        let mut places = Vec::new();
        for place in self.places_of(operator).await? {
            if self.ask("a seat", self.staking, &OracleStaking::seatAtCall { place }).await?.isFree {
                places.push(place);
            }
        }
        if places.is_empty() {
            return Ok((0, None));
        }
        let count = places.len();
        let call = OracleStaking::giveUpCall { operator, places };
        let sent = owner.call("give up seats", self.staking, &call).await.map_err(Box::new)?;
        Ok((count, Some(sent)))
    }

    /// Sends the bonds whose time of waiting is over to `to`.
    pub async fn withdraw(&self, owner: &Sender, operator: u32, to: Address) -> Result<Sent, StakeError> {
        let call = OracleStaking::withdrawBondsCall { operator, to };
        Ok(owner.call("withdraw bonds", self.staking, &call).await.map_err(Box::new)?)
    }

    async fn ask<C: SolCall>(
        &self,
        what: &'static str,
        to: Address,
        call: &C,
    ) -> Result<C::Return, StakeError> {
        let request = TransactionRequest::default().to(to).input(call.abi_encode().into());
        let answer = self.ledger.provider().call(request).await;
        let answer = answer.map_err(|source| StakeError::Ask { what, source })?;
        C::abi_decode_returns(&answer).map_err(|error| StakeError::Answer { what, why: error.to_string() })
    }
}
