//! Members of a batched sumcheck: each yields its round polynomials, highest variable first. [5.1], [5.2], [6.1]
//!
//! A member is a sum over the cube of n variables; its columns have 2^n cells, and bit t of the index is variable t.
//! Use: [`round`](Product::round), then [`bind`](Product::bind) with the challenge, n times; then the columns have one
//! cell each, the operands' values at the point. `round` returns the coefficients c_0, c_1, …, c_d of
//! `s(X) = Σ_x f(challenges so far, X, x)`, lowest first; s(0) + s(1) is the member's claim. Scaling by batching scalars
//! and by 2^-(n-n_j) is the caller's, and so are masks.
//!
//! The eq factor is never multiplied out: with the variables at and above m bound, z = point[m-1],
//! `s(X) = Π_{t>=m} eq(z_t, c_t) · ((1-z) + (2z-1) X) · q(X)`, `q(X) = Σ_x eq(point[..m-1], x) F(…, X, x)`.
//! The claim says `(1-z) q(0) + z q(1)`, so q(1) is not summed up after the first round unless z = 0. In the first round
//! everything is summed: what a member yields is true of its columns, whatever they are.

use crate::{Backend, FieldVec, interpolation, reference, scalar};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, Zero};
use std::iter;

/// What eq(point, ·) still has to say: the bound part, and the table over the variables below the next one.
#[derive(Debug, Clone)]
struct EqFactor {
    point: Vec<Fr>,
    /// 1/z for each coordinate, 0 for 0.
    inverses: Vec<Fr>,
    /// Π eq(z_t, c_t) over the bound variables.
    bound: Fr,
    /// Over all coordinates while there are more variables than coordinates, else over those below the next variable.
    table: FieldVec,
}

impl EqFactor {
    fn new(backend: Backend, point: &[Fr], variables: usize) -> Self {
        assert!(point.len() <= variables, "{} coordinates for {variables} variables", point.len());
        let mut inverses = point.to_vec();
        scalar::invert(&mut inverses);
        let own = if point.len() == variables { point.len().saturating_sub(1) } else { point.len() };
        let table = FieldVec::eq_table(backend, &point[..own]);
        Self { point: point.to_vec(), inverses, bound: Fr::ONE, table }
    }

    /// The coordinate of the highest of `variables` variables, if it has one.
    fn coordinate(&self, variables: usize) -> Option<Fr> {
        (variables <= self.point.len()).then(|| self.point[variables - 1])
    }

    /// The round polynomial from q.
    fn finish(&self, q: &[Fr], variables: usize) -> Vec<Fr> {
        match self.coordinate(variables) {
            Some(z) => interpolation::times_eq(q, z, self.bound),
            None => q.to_vec(),
        }
    }

    /// q(1) from q(0) and the claim `(1-z) q(0) + z q(1)`, or `q(0) + q(1)` without eq; none if z = 0.
    fn value_at_one(&self, zero: Fr, claim: Fr, variables: usize) -> Fr {
        match self.coordinate(variables) {
            Some(z) => (claim - (Fr::ONE - z) * zero) * self.inverses[variables - 1],
            None => claim - zero,
        }
    }

    /// Whether the claim determines q(1).
    fn determines_one(&self, variables: usize) -> bool {
        self.coordinate(variables).is_none_or(|z| !z.is_zero())
    }

    /// Binds the highest of `variables` variables.
    fn bind(&mut self, challenge: Fr, variables: usize) {
        if let Some(z) = self.coordinate(variables) {
            self.bound *= (Fr::ONE - z) * (Fr::ONE - challenge) + z * challenge;
        }
        // The next round's variable leaves the table.
        if variables >= 2 && self.coordinate(variables - 1).is_some() && self.table.len() > 1 {
            self.table.add_halves();
        }
    }
}

/// What members have in common: columns, and where they stand between `round` and `bind`.
#[derive(Debug, Clone)]
struct Rounds<C> {
    columns: C,
    variables: usize,
    eq: EqFactor,
    /// What q's values have to add up to; unknown before the first round.
    claim: Option<Fr>,
    /// q of the round that waits for its challenge.
    q: Option<Vec<Fr>>,
    /// A challenge that the columns are yet to be bound to, on the way of the next round's sums.
    pending: Option<Fr>,
    /// The definition keeps eq as one more column.
    reference_eq: Option<Vec<Fr>>,
}

