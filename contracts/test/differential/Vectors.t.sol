// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Anchors} from "../../src/Anchors.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelRegistry} from "../../src/ModelRegistry.sol";
import {LogId, ModelId, RoleId, VersionId} from "../../src/types/Ids.sol";
import {Approval, Decision, KeyRotation, Stage, VersionContent} from "../../src/types/Registry.sol";
import {Fixture} from "../Fixture.sol";
import {vm, Vm} from "../Vm.sol";

/// @dev One story with every kind of history entry in it, told to the contracts, written down as JSON in
/// `vectors/registry`, and compared with what is committed there. The Rust crate `registry` reads the same files
/// and must come to the same ids, digests, heads and verdicts. `AVERMENT_WRITE_VECTORS=1` writes them.
contract VectorsTest is Fixture {
    string private constant FOLDER = "../vectors/registry/";
    /// The registry of the vectors lives at a fixed address on a fixed chain, whatever deployed this test.
    uint256 private constant CHAIN = 31_337;

    VersionId private first;
    VersionId private second;
    VersionId private third;

    function setUp() public override {
        vm.chainId(CHAIN);
        vm.recordLogs();
        super.setUp();
    }

    function test_vectors_ids() public {
        first = register(1);
        VersionContent memory child = childContent();
        second = registry.versionIdOf(modelId, child);
        string memory text = heading("ids");
        text = string.concat(text, field("owner", quoted(vm.toString(owner))));
        text = string.concat(text, field("modelName", quoted("tumour")));
        text = string.concat(text, field("modelId", quoted(hex32(ModelId.unwrap(modelId)))));
        text = string.concat(text, field("historyStart", quoted(hex32(historyStart()))));
        text = string.concat(text, field("headSlot", quoted(hex32(headSlot()))));
        text = string.concat(text, field("roles", array(rolesJson())));
        text = string.concat(text, field("versions", array(versionsJson(child))));
        compare("ok_ids.json", string.concat(text, last("log", logJson())));
    }

    function test_vectors_digests() public {
        first = register(1);
        Approval memory approval = approvalOf(first, RISK);
        approval.nonce = 1_800_000_000_123;
        Approval memory rejection = approvalOf(first, LEGAL);
        (rejection.decision, rejection.nonce, rejection.expiry) = (Decision.Reject, type(uint256).max, type(uint64).max);
        string memory approvals = list(approvalJson(approval, RISK_KEY), approvalJson(rejection, LEGAL_KEY));
        string memory rotations =
            list(rotationJson(rotationTo(RISK, newcomer), RISK_KEY), rotationJson(rotationTo(LEGAL, risk), LEGAL_KEY));
        string memory text = heading("digests");
        text = string.concat(text, field("domainSeparator", quoted(hex32(domainSeparator()))));
        text = string.concat(text, field("approvals", array(approvals)));
        compare("ok_digests.json", string.concat(text, last("rotations", array(rotations))));
    }

    function test_vectors_history() public {
        tellTheStory();
        string memory entries = entriesJson();
        (bytes32 head, uint64 count) = registry.historyHead(modelId);
        string memory text = heading("history");
        text = string.concat(text, field("modelId", quoted(hex32(ModelId.unwrap(modelId)))));
        text = string.concat(text, field("start", quoted(hex32(historyStart()))));
        text = string.concat(text, field("length", vm.toString(count)));
        text = string.concat(text, field("head", quoted(hex32(head))));
        text = string.concat(text, field("headSlot", quoted(hex32(headSlot()))));
        text = string.concat(text, field("owner", quoted(vm.toString(registry.ownerOf(modelId)))));
        text = string.concat(text, field("versions", stagesJson()));
        compare("ok_history.json", string.concat(text, last("entries", entries)));
    }

    /// Bytes that are no signature of the risk officer's, each refused by the contract, with the reason that a
    /// reader of keys' signatures (the contract knows only one: `InvalidSignature`) gives.
    function test_vectors_badSignatures() public {
        first = register(1);
        Approval memory approval = approvalOf(first, RISK);
        bytes32 digest = registry.approvalDigest(approval);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(RISK_KEY, digest);
        bytes32 highS = bytes32(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - uint256(s));
        string memory cases = bad(approval, "empty", "Length", "");
        cases = list(cases, bad(approval, "64 bytes, EIP-2098", "Length", abi.encodePacked(r, s)));
        cases = list(cases, bad(approval, "a byte too many", "Length", abi.encodePacked(r, s, v, uint8(0))));
        cases = list(cases, bad(approval, "v is 0 or 1", "V", abi.encodePacked(r, s, v - 27)));
        cases = list(cases, bad(approval, "v is 29", "V", abi.encodePacked(r, s, uint8(29))));
        cases = list(cases, bad(approval, "the other s", "HighS", abi.encodePacked(r, highS, 55 - v)));
        cases = list(cases, bad(approval, "r is zero", "Unrecoverable", abi.encodePacked(bytes32(0), s, v)));
        cases = list(cases, bad(approval, "s is zero", "Unrecoverable", abi.encodePacked(r, bytes32(0), v)));
        cases = list(cases, bad(approval, "the other v", "WrongSigner", abi.encodePacked(r, s, 55 - v)));
        cases = list(cases, bad(approval, "another key", "WrongSigner", signed(LEGAL_KEY, digest)));
        bytes32 personal = keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", digest));
        cases = list(cases, bad(approval, "over a personal message", "WrongSigner", signed(RISK_KEY, personal)));
        string memory text = heading("bad-signatures");
        text = string.concat(text, field("digest", quoted(hex32(digest))));
        text = string.concat(text, field("signer", quoted(vm.toString(risk))));
        compare("bad_signatures.json", string.concat(text, last("cases", array(cases))));
    }

    function bad(Approval memory approval, string memory name, string memory why, bytes memory signature)
        private
        returns (string memory text)
    {
        refuseRaw(approval, signature, abi.encodeWithSelector(IModelRegistry.InvalidSignature.selector, risk));
        text = string.concat("{", pair("name", quoted(name)), pair("error", quoted(why)));
        return string.concat(text, "\"signature\": ", quoted(vm.toString(signature)), "}");
    }

    /// The story's deeds, one of each kind at least, with a compromise that reaches a rotated key.
    function tellTheStory() private {
        first = register(1);
        vm.warp(START + 60);
        submit(approvalOf(first, RISK), RISK_KEY);
        Approval memory rejection = approvalOf(first, LEGAL);
        rejection.decision = Decision.Reject;
        submit(rejection, LEGAL_KEY);
        vm.warp(START + 120);
        submit(approvalOf(first, CLINICAL), CLINICAL_KEY);
        vm.prank(owner);
        registry.deploy(first, "ward 7");

        // The owner appoints a new legal key; the old one still decides about the first version.
        vm.warp(START + 1 days);
        vm.prank(owner);
        registry.replaceRoleKey(modelId, LEGAL, vm.addr(0xA005));
        Approval memory change = approvalOf(first, LEGAL);
        change.nonce = 2;
        submit(change, LEGAL_KEY);

        vm.prank(owner);
        second = registry.registerVersion(modelId, childContent());
        rotate(RISK, RISK_KEY, newcomer);
        vm.warp(START + 2 days);
        submit(approvalOf(second, RISK), NEW_KEY);
        submit(approvalOf(second, LEGAL), 0xA005);
        vm.prank(owner);
        registry.deploy(second, "ward 7");
        vm.prank(owner);
        registry.retire(first, "superseded by the second");

        // The risk key was stolen before it handed the role on: the second version's approval falls with it.
        (, uint64 rotatedIn,,) = registry.keyOf(modelId, newcomer);
        vm.warp(START + 3 days);
        declare(RISK, risk, rotatedIn);
        vm.prank(owner);
        registry.revoke(second, unicode"the approving key was stolen – see case 12");

        vm.warp(START + 4 days);
        vm.prank(owner);
        registry.setPolicy(modelId, oneRole("board", stranger));
        vm.prank(owner);
        registry.transferOwnership(modelId, registrar);
        vm.prank(registrar);
        registry.acceptOwnership(modelId);
        vm.prank(registrar);
        registry.setRegistrar(modelId, registrar, false);
        vm.prank(registrar);
        third = registry.registerVersion(modelId, versionContent(3));

        // What the owner appoints retires a version by its rules.
        vm.warp(START + 5 days);
        vm.prank(registrar);
        registry.setSteward(modelId, stranger);
        vm.prank(stranger);
        registry.retire(third, "by rule");
    }

    function childContent() private view returns (VersionContent memory content) {
        content = versionContent(2);
        content.weightsCommitment = keccak256("weights");
        content.planDigest = keccak256("plan");
        content.parents = new VersionId[](1);
        content.parents[0] = first;
    }

    function versionsJson(VersionContent memory child) private view returns (string memory) {
        return list(contentJson(first, versionContent(1)), contentJson(second, child));
    }

    function contentJson(VersionId versionId, VersionContent memory content) private pure returns (string memory text) {
        string memory parents = "[";
        for (uint256 i = 0; i < content.parents.length; ++i) {
            parents = string.concat(parents, i == 0 ? "" : ", ", quoted(hex32(VersionId.unwrap(content.parents[i]))));
        }
        text = string.concat("{", pair("versionId", quoted(hex32(VersionId.unwrap(versionId)))));
        text = string.concat(text, pair("manifestDigest", quoted(hex32(content.manifestDigest))));
        text = string.concat(text, pair("artifactsRoot", quoted(hex32(content.artifactsRoot))));
        text = string.concat(text, pair("weightsCommitment", quoted(hex32(content.weightsCommitment))));
        text = string.concat(text, pair("planDigest", quoted(hex32(content.planDigest))));
        return string.concat(text, "\"parents\": ", parents, "]}");
    }

    function logJson() private returns (string memory text) {
        Anchors anchors = new Anchors();
        vm.prank(owner);
        LogId logId = anchors.open(address(registry), 3600, keccak256("salt"));
        text = string.concat("{", pair("anchors", quoted(vm.toString(address(anchors)))));
        text = string.concat(text, pair("poster", quoted(vm.toString(owner))));
        text = string.concat(text, pair("registry", quoted(vm.toString(address(registry)))));
        text = string.concat(text, pair("cadence", "3600"));
        text = string.concat(text, pair("salt", quoted(hex32(keccak256("salt")))));
        return string.concat(text, "\"logId\": ", quoted(hex32(LogId.unwrap(logId))), "}");
    }

    function rolesJson() private pure returns (string memory) {
        return list(
            string.concat("{", pair("name", quoted("risk")), "\"id\": ", quoted(hex32(RoleId.unwrap(RISK))), "}"),
            string.concat("{", pair("name", quoted("legal")), "\"id\": ", quoted(hex32(RoleId.unwrap(LEGAL))), "}")
        );
    }

    /// Numbers that JSON readers might round are text.
    function approvalJson(Approval memory approval, uint256 key) private view returns (string memory text) {
        text = string.concat("{", pair("modelId", quoted(hex32(ModelId.unwrap(approval.modelId)))));
        text = string.concat(text, pair("versionId", quoted(hex32(VersionId.unwrap(approval.versionId)))));
        text = string.concat(text, pair("role", quoted(hex32(RoleId.unwrap(approval.role)))));
        text = string.concat(text, pair("decision", vm.toString(uint256(approval.decision))));
        text = string.concat(text, pair("policyRevision", vm.toString(approval.policyRevision)));
        text = string.concat(text, pair("expiry", quoted(vm.toString(approval.expiry))));
        text = string.concat(text, pair("nonce", quoted(vm.toString(approval.nonce))));
        return string.concat(text, signedJson(registry.approvalDigest(approval), key));
    }

    function rotationJson(KeyRotation memory rotation, uint256 key) private view returns (string memory text) {
        text = string.concat("{", pair("modelId", quoted(hex32(ModelId.unwrap(rotation.modelId)))));
        text = string.concat(text, pair("role", quoted(hex32(RoleId.unwrap(rotation.role)))));
        text = string.concat(text, pair("newSigner", quoted(vm.toString(rotation.newSigner))));
        text = string.concat(text, pair("expiry", quoted(vm.toString(rotation.expiry))));
        return string.concat(text, signedJson(registry.rotationDigest(rotation), key));
    }

    function signedJson(bytes32 digest, uint256 key) private pure returns (string memory) {
        return string.concat(
            pair("digest", quoted(hex32(digest))),
            pair("privateKey", quoted(hex32(bytes32(key)))),
            pair("signer", quoted(vm.toString(vm.addr(key)))),
            "\"signature\": ",
            quoted(vm.toString(signed(key, digest))),
            "}"
        );
    }

    function stagesJson() private view returns (string memory) {
        return array(list(stageJson(first), list(stageJson(second), stageJson(third))));
    }

    function stageJson(VersionId versionId) private view returns (string memory) {
        return string.concat(
            "{",
            pair("versionId", quoted(hex32(VersionId.unwrap(versionId)))),
            pair("stage", vm.toString(uint256(stageOf(versionId)))),
            "\"approved\": ",
            registry.isApproved(versionId) ? "true" : "false",
            "}"
        );
    }

    function entriesJson() private returns (string memory text) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        text = "[";
        bool comma;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IModelRegistry.Recorded.selector) continue;
            text = string.concat(text, comma ? ",\n    " : "\n    ", entryJson(logs[i]));
            comma = true;
        }
        return string.concat(text, "\n  ]");
    }

    function entryJson(Vm.Log memory log) private pure returns (string memory text) {
        (uint64 sequence, address actor, uint64 timestamp, bytes memory payload, bytes32 head) =
            abi.decode(log.data, (uint64, address, uint64, bytes, bytes32));
        text = string.concat("{", pair("sequence", vm.toString(sequence)));
        text = string.concat(text, pair("kind", vm.toString(uint256(log.topics[3]))));
        text = string.concat(text, pair("versionId", quoted(hex32(log.topics[2]))));
        text = string.concat(text, pair("actor", quoted(vm.toString(actor))));
        text = string.concat(text, pair("timestamp", vm.toString(timestamp)));
        text = string.concat(text, pair("payload", quoted(vm.toString(payload))));
        return string.concat(text, "\"head\": ", quoted(hex32(head)), "}");
    }

    function headSlot() private view returns (bytes32) {
        return keccak256(abi.encode(modelId, namespace()));
    }

    function namespace() private pure returns (bytes32) {
        return keccak256(abi.encode(uint256(keccak256("averment.storage.ModelRegistry")) - 1)) & ~bytes32(uint256(0xff));
    }

    function historyStart() private view returns (bytes32) {
        return keccak256(abi.encode(keccak256("averment.history/1"), CHAIN, address(registry), modelId));
    }

    function domainSeparator() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Averment ModelRegistry"),
                keccak256("1"),
                CHAIN,
                address(registry)
            )
        );
    }

    /// The head of a file: its format, and the registry it is about.
    function heading(string memory name) private view returns (string memory text) {
        text = string.concat("{\n", field("format", quoted(string.concat("averment-vectors-", name, "/1"))));
        text = string.concat(text, field("chainId", vm.toString(CHAIN)));
        return string.concat(text, field("registry", quoted(vm.toString(address(registry)))));
    }

    /// Fails if `name` is not `text`, or writes it if that was asked for.
    function compare(string memory name, string memory text) private {
        string memory path = string.concat(FOLDER, name);
        if (vm.envOr("AVERMENT_WRITE_VECTORS", false)) vm.writeFile(path, text);
        vm.assertEq(vm.readFile(path), text, name);
    }

    function hex32(bytes32 value) private pure returns (string memory) {
        return vm.toString(value);
    }

    function quoted(string memory text) private pure returns (string memory) {
        return string.concat("\"", text, "\"");
    }

    function pair(string memory key, string memory value) private pure returns (string memory) {
        return string.concat("\"", key, "\": ", value, ", ");
    }

    function field(string memory key, string memory value) private pure returns (string memory) {
        return string.concat("  \"", key, "\": ", value, ",\n");
    }

    function last(string memory key, string memory value) private pure returns (string memory) {
        return string.concat("  \"", key, "\": ", value, "\n}\n");
    }

    function list(string memory a, string memory b) private pure returns (string memory) {
        return string.concat(a, ",\n    ", b);
    }

    function array(string memory items) private pure returns (string memory) {
        return string.concat("[\n    ", items, "\n  ]");
    }
}
