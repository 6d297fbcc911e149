//! A plan's folder: what a model computes, and what it knows.
//!
//! ```text
//! PLAN/public/plan             averment-plan/1
//!      public/schema           averment-input-schema/1, once committed
//!      public/certificate      averment-weights-certificate/1, once committed
//!      public/commitment       averment-commitment/1, once committed
//!      private/weights         averment-weights/1
//!      private/calibration     averment-calibration/1: names of features, means
//!      private/salt            averment-commitment-salt/1, once committed
//! ```
//!
//! `public/` may be given to anybody: it is what a verifier needs. `private/` has mode 0700, its files 0600. The plan is
//! written last by `aver compile`, the commitment last by `aver commit`: what is not there was not finished.

use crate::exit;
use anyhow::{Context, Result};
use averment_node::weights::OpenedWeights;
use averment_plan::{Model, Plan, Schema, Weights, limits, vector::VectorLayout};
use averment_primitives::B256;
use averment_prover::registered::WeightsSecret;
use averment_storage::atomic::{self, AtomicFile};
use averment_verifier::{
    certificate::{self, CertificateFile},
    commitment::WeightsCommitment,
};
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const PLAN: &str = "plan";
const SCHEMA: &str = "schema";
const LAYOUT: &str = "layout";
const COMMITMENT: &str = "commitment";
const CERTIFICATE: &str = "certificate";
const WEIGHTS: &str = "weights";
const CALIBRATION: &str = "calibration";
const SALT: &str = "salt";

/// The longest calibration that is read: some 10^7 cells of inputs.
const CALIBRATION_LIMIT: u64 = 1 << 28;
/// The longest commitment or schema that is read.
const PUBLIC_LIMIT: u64 = 1 << 20;

/// A plan's folder.
#[derive(Debug, Clone)]
pub struct PlanFolder {
    folder: PathBuf,
    public: PathBuf,
}

/// What was seen of the samples that the plan was made with. It is as private as they are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Calibration {
    format: CalibrationFormat,
    /// SHA-256 of the file.
    pub file: B256,
    /// How many samples.
    pub samples: usize,
    /// Each input, in order.
    pub inputs: Vec<CalibratedInput>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum CalibrationFormat {
    #[serde(rename = "averment-calibration/1")]
    V1,
}

/// One input of the samples.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CalibratedInput {
    /// Its name.
    pub name: String,
    /// What its cells are called, from a CSV file's header; empty if nobody knows.
    pub features: Vec<String>,
    /// The mean of each cell, as an integer of the plan.
    pub mean: Vec<i32>,
}

impl Calibration {
    /// Of the file with this digest.
    pub fn new(file: B256, samples: usize, inputs: Vec<CalibratedInput>) -> Self {
        Self { format: CalibrationFormat::V1, file, samples, inputs }
    }

    /// The columns by which inputs are found in CSV files: there is one array only in those.
    pub fn columns(&self) -> &[String] {
        match self.inputs.as_slice() {
            [only] => &only.features,
            _ => &[],
        }
    }
}

impl PlanFolder {
    /// The folder of a plan, or the public half of one.
    pub fn open(path: &Path) -> Result<Self> {
        let halves = [path.join("public"), path.to_path_buf()];
        if let Some(public) = halves.into_iter().find(|half| half.join(PLAN).is_file()) {
            return Ok(Self { folder: path.to_path_buf(), public });
        }
        let shown = path.display();
        let message = match path.extension().and_then(|end| end.to_str()) {
            Some("onnx") if path.is_file() => {
                format!(
                    "{shown} is a network: `aver compile {shown} --calibrate SAMPLES -o PLAN` makes a plan of it"
                )
            }
            _ if path.exists() => format!("{shown} is no plan's folder: `aver compile` makes one"),
            _ => format!(
                "there is no {shown}: `aver compile MODEL.onnx --calibrate SAMPLES -o {shown}` makes it"
            ),
        };
        Err(exit::usage(message).into())
    }

