//! 32-byte identifiers, each a hash of the content it names (never a counter).

use alloy_primitives::{B256, keccak256};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub B256);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // `B256`'s own `Display` abbreviates; an id is always written whole.
                write!(f, "{:?}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = <B256 as FromStr>::Err;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<B256> for $name {
            fn from(value: B256) -> Self {
                Self(value)
            }
        }

        impl From<$name> for B256 {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

id! {
    /// A model: the hash of chain, registry, creator and name.
    ModelId
}
id! {
    /// A version: the hash of chain, registry, model and everything the version consists of.
    VersionId
}
id! {
    /// A role that may decide about a version; see [`RoleId::of`].
    RoleId
}
id! {
    /// An anchored log: the hash of chain, contract, poster and the log's parameters.
    LogId
}

impl RoleId {
    /// The id of the role called `name`: `keccak256(name)`, as the contract computes it.
    pub fn of(name: &str) -> Self {
        Self(keccak256(name.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_whole_and_parses_back() {
        let id = RoleId::of("risk-officer");
        assert_eq!(id.to_string().len(), 66);
        assert_eq!(id.to_string().parse::<RoleId>().unwrap(), id);
    }
}
