"""An owner of events with its own database, and the turns its relay takes."""

from concurrent.futures import wait
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, select, text

from services.kit.post.events import emit
from services.kit.post.fan_out import fan_out
from services.kit.post.outgoing import Lane
from services.kit.post.posts import secret_place
from services.kit.post.relay import Courier
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.tables import Delivery, Subscription
from tests.callers import grant
from tests.conftest import NOW
from tests.kit.receiving import SECRET


class House:
    """An owner of events, with its database and its seal, where the subscriber `test` holds the county."""

    def __init__(self, engine: Engine, seal: Seal, service: str = "households") -> None:
        self.engine, self.seal, self.service = engine, seal, service
        grant(engine, "test", "client", "520621")

    def subscribe(self, url: str, *, batch: bool = False, **said: Any) -> UUID:
        """To `thing.done`, with the receiver's secret, and taking batches one of our own, unless said otherwise."""
        key = uuid4()
        sealed = self.seal.close(said.pop("secret", SECRET), secret_place(key))
        row: dict[str, Any] = {
            "subscriber": "test",
            "types": ["thing.done"],
            "created_at": NOW,
            "sealed_secret": sealed,
            "own": batch,
        } | said
        with open_session(self.engine) as session, session.begin():
            session.add(Subscription(id=key, url=url, batch=batch, **row))
        return key

    def emits(self, how_many: int = 1, division: str = "520621", now: datetime = NOW) -> None:
        with open_session(self.engine) as session, session.begin():
            for number in range(how_many):
                emit(session, "thing.done", str(number), now, division=division, data={"in": "中文"})

    def delivers(self, lane: Lane, now: datetime = NOW, *, own: bool = False) -> int:
        """What a worker would do until there is nothing more to do now."""
        while fan_out(self.engine, now):
            pass
        courier, tried = self.courier(lane, own=own), 0
        while (some := courier.take_up(now)) or courier.under_way:
            tried += some
            self.all_answer(courier, now)
        return tried

    def all_answer(self, courier: Courier, now: datetime = NOW) -> None:
        wait([stock.answer for stock in courier.under_way.values()])
        courier.note(now)

    def courier(self, lane: Lane, *, own: bool = False) -> Courier:
        return Courier(self.engine, lane, self.seal, self.service, own=own)

    @property
    def deliveries(self) -> list[Delivery]:
        with open_session(self.engine) as session:
            return list(session.scalars(select(Delivery).order_by(text("seq"))))

    @property
    def owed(self) -> int:
        with open_session(self.engine) as session:
            owed = "SELECT count(*) FROM delivery WHERE done_at IS NULL AND dead_at IS NULL"
            fresh = "SELECT count(*) FROM event WHERE NOT fanned_out"
            return sum(int(session.execute(text(query)).scalar_one()) for query in (owed, fresh))

    @property
    def audited(self) -> list[str]:
        with open_session(self.engine) as session:
            return list(session.scalars(text("SELECT action FROM audit ORDER BY slot, seq")))
