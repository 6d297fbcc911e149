// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Certificates} from "./descriptor/Certificates.sol";
import {Layouts} from "./descriptor/Layouts.sol";
import {Lookups} from "./descriptor/Lookups.sol";
import {Relations} from "./descriptor/Relations.sol";

/// @title The rules of docs/protocol.md [10.2] and [10.4]; see `IDescriptorValidator`. The same checks in the same order
/// as `crates/verifier/src/descriptor/validate.rs` and what is below it; plain Solidity, since it runs once a plan.
contract DescriptorValidator is Layouts, Lookups, Relations, Certificates {
    function validate(bytes calldata descriptor) external pure {
        Plan memory plan;
        plan.data = descriptor;
        open(plan);
        checkSizes(plan);
        checkTables(plan);
        checkLookups(plan);
        if (plan.isCertificate) checkCertificate(plan);
        else checkRelations(plan);
    }
}