    /// A new plan's folder; an older one is left as it is.
    pub fn create(path: &Path, model: &Model, calibration: &Calibration) -> Result<Self> {
        let made = Self { folder: path.to_path_buf(), public: path.join("public") };
        Self::vacant(path)?;
        atomic::create_folder(&made.public)?;
        atomic::create_private_folder(&made.private(""))?;
        let weights = Zeroizing::new(model.weights().encode(model.plan()));
        made.write_private(WEIGHTS, &weights)?;
        made.write_private(
            CALIBRATION,
            &serde_json::to_vec(calibration).context("encoding the calibration")?,
        )?;
        atomic::write(&made.public.join(PLAN), &model.plan().encode())?;
        Ok(made)
    }

    /// A new plan's folder, of a public half and of weights that were checked against it. There is no calibration: that is
    /// not for who was given the weights.
    pub fn complete(path: &Path, public: &Self, opened: &OpenedWeights) -> Result<Self> {
        let (plan, schema) = (public.plan()?, public.schema()?);
        let (certificate, commitment) = (public.certificate()?, public.commitment()?);
        let made = Self { folder: path.to_path_buf(), public: path.join("public") };
        Self::vacant(path)?;
        atomic::create_folder(&made.public)?;
        atomic::create_private_folder(&made.private(""))?;
        made.write_private(WEIGHTS, &Zeroizing::new(opened.model.weights().encode(&plan)))?;
        made.write_private(SALT, &opened.secret.encode())?;
        atomic::write(&made.public.join(SCHEMA), &schema.encode())?;
        atomic::write(&made.public.join(CERTIFICATE), &certificate.encode())?;
        atomic::write(&made.public.join(COMMITMENT), &commitment.encode())?;
        atomic::write(&made.public.join(PLAN), &plan.encode())?;
        Ok(made)
    }

    /// Whether the private half is here.
    pub fn has_weights(&self) -> bool {
        self.private(WEIGHTS).exists()
    }

    /// Whether a plan can be made here.
    pub fn vacant(path: &Path) -> Result<()> {
        let unfinished = path.join("private").is_dir() && !path.join("public").join(PLAN).exists();
        if path.exists() && !unfinished {
            let message =
                format!("{} is there already: remove it, or choose another with -o", path.display());
            return Err(exit::usage(message).into());
        }
        Ok(())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The half that may be given away.
    pub fn public(&self) -> &Path {
        &self.public
    }

    /// What the model computes.
    pub fn plan(&self) -> Result<Plan> {
        let path = self.public.join(PLAN);
        let bytes = atomic::read(&path, limits::PLAN_BYTES as u64).with_context(|| reading(&path))?;
        Plan::decode(&bytes).map_err(|error| bad(&path, &error))
    }

    /// The plan with its weights.
    pub fn model(&self) -> Result<Model> {
        let plan = self.plan()?;
        let path = self.private(WEIGHTS);
        let bytes = Zeroizing::new(self.read_private(&path, limits::WEIGHTS_BYTES as u64)?);
        let weights = Weights::decode(&plan, &bytes).map_err(|error| bad(&path, &error))?;
        Model::new(plan, weights).map_err(|error| bad(&path, &error))
    }

    /// What was seen of the samples.
    pub fn calibration(&self) -> Result<Calibration> {
        let path = self.private(CALIBRATION);
        let bytes = self.read_private(&path, CALIBRATION_LIMIT)?;
        serde_json::from_slice(&bytes).map_err(|error| bad(&path, &error))
    }

    /// The names of the features, in order; none if the plan was handed over without its calibration.
    pub fn columns(&self) -> Result<Vec<String>> {
        if self.has_weights() && !self.private(CALIBRATION).exists() {
            return Ok(Vec::new());
        }
        Ok(self.calibration()?.columns().to_vec())
    }

    /// A file of the private half, which those do not have who were given the plan to verify with.
    fn read_private(&self, path: &Path, limit: u64) -> Result<Vec<u8>> {
        match atomic::read(path, limit) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(exit::usage(format!(
                "{} has no private half: only whoever has the weights can do this",
                self.folder.display()
            ))
            .into()),
            read => read.with_context(|| reading(path)),
        }
    }

