"""A value that is sealed is not found out by trying. Where an answer must tell that a number is somebody's, or is not
the one that is held, it costs a guess, and the refusal stands in the audit."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from services.kit.web.errors import DomainError
from services.kit.web.limits import GUESS, Limits


@contextmanager
def guessing(request: Request, subject: str, *telling: type[DomainError]) -> Iterator[None]:
    """The refusals that tell cost a guess each; whoever has none left is not let in, whatever the answer would be."""
    allowance: Limits = request.app.state.allowance
    allowance.refuse_spent(subject, GUESS)
    try:
        yield
    except telling:
        allowance.count(subject, request, GUESS)
        raise
