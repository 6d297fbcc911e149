"""Opens an Ethereum V3 key file with eth-account and prints the account's address.

usage: keystore.py FILE PASSWORD-FILE
       keystore.py --make FILE PASSWORD-FILE {scrypt,pbkdf2}

The second form makes a key file of a fresh account, for us to open, and prints its address.
"""

import json
import sys

from eth_account import Account


def main() -> None:
    make = sys.argv[1] == "--make"
    path, password_path, *kdf = sys.argv[2:] if make else sys.argv[1:]
    with open(password_path, encoding="utf-8") as file:
        password = file.read().removesuffix("\n")
    if make:
        account = Account.create()
        with open(path, "w", encoding="utf-8") as file:
            json.dump(account.encrypt(password, kdf=kdf[0]), file)
        print(account.address)
    else:
        with open(path, encoding="utf-8") as file:
            print(Account.from_key(Account.decrypt(json.load(file), password)).address)


if __name__ == "__main__":
    main()
