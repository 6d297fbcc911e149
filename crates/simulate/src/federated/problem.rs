//! What is learned: data, and the network to begin with.

use super::ExperimentError;
use averment_trainers::{
    Graph,
    data::{Dataset, idx, table},
    models,
    random::{seed_of, shuffle, stream},
};
use std::path::PathBuf;

/// A file of the repository's `examples`.
macro_rules! example {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/", $path))
    };
}

/// Where data comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `examples/digits`: 1,257 images of 8 by 8 to learn from, 540 to judge by.
    Digits,
    /// `examples/breast_cancer`: 455 and 114 rows of 30 numbers, standardised by the first.
    BreastCancer,
    /// A folder with a pair of IDX files, one image in five to judge by.
    Idx(PathBuf),
}

/// What is learned.
#[derive(Debug, Clone)]
pub struct Problem {
    /// To learn from.
    pub training: Dataset,
    /// To judge by.
    pub evaluation: Dataset,
    /// What the sponsor has: for a root update, and to say how long updates may be. Not among what participants learn from.
    pub root: Dataset,
    /// The largest number of an input: what a trigger is painted with.
    pub largest: f32,
}

/// Examples that the sponsor keeps.
const ROOT: usize = 100;

impl Problem {
    /// Reads it; the seed says which examples the sponsor has.
    pub fn read(source: &Source, seed: u64) -> Result<Self, ExperimentError> {
        let table =
            |bytes: &[u8], class: &str| Ok::<_, ExperimentError>(table::read(bytes, class, &["row"])?.data);
        let (training, evaluation) = match source {
            Source::Digits => {
                let scaled = |data: Dataset| {
                    data.changed(|_, image| image.iter_mut().for_each(|pixel| *pixel /= 16.0))
                };
                let of = |bytes| Ok::<_, ExperimentError>(scaled(table(bytes, "digit")?)?);
                (of(example!("digits/data/training.csv"))?, of(example!("digits/data/evaluation.csv"))?)
            }
            Source::BreastCancer => {
                let of = |bytes| table(bytes, "diagnosis");
                let training = of(example!("breast_cancer/data/training.csv"))?;
                let evaluation = of(example!("breast_cancer/data/evaluation.csv"))?;
                (training.standardised(&training)?, evaluation.standardised(&training)?)
            }
            Source::Idx(folder) => {
                let all = idx::folder(folder, 255.0)?;
                let (judged, learned): (Vec<usize>, Vec<usize>) =
                    (0..all.len()).partition(|example| example % 5 == 0);
                (all.choose(&learned), all.choose(&judged))
            }
        };
        let mut order: Vec<usize> = (0..training.len()).collect();
        shuffle(&mut stream(seed_of(seed, 1), 0), &mut order);
        let (root, rest) = order.split_at(ROOT.min(order.len() / 4));
        let largest = training.inputs().iter().copied().fold(0.0, f32::max);
        Ok(Self { root: training.choose(root), training: training.choose(rest), evaluation, largest })
    }

    /// A perceptron with one hidden layer of this length; with 0, logistic regression.
    pub fn network(&self, hidden: usize, seed: u64) -> Result<Graph, ExperimentError> {
        let (features, classes) = (self.training.features(), self.training.classes());
        let network = match hidden {
            0 => models::logistic(features, classes),
            hidden => models::perceptron(features, &[hidden], classes, seed_of(seed, 2)),
        };
        Ok(Graph::new(network)?)
    }
}
