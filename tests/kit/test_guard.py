"""Nobody can make us call an address that is not listed: not by writing it otherwise, not by changing a name."""

import random
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from services.alerts.main import create
from services.cli.secret_files import secret_folder
from services.kit.post.addresses import INSIDE, LOOPBACK, NEVER, is_global, is_here, within
from services.kit.post.fan_out import fan_out
from services.kit.post.outgoing import NOT_LISTED, Answer, Lane, Post
from services.kit.post.places import NotAnEntry, read_entry, read_place
from services.kit.post.receivers import Allowed, our_places
from services.kit.settings import Settings
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from tests.callers import Headers, Sign, served
from tests.clock import NOW
from tests.kit.forbidden import ADDRESSES, encodings, plainly
from tests.kit.house import House
from tests.kit.names import name_server
from tests.kit.receiving import Receiver
from tests.kit.witness import Witness, witnessing
from tests.secrets_made_once import make_secrets

TRIES = 1_000
Lanes = Callable[..., Lane]
ALERTS = "/v1/services/alerts/subscriptions"
TYPES = ["alert.opened"]


@pytest.fixture
def witness() -> Iterator[Witness]:
    with witnessing() as watching:
        yield watching


@pytest.fixture
def alerts_house(engines: dict[str, Engine], clean: None, seal: Seal) -> House:
    return House(engines["alerts"], seal)


@pytest.fixture
def client(
    engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path, witness: Witness
) -> Iterator[TestClient]:
    make_secrets(tmp_path)
    with served(create, "alerts", engines["alerts"], signing_key, secret_folder(tmp_path, "alerts")) as opened:
        assert isinstance(opened.app, FastAPI)
        opened.app.state.allowed = generous(witness.port)
        yield opened


@pytest.fixture
def bureau(sign: Sign) -> Headers:
    return sign("bureau", scopes="subscription:write alert:read")


def generous(port: int) -> Allowed:
    """An operator who lists every public address, and a name."""
    return Allowed(
        "", f"http://listed.example:{port},http://listed.example,http://0.0.0.0/0:{port},http://[::/0]:{port}"
    )


def narrow(port: int) -> Allowed:
    return Allowed("", f"http://listed.example:{port}")


def post(url: str) -> Post:
    return Post(url, {}, b"{}")


def tables(port: int) -> list[tuple[Allowed, str]]:
    inside = [(narrow(port), url) for url in plainly(port)]
    return inside + [(generous(port), url) for url in encodings(port)]


def assert_nobody_was_called(witness: Witness) -> None:
    assert (witness.called, witness.looked_up, witness.met) == ([], [], [])


def test_the_tables_are_as_long_as_they_should_be() -> None:
    assert (len(set(ADDRESSES)), len(set(encodings(1))) >= 60) == (39, True)


def test_no_forbidden_address_can_be_registered(client: TestClient, bureau: Headers, witness: Witness) -> None:
    assert isinstance(client.app, FastAPI)
    for allowed, url in tables(witness.port):
        client.app.state.allowed = allowed
        said = client.put(f"{ALERTS}/{uuid4()}", json={"url": url, "types": TYPES}, headers=bureau)
        assert (said.status_code, said.json()["code"]) == (422, "address-not-listed"), url
    assert client.get(ALERTS, headers=bureau).json() == []
    assert_nobody_was_called(witness)


def test_no_subscription_can_be_turned_to_a_forbidden_address(
    client: TestClient, bureau: Headers, witness: Witness
) -> None:
    assert isinstance(client.app, FastAPI)
    path, sound = f"{ALERTS}/{uuid4()}", f"http://listed.example:{witness.port}/"
    assert client.put(path, json={"url": sound, "types": TYPES}, headers=bureau).status_code == 200
    for allowed, url in tables(witness.port):
        client.app.state.allowed = allowed
        said = client.put(path, json={"url": url, "types": TYPES}, headers=bureau)
        assert (said.status_code, said.json()["code"]) == (422, "address-not-listed"), url
    assert [row["url"] for row in client.get(ALERTS, headers=bureau).json()] == [sound]
    assert_nobody_was_called(witness)


@pytest.mark.parametrize(("action", "body"), [("ping", None), ("replay", {"since": "2020-01-01T00:00:00Z"})])
def test_no_forbidden_address_is_called_for_a_ping_or_a_replay(
    alerts_house: House, client: TestClient, bureau: Headers, witness: Witness, action: str, body: object
) -> None:
    """The rows are written past the check, as they would be after the operator took an entry off the list."""
    assert isinstance(client.app, FastAPI)
    alerts_house.emits()
    fan_out(alerts_house.engine, NOW)
    for allowed, url in tables(witness.port):
        client.app.state.allowed = allowed
        key = alerts_house.subscribe(url, subscriber="bureau", types=[], division="none")
        said = client.post(f"{ALERTS}/{key}/{action}", json=body, headers=bureau)
        assert (said.status_code, said.json()["code"]) == (422, "address-not-listed"), url
    assert alerts_house.owed == 0
    assert_nobody_was_called(witness)


