"""A reference client of docs/sync.md: an outbox in a file, what it holds of the county, and one way to bring the two
together. It trusts no answer that is not whole and takes nothing off the outbox that was not said to be there."""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

from tests.simulate.wire import Answer, Cut, Wire

Item: TypeAlias = dict[str, Any]
Held: TypeAlias = dict[tuple[str, str, str], Any]
OFF = timedelta(minutes=10)  # a clock that is further off is told so


class Outbox:
    """A line for each item made, and a line for each that is done. The last one may be torn: its item was not made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.waiting: dict[str, Item] = {}
        self.done: dict[str, Item] = {}
        for line in path.read_text().splitlines() if path.exists() else ():
            try:
                self._apply(json.loads(line))
            except ValueError:
                continue

    def put(self, item: Item) -> None:
        """Again under the same id: mended before it was stored."""
        self._write({"put": item})

    def settle(self, item: str) -> None:
        self._write({"done": item})

    def _write(self, said: Any) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(said) + "\n")
        self._apply(said)

    def _apply(self, said: Any) -> None:
        if "put" in said:
            self.waiting[said["put"]["body"]["id"]] = said["put"]
        elif said["done"] in self.waiting:
            self.done[said["done"]] = self.waiting.pop(said["done"])


class Phone:
    """`clock` is the device's own; `token` signs in anew each time."""

    def __init__(
        self, folder: Path, wire: Wire, random: Random, clock: Callable[[], datetime], token: Callable[[], str]
    ) -> None:
        self._wire, self._random, self._clock, self._token = wire, random, clock, token
        self._path = folder / "outbox.jsonl"
        self.outbox = Outbox(self._path)
        self.held: Held = {}
        self.cursor = ""
        self.refused: dict[str, str] = {}
        self.wiped = False

    def restart(self) -> None:
        """Out of memory in the middle of a word: what stands in the file is what there is."""
        with self._path.open("a") as file:
            file.write('{"put": {"kind": "vis')
        text = self._path.read_text()
        self._path.write_text(text[: text.rfind("\n") + 1])
        self.outbox = Outbox(self._path)

    def sync(self, rounds: int = 8) -> bool:
        """Whether all of it got through. What did not is tried the next time, from where it stands."""
        try:
            offset = self.pull()
            for _ in range(rounds):
                before = len(self.outbox.waiting)
                self.push(offset)
                if not self.outbox.waiting or len(self.outbox.waiting) == before:
                    break
            self.pull()
        except Cut:
            return False
        return True

    def pull(self) -> timedelta:
        """How far the device's clock is off, by the server's time in the answer."""
        if not self.cursor:
            return self.begin()
        while True:
            answer = self._ask(
                "GET", f"/v1/sync/changes?limit={self._random.choice((3, 50, 500))}&cursor={self.cursor}"
            )
            if answer.status == 410:
                return self.begin()
            told = answer.json()
            for line in told["lines"]:
                self.apply(line)
            self.cursor = told["next"]
            if not told["more"]:
                return self.offset(told["server_time"])

    def begin(self) -> timedelta:
        answer = self._ask("GET", "/v1/sync/snapshot")
        first, *lines, last = map(json.loads, answer.body.decode().splitlines())
        if last["op"] != "end" or last["lines"] != len(lines):
            raise Cut
        self.held = {}
        for line in lines:
            self.apply(line)
        self.cursor = last["cursor"]
        return self.offset(first["server_time"])

    def apply(self, line: Mapping[str, Any]) -> None:
        """Twice is the same as once."""
        key = (line["scope"], line["kind"], line["id"])
        if line["op"].startswith("scope."):
            self.held = {kept: row for kept, row in self.held.items() if kept[0] != line["scope"]}
        elif line["op"] == "gone":
            self.held.pop(key, None)
        else:
            self.held[key] = line["row"]

    def offset(self, server_time: str) -> timedelta:
        off = datetime.fromisoformat(server_time) - self._clock()
        return off if abs(off) > OFF else timedelta(0)

    def push(self, offset: timedelta) -> None:
        """In no order, in pieces of any size, now and then twice at once."""
        ids = list(self.outbox.waiting)
        self._random.shuffle(ids)
        while ids:
            size = self._random.randint(1, 40)
            some, ids = ids[:size], ids[size:]
            items = [self.outbox.waiting[one] if "redated" in self.outbox.waiting[one] or not offset
                     else self.redate(one, offset) for one in some]  # fmt: skip
            body = {"items": [{name: item[name] for name in ("kind", "v", "body")} for item in items]}
            if self._random.random() < 0.1:
                threading.Thread(target=self._quietly, args=(body,)).start()
            for row in self._ask("POST", "/v1/sync/batches", body).json()["rows"]:
                self.hear(row)

    def redate(self, named: str, offset: timedelta) -> Item:
        """Before it is sent for the first time. A check-in stays as the device's clock had it."""
        item = self.outbox.waiting[named]
        if item["kind"] == "check_in":
            return item
        body = dict(item["body"])
        for name in ("at", "first_day", "last_day", "day"):
            if name in body:
                body[name] = moved(body[name], offset)
        self.outbox.put(item | {"body": body, "redated": True})
        return self.outbox.waiting[named]

    def hear(self, row: Mapping[str, Any]) -> None:
        if row["outcome"] in ("stored", "duplicate"):
            self.outbox.settle(row["id"])
            self.refused.pop(row["id"], None)
        elif row["outcome"] != "waiting":
            self.refused[row["id"]] = row["problem"]["code"]

    def _quietly(self, body: Any) -> None:
        try:
            self._wire.ask("POST", "/v1/sync/batches", self._token(), body)
        except (Cut, OSError):
            return

    def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        answer = self._wire.ask(method, path, self._token(), body)
        if answer.status == 401 and answer.json()["code"] == "sign-in-ended":
            self.held, self.cursor, self.wiped = {}, "", True  # the outbox stays, sealed on a real phone
            raise Cut
        if answer.status in (429, 500, 503):
            raise Cut
        assert answer.status in (200, 410), answer.body
        return answer


def moved(said: str, offset: timedelta) -> str:
    if len(said) == 10:
        return (datetime.fromisoformat(said) + offset).date().isoformat()
    return (datetime.fromisoformat(said) + offset).isoformat()
