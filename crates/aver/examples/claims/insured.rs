//! What is insured against: a model that decides, its registered weights, and items that are evidence.

use anyhow::{Context as _, Result};
use averment_compiler::{
    Options as Compile, compile, import,
    samples::{Columns, Format, Samples, read},
    tensor::Tensor,
};
use averment_plan::{Model, Schema};
use averment_primitives::{B256, Salt};
use averment_prover::{
    Engine, Setup,
    certify::Certifier,
    model::{Committed, tables},
    random,
    registered::{InputOpening, OpenedInputs},
};
use averment_verifier::{
    Registered,
    certificate::{self, CertificateFile, Certified},
    commitment::{InputCommitment, WeightsCommitment},
    descriptor::{Commitments, Descriptor, Options, ValidDescriptor},
    point,
    statement::Statement,
};
use std::path::Path;

/// A commitment to evidence, and what opens it.
pub type Evidence = (InputCommitment, InputOpening);

/// A model whose weights are committed to, which decides batches of items that each have a commitment of their own.
pub struct Insured {
    model: Model,
    schema: Schema,
    setup: Setup,
    salt: Salt,
    weights: WeightsCommitment,
    batch_bits: u8,
    items: Vec<Vec<f64>>,
}

impl Insured {
    /// LeNet-5 of `examples/mnist`, and images that it has not seen.
    pub fn photos(batch: usize) -> Result<Self> {
        let folder = examples().join("mnist");
        let images = |name: &str| -> Result<Tensor> {
            let bytes = std::fs::read(folder.join("data").join(name))?;
            Ok(read(Format::Npz, &bytes, &Columns::All)?.remove(0).array)
        };
        Self::new(&folder.join("model.onnx"), images("calibration.npz")?, images("evaluation.npz")?, batch)
    }

    /// The perceptron of `examples/breast_cancer`, and its data.
    pub fn reports(batch: usize) -> Result<Self> {
        let folder = examples().join("breast_cancer");
        let rows = |name: &str| -> Result<Tensor> {
            let text = std::fs::read_to_string(folder.join("data").join(name))?;
            let cells = text.lines().skip(1).flat_map(|line| line.split(',').skip(2));
            let cells = cells.map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            Ok(Tensor::new(vec![cells.len() / 30, 30], cells)?)
        };
        Self::new(&folder.join("model-v2.onnx"), rows("training.csv")?, rows("wdbc.csv")?, batch)
    }

    fn new(network: &Path, calibration: Tensor, items: Tensor, batch: usize) -> Result<Self> {
        let network = import(&std::fs::read(network)?)?;
        let samples = Samples::new(&network, vec![calibration])?;
        let model = compile(&network, &samples, &Compile::default())?.model;
        let batch_bits = u8::try_from(batch.next_power_of_two().trailing_zeros())?;
        let options = Options { batch_bits, commitments: Commitments::Each, ..Options::default() };
        let chunk_bits = Descriptor::derive(model.plan(), options)?.descriptor.layout.chunk_bits;
        let setup = Setup::development(chunk_bits);
        let salt = fresh()?;
        let alone = Options { chunk_bits: Some(chunk_bits), ..Options::default() };
        let (weights, _) = Committed::register(&setup, &model, alone, Some(&salt))?;
        let schema = Schema::new(model.plan().inputs().to_vec(), chunk_bits, B256::ZERO)?;
        let size = items.len() / items.dims.first().copied().context("items have an axis")?;
        let items = items.cells.chunks(size).map(<[f64]>::to_vec).collect();
        Ok(Self { model, schema, setup, salt, weights, batch_bits, items })
    }

    /// The setup of its proofs.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// What a version registers: weights and plan.
    pub fn registered(&self) -> (B256, B256) {
        (self.weights.identity(), self.model.plan().digest())
    }

    /// The input's schema.
    pub fn schema(&self) -> B256 {
        self.schema.digest()
    }

    /// How many claims a batch takes.
    pub fn batch(&self) -> usize {
        1 << self.batch_bits
    }