impl<C: AsRef<[FieldVec]> + AsMut<[FieldVec]>> Rounds<C> {
    fn new(columns: C, variables: usize, backend: Backend, point: &[Fr]) -> Self {
        let eq = EqFactor::new(backend, point, variables);
        let reference_eq = (backend == Backend::Reference)
            .then(|| reference::eq_table(point).repeat(1 << (variables - point.len())));
        Self { columns, variables, eq, claim: None, q: None, pending: None, reference_eq }
    }

    fn of_columns(columns: C, point: &[Fr]) -> Self {
        let all = columns.as_ref();
        let (backend, len) = (all[0].backend(), all[0].len());
        assert!(len.is_power_of_two(), "{len} cells are no cube");
        assert!(all.iter().all(|column| column.len() == len), "lengths");
        assert!(all.iter().all(|column| column.backend() == backend), "backends");
        Self::new(columns, len.trailing_zeros() as usize, backend, point)
    }

    fn assert_ready(&self) {
        assert!(self.variables > 0, "no variable is left");
        assert!(self.q.is_none(), "the round before waits for its challenge");
    }

    /// The claim, if it determines q(1).
    fn useful_claim(&self) -> Option<Fr> {
        self.claim.filter(|_| self.eq.determines_one(self.variables))
    }

    /// Keeps q until its challenge comes; the round's polynomial.
    fn finish(&mut self, q: Vec<Fr>) -> Vec<Fr> {
        let polynomial = self.eq.finish(&q, self.variables);
        self.q = Some(q);
        polynomial
    }

    /// The round by the definition of `f`, of degree `degree` with its eq factor, which comes first; none for fast backends.
    fn by_definition(&mut self, degree: usize, f: impl Fn(&[Fr]) -> Fr) -> Option<Vec<Fr>> {
        let eq = self.reference_eq.as_ref()?;
        let columns: Vec<Vec<Fr>> = self.columns.as_ref().iter().map(FieldVec::to_vec).collect();
        let mut all = vec![eq.as_slice()];
        all.extend(columns.iter().map(Vec::as_slice));
        let values = reference::round_values(&all, degree, |v| v[0] * f(&v[1..]));
        let polynomial = interpolation::from_values(&values);
        self.q = Some(polynomial.clone());
        Some(polynomial)
    }

    /// Binds all but the columns.
    fn bind_later(&mut self, challenge: Fr) {
        let q = self.q.take().expect("a round comes before its challenge");
        self.claim = Some(interpolation::evaluate(&q, challenge));
        self.eq.bind(challenge, self.variables);
        self.variables -= 1;
        if let Some(eq) = &mut self.reference_eq {
            *eq = reference::fold(eq, challenge);
        }
        self.pending = Some(challenge);
    }

    /// Binds the columns if there is no round left to do it on the way, or if rounds go by the definition.
    fn bind_last(&mut self) {
        if (self.reference_eq.is_some() || self.variables == 0)
            && let Some(challenge) = self.pending.take()
        {
            self.columns.as_mut().iter_mut().for_each(|column| column.fold(challenge));
        }
    }

    /// The columns, of one cell each.
    fn operands(&self) -> &C {
        assert_eq!(self.variables, 0, "variables are left");
        &self.columns
    }
}

/// `Σ_x eq(point, x_low)·A(x)·B(x)`, the coordinates of `point` belonging to the lowest variables: a product (no
/// point), a grouped product, or the table side (A = g, B = γ + T, a point of all variables). [4.2], [4.5]
#[derive(Debug, Clone)]
pub struct Product {
    /// Of A and B.
    rounds: Rounds<[FieldVec; 2]>,
    /// A before the first challenge, if it is a column of integers; it has no other column then.
    integers: Option<Integers>,
}

/// A column of integers, and blocks of field elements that are added to it, each within one half.
#[derive(Debug, Clone)]
struct Integers {
    cells: Vec<i32>,
    blocks: Vec<(usize, FieldVec)>,
}

impl Integers {
    /// What the blocks add to q(0), q(1) and the leading coefficient of the first round, with `b`.
    fn block_sums(&self, b: &FieldVec) -> [Fr; 3] {
        let half = self.cells.len() / 2;
        self.blocks.iter().fold([Fr::ZERO; 3], |[zero, one, lead], (at, block)| {
            let beside = |offset: usize| block.dot(&b.part(offset, block.len()));
            let (low, high) = (beside(at % half), beside(at % half + half));
            // The block's own half is (1 - X) or X times it.
            if *at < half {
                [zero + low, one, lead + low - high]
            } else {
                [zero, one + high, lead + high - low]
            }
        })
    }

