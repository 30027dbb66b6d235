"""What the demo's environments show, as data: their branches' commits, and the state of each.

It makes nothing; `repository` makes the branches and the command line brings the envs there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

PROJECT = "demo-shop"
"""The name in the sample project's hive.toml."""


class Edit(NamedTuple):
    """A change of one file."""

    file: str
    """Relative to the repository."""
    old: str
    """Text that is there exactly once; empty for a file that is new."""
    new: str


class Commit(NamedTuple):
    """A commit on an env's branch."""

    message: str
    edits: tuple[Edit, ...]


class Scene(NamedTuple):
    """One env of the demo."""

    name: str
    """Of the env and of its branch."""
    commits: tuple[Commit, ...]
    start: str = "main"
    """Where the branch begins."""
    draft: Edit | None = None
    """A new file that is left uncommitted."""
    wanted: str = "warm"
    states: tuple[str, ...] = ("warm",)
    """What `hive list` may show of it."""
    suite: str | None = None
    """How the tests end; `None` where they are not run."""
    lost: str | None = None
    """The service that does not stay up."""

    def reached(self, env: Mapping[str, Any]) -> bool:
        """Whether an env, as `hive list --json` has it, shows what it is meant to."""
        services = {service["name"]: service["state"] for service in env["services"]}
        return (
            env["state"] in self.states
            and env["wanted"] == self.wanted
            and self.tested(env)
            and (self.lost is None or services.get(self.lost) == "crashed")
        )

    def tested(self, env: Mapping[str, Any]) -> bool:
        """Whether the env has the verdict that it is meant to have, or is meant to have none."""
        return self.suite is None or any(
            suite["state"] == self.suite and not suite["stale"] for suite in env["tests"]
        )


_LANGUAGES = "en bg cs da de el es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv"
"""All of the European Union's; the build takes 0.8 s for each."""

_ACCOUNTS = '''\
"""Passwords: kept as salted hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets

ROUNDS = 2_000


def kept(password: str, salt: str | None = None) -> str:
    """What is stored of a password: `salt$hash`."""
    salt = salt or secrets.token_hex(8)
    hashed = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ROUNDS)
    return f"{salt}${hashed.hex()}"


def matches(password: str, stored: str) -> bool:
    """Whether it is the password that was stored."""
    return hmac.compare_digest(kept(password, stored.partition("$")[0]), stored)
'''

_TEST_ACCOUNTS = '''\
"""Who may come in."""

from __future__ import annotations

import unittest

from shop import accounts


class Accounts(unittest.TestCase):
    """Passwords."""

    def test_the_password_matches(self) -> None:
        self.assertTrue(accounts.matches("bee", accounts.kept("bee")))

    def test_another_password_does_not(self) -> None:
        self.assertFalse(accounts.matches("wasp", accounts.kept("bee")))

    def test_one_password_is_never_stored_twice_alike(self) -> None:
        self.assertNotEqual(accounts.kept("bee"), accounts.kept("bee"))
'''

AUTH = Scene(
    "auth-refactor",
    commits=(
        Commit("Keep passwords as salted hashes", (Edit("shop/accounts.py", "", _ACCOUNTS),)),
        Commit("Test the accounts", (Edit("tests/test_accounts.py", "", _TEST_ACCOUNTS),)),
    ),
    draft=Edit("NOTES.md", "", "- sign in with a key\n- end sessions after a day\n"),
    suite="passed",
)

BILLING = Scene(
    "billing-v2",
    commits=(
        Commit(
            "Let discounts grow with the order",  # the mistake: it says > where it was >=
            (
                Edit(
                    "shop/prices.py",
                    'MANY = 10\n"""From so many pieces on everything is ten per cent cheaper."""\n',
                    'DISCOUNTS = {10: 10, 50: 20}\n"""Per cent off, from so many pieces on."""\n',
                ),
                Edit(
                    "shop/prices.py",
                    "    return full if quantity < MANY else (full * 9 + 5) // 10\n",
                    "    off = max((DISCOUNTS[many] for many in DISCOUNTS if quantity > many), "
                    "default=0)\n"
                    "    return (full * (100 - off) + 50) // 100\n",
                ),
            ),
        ),
    ),
    suite="failed",
)

SEARCH = Scene(
    "search-index",
    commits=(
        Commit(
            "Index every order that is shipped",  # the mistake: nothing makes the index
            (
                Edit(
                    "shop/worker.py",
                    "import time\nfrom contextlib import closing\n",
                    "import time\nfrom contextlib import closing\nfrom pathlib import Path\n",
                ),
                Edit(
                    "shop/worker.py",
                    '        log.info("shipped order %d", order["id"])\n',
                    '        log.info("shipped order %d", order["id"])\n'
                    '        with Path(".data/search.index").open("r+") as index:\n'
                    "            index.seek(0, 2)\n"
                    "            index.write(f\"{order['id']}\\n\")\n",
                ),
            ),
        ),
    ),
    states=("degraded",),
    lost="worker",
)

CART = Scene(
    "cart-cleanup",
    start="main~1",
    commits=(
        Commit(
            "Show five orders, not eight",
            (
                Edit("shop/api.py", "(the newest eight)", "(the newest five)"),
                Edit("shop/api.py", "LIMIT 8", "LIMIT 5"),
            ),
        ),
    ),
    draft=Edit("NOTES.md", "", "- carts that nobody came back for\n"),
    wanted="cold",
    states=("cold",),
)

CHECKOUT = Scene(
    "new-checkout",
    commits=(
        Commit(
            "Speak every language of the European Union",  # so its build takes a while
            (Edit("catalog/languages.txt", "en\n", _LANGUAGES.replace(" ", "\n") + "\n"),),
        ),
    ),
    states=("warming", "warm"),
)

SCENES = (AUTH, BILLING, SEARCH, CART, CHECKOUT)