def test_no_forbidden_address_is_called_for_a_delivery(alerts_house: House, witness: Witness, lanes: Lanes) -> None:
    for addresses, allowed in ((plainly, narrow), (encodings, generous)):
        for url in addresses(witness.port):
            alerts_house.subscribe(url)
        alerts_house.emits()
        alerts_house.delivers(lanes(allowed=allowed(witness.port)))
        with open_session(alerts_house.engine) as session, session.begin():
            session.execute(text("UPDATE subscription SET disabled_at = now()"))
    assert {delivery.problem for delivery in alerts_house.deliveries} == {NOT_LISTED}
    assert len(alerts_house.deliveries) == len(tables(witness.port))
    assert_nobody_was_called(witness)


def test_a_listed_name_that_is_found_at_a_forbidden_address_is_not_called(witness: Witness, lanes: Lanes) -> None:
    """Alone, or beside a public address."""
    found = [[*beside, address] for address in ADDRESSES for beside in ([], ["8.8.8.8"])]
    coming = iter(found)
    with name_server(lambda _: next(coming)) as names:
        lane = lanes(f"http://listed.example:{witness.port}", look_up=names)
        said = [lane.send(post(f"http://listed.example:{witness.port}/")).result() for _ in found]
    assert said == [Answer(None, NOT_LISTED)] * 78
    assert (witness.met, witness.called) == ([], [])


