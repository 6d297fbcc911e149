"""Imports every block of an embedded chain's journal into py-evm, an Ethereum client that shares no code with
revm. Importing runs the transactions again and checks every field of every header: the roots of state,
transactions and receipts, gas, bloom, base fee, times and parents. Prints how many blocks there are.

Usage: journal.py JOURNAL        (needs py-evm 0.12)
"""

import hashlib
import json
import struct
import sys

import rlp
from eth import constants
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.prague import PragueVM
from eth_utils import decode_hex, to_canonical_address

HEAD = b"averment-journal/1\n"
MARK = b"averment-embedded/1"


def records(data):
    """Kind and body of each record; lengths and checksums are checked here too."""
    assert data.startswith(HEAD), "not a journal"
    at, checksum = len(HEAD), hashlib.sha256(HEAD).digest()
    while at < len(data):
        length, check = struct.unpack_from("<II", data, at)
        assert length ^ check == 0xFFFFFFFF, f"the length at {at}"
        payload = data[at + 8 : at + 8 + length]
        checksum = hashlib.sha256(checksum + payload).digest()
        assert checksum == data[at + 8 + length : at + 40 + length], f"the checksum at {at}"
        yield payload[0], payload[1:]
        at += 40 + length


def begin(genesis):
    """A py-evm chain with this genesis block."""
    number = lambda text: int(text, 16)
    state = {
        to_canonical_address(address): {
            "balance": number(account["balance"]),
            "nonce": account["nonce"],
            "code": decode_hex(account["code"]),
            "storage": {number(slot): number(value) for slot, value in account["storage"].items()},
        }
        for address, account in genesis["accounts"].items()
    }
    header = {
        "coinbase": to_canonical_address(genesis["coinbase"]),
        "difficulty": 0,
        "gas_limit": genesis["gas_limit"],
        "timestamp": genesis["timestamp"],
        "extra_data": MARK,
        "nonce": bytes(8),
        "base_fee_per_gas": genesis["base_fee"],
        "withdrawals_root": constants.BLANK_ROOT_HASH,
        "blob_gas_used": 0,
        "excess_blob_gas": 0,
        "parent_beacon_block_root": bytes(32),
        "requests_hash": constants.EMPTY_SHA256,
    }
    configuration = ((constants.GENESIS_BLOCK_NUMBER, PragueVM),)
    attributes = {"vm_configuration": configuration, "chain_id": genesis["chain_id"]}
    chain = type("EmbeddedChain", (MiningChain,), attributes)
    return chain.from_genesis(AtomicDB(), header, state)


def main(path):
    with open(path, "rb") as file:
        journal = records(file.read())
    kind, body = next(journal)
    assert kind == 0, "the first record is not the genesis"
    chain = begin(json.loads(body))
    blocks = 0
    for kind, body in journal:
        assert kind == 1, "a journal that was rewound: import one that was not"
        chain.import_block(rlp.decode(body, PragueVM.block_class))
        blocks += 1
    print(f"py-evm took all {blocks} blocks; the last is 0x{chain.get_canonical_head().hash.hex()}")


if __name__ == "__main__":
    main(sys.argv[1])
