//! Bindings from the committed artifacts, creation code included: running needs no Node and no source tree.
#![allow(missing_docs, clippy::all, reason = "generated; documented in the Solidity interfaces")]

alloy::sol! {
    #[sol(rpc, all_derives)]
    ModelRegistry,
    "../../contracts/artifacts/ModelRegistry.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Anchors,
    "../../contracts/artifacts/Anchors.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Stewardship,
    "../../contracts/artifacts/Stewardship.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    ProofVerifier,
    "../../contracts/artifacts/ProofVerifier.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Descriptors,
    "../../contracts/artifacts/Descriptors.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    WeightsCertificates,
    "../../contracts/artifacts/WeightsCertificates.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    InferenceRouter,
    "../../contracts/artifacts/InferenceRouter.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    OracleStaking,
    "../../contracts/artifacts/OracleStaking.json"
}

alloy::sol! {
    #[sol(all_derives)]
    RouterOffers,
    "../../contracts/artifacts/RouterOffers.json"
}

alloy::sol! {
    #[sol(all_derives)]
    OracleOperators,
    "../../contracts/artifacts/OracleOperators.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    BlockRandomness,
    "../../contracts/artifacts/BlockRandomness.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    DrandRandomness,
    "../../contracts/artifacts/DrandRandomness.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    DevelopmentToken,
    "../../contracts/artifacts/DevelopmentToken.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    ClaimsPool,
    "../../contracts/artifacts/ClaimsPool.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    AccessManager,
    "../../contracts/artifacts/AccessManager.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    ERC1967Proxy,
    "../../contracts/artifacts/ERC1967Proxy.json"
}

/// The structs that several contracts take are one type each in Solidity, and one for each contract here.
macro_rules! same {
    ($name:ident: $from:ident => $($to:ident),*; $fields:tt) => {
        $(same!(@ $name $from $to $fields);)*
    };
    (@ $name:ident $from:ident $to:ident { $($field:ident),* }) => {
        impl From<$from::$name> for $to::$name {
            fn from(own: $from::$name) -> Self {
                let $from::$name { $($field),* } = own;
                Self { $($field),* }
            }
        }
    };
}

same!(Request: InferenceRouter => OracleStaking, ClaimsPool; {
    version, offer, inputs, items, seed, salt, mode, personal, proofAbove, valueAtRisk, fee, bond, deadline, window,
    callbackGas, publicInputs
});
same!(Committee: OracleStaking => InferenceRouter; { threshold, commitUntil, revealUntil, tolerance, members });