def test_a_name_that_changes_between_two_looks_never_leads_inside(receiver: Receiver, lanes: Lanes) -> None:
    """Somebody listens at both addresses; the operator has listed one. Both together are not called either, though the
    listed one would be tried first: another look would choose."""
    chance, listed, other = random.Random(1), "127.0.0.1", "127.0.0.2"
    answers = [[listed], [other], [listed, other], [other, listed], []]
    found: list[list[str]] = []

    def answering(_: str) -> list[str]:
        found.append(chance.choice(answers))
        return found[-1]

    with (
        socket.create_server((other, receiver.port)) as trap,
        witnessing() as witness,
        name_server(answering) as names,
    ):
        lane = lanes(f"http://rebinding.example:{receiver.port}", receiver.place, look_up=names, deadline=30)
        url = f"http://rebinding.example:{receiver.port}/204"
        said: list[Answer] = []
        for _ in range(TRIES // 50):
            together = [lane.send(post(url)) for _ in range(50)]
            said += [answer.result() for answer in together]
        trap.setblocking(False)
        with pytest.raises(BlockingIOError):
            trap.accept()
    reached = [answer for answer in said if answer.accepted]
    assert len(said) == TRIES
    assert len(reached) == len(receiver.got) == found.count([listed]) > TRIES // 10
    assert {answer.problem for answer in said if not answer.accepted} == {NOT_LISTED}
    assert {where[0] for where in witness.called} == {listed}


def test_listed_private_receivers_are_called(receiver: Receiver, lanes: Lanes) -> None:
    """This machine's own address stands for another's: an own one is never called, so the test says that it is not."""
    address = own_address()
    with socket.create_server((address, 0)) as server:
        server.settimeout(5)
        url = f"http://{address}:{server.getsockname()[1]}/"
        listed = f"http://{ip_network(f'{address}/24', strict=False)}:{server.getsockname()[1]}"
        under_way = lanes(listed, here=lambda one: within(one, LOOPBACK)).send(post(url))
        connection, _ = server.accept()
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        assert under_way.result() == Answer(204)
        connection.close()
        server.settimeout(0.2)
        assert lanes(listed).send(post(url)).result() == Answer(None, NOT_LISTED)
        with pytest.raises(TimeoutError):
            server.accept()
    assert lanes(receiver.place).send(post(receiver.url())).result() == Answer(204)
    assert receiver.got[0].headers["host"] == receiver.place


def own_address() -> str:
    """One of this machine's that is not loopback. No packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(probe.getsockname()[0])


def test_a_listed_name_is_called_at_a_listed_address_under_its_own_name(receiver: Receiver, lanes: Lanes) -> None:
    with name_server(lambda _: ["127.0.0.1"]) as names:
        lane = lanes(f"http://hooks.example:{receiver.port}", receiver.place, look_up=names)
        assert lane.send(post(f"http://HOOKS.example.:{receiver.port}/204")).result() == Answer(204)
    assert receiver.got[0].headers["host"] == f"hooks.example:{receiver.port}"


def test_our_own_services_and_databases_are_never_called_even_when_listed(
    receiver: Receiver, lanes: Lanes, tmp_path: Path
) -> None:
    settings = Settings(
        service="alerts",
        database_url=f"postgresql+psycopg://alerts@127.0.0.1:{receiver.port}/alerts",
        secrets=tmp_path,
        port=2,
        county_url="https://county.example",
        inboxes="http://127.0.0.1:3, http://10.0.0.4:4",
        receivers=f"{receiver.place}, 127.0.0.1:2",
    )
    assert set(our_places(settings)) == {
        ("127.0.0.1", receiver.port), ("county.example", 443), ("127.0.0.1", 2), ("127.0.0.1", 3), ("10.0.0.4", 4),
    }  # fmt: skip
    lane = lanes(allowed=Allowed.read(settings))
    said = [lane.send(post(url)).result() for url in (receiver.url(), "http://127.0.0.1:2/")]
    assert said == [Answer(None, NOT_LISTED)] * 2
    assert receiver.got == []


def test_a_database_that_is_named_is_found_wherever_its_name_leads(receiver: Receiver, lanes: Lanes) -> None:
    listed = f"{receiver.place},http://hooks.example:{receiver.port}"
    with name_server(lambda _: ["127.0.0.1"]) as names:
        lane = lanes(allowed=Allowed("", listed, [("db.example", receiver.port)]), look_up=names)
        urls = (receiver.url(), f"http://hooks.example:{receiver.port}/")
        said = [lane.send(post(url)).result() for url in urls]
    assert said == [Answer(None, NOT_LISTED)] * 2
    assert receiver.got == []


def test_the_list_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "receivers").write_text("# the bureau of agriculture\n10.1.0.0/16  # until June\n\n")
    settings = Settings(
        service="alerts", database_url="", secrets=tmp_path, port=1, county_url="", receivers="127.0.0.1:9",
        receivers_file=tmp_path / "receivers",
    )  # fmt: skip
    allowed = Allowed.read(settings)
    assert allowed.permits("https://10.1.2.3:8443/hooks")
    assert allowed.permits("http://127.0.0.1:9/")
    assert not allowed.permits("http://10.1.2.3/hooks")


@pytest.mark.parametrize(
    ("entry", "lets_in", "keeps_out"),
    [
        ("10.1.0.0/16", "https://10.1.2.3/", "https://10.2.0.1/"),
        ("10.1.0.0/16", "https://10.1.2.3:8443/", "https://10.1.2.3:9443/"),
        ("10.1.0.0/16", "https://10.1.2.3/", "http://10.1.2.3/"),
        ("http://10.1.2.3", "http://10.1.2.3/", "https://10.1.2.3/"),
        ("http://10.1.2.3:8080+8081", "http://10.1.2.3:8081/x?y", "http://10.1.2.3/"),
        ("10.1.2.3:8080", "http://10.1.2.3:8080/", "http://10.1.2.4:8080/"),
        ("10.1.2.3:443", "https://10.1.2.3/", "https://10.1.2.3:8443/"),
        ("[fd00::/8]", "https://[fd12::1]/", "https://[fe80::1]/"),
        ("[fd00::5]:8080", "http://[fd00:0::5]:8080/", "http://[fd00::6]:8080/"),
        ("hooks.example", "https://hooks.example/", "http://hooks.example/"),
        ("hooks.example", "https://Hooks.Example./a@b", "https://a.hooks.example/"),
        ("xn--fiqs8s.example", "https://xn--fiqs8s.example/", "https://中国.example/"),
        ("8.8.8.8", "https://8.8.8.8/", "https://8.8.4.4/"),
    ],
)
def test_an_entry_lets_in_what_it_says_and_nothing_beside(entry: str, lets_in: str, keeps_out: str) -> None:
    allowed = Allowed("", entry)
    assert allowed.permits(lets_in)
    assert not allowed.permits(keeps_out)


@pytest.mark.parametrize(
    "entry", ["10.1.2.3/16", "10.1.0.0/33", "0x7f.1", "127.1", "ftp://a.example", "a b", "http://", "a.example:x", "*"]
)
def test_an_entry_that_cannot_be_understood_stops_the_start(entry: str) -> None:
    with pytest.raises(NotAnEntry):
        Allowed("", f"127.0.0.1:9,{entry}")
    with pytest.raises(NotAnEntry):
        read_entry(entry)


def test_an_address_is_of_one_class() -> None:
    for wide in (*NEVER, *INSIDE, *LOOPBACK):
        assert not is_global(wide[0])
        assert not is_global(wide[-1])
    assert all(is_global(ip_address(one)) for one in ("8.8.8.8", "223.5.5.5", "2400:3200::1", "2606:4700::1111"))
    assert not is_global(ip_address("4000::1"))


def test_this_machine_knows_its_own_addresses() -> None:
    assert all(is_here(ip_address(one)) for one in ("127.0.0.1", "127.9.9.9", "::1", own_address()))
    assert not any(is_here(ip_address(one)) for one in ("8.8.8.8", "10.255.255.254", "2400:3200::1"))


def test_what_is_checked_is_what_is_called() -> None:
    place = read_place("HTTP://Hooks.Example.:8080/a?b=%20@")
    assert place
    assert (place.host, place.port, place.target, place.authority) == (
        "hooks.example", 8080, "/a?b=%20@", "hooks.example:8080",
    )  # fmt: skip
