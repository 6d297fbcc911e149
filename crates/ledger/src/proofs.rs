//! A typed client of `ProofVerifier`, `Descriptors` and `WeightsCertificates`.
//!
//! Whether a proof is accepted is asked of the chain's newest final block. The contract holds a proof and what its
//! statement names against the points that it is given: that the statement names what a version registered is compared by
//! whoever asks. The descriptor is named by its digest, which the caller computed from the plan, so neither relations nor
//! tables can be others than the plan's.

use crate::{
    Ledger,
    contracts::{
        Deployment, Descriptors, ProofContracts, ProofVerifier, SendError, Sender, Sent, WeightsCertificates,
    },
    registry::{ReadError, ask},
};
use alloy::sol_types::SolCall;
use averment_primitives::{Address, B256, Bytes};
use averment_verifier::{
    Registered,
    certificate::Certified,
    descriptor::{Kind, ValidDescriptor},
    point::{self, G1Affine},
    statement::Statement,
};
use thiserror::Error;

/// The proof verifier of one deployment.
#[derive(Debug, Clone)]
pub struct ProofClient {
    ledger: Ledger,
    contracts: ProofContracts,
}

/// There is no proof verifier.
#[derive(Debug, Error)]
#[error(
    "the contracts on chain {chain_id} were deployed without a proof verifier: deploy them again, with a setup"
)]
pub struct NoVerifier {
    /// The chain.
    pub chain_id: u64,
}

/// A proof as the contract is asked about it.
#[derive(Debug, Clone)]
pub struct Asked {
    call: ProofVerifier::verifyCall,
}

/// A statement as the contract `$of` is given it: without the setup and the chain's id, which are the verifier's own.
macro_rules! stated {
    ($of:ident, $statement:expr) => {
        $of::Statement {
            consumer: $statement.contract,
            request: $statement.request,
            beneficiary: $statement.beneficiary,
            version: $statement.version,
            weights: $statement.weights,
            plan: $statement.plan,
            schema: $statement.schema,
            inputs: $statement.inputs,
            items: $statement.items,
            publicValues: $statement.public.clone(),
            seed: $statement.seed,
            zeroKnowledge: $statement.mode.masked(),
            terms: $statement.terms,
        }
    };
}

impl Asked {
    /// A proof of a statement, for commitments that were there before it.
    pub fn new(registered: &Registered, statement: &Statement, proof: Vec<u8>) -> Self {
        let statement = stated!(ProofVerifier, statement);
        let descriptor = registered.descriptor();
        let (points, proof) = (point::to_bytes(registered.committed()).into(), proof.into());
        Self { call: ProofVerifier::verifyCall { descriptor, statement, points, proof } }
    }

    /// What the contract is called with.
    pub fn calldata(&self) -> Bytes {
        self.call.abi_encode().into()
    }
}

impl ProofClient {
    /// A client of `deployment`, which was checked against `ledger`.
    pub fn new(ledger: &Ledger, deployment: &Deployment) -> Result<Self, NoVerifier> {
        let contracts = deployment.proofs.ok_or(NoVerifier { chain_id: deployment.chain_id })?;
        Ok(Self { ledger: ledger.clone(), contracts })
    }

    /// Where the contract is that remembers certified weights.
    pub fn certificates(&self) -> Address {
        self.contracts.certificates.address
    }

    /// Where the contract is.
    pub fn address(&self) -> Address {
        self.contracts.verifier.address
    }

    /// The setup whose proofs it accepts.
    pub fn setup(&self) -> B256 {
        self.contracts.setup
    }

    /// Whether a descriptor with the points of its tables is registered, by their digest.
    pub async fn knows(&self, digest: B256) -> Result<bool, ReadError> {
        let call = Descriptors::codeOfCall { digest };
        let block = self.ledger.newest_final().await?;
        let code = ask(&self.ledger, &block, "codeOf", self.contracts.descriptors.address, call).await?;
        Ok(!code.is_zero())
    }

    /// Has the descriptor that commitments were held against, a plan's or its certificate's, validated and stored with the
    /// points of its tables: once for a plan in one mode and batch, by anybody.
    pub async fn register(
        &self,
        sender: &Sender,
        descriptor: &ValidDescriptor,
        registered: &Registered,
    ) -> Result<Sent, SendError> {
        self.register_with(sender, descriptor, registered.tables()).await
    }

