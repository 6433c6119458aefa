"""The release before: the newest state of the main branch whose revisions end elsewhere than ours, taken from git."""

import io
import re
import subprocess
import tarfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
NAMED = re.compile(r'^(?:down_)?revision\b.*?=\s*"(\w+)"', re.MULTILINE)


class NotInThisClone(Exception):
    """A shallow clone, or no clone at all."""


@dataclass(frozen=True)
class Release:
    """`heads` are its own, `ours` those of the code we are."""

    commit: str
    heads: frozenset[str]
    ours: frozenset[str]

    def differs_in(self, service: str) -> bool:
        return any(head.startswith((service, "kit")) for head in self.heads - self.ours)

    def unpack(self, folder: Path) -> Path:
        with tarfile.open(fileobj=io.BytesIO(git("archive", self.commit))) as files:
            files.extractall(folder, filter="data")
        return folder


def release_before() -> Release:
    """What was there before the landing that first brought our heads."""
    ours = heads_in("\n".join(path.read_text() for path in (HOME / "migrations").glob("*/*.py")))
    later = git("rev-parse", "HEAD").decode().strip()
    if heads_of(later) != ours:
        return Release(later, heads_of(later), ours)  # a revision is being written
    for commit in git("rev-list", "--first-parent", "HEAD", "--", "migrations").decode().split():
        if heads_of(commit) != ours:
            before = git("rev-parse", f"{later}^1").decode().strip()
            return Release(before, heads_of(before), ours)
        later = commit
    raise NotInThisClone("no landing with other revisions is in this clone")


def heads_of(commit: str) -> frozenset[str]:
    return heads_in(git("grep", "-h", "-E", "^(down_)?revision", commit, "--", "migrations/*/*.py").decode())


def heads_in(sources: str) -> frozenset[str]:
    """Who is named but once stands on top; a first revision without successor counts as a head as well."""
    return frozenset(name for name, times in Counter(NAMED.findall(sources)).items() if times == 1)


def git(*words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=HOME, capture_output=True, check=False)
    if done.returncode:
        raise NotInThisClone(done.stderr.decode().strip())
    return done.stdout
