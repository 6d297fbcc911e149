//! In place of [`crate::ifma`] on other processors: the same names, without values, so that nothing else has to ask.

/// Proof of something that is not the case.
#[derive(Debug, Clone, Copy)]
pub enum Token {}

impl Token {
    pub fn detect() -> Option<Self> {
        None
    }
}

pub mod lanes {
    #[derive(Debug, Clone, Copy)]
    pub enum Block {}
}

pub mod points {
    use super::Token;
    use crate::msm::adder::{Adder, Pair, Point};
    use ark_bn254::G1Affine;

    pub enum LaneAdder {}

    impl LaneAdder {
        pub fn new(token: Token) -> Self {
            match token {}
        }
    }

    impl Adder for LaneAdder {
        fn encode(&self, _: &[G1Affine], _: &mut [Point]) {
            match *self {}
        }

        fn decode(&self, _: &Point) -> G1Affine {
            match *self {}
        }

        fn negate(&self, _: &Point) -> Point {
            match *self {}
        }

        fn add(&mut self, _: &[Point], _: &[Pair], _: &mut [Point]) -> bool {
            match *self {}
        }
    }
}

pub mod vector {
    use super::{Token, lanes::Block};
    use ark_bn254::Fr;

    #[derive(Debug, Clone)]
    pub enum LaneVec {}

    /// Functions that cannot be called: one argument has no values.
    macro_rules! absent {
        ($(fn $name:ident($absent:ident: $type:ty $(, $argument:ty)*) $(-> $out:ty)?;)*) => {$(
            pub fn $name($absent: $type $(, _: $argument)*) $(-> $out)? {
                match *$absent {}
            }
        )*};
    }

    impl LaneVec {
        pub const MIN_LEN: usize = 16;

        pub fn zeros(token: Token, _: usize) -> Self {
            match token {}
        }

        pub fn new(token: Token, _: &[Fr]) -> Self {
            match token {}
        }

        pub fn affine(token: Token, _: usize, _: Fr, _: &[(Fr, &[i32])]) -> Self {
            match token {}
        }

        pub fn eq_table(token: Token, _: &[Fr]) -> Self {
            match token {}
        }

        pub fn kron_of_few(_: &[Fr], high: &Self) -> Self {
            match *high {}
        }

        pub fn sum_of_inverses(d: &[&Self]) -> Self {
            match *d[0] {}
        }

        pub fn product_sums(v: [&mut Self; 2], _: Option<Fr>, _: Option<&[Block]>, _: bool) -> [Fr; 3] {
            match *v[0] {}
        }

        pub fn integer_product_sums(_: &[i32], b: &Self) -> [Fr; 3] {
            match *b {}
        }

        pub fn lookup_sums(v: &mut [&mut Self], _: Option<Fr>, _: &[Block], _: bool) -> [Fr; 6] {
            match *v[0] {}
        }

        absent! {
            fn len(self: &Self) -> usize;
            fn token(self: &Self) -> Token;
            fn to_vec(self: &Self) -> Vec<Fr>;
            fn range(self: &Self, usize, usize) -> Vec<Fr>;
            fn part(self: &Self, usize, usize) -> Self;
            fn copy_at(self: &mut Self, usize, &Self);
            fn set_range(self: &mut Self, usize, &[Fr]);
            fn fold(self: &mut Self, Fr);
            fn add_halves(self: &mut Self);
            fn dot(self: &Self, &Self) -> Fr;
            fn dot_i32(self: &Self, &[i32]) -> Fr;
            fn add_constant(self: &mut Self, Fr);
            fn scale(self: &mut Self, Fr);
            fn multiply(self: &mut Self, &Self);
            fn add_scaled_at(self: &mut Self, usize, Fr, &Self);
            fn add_scaled_elements(self: &mut Self, usize, Fr, &[Fr]);
            fn kron(self: &Self, &[Fr]) -> Self;
            fn invert(self: &mut Self);
            fn evaluate(self: &Self, Fr) -> Fr;
            fn divide(self: &Self, usize, Fr) -> (Self, Self);
            fn divide_by_linear(self: &Self, Fr) -> (Self, Fr);
            fn row_dots(self: &Self, &Self) -> Vec<Fr>;
            fn combine_rows(self: &Self, &[i32], usize) -> Self;
            fn combine_columns(self: &Self, &[i32]) -> Vec<Fr>;
            fn has_fft(self: &Self) -> bool;
            fn fft(self: &mut Self, Fr);
            fn blocks(self: &Self) -> &[Block];
        }
    }

    pub fn repeated(token: Token, _: &[Fr]) -> Block {
        match token {}
    }
}
