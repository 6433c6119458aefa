"""Secrets as an operator has them, made once for each process of tests: two RSA keys cost more than most tests do."""

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from services.cli import secret_files


@cache
def made_once() -> Path:
    folder = Path(mkdtemp(prefix="shouwang-secrets-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    secret_files.make_secrets(folder)
    return folder


def make_secrets(state: Path) -> None:
    shutil.copytree(made_once(), state, dirs_exist_ok=True)
