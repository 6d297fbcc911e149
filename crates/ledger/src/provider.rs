//! [`Ledger`]: a chain, of whichever kind, behind one alloy provider, with what its word is worth.

use crate::{
    embedded::{self, Clock, Embedded, Genesis, SystemClock},
    keys::development::is_development_chain,
    remote::{self, ConnectError},
};
use alloy::{
    network::{Ethereum, EthereumWallet, NetworkWallet},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::client::RpcClient,
};
use std::{path::PathBuf, time::Duration};
use thiserror::Error;

/// When a block counts as settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// Every block, at once: an embedded chain.
    Immediate,
    /// Blocks up to the one that the chain itself calls `finalized`.
    Tag,
    /// Blocks with this many blocks after them. Only as safe as the number is large.
    Depth(u64),
}

/// A remote chain.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The node's JSON-RPC address.
    pub url: String,
    /// The chain that must answer there.
    pub expected_chain_id: u64,
    /// When its blocks count as settled.
    pub finality: Finality,
    /// How long one request may take.
    pub timeout: Duration,
    /// How often to ask for news.
    pub poll: Duration,
}

impl Remote {
    /// A chain at `url` that must have the id `expected_chain_id`, trusted once the chain calls a block
    /// finalized; 30 seconds a request, news every 2 seconds.
    pub fn new(url: impl Into<String>, expected_chain_id: u64) -> Self {
        Self {
            url: url.into(),
            expected_chain_id,
            finality: Finality::Tag,
            timeout: Duration::from_secs(30),
            poll: Duration::from_secs(2),
        }
    }
}

/// Where a chain is.
#[derive(Debug, Clone)]
pub enum Source {
    /// In this process, with its journal in a file.
    Embedded {
        /// The journal; its folder is made if it is missing.
        path: PathBuf,
        /// What a new chain begins with; see [`Embedded::open`].
        genesis: Genesis,
    },
    /// Behind a URL.
    Remote(Remote),
}

/// Why a chain could not be reached.
#[derive(Debug, Error)]
pub enum OpenLedgerError {
    /// The embedded chain did not open.
    #[error(transparent)]
    Embedded(#[from] embedded::OpenError),
    /// The remote chain did not answer as it should.
    #[error(transparent)]
    Remote(#[from] ConnectError),
}

/// A chain of whichever kind. Copies are the same chain.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: RpcClient,
    provider: DynProvider,
    chain_id: u64,
    finality: Finality,
    embedded: Option<Embedded>,
}

impl Ledger {
    /// Opens the chain at `source`; a remote one must answer with the expected chain id.
    pub async fn open(source: Source) -> Result<Self, OpenLedgerError> {
        match source {
            Source::Embedded { path, genesis } => Ok(Self::open_embedded(&path, genesis, SystemClock)?),
            Source::Remote(settings) => {
                let client = remote::connect(&settings).await?;
                Ok(Self::new(client, settings.expected_chain_id, settings.finality, None))
            }
        }
    }

    /// Opens an embedded chain with a clock of your own.
    pub fn open_embedded(
        path: &std::path::Path,
        genesis: Genesis,
        clock: impl Clock + Clone,
    ) -> Result<Self, embedded::OpenError> {
        let chain_id = genesis.chain_id;
        Ok(Self::from_embedded(Embedded::open_with(path, genesis, clock)?, chain_id))
    }

    /// An embedded chain that lives in memory only.
    pub fn in_memory(genesis: Genesis) -> Result<Self, embedded::OpenError> {
        let chain_id = genesis.chain_id;
        Ok(Self::from_embedded(Embedded::in_memory(genesis)?, chain_id))
    }

    /// [`Ledger::in_memory`] with a clock of your own.
    pub fn in_memory_with(genesis: Genesis, clock: impl Clock) -> Result<Self, embedded::OpenError> {
        let chain_id = genesis.chain_id;
        Ok(Self::from_embedded(Embedded::in_memory_with(genesis, clock)?, chain_id))
    }

    fn from_embedded(embedded: Embedded, chain_id: u64) -> Self {
        Self::new(embedded.client(), chain_id, Finality::Immediate, Some(embedded))
    }

    fn new(client: RpcClient, chain_id: u64, finality: Finality, embedded: Option<Embedded>) -> Self {
        let provider = ProviderBuilder::default().connect_client(client.clone()).erased();
        Self { client, provider, chain_id, finality, embedded }
    }

    /// The provider for reading. It fills in nothing and signs nothing.
    pub fn provider(&self) -> &DynProvider {
        &self.provider
    }

    /// A provider that fills in nonce, gas, fees and chain id, and signs with `wallet`'s keys. The nonce is
    /// asked for each time, so that it stays right when blocks are replaced.
    pub fn signing<W: NetworkWallet<Ethereum> + Clone + 'static>(&self, wallet: W) -> DynProvider {
        ProviderBuilder::default()
            .with_gas_estimation()
            .with_simple_nonce_management()
            .with_chain_id(self.chain_id)
            .wallet(wallet)
            .connect_client(self.client.clone())
            .erased()
    }

    /// [`Ledger::signing`] with one key.
    pub fn signing_with<S>(&self, signer: S) -> DynProvider
    where
        EthereumWallet: From<S>,
    {
        self.signing(EthereumWallet::from(signer))
    }

    /// The client beneath the providers, for requests that alloy has no method for.
    pub fn client(&self) -> &RpcClient {
        &self.client
    }

    /// The chain's id, as its node gave it.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// When blocks count as settled.
    pub fn finality(&self) -> Finality {
        self.finality
    }

    /// Whether keys that everyone knows may be used here: nothing of value is.
    pub fn is_development(&self) -> bool {
        is_development_chain(self.chain_id)
    }

    /// Whether the chain is one operator's word, as an embedded one is: what is shown of it must say so.
    pub fn proves_nothing_to_third_parties(&self) -> bool {
        self.embedded.is_some() || self.is_development()
    }

    /// The embedded chain itself, for what only tests and simulations do to a chain.
    pub fn embedded(&self) -> Option<&Embedded> {
        self.embedded.as_ref()
    }
}
