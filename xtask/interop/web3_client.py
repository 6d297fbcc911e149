"""Uses a served embedded chain through web3.py: reads, signs, sends, calls, logs, proofs, batches, errors.

Usage: web3_client.py URL        (needs web3 8)
"""

import sys

from eth_account import Account
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError, TransactionNotFound, Web3RPCError

# The first two keys of the mnemonic that anvil and hardhat begin with.
KEYS = [
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
]
# Writes the second word of its calldata to the slot that the first names and logs the first as a topic; four bytes of
# calldata come back as a revert.
CODE = "0x602380600a5f395ff3fe366004146017576020356000355560003560006000a1005b60003560005260046000fd"


def word(number):
    return number.to_bytes(32, "big")


def main(url):
    w3 = Web3(HTTPProvider(url))
    assert w3.is_connected() and w3.client_version.startswith("averment-embedded/")
    assert w3.eth.chain_id == 31337 and w3.net.version == "31337" and w3.net.listening
    assert w3.eth.syncing is False and list(w3.eth.accounts) == []
    payer, payee = (Account.from_key(key) for key in KEYS)
    begun = w3.eth.block_number

    def send(transaction):
        """Fills in, signs and sends as a client without a node's keys does."""
        transaction = {"chainId": w3.eth.chain_id, "nonce": w3.eth.get_transaction_count(payer.address)} | transaction
        tip = w3.eth.max_priority_fee
        base = w3.eth.get_block("latest")["baseFeePerGas"]
        transaction |= {"maxPriorityFeePerGas": tip, "maxFeePerGas": 2 * base + tip}
        transaction |= {"gas": w3.eth.estimate_gas({"from": payer.address} | transaction)}
        sent = w3.eth.send_raw_transaction(payer.sign_transaction(transaction).raw_transaction)
        return w3.eth.wait_for_transaction_receipt(sent)

    before = w3.eth.get_balance(payee.address)
    paid = send({"to": payee.address, "value": 5})
    assert paid["status"] == 1 and paid["gasUsed"] == 21_000
    assert w3.eth.get_balance(payee.address) == before + 5
    assert w3.eth.get_balance(payee.address, begun) == before

    contract = send({"data": CODE})["contractAddress"]
    assert w3.eth.get_code(contract) == bytes.fromhex(CODE[2:])[10:]
    written = send({"to": contract, "data": "0x" + (word(7) + word(42)).hex()})
    assert w3.eth.get_storage_at(contract, 7) == word(42)
    assert w3.eth.call({"to": contract, "data": "0x" + (word(8) + word(1)).hex()}) == b""
    try:
        w3.eth.call({"to": contract, "data": "0xdeadbeef"})
        raise AssertionError("a revert came back as a success")
    except ContractCustomError as error:
        assert error.data == "0xdeadbeef", error

    logs = w3.eth.get_logs({"address": contract, "fromBlock": 0, "topics": ["0x" + word(7).hex()]})
    assert [log["transactionHash"] for log in logs] == [written["transactionHash"]]
    block = w3.eth.get_block(written["blockNumber"], full_transactions=True)
    assert block["transactions"][0]["hash"] == written["transactionHash"]
    assert w3.eth.get_block(block["hash"])["number"] == w3.eth.get_block("finalized")["number"] == begun + 3
    assert w3.eth.get_block_transaction_count("latest") == 1
    assert w3.eth.get_transaction_by_block("latest", 0)["from"] == payer.address
    assert w3.eth.get_transaction(written["transactionHash"])["blockHash"] == block["hash"]
    assert w3.eth.get_block_receipts("latest")[0]["transactionHash"] == written["transactionHash"]
    proof = w3.eth.get_proof(contract, [7, 8])
    assert [slot["value"] for slot in proof["storageProof"]] in ([word(42), b""], [b"\x2a", b"\x00"], [b"\x2a", b""]), proof
    history = w3.eth.fee_history(2, "latest", [10, 90])
    assert len(history["baseFeePerGas"]) == 3 and len(history["reward"]) == 2 and w3.eth.gas_price > 0

    with w3.batch_requests() as batch:
        batch.add(w3.eth.get_balance(payee.address))
        batch.add(w3.eth.get_block("latest"))
        balance, latest = batch.execute()
    assert balance == before + 5 and latest["hash"] == block["hash"]

    try:
        w3.eth.get_transaction_receipt(word(1))
        raise AssertionError("a receipt of nothing")
    except TransactionNotFound:
        pass
    try:
        w3.eth.send_raw_transaction(b"\x01\x02\x03")
        raise AssertionError("nonsense was taken as a transaction")
    except Web3RPCError:
        pass
    print(begun + 3)


if __name__ == "__main__":
    main(sys.argv[1])
