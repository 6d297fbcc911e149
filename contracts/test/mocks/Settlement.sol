// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {Statement} from "../../src/interfaces/IProofVerifier.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";
import {IConsumer} from "../../src/interfaces/IConsumer.sol";
import {IRandomness} from "../../src/interfaces/IRandomness.sol";
import {IUptimeFeed} from "../../src/interfaces/IUptimeFeed.sol";
import {RequestId} from "../../src/types/Settlement.sol";

contract Coin is ERC20("Coin", "COIN") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @dev Believes a proof that consists of the statement's hash: what the router verifies shows in what it must be given.
contract StatedVerifier {
    function verify(bytes32 descriptor, Statement calldata statement, bytes calldata points, bytes calldata proof)
        external
        pure
        returns (bool)
    {
        return proof.length == 32
            && keccak256(proof) == keccak256(abi.encode(keccak256(abi.encode(descriptor, statement, points))));
    }
}

/// @dev Certifies all weights but zero.
contract StatedCertificates {
    IProofVerifier public immutable verifier;

    constructor(IProofVerifier verifier_) {
        verifier = verifier_;
    }

    function isCertified(bytes32, bytes32, bytes32 weights) external pure returns (bool) {
        return weights != 0;
    }
}

/// @dev Remembers the last outputs that it was given.
contract Consumer is IConsumer {
    IInferenceRouter private immutable router;
    int64 public last = -1;

    constructor(IInferenceRouter router_) {
        router = router_;
    }

    function onAnswer(RequestId, int64[] calldata outputs) external {
        require(msg.sender == address(router), "not the router");
        last = outputs[0];
    }
}

/// @dev A sequencer that works or not, as a test states.
contract StatedUptime is IUptimeFeed {
    int256 private down;
    uint256 private since;

    function state(bool isUp) external {
        (down, since) = (isUp ? int256(0) : int256(1), block.timestamp);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, down, since, since, 1);
    }
}

/// @dev Randomness that a test states.
contract StatedRandomness is IRandomness {
    uint64 private round = 1;
    uint40 private delay;
    mapping(uint64 round => bytes32) public valueOf;
    mapping(uint64 round => bool) public isLost;

    function next() external view returns (uint64, uint40) {
        return (round, uint40(block.timestamp) + delay);
    }

    function setDelay(uint40 delay_) external {
        delay = delay_;
    }

    function state(uint64 stated, bytes32 value) external {
        valueOf[stated] = value;
        if (round <= stated) round = stated + 1;
    }

    function lose(uint64 lost) external {
        isLost[lost] = true;
        if (round <= lost) round = lost + 1;
    }
}

/// @dev A token that does what it is told.
contract UnrulyCoin is ERC20("Unruly", "UNRULY") {
    enum Conduct {
        Good,
        Fee,
        Lie,
        Nothing,
        Reenter
    }

    Conduct private conduct;
    address private target;
    bytes private again;

    function behave(Conduct conduct_, address target_, bytes calldata again_) external {
        (conduct, target, again) = (conduct_, target_, again_);
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (conduct == Conduct.Lie) return false;
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (conduct == Conduct.Lie) return false;
        return super.transferFrom(from, to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (from != address(0) && to != address(0)) {
            if (conduct == Conduct.Nothing) return;
            if (conduct == Conduct.Fee) {
                super._update(from, address(0xFEE), 1);
                amount -= 1;
            }
            if (conduct == Conduct.Reenter) {
                conduct = Conduct.Good;
                (bool entered,) = target.call(again);
                require(entered, "not entered");
                conduct = Conduct.Reenter;
            }
        }
        super._update(from, to, amount);
    }
}
