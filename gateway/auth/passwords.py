"""Passwords: argon2id in a thread, a few at a time, and the same work when there is no account."""

import asyncio

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher

MIN_CHARS = 8
MAX_CHARS = 128
_AT_ONCE = 2  # 64 MiB and one core each

# The head of every published list of leaked passwords, as far as 8 characters and more go.
_COMMON = frozenset({
    "00000000", "11111111", "12121212", "123123123", "123321123", "12341234", "12345678",
    "123456789", "1234567890", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "87654321", "987654321",
    "9876543210", "aa123456", "abc12345", "abcd1234", "abcdefgh", "asdfasdf", "asdfghjk",
    "asdfghjkl", "baseball", "basketball", "changeme", "chocolate", "computer", "corvette",
    "football", "iloveyou", "iloveyou1", "internet", "jennifer", "letmein1", "liverpool",
    "maverick", "mercedes", "michelle", "midnight", "p@ssw0rd", "p@ssword", "passw0rd",
    "password", "password1", "password12", "password123", "password1234", "princess",
    "princess1", "q1w2e3r4", "q1w2e3r4t5", "qazwsxedc", "qwer1234", "qwerty12", "qwerty123",
    "qwerty1234", "qwertyui", "qwertyuiop", "samantha", "starwars", "sunshine", "superman",
    "test1234", "testtest", "trustno1", "welcome1", "welcome123", "whatever", "zaq12wsx",
})  # fmt: skip


def is_common(password: str) -> bool:
    """Say whether a password is among the first that anybody would try."""
    folded = password.casefold()
    return folded in _COMMON or len(set(folded)) == 1


class Passwords:
    """Makes and checks password hashes without stalling the event loop."""

    def __init__(self, hasher: Argon2Hasher | None = None) -> None:
        self._hash = PasswordHash((hasher or Argon2Hasher(),))
        # Checked when there is no account, so that both answers take the same time.
        self._decoy = self._hash.hash("nobody's password")
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def make(self, password: str) -> str:
        """Return a new hash of a password."""
        async with self._slots:
            return await asyncio.to_thread(self._hash.hash, password)

    async def fits(self, password: str, kept: str | None) -> bool:
        """Say whether a password belongs to a hash; without a hash it never does."""
        async with self._slots:
            matches = await asyncio.to_thread(self._verify, password, kept or self._decoy)
        return matches and kept is not None

    def _verify(self, password: str, kept: str) -> bool:
        try:
            return self._hash.verify(password, kept)
        except PwdlibError:
            return False
