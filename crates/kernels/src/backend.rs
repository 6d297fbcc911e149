//! Which implementation runs.

use std::sync::OnceLock;

/// An implementation of all kernels. The results are equal, byte for byte; only the time differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Backend {
    /// The definitions, for comparison.
    Reference,
    /// Scalar code for any machine.
    Portable,
    /// Eight lanes with AVX-512 IFMA.
    Ifma,
}

impl Backend {
    /// All of them, slowest first.
    pub const ALL: [Self; 3] = [Self::Reference, Self::Portable, Self::Ifma];

    /// The fastest one that this machine can run.
    #[must_use]
    pub fn best() -> Self {
        static BEST: OnceLock<Backend> = OnceLock::new();
        *BEST.get_or_init(|| if Self::Ifma.is_available() { Self::Ifma } else { Self::Portable })
    }

    /// Whether this machine can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Reference | Self::Portable => true,
            Self::Ifma => crate::ifma::Token::detect().is_some(),
        }
    }

    /// The ones this machine can run.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|backend| backend.is_available())
    }
}
