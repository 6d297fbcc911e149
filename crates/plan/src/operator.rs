//! How accumulators come about. One file a kind: what it means, which shapes it takes, how large it can get.
//!
//! | kind | accumulator |
//! |---|---|
//! | [`Operator::Affine`] | products of earlier tensors with weights, plus linear terms, plus a bias |
//! | [`Operator::Maximum`] | the difference of two forms; its relu added to the first is the larger of the two |
//!
//! Every kind is a linear relation of docs/protocol.md [4.2] as it stands: one accumulator cell is a sum over sum
//! coordinates of operand × weight ([`Product`]: the products of the relation) plus functionals of earlier tensors
//! ([`Linear`], [`Bias`]: its terms).

mod dot;
mod linear;
mod maximum;
mod product;

pub use linear::{Bias, Linear};
pub use product::Product;

pub(crate) use maximum::check as check_maximum;

use crate::{TensorId, Term, WeightId};

/// How a step's accumulator is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// Dense layers, convolutions, sums, pools, residuals: `Σ products + Σ linear + bias`.
    Affine {
        /// Forms times weights.
        products: Vec<Product>,
        /// Forms times small integers.
        linear: Vec<Linear>,
        /// A weight that is added.
        bias: Option<Bias>,
    },
    /// `acc = second - first`, to be rescaled by relu without a shift: then `first + out = max(first, second)`.
    ///
    /// Max pooling is a chain of these along one axis after the other. A later form that has both terms of a maximum
    /// has that maximum's interval, not the sum of two.
    Maximum {
        /// The form that the result is added to.
        first: Vec<Term>,
        /// The form it is compared with.
        second: Vec<Term>,
    },
}

impl Operator {
    /// All forms with their sums, the weights left out.
    pub fn forms(&self) -> Vec<(&[Term], &[u32])> {
        match self {
            Self::Affine { products, linear, .. } => products
                .iter()
                .map(|product| (product.form.as_slice(), product.sums.as_slice()))
                .chain(linear.iter().map(|linear| (linear.form.as_slice(), linear.sums.as_slice())))
                .collect(),
            Self::Maximum { first, second } => vec![(first, &[]), (second, &[])],
        }
    }

    /// All tensors that are read, with repetitions.
    pub fn tensors(&self) -> impl Iterator<Item = TensorId> + '_ {
        self.forms().into_iter().flat_map(|(form, _)| form.iter().map(|term| term.view.tensor))
    }

    /// All weights that are used, with repetitions: of products in order, then the bias.
    pub fn weights(&self) -> Vec<WeightId> {
        match self {
            Self::Affine { products, bias, .. } => products
                .iter()
                .map(|product| product.weight)
                .chain(bias.iter().map(|bias| bias.weight))
                .collect(),
            Self::Maximum { .. } => Vec::new(),
        }
    }
}