    /// A with its highest variable bound.
    fn bound(&self, backend: Backend, challenge: Fr) -> FieldVec {
        let half = self.cells.len() / 2;
        let (low, high) = self.cells.split_at(half);
        let (at_zero, at_one) = (Fr::ONE - challenge, challenge);
        let mut bound = FieldVec::affine(backend, half, Fr::ZERO, &[(at_zero, low), (at_one, high)]);
        for (at, block) in &self.blocks {
            bound.add_scaled_at(at % half, if *at < half { at_zero } else { at_one }, block);
        }
        bound
    }
}

impl Product {
    /// A member over the cells of `a` and `b`.
    ///
    /// # Panics
    /// If lengths or backends differ, the length is no power of two, or the point has more coordinates than there are
    /// variables.
    #[must_use]
    pub fn new(a: FieldVec, b: FieldVec, point: &[Fr]) -> Self {
        Self { rounds: Rounds::of_columns([a, b], point), integers: None }
    }

    /// A product without eq whose first factor is a column of integers: they become field elements only when the first
    /// challenge halves them, which saves time and most of the memory. `blocks` of field elements are added to it, each
    /// from its cell on.
    ///
    /// # Panics
    /// If lengths differ or are no power of two, or a block reaches beyond the end.
    #[must_use]
    pub fn with_integers(a: Vec<i32>, blocks: Vec<(usize, FieldVec)>, b: FieldVec) -> Self {
        let (backend, len) = (b.backend(), b.len());
        assert!(len.is_power_of_two() && a.len() == len, "{len} and {} cells are no two cubes", a.len());
        let half = len / 2;
        let crosses = |(at, block): &(usize, FieldVec)| *at < half && at + block.len() > half;
        if backend == Backend::Reference || len == 1 || blocks.iter().any(crosses) {
            let mut column = FieldVec::from_i32(backend, &a);
            blocks.iter().for_each(|(at, block)| column.add_scaled_at(*at, Fr::ONE, block));
            return Self::new(column, b, &[]);
        }
        let columns = [FieldVec::zeros(backend, 0), b];
        let rounds = Rounds::new(columns, len.trailing_zeros() as usize, backend, &[]);
        Self { rounds, integers: Some(Integers { cells: a, blocks }) }
    }

    /// How many variables are free.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.rounds.variables
    }

    /// The degree of the next round: 3 if its variable has a coordinate, else 2.
    #[must_use]
    pub fn degree(&self) -> usize {
        if self.rounds.eq.coordinate(self.variables()).is_some() { 3 } else { 2 }
    }

    /// Coefficients of this round's polynomial.
    ///
    /// # Panics
    /// If no variable is left, or this round's polynomial was taken and not bound.
    pub fn round(&mut self) -> Vec<Fr> {
        self.rounds.assert_ready();
        let degree = self.degree();
        if let Some(polynomial) = self.rounds.by_definition(degree, |v| v[0] * v[1]) {
            return polynomial;
        }
        let claim = self.rounds.useful_claim();
        let Rounds { columns, eq, pending, variables, .. } = &mut self.rounds;
        let [zero, one, lead] = match &self.integers {
            Some(a) => {
                let sums = FieldVec::integer_product_sums(&a.cells, &columns[1]);
                let more = a.block_sums(&columns[1]);
                std::array::from_fn(|i| sums[i] + more[i])
            }
            None => {
                let weights = (!eq.point.is_empty()).then_some(&eq.table);
                FieldVec::product_sums(columns, pending.take(), weights, claim.is_none())
            }
        };
        let one = claim.map_or(one, |claim| eq.value_at_one(zero, claim, *variables));
        self.rounds.finish(interpolation::quadratic(zero, one, lead).to_vec())
    }

    /// Binds the round's variable.
    ///
    /// # Panics
    /// If the round's polynomial was not taken.
    pub fn bind(&mut self, challenge: Fr) {
        self.rounds.bind_later(challenge);
        if let Some(a) = self.integers.take() {
            let [bound, b] = &mut self.rounds.columns;
            *bound = a.bound(b.backend(), challenge);
            b.fold(challenge);
            self.rounds.pending = None;
        }
        self.rounds.bind_last();
    }

    /// A and B at the point.
    ///
    /// # Panics
    /// If a variable is left.
    #[must_use]
    pub fn operands(&self) -> [Fr; 2] {
        self.rounds.operands().each_ref().map(|column| column.get(0))
    }

    /// A and B as they are after the variables that are bound.
    ///
    /// # Panics
    /// If no variable is bound yet, or a round waits for its challenge.
    #[must_use]
    pub fn columns(&self) -> [FieldVec; 2] {
        assert!(self.integers.is_none() && self.rounds.q.is_none(), "between a challenge and the next round");
        self.rounds.columns.each_ref().map(|column| {
            let mut column = column.clone();
            if let Some(challenge) = self.rounds.pending {
                column.fold(challenge);
            }
            column
        })
    }

    /// eq(point, ·) at the bound variables: with the operands, the member's final value is their product.
    #[must_use]
    pub fn eq_value(&self) -> Fr {
        self.rounds.eq.bound
    }
}