    /// The same with the points of its tables, where no inputs were committed to.
    pub async fn register_with(
        &self,
        sender: &Sender,
        descriptor: &ValidDescriptor,
        tables: &[G1Affine],
    ) -> Result<Sent, SendError> {
        let action = match descriptor.kind {
            Kind::Decision => "register the plan's descriptor",
            Kind::Certificate => "register the descriptor of its certificate",
            Kind::Update => "register the descriptor of the task's updates",
            Kind::Round => "register the descriptor of the task's rounds",
        };
        let points = point::to_bytes(tables).into();
        let call = Descriptors::registerCall { descriptor: descriptor.bytes().to_vec().into(), points };
        self.send(sender, self.contracts.descriptors.address, action, &call).await
    }

    /// Whether the contract accepts a proof. Costs nothing and leaves no trace.
    pub async fn verify(&self, asked: &Asked) -> Result<bool, ReadError> {
        let block = self.ledger.newest_final().await?;
        ask(&self.ledger, &block, "verify", self.address(), asked.call.clone()).await
    }

    /// Has a proof verified in a transaction. The transaction goes through for a proof that is not accepted too: ask
    /// [`Self::verify`] first.
    pub async fn verify_in_transaction(&self, sender: &Sender, asked: &Asked) -> Result<Sent, SendError> {
        self.send(sender, self.address(), "verify the proof", &asked.call).await
    }

    /// Whether the chain knows that the weights of `certified` are what a plan declares: that a certificate with its
    /// descriptor was proved for them, and covers the descriptor `decision`. Where it is not known, an accepted proof of a
    /// decision says only that some numbers satisfy the plan's relations.
    pub async fn certified(&self, decision: B256, certified: &Certified) -> Result<bool, ReadError> {
        let (certificate, weights) = (certified.registered.descriptor(), certified.registered.weights());
        let call = WeightsCertificates::isCertifiedCall { decision, certificate, weights };
        let block = self.ledger.newest_final().await?;
        ask(&self.ledger, &block, "isCertified", self.certificates(), call).await
    }

    /// Whether the certificate was proved on the chain, for whatever descriptor of decisions: [`Self::cover`] is then enough.
    pub async fn proved(&self, certified: &Certified) -> Result<bool, ReadError> {
        let (certificate, weights) = (certified.registered.descriptor(), certified.registered.weights());
        let call = WeightsCertificates::isProvedCall { certificate, weights };
        let block = self.ledger.newest_final().await?;
        ask(&self.ledger, &block, "isProved", self.certificates(), call).await
    }

    /// Has the certificate verified and remembered, also for proofs under the descriptor `decision`: once for the weights,
    /// by anybody. Both descriptors have to be registered.
    pub async fn certify(
        &self,
        sender: &Sender,
        decision: B256,
        certified: &Certified,
    ) -> Result<Sent, SendError> {
        let Certified { registered, statement, proof, .. } = certified;
        let call = WeightsCertificates::certifyCall {
            decision,
            certificate: registered.descriptor(),
            statement: stated!(WeightsCertificates, statement),
            points: point::to_bytes(registered.committed()).into(),
            proof: proof.encode().into(),
        };
        self.send(sender, self.certificates(), "certify the weights", &call).await
    }

    /// Has it remembered that the certificate, which proofs were verified of or will be, covers the descriptor `decision`
    /// too: that of another batch, mode or kind of inputs and outputs. Both descriptors have to be registered.
    pub async fn cover(
        &self,
        sender: &Sender,
        decision: B256,
        certified: &Certified,
    ) -> Result<Sent, SendError> {
        let certificate = certified.registered.descriptor();
        let call = WeightsCertificates::coverCall { decision, certificate };
        self.send(sender, self.certificates(), "have the certificate cover the plan's descriptor", &call)
            .await
    }

    async fn send<C: SolCall>(
        &self,
        sender: &Sender,
        contract: Address,
        action: &'static str,
        call: &C,
    ) -> Result<Sent, SendError> {
        sender.call_on(self.ledger.chain_id(), action, contract, call).await
    }
}
