"""Passwords: argon2id, a few at a time, and a bounded queue before them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Annotated

from pwdlib import PasswordHash
from pydantic import Field

from services.kit.web.errors import DomainError

Password = Annotated[str, Field(min_length=12, max_length=200, title="密码")]

hasher = PasswordHash.recommended()  # argon2id, 64 MiB each


class SignInsBusy(DomainError):
    """Rather than hold every thread that other requests need. Says nothing about name or password."""

    status = 503
    zh = "登录的人太多，请稍后再试。"
    en = "Too many people are signing in. Please try again in a moment."


class Turns:
    """`at_once` work, `waiting` wait, the rest are told to come again: a crowd at eight o'clock takes neither all
    memory nor all threads."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self.work = threading.Semaphore(at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise SignInsBusy
        try:
            with self.work:
                yield
        finally:
            self._places.release()


def password_fits(password: str, password_hash: str | None) -> bool:
    """None for somebody who does not exist: that costs as long as a known one."""
    return hasher.verify(password, password_hash or nobodys_hash()) and password_hash is not None


@cache
def nobodys_hash() -> str:
    return hasher.hash("nobody has this password")
