"""A session per request, committed before the answer leaves; and the clock, read at the edge only.
What a request depends on is awaited: a change of threads costs more than most of it does."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date, datetime, tzinfo
from typing import Annotated, Any

from anyio import CancelScope, to_thread
from fastapi import Depends, Request
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Engine, create_engine, event
from sqlmodel import Session

from services.kit.store.scope import Binding, widen

# A process that is stopped within a transaction keeps its locks: whoever takes its work over waits no longer than this.
# Shorter than a hold of 30 s; nothing here thinks for so long between two statements.
OPTIONS = "-c idle_in_transaction_session_timeout=20s"
# A server that is gone without a word is noticed: its side acknowledges nothing for ten seconds. Else a connection that
# was cut between two statements would hold its thread for a quarter of an hour.
SILENCE: Mapping[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,  # milliseconds, of what was sent
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
POOL = 12  # as many as request threads: a thread that waits for a connection would only hold up others


def connect(url: str | URL, *, pool: int = POOL, slot: str = "unnamed", statement_seconds: int = 0) -> Engine:
    """Notices a restarted server before it hands out a connection; never writes a value into an error or a log.
    `slot` names the process, whose audit is a chain of its own. A statement of more than `statement_seconds` is ended
    (0: none is), and its request answered with 503."""
    engine = create_engine(
        url,
        pool_size=pool,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={"options": f"{OPTIONS} -c statement_timeout={statement_seconds}s", **SILENCE},
    )
    event.listen(engine, "reset", roll_back)
    return engine.execution_options(audit_slot=slot)


def roll_back(connection: Any, *_: Any) -> None:
    """A COMMIT that failed before it was sent has left its transaction open, and SQLAlchemy takes it for over."""
    if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        connection.rollback()


def open_session(engine: Engine) -> Session:
    return Session(engine, expire_on_commit=False)


def now_here(request: Request) -> datetime:
    """In the county's zone, so that its date is the county's day."""
    read: Callable[[tzinfo], datetime] = request.app.state.clock
    return read(request.app.state.settings.timezone)


async def read_clock(request: Request) -> datetime:
    return now_here(request)


async def read_calendar(now: Annotated[datetime, Depends(read_clock)]) -> date:
    return now.date()


Now = Annotated[datetime, Depends(read_clock)]
Today = Annotated[date, Depends(read_calendar)]


async def request_session(request: Request, today: Today) -> AsyncIterator[Session]:
    """One for the whole request. It sees what the caller's grants reach, for the right that the operation asks for. To
    a GET the database refuses every change."""
    state = request.app.state
    session = open_session(state.reader if request.method == "GET" else state.engine)
    session.info["request"] = request  # whose lines the audit writes
    session.info["binding"] = Binding(lambda: getattr(request.state, "asked", None), today)
    try:
        yield session
    except BaseException:
        with CancelScope(shield=True):
            await to_thread.run_sync(session.close)
        raise
    await to_thread.run_sync(end, session)


def end(session: Session) -> None:
    with session:
        session.commit()


# scope="function" commits before the response is sent. Without it FastAPI runs the commit afterwards, and "201
# Created" could name a row that was never stored.
SessionDep = Annotated[Session, Depends(request_session, scope="function")]


async def unbound_session(session: SessionDep) -> Session:
    """The same one, seeing everything: for what must know of everything, such as a number's uniqueness, a post of our
    own services, their reading of facts. Where a person acts, each row is held against the scope by hand."""
    await to_thread.run_sync(widen, session) if session.info.get("begun") else widen(session)
    return session


UnboundSessionDep = Annotated[Session, Depends(unbound_session)]
