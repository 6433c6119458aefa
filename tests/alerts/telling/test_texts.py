"""What messages say, word for word and in both languages; whose words they are; and how long they may be."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlmodel import col

from services.alerts.models.watch import Rule
from services.alerts.telling.channels.letter import Letter
from services.alerts.telling.channels.wecom import MOST
from services.alerts.telling.kinds import KINDS
from services.alerts.telling.texts import MOST_LINES, Language, Line, message
from tests.alerts.telling.others import Street, street
from tests.alerts.telling.test_channels import PHONE, by_http
from tests.alerts.telling.test_delivery import Place, place
from tests.conftest import NOW

__all__ = ["place"]  # a fixture
CHINESE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
TITLE = {"zh": "住房出现安全问题", "en": "The house is unsafe"}


def body(kind: str, language: Language, place: str, number: int = 3) -> list[str]:
    lines = [Line(kind, place, TITLE[language], number, number)]
    return message(lines, language, urgent=False).text.split("\n")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_speaks_both_languages_and_leaves_no_blank(kind: str) -> None:
    english, chinese = body(kind, "en", "Example village"), body(kind, "zh", "示例村")
    assert [one for one in english if CHINESE.search(one)] == []
    assert english[0::2] == ["Shouwang: 3 notices today", "Sign in to Shouwang to see more."]
    assert chinese[0::2] == ["守望：今日有3项提醒", "详情请登录守望查看。"]
    assert english[1].startswith("Example village: ")
    assert chinese[1].startswith("示例村：")
    for sentence in (english[1], chinese[1]):
        assert "3" in sentence
        assert not set("{}") & set(sentence)
    assert english[1] != body("alert_closed", "en", "Example village")[1] or kind == "alert_closed"


def test_english_is_read_as_it_was_meant() -> None:
    said = {kind: body(kind, "en", "Example village", 2)[1] for kind in KINDS}
    assert said["alert_opened"] == "Example village: “The house is unsafe”, 2 new"
    assert said["alert_high"] == "Example village: “The house is unsafe” (high), 2 new"
    assert said["alert_team"] == "Example village: “The house is unsafe” (team), 2 new"
    assert said["task_due_village"] == "Example village: 2 visit tasks are due soon"
    assert said["task_of_clues"] == "Example village: 2 new visit tasks to look into clues"
    assert said["case_late_county"] == "Example village: 2 case steps of the county are overdue"
    assert said["declaration_waiting"] == "Example village: 2 self-declarations wait for a decision"
    urgent = message([Line("alert_high", "Example village", "x", 1)] * (MOST_LINES + 2), "en", urgent=True).text
    assert urgent.startswith("Shouwang: 22 notices that should not wait\n")
    assert urgent.endswith("\n2 more lines are not shown.\nSign in to Shouwang to see more.")


@pytest.fixture
def others() -> Any:
    with street() as held:
        yield held


@pytest.mark.parametrize("spaces", range(3), ids=["whole", "one over", "two over"])
def test_wecom_is_sent_no_more_than_it_takes_and_no_half_of_a_character(
    tmp_path: Path, others: Street, spaces: int
) -> None:
    """A Chinese character is three bytes: the border falls before, within and behind one."""
    lines = [
        Line("alert_opened", "示例县示例镇" * 4, " " * spaces + "住房出现安全问题" * 4, 3) for _ in range(MOST_LINES)
    ]
    said = message(lines, "zh", urgent=False)
    assert len(said.text.encode()) > MOST
    assert by_http(tmp_path, others)["wecom"].send(Letter(uuid4(), PHONE, said, urgent=False), NOW).accepted
    ((_, posted),) = others.took
    content = posted["text"]["content"]
    assert said.text.startswith(content)
    assert MOST - 2 <= len(content.encode()) <= MOST
    assert json.dumps(content).count("\\ufffd") == 0


def test_a_message_has_the_title_of_a_rule_in_force_and_never_one_that_is_being_tried(place: Place) -> None:
    """What somebody has drafted, or judges in the shadow, was read by nobody else."""
    place.prefers("dingtalk")
    place.happens()
    (key,) = place.session.execute(select(col(Rule.key)).where(col(Rule.key).startswith("water"))).scalars()
    told = place.session.get_one(Rule, (key, 1))
    values = told.model_dump() | {"version": 2, "mode": "shadow", "title_zh": "示甲家", "title_en": "Of the Shi family"}
    place.session.add(Rule(**values | {"since": date(2026, 1, 1)}))
    place.session.commit()
    place.goes_on()
    (text,) = place.texts
    assert told.title_zh in text
    assert "示甲" not in text