    /// Keeps what a version registers; the folder must have no commitment yet.
    pub fn keep_commitment(
        &self,
        schema: &Schema,
        commitment: &WeightsCommitment,
        secret: &WeightsSecret,
        certificate: &CertificateFile,
    ) -> Result<()> {
        self.uncommitted()?;
        self.write_private(SALT, &secret.encode())?;
        atomic::write(&self.public.join(SCHEMA), &schema.encode())?;
        atomic::write(&self.public.join(CERTIFICATE), &certificate.encode())?;
        atomic::write(&self.public.join(COMMITMENT), &commitment.encode())?;
        Ok(())
    }

    /// Keeps what the cells of a task's vectors mean.
    pub fn keep_layout(&self, layout: &VectorLayout) -> Result<()> {
        Ok(atomic::write(&self.public.join(LAYOUT), &layout.encode())?)
    }

    /// What the cells of a task's vectors mean, if the plan is one that a task starts from.
    pub fn layout(&self) -> Result<VectorLayout> {
        let path = self.public.join(LAYOUT);
        let bytes = match atomic::read(&path, limits::PLAN_BYTES as u64) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(exit::usage(format!(
                    "{} is not a plan that a task starts from: `aver federated start` makes one",
                    self.folder.display()
                ))
                .into());
            }
            read => read.with_context(|| reading(&path))?,
        };
        let layout = VectorLayout::decode(&bytes).map_err(|error| bad(&path, &error))?;
        layout.check_plan(&self.plan()?).map_err(|error| bad(&path, &error))?;
        Ok(layout)
    }

    /// Refuses to commit a second time: a version may have registered the first.
    pub fn uncommitted(&self) -> Result<()> {
        if self.public.join(COMMITMENT).exists() {
            return Err(exit::usage(format!(
                "{} is committed already: a version may have registered that; compile the model again for another \
                 commitment",
                self.folder.display()
            ))
            .into());
        }
        Ok(())
    }

    /// The commitment to the weights, which must be there.
    pub fn commitment(&self) -> Result<WeightsCommitment> {
        let shown = self.folder.display();
        let missing = || exit::usage(format!("{shown} is not committed yet: run `aver commit {shown}`"));
        Ok(self.committed()?.ok_or_else(missing)?)
    }

    /// The commitment to the weights, if they are committed to.
    pub fn committed(&self) -> Result<Option<WeightsCommitment>> {
        let path = self.public.join(COMMITMENT);
        let bytes = match atomic::read(&path, PUBLIC_LIMIT) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| reading(&path))?,
        };
        WeightsCommitment::decode(&bytes).map(Some).map_err(|error| bad(&path, &error))
    }

    /// The certificate of the weights.
    pub fn certificate(&self) -> Result<CertificateFile> {
        let path = self.public.join(CERTIFICATE);
        let bytes = match atomic::read(&path, certificate::FILE_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(exit::refused(format!(
                    "{} has no certificate of its weights: they may be out of range, and then a proof says nothing. \
                     `aver commit` of this release makes one",
                    self.folder.display()
                ))
                .into());
            }
            read => read.with_context(|| reading(&path))?,
        };
        CertificateFile::decode(&bytes).map_err(|error| bad(&path, &error))
    }

    /// The schema that inputs are committed under.
    pub fn schema(&self) -> Result<Schema> {
        let path = self.public.join(SCHEMA);
        let bytes = atomic::read(&path, PUBLIC_LIMIT).with_context(|| reading(&path))?;
        Schema::decode(&bytes).map_err(|error| bad(&path, &error))
    }

    /// What opens the commitment to the weights.
    pub fn secret(&self, commitment: &WeightsCommitment) -> Result<WeightsSecret> {
        let path = self.private(SALT);
        WeightsSecret::read(&path, commitment).map_err(|error| bad(&path, &error))
    }

    fn private(&self, name: &str) -> PathBuf {
        self.folder.join("private").join(name)
    }

    fn write_private(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut file = AtomicFile::create_private(&self.private(name))?;
        file.write(bytes)?;
        Ok(file.commit()?)
    }
}

fn reading(path: &Path) -> String {
    format!("reading {}", path.display())
}

/// A file that is there and not what it should be.
fn bad(path: &Path, error: &dyn std::error::Error) -> anyhow::Error {
    exit::refused(format!("{}: {error}", path.display())).into()
}
