//! What a chain asks for beside gas, as the chain itself says it: whether it is a rollup that takes a data fee.
//!
//! A chain of the OP Stack has a `GasPriceOracle` at an address where no key and no other chain can put a contract; it says
//! the data fee of a transaction and the operator's fee by whatever rule is in force there. Arbitrum's estimates of gas
//! hold its data fee already; its system contract tells it apart, because EIP-7825 does not apply there.

use super::send::SendError;
use crate::fees::TRANSACTION_GAS_CAP;
use alloy::{
    providers::{DynProvider, Provider},
    sol,
};
use averment_primitives::{Address, Bytes, U256};

sol! {
    /// The part of the OP Stack's predeployed contract that is asked here.
    #[sol(rpc)]
    interface GasPriceOracle {
        /// The data fee of a transaction without its signature, in wei.
        function getL1Fee(bytes memory unsigned) external view returns (uint256);
        /// The operator's fee for so much gas, in wei; since Isthmus.
        function getOperatorFee(uint256 gas) external view returns (uint256);
    }
}

/// Where the OP Stack's oracle is.
pub(super) const GAS_PRICE_ORACLE: Address =
    alloy::primitives::address!("0x420000000000000000000000000000000000000F");
/// Where Arbitrum's system contract is.
pub(super) const ARB_SYS: Address = alloy::primitives::address!("0x0000000000000000000000000000000000000064");

/// How a chain charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// Gas alone.
    Gas,
    /// A data fee and an operator's fee beside gas.
    OpStack,
    /// A data fee within gas.
    Arbitrum,
}

impl Layer {
    /// Asks the chain.
    pub(super) async fn of(provider: &DynProvider) -> Result<Self, SendError> {
        let has_code = async |address| {
            let code = provider.get_code_at(address).await;
            let code = code.map_err(|source| SendError::Request { doing: "asking what chain it is", source });
            Ok::<_, SendError>(!code?.is_empty())
        };
        if has_code(GAS_PRICE_ORACLE).await? {
            return Ok(Self::OpStack);
        }
        Ok(if has_code(ARB_SYS).await? { Self::Arbitrum } else { Self::Gas })
    }

    /// Gas that one transaction may ask for at most.
    pub(super) fn gas_cap(self) -> u64 {
        match self {
            Self::Gas | Self::OpStack => TRANSACTION_GAS_CAP,
            Self::Arbitrum => u64::MAX,
        }
    }

    /// What `unsigned`, which will use `gas`, costs beside gas, in wei.
    pub(super) async fn fee(
        self,
        provider: &DynProvider,
        unsigned: Bytes,
        gas: u64,
    ) -> Result<U256, SendError> {
        if self != Self::OpStack {
            return Ok(U256::ZERO);
        }
        let oracle = GasPriceOracle::new(GAS_PRICE_ORACLE, provider);
        let failed = |source| SendError::DataFee { source: Box::new(source) };
        let data = oracle.getL1Fee(unsigned).call().await.map_err(failed)?;
        let operator = match oracle.getOperatorFee(U256::from(gas)).call().await {
            Ok(fee) => fee,
            // Before Isthmus there is no such function.
            Err(error) if error.as_revert_data().is_some() => U256::ZERO,
            Err(error) => return Err(failed(error)),
        };
        Ok(data.saturating_add(operator))
    }
}
