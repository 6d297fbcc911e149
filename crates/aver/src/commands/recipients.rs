//! Whom something is sealed to: keys as they are typed, operators' keys, and those of a request's committee.

use super::Context;
use crate::{desk::Desk, exit};
use anyhow::Result;
use averment_ledger::settlement::{Found, members};
use averment_node::stake::Stake;
use averment_primitives::B256;
use std::collections::BTreeSet;

/// The keys in `to` (32 bytes each, or an operator's signing key by address or name), and those of the members of the committee
/// of `request`; `about` refuses a request that has nothing to do with what is sealed. Without any, nobody's.
pub async fn recipients(
    to: &[String],
    request: Option<B256>,
    about: impl FnOnce(&Found) -> Result<()>,
    context: &Context,
) -> Result<BTreeSet<B256>> {
    let mut keys = BTreeSet::new();
    let mut operators = Vec::new();
    for text in to {
        match text.parse::<B256>() {
            Ok(key) => {
                keys.insert(key);
            }
            Err(_) => operators.push(context.address(text)?),
        }
    }
    if operators.is_empty() && request.is_none() {
        return Ok(keys);
    }
    let desk = Desk::open(context).await?;
    let stake = Stake::new(desk.client.ledger(), desk.client.contracts().staking.address);
    for signer in operators {
        let operator = stake.operator_by(signer).await?.ok_or_else(|| {
            exit::refused(format!(
                "{signer} is no operator's key: name its encryption key (`aver inputs key`)"
            ))
        })?;
        keys.insert(stake.standing(operator).await?.encryption_key);
    }
    if let Some(id) = request {
        let found = desk.client.find(id).await?;
        about(&found)?;
        let committee = found.committee.as_ref().ok_or_else(|| {
            exit::refused(format!(
                "request {id} has no committee: `aver request show {id}` says where it stands"
            ))
        })?;
        for (operator, _) in members(committee) {
            keys.insert(stake.standing(operator).await?.encryption_key);
        }
    }
    Ok(keys)
}
