"""Each channel against the other side as somebody else runs it: signatures are verified, encryption is asked for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from services.alerts.settings import AlertsSettings
from services.alerts.telling.channels.dingtalk import DingTalk
from services.alerts.telling.channels.letter import Channel, Letter
from services.alerts.telling.connected import connected
from services.alerts.telling.texts import Line, message
from tests.alerts.telling.others import PASSWORD, SECRET, TOKEN, Street, mail_server, street
from tests.conftest import NOW
from tests.kit.certificates import write

PHONE = "10000000001"
SAID = message([Line("alert_opened", "示例村", "饮水不安全", 3, 3)], "zh", urgent=False)


@pytest.fixture
def others() -> Iterator[Street]:
    with street() as held:
        yield held


def settings(folder: Path, **said: Any) -> AlertsSettings:
    for name, secret in {
        "dingtalk_token": TOKEN, "dingtalk_secret": SECRET, "wecom_token": TOKEN, "feishu_token": TOKEN,
        "feishu_secret": SECRET, "sms_headers": "X-App-Code: app 0123456789abcdef", "smtp_password": PASSWORD,
    }.items():  # fmt: skip
        (folder / name).write_text(secret)
    nowhere = "http://127.0.0.1:9"
    return AlertsSettings(
        service="alerts", database_url="", secrets=folder, port=1, county_url=nowhere, households_url=nowhere,
        attendance_url=nowhere, **said,
    )  # fmt: skip


def by_http(folder: Path, others: Street, **said: Any) -> dict[str, Channel]:
    urls = {f"{name}_url": others.url for name in ("dingtalk", "wecom", "feishu")}
    gateway = {"sms_url": f"{others.url}/sms", "sms_digest": "SMS_1", "sms_urgent": "SMS_2", "sms_accepted": "code=0"}
    return connected(settings(folder, **urls | gateway | said))


def letter(address: str = PHONE) -> Letter:
    return Letter(uuid4(), address, SAID, urgent=False)


def test_a_robot_takes_what_was_signed_as_its_makers_document_it(tmp_path: Path, others: Street) -> None:
    reached = by_http(tmp_path, others)
    assert {"sms", "dingtalk", "wecom", "feishu"} == reached.keys()
    for name in ("dingtalk", "wecom", "feishu"):
        assert reached[name].send(letter(), NOW).accepted, name
    ding, wecom, feishu = (said for _, said in others.took)
    assert ding["at"]["atMobiles"] == wecom["text"]["mentioned_mobile_list"] == [PHONE]
    assert ding["text"]["content"] == f"{SAID.text}\n@{PHONE}"
    assert wecom["text"]["content"] == SAID.text
    assert feishu["content"]["text"].endswith(SAID.text)


def test_a_robot_that_says_no_in_a_good_answer_has_not_told(tmp_path: Path, others: Street) -> None:
    reached = by_http(tmp_path, others)
    robot = reached["dingtalk"]
    assert isinstance(robot, DingTalk)
    forged = replace(robot, secret="another secret 0123456789")
    outcome = forged.send(letter(), NOW)
    assert (outcome.accepted, outcome.status, outcome.lasting) == (False, 200, False)
    others.refusing["/robot"] = (404, {"errcode": 0})
    assert reached["dingtalk"].send(letter(), NOW).lasting
    others.refusing["/robot"] = (503, {"errcode": 0})
    assert not reached["dingtalk"].send(letter(), NOW).lasting


def test_a_gateway_is_asked_in_the_form_its_county_wrote_down(tmp_path: Path, others: Street) -> None:
    body = '{"mobiles": ["{phone}"], "tpl": "{template}", "data": {"n": "{number}", "at": "{place}"}, "sign": "县府"}'
    assert by_http(tmp_path, others, sms_body=body)["sms"].send(letter(), NOW).accepted
    assert others.took[-1][1] == {
        "mobiles": [PHONE], "tpl": "SMS_1", "data": {"n": "3", "at": "示例村"}, "sign": "县府",
    }  # fmt: skip
    others.refusing["/sms"] = (200, {"code": 7})
    assert not by_http(tmp_path, others)["sms"].send(letter(), NOW).accepted


def test_the_guard_stands_before_a_gateway_that_leads_inside_unlisted(tmp_path: Path, others: Street) -> None:
    inside = others.url.replace("127.0.0.1", "localhost")  # a name, and no network of it on the operator's list
    outcome = connected(settings(tmp_path, sms_url=f"{inside}/sms"))["sms"].send(letter(), NOW)
    assert (outcome.accepted, others.asked) == (False, 0)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # it counts STARTTLS alone as encryption
@pytest.mark.parametrize("tls", ["tls", "starttls", "none"])
def test_mail_is_sent_as_the_server_wants_it_encrypted(tmp_path: Path, tls: str) -> None:
    write(tmp_path, "sound")
    with mail_server(tmp_path, tls) as (box, port):
        said = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": tls, "smtp_sender": "shouwang@county.example"}
        mail = connected(settings(tmp_path, **said, smtp_trusted=tmp_path / "sound.pem", smtp_user="shouwang"))["email"]
        sent = letter("cadre@county.example")
        assert mail.send(sent, NOW).accepted
        (came,) = box.came
        assert (came["To"], came["Message-ID"]) == ("cadre@county.example", f"<{sent.id}@county.example>")
        assert box.encrypted == [tls != "none"]
        body = came.get_payload(decode=True)
        assert isinstance(body, bytes)
        assert "饮水不安全" in body.decode()
        refused, later = (mail.send(letter(f"{who}@county.example"), NOW) for who in ("nobody", "later"))
        assert (refused.status, refused.lasting, later.status, later.lasting) == (550, True, 450, False)
        stranger = connected(settings(tmp_path, **said))["email"]  # trusts the system's authorities alone
        assert stranger.send(sent, NOW).accepted == (tls == "none")
    away = mail.send(sent, NOW)
    assert (away.accepted, away.status, away.lasting) == (False, None, False)


def test_a_county_that_has_connected_nothing_has_no_channel_and_half_a_setting_stops_the_start(tmp_path: Path) -> None:
    whole = settings(tmp_path)
    for secret in tmp_path.iterdir():
        secret.unlink()
    assert connected(whole) == {}
    for half in ({"smtp_host": "mail.county.example"}, {"sms_body": "{phone}"}):
        with pytest.raises(ValidationError):
            settings(tmp_path, **half)
