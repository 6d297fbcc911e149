"""OpenSSF Model Signing by its reference implementation, the Python package model-signing.

usage: oms.py fixtures FOLDER            makes models and bundles, by the tool alone
       oms.py key NAME FILE              writes the private key called NAME
       oms.py check FOLDER COMMITTED OURS  FOLDER as made by the first form;
                                         COMMITTED: the same from the repository, says the same, still verifies;
                                         OURS: our bundles over COMMITTED's models, the tool verifies them

Keys are derived from a phrase, so that no private key lies in the repository.
"""

import base64
import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import hashing, signing, verifying

# What the tool's users get without asking (`files`), and what the other settings give.
FILES = {
    ".gitignore": b"*.pyc\n",
    "a-b": b"before a/z in bytes, behind it in parts",
    "a/z": b"z",
    "empty": b"",
    "notes/draft.txt": b"not signed by `ignored`",
    "ünïcode/naïve name.txt": "größer\n".encode(),
    "weights.bin": bytes(i * 7 % 256 for i in range(1000)),
}


def files(algorithm="sha256"):
    return hashing.Config().use_file_serialization(hashing_algorithm=algorithm)


def shards(algorithm="sha256", size=300):
    return hashing.Config().use_shard_serialization(hashing_algorithm=algorithm, shard_size=size)


# Bundle: model, key, how it is hashed.
CASES = {
    "files-sha256": ("model", "signer", files),
    "files-blake2": ("model", "signer", lambda: files("blake2")),
    "files-blake3": ("model", "signer", lambda: files("blake3")),
    "shards-sha256": ("model", "signer", shards),
    "shards-sha256-default": ("model", "signer", lambda: shards(size=1_000_000_000)),
    "shards-blake2": ("model", "signer", lambda: shards("blake2")),
    "ignored": ("model", "signer", lambda: files().set_ignored_paths(paths=["notes", "a-b"])),
    "everything": ("model", "signer", lambda: files().set_ignored_paths(paths=[], ignore_git_paths=False)),
    "single-file": ("model/weights.bin", "signer", files),
    "single-file-shards": ("model/weights.bin", "signer", shards),
    "links": ("linked", "signer", lambda: files().set_allow_symlinks(True)),
    "other-key": ("model", "stranger", files),
}


def key(name):
    secret = int.from_bytes(hashlib.sha256(f"averment test key: {name}".encode()).digest(), "big")
    return ec.derive_private_key(secret, ec.SECP256R1())


def write_keys(folder):
    for name in ("signer", "stranger"):
        pem = key(name).public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (folder / f"{name}.pub.pem").write_bytes(pem)


def write_secret(name, file):
    pem = key(name).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pathlib.Path(file).write_bytes(pem)


def write_models(folder):
    for path, data in FILES.items():
        path = folder / "model" / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "linked").mkdir()
    (folder / "linked/weights.bin").symlink_to("../model/weights.bin")
    (folder / "linked/own.txt").write_bytes(b"no link")


def fixtures(folder):
    folder.mkdir(parents=True)
    write_keys(folder)
    write_models(folder)
    for name, (model, signer, config) in CASES.items():
        secret = folder / "secret.pem"
        write_secret(signer, secret)
        signing.Config().use_elliptic_key_signer(private_key=secret).set_hashing_config(config()).sign(
            folder / model, folder / f"{name}.sig"
        )
        secret.unlink()


def said(bundle):
    """Everything a bundle says, without its signature, which is another each time."""
    bundle = json.loads(bundle.read_bytes())
    envelope = bundle["dsseEnvelope"]
    statement = json.loads(base64.b64decode(envelope.pop("payload")))
    # The tool's order is that of a hash table.
    statement["predicate"]["serialization"].get("ignore_paths", []).sort()
    for signature in envelope["signatures"]:
        del signature["sig"]
    return bundle, statement


def verify(model, bundle, public_key, config):
    verifying.Config().use_elliptic_key_verifier(public_key=public_key).set_hashing_config(config).verify(
        model, bundle
    )


def check(made, committed, ours):
    for name, (model, signer, config) in CASES.items():
        old, new = said(committed / f"{name}.sig"), said(made / f"{name}.sig")
        if old != new:
            raise SystemExit(f"{name}.sig: the tool now says\n{new}\ncommitted is\n{old}")
        verify(committed / model, committed / f"{name}.sig", committed / f"{signer}.pub.pem", config())
    bundles = sorted(ours.glob("*.sig"))
    for bundle in bundles:
        model, _, config = CASES[bundle.stem]
        verify(committed / model, bundle, committed / "signer.pub.pem", config())
        our_bundle, our_statement = said(bundle)
        tools_bundle, tools_statement = said(committed / bundle.name)
        if (our_bundle, our_statement) != (tools_bundle, tools_statement):
            raise SystemExit(f"{bundle.name}: we say\n{our_statement}\nthe tool\n{tools_statement}")
    if {bundle.stem for bundle in bundles} != CASES.keys() - {"other-key"}:
        raise SystemExit(f"expected a bundle of ours for each of the tool's, got {bundles}")
    print(f"its {len(CASES)} bundles are as committed and we take them, it takes {len(bundles)} of ours")


def main():
    command, *arguments = sys.argv[1:]
    if command == "key":
        write_secret(*arguments)
    else:
        {"fixtures": fixtures, "check": check}[command](*map(pathlib.Path, arguments))


if __name__ == "__main__":
    main()
