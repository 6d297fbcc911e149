// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Product, Routine} from "../types/Claims.sol";
import {VersionId} from "../types/Ids.sol";
import {OfferId} from "../types/Settlement.sol";
import {Capital} from "./Capital.sol";

/// @dev What the insurer decides: products, how claims are decided, who takes them in. Products and routines are only added.
abstract contract Products is Capital {
    uint16 private constant MAX_BATCH = 128;
    /// As many values as a proof can have, docs/protocol.md [9.2].
    uint256 private constant MAX_VALUES = 4096;

    function addRoutine(Routine memory terms) external restricted returns (uint16 number) {
        uint256 batch = terms.batch;
        bool fits = batch != 0 && batch <= MAX_BATCH && batch & (batch - 1) == 0 && terms.output < terms.outputs
            && batch * terms.outputs <= MAX_VALUES && terms.least <= terms.most && terms.answerSeconds != 0;
        if (!fits) revert BadRoutine();
        Layout storage $ = _layout();
        number = ++$.routineCount;
        $.routines[number] = terms;
        emit RoutineAdded(number, terms);
        emit Authorised(number, terms.version, terms.offer);
    }

    function authorise(uint16 routine, VersionId version, OfferId offer) external restricted {
        Routine storage own = _routine(routine);
        (own.version, own.offer) = (version, offer);
        emit Authorised(routine, version, offer);
    }

    function addProduct(Product memory terms) external restricted returns (uint16 number) {
        // slither-disable-next-line unused-return
        _routine(terms.routine);
        if (terms.payout == 0 || terms.term == 0) revert BadProduct();
        Layout storage $ = _layout();
        number = ++$.productCount;
        ($.sales[number].terms, $.sales[number].open) = (terms, true);
        emit ProductAdded(number, terms);
    }

    function setSale(uint16 product, bool open) external restricted {
        Sale storage sale = _layout().sales[product];
        if (sale.terms.term == 0) revert UnknownProduct(product);
        sale.open = open;
        emit SaleSet(product, open);
    }

    function setIntake(address intake, bool accredited) external restricted {
        if (intake == address(0)) revert ZeroAddress();
        _layout().accredited[intake] = accredited;
        emit IntakeSet(intake, accredited);
    }

    function productOf(uint16 product) external view returns (Product memory terms, bool open) {
        Sale storage sale = _layout().sales[product];
        return (sale.terms, sale.open);
    }

    function routineOf(uint16 routine) external view returns (Routine memory) {
        return _layout().routines[routine];
    }

    function isAccredited(address intake) external view returns (bool) {
        return _layout().accredited[intake];
    }

    function _routine(uint16 number) internal view returns (Routine storage routine) {
        routine = _layout().routines[number];
        if (routine.batch == 0) revert UnknownRoutine(number);
    }
}