/// `Σ_x eq(point, x)·[h·Π_s d_s - Σ_s Π_{s'≠s} d_s']` over one to four columns d_s, of two degrees more in every variable
/// than there are. [4.5]
#[derive(Debug, Clone)]
pub struct Lookup {
    /// Of h, d_0, d_1, …
    rounds: Rounds<Vec<FieldVec>>,
}

/// The most columns of denominators.
const SIDES: usize = 4;

impl Lookup {
    /// A member over the cells of the helper column and of the columns of denominators; the point has one coordinate for
    /// each variable.
    ///
    /// # Panics
    /// As [`Product::new`], or if there are no denominators, or more than four columns of them.
    #[must_use]
    pub fn new(h: FieldVec, d: Vec<FieldVec>, point: &[Fr]) -> Self {
        assert!((1..=SIDES).contains(&d.len()), "{} columns of denominators", d.len());
        let rounds = Rounds::of_columns(iter::once(h).chain(d).collect(), point);
        assert_eq!(point.len(), rounds.variables, "coordinates");
        Self { rounds }
    }

    /// How many variables are free.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.rounds.variables
    }

    /// The degree of its rounds.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.rounds.columns.len() + 1
    }

    /// Coefficients of this round's polynomial, one more than its degree.
    ///
    /// # Panics
    /// As [`Product::round`].
    pub fn round(&mut self) -> Vec<Fr> {
        self.rounds.assert_ready();
        let degree = self.degree();
        if let Some(polynomial) = self.rounds.by_definition(degree, |v| bracket(v[0], &v[1..])) {
            return polynomial;
        }
        let claim = self.rounds.useful_claim();
        let Rounds { columns, eq, pending, variables, .. } = &mut self.rounds;
        let [zero, one, values @ .., lead] =
            FieldVec::lookup_sums(columns, pending.take(), &eq.table, claim.is_none());
        let one = claim.map_or(one, |claim| eq.value_at_one(zero, claim, *variables));
        let [minus_one, two, minus_two] = values;
        let values = [zero, one, minus_one, two, minus_two];
        self.rounds.finish(interpolation::from_few(&values[..degree - 1], lead))
    }

    /// Binds the round's variable.
    ///
    /// # Panics
    /// If the round's polynomial was not taken.
    pub fn bind(&mut self, challenge: Fr) {
        self.rounds.bind_later(challenge);
        self.rounds.bind_last();
    }

    /// h, then d_0, d_1, … at the point.
    ///
    /// # Panics
    /// If a variable is left.
    #[must_use]
    pub fn operands(&self) -> (Fr, Vec<Fr>) {
        let mut operands = self.rounds.operands().iter().map(|column| column.get(0));
        (operands.next().unwrap_or_default(), operands.collect())
    }

    /// eq(point, ·) at the bound variables.
    #[must_use]
    pub fn eq_value(&self) -> Fr {
        self.rounds.eq.bound
    }
}

/// `h·Π_s d_s - Σ_s Π_{s'≠s} d_s'`. [4.5]
#[must_use]
pub fn bracket(h: Fr, d: &[Fr]) -> Fr {
    let (sum, all) = d.iter().fold((Fr::ZERO, Fr::ONE), |(sum, all), d| (sum * d + all, all * d));
    h * all - sum
}