    /// What an intake commits to when it has seen an item.
    pub fn evidence(&self, item: usize) -> Result<Evidence> {
        let input = self.model.plan().inputs().first().context("a plan has an input")?;
        let cells = self.items.get(item).context("there are fewer items than claims")?;
        let (cells, _) = input.quantise(cells);
        Ok(InputOpening::commit(&self.setup, &self.schema, 1, vec![cells], Some(fresh()?))?)
    }

    /// The outputs of a batch, as whoever answers it computes them.
    pub fn answer(&self, evidence: Vec<Evidence>) -> Result<(Vec<i64>, OpenedInputs)> {
        let opened = OpenedInputs::new(evidence)?;
        let trace = opened.run(&self.model, &self.options())?;
        Ok((self.committed()?.public_values(self.model.plan(), &trace), opened))
    }

    /// Proves a batch's outputs: points and proof, as the router takes them. `about` says what the proof is for.
    pub fn prove(&self, opened: &OpenedInputs, about: Statement) -> Result<(Vec<u8>, Vec<u8>)> {
        let plan = self.model.plan();
        let trace = opened.run(&self.model, &self.options())?;
        let committed = self.committed()?;
        let inputs = committed.open_inputs(plan, &self.schema, opened)?;
        let registered = committed.registered(&inputs)?;
        let own = registered.statement();
        let statement = Statement {
            setup: own.setup,
            weights: own.weights,
            schema: own.schema,
            inputs: own.inputs,
            items: own.items,
            plan: plan.digest(),
            public: committed.public_values(plan, &trace),
            ..about
        };
        let engine = Engine::new(&self.setup, committed.descriptor().layout.chunk_bits)?;
        let mut random = random::secret()?;
        let proof = committed.prove(&engine, &trace, &inputs, &registered, &statement, &mut random)?;
        Ok((point::to_bytes(registered.committed()), proof.encode()))
    }

    /// The descriptor of such proofs, and commitments that it was held against.
    pub fn descriptor(&self) -> Result<(ValidDescriptor, Registered)> {
        let committed = self.committed()?;
        let opened = OpenedInputs::new(vec![self.evidence(0)?])?;
        let inputs = committed.open_inputs(self.model.plan(), &self.schema, &opened)?;
        Ok((committed.descriptor().clone(), committed.registered(&inputs)?))
    }

    /// The certificate of the weights.
    pub fn certified(&self, chain_id: u64) -> Result<Certified> {
        let (plan, options) = (self.model.plan(), self.alone());
        let committed = Committed::open(&self.setup, &self.model, options, &self.weights, Some(&self.salt))?;
        let certifier = Certifier::new(&committed, &self.model)?;
        let registered = certifier.registered()?;
        let statement = certificate::statement(&registered, plan.digest(), chain_id, options.mode);
        let engine = Engine::new(&self.setup, certifier.descriptor().layout.chunk_bits)?;
        let proof = certifier.prove(&engine, &registered, &statement, &mut random::secret()?)?;
        let file = CertificateFile { chain_id, mode: options.mode, proof: proof.encode() };
        let tables = tables(&self.setup, &Descriptor::derive(plan, options)?);
        let points: Vec<_> = tables.iter().map(|table| table.point).collect();
        Ok(file.verify(plan, &self.weights, &points, &self.setup.key())?)
    }

    fn alone(&self) -> Options {
        let chunk_bits = Some(self.weights.chunked().blocks().chunk_bits());
        Options { chunk_bits, ..Options::default() }
    }

    fn options(&self) -> Options {
        Options { batch_bits: self.batch_bits, commitments: Commitments::Each, ..self.alone() }
    }

    fn committed(&self) -> Result<Committed<'_>> {
        let options = self.options();
        Ok(Committed::open(&self.setup, &self.model, options, &self.weights, Some(&self.salt))?)
    }
}

/// The folder of the examples' data.
fn examples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// A salt that nobody else can have.
fn fresh() -> Result<Salt> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).context("the operating system gives no randomness")?;
    Ok(Salt::from_random(salt))
}
