"""What a message says, in Chinese or English: places, titles of rules and numbers. Never a number, a name or an illness
of anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.alerts.telling.kinds import KINDS

Language = Literal["zh", "en"]
MOST_LINES = 20  # of a message; the inbox has them all
WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "digest": "守望：今日有{number}项提醒",
        "urgent": "守望：有{number}项提醒需及时处理",
        "more": "另有{number}类未列出。",
        "look": "详情请登录守望查看。",
    },
    "en": {
        "digest": "Shouwang: {number} notices today",
        "urgent": "Shouwang: {number} notices that should not wait",
        "more": "{number} more lines are not shown.",
        "look": "Sign in to Shouwang to see more.",
    },
}


@dataclass(frozen=True)
class Line:
    """Notices of one kind, place and rule. `number` is what they come to, `notices` how many they are; `own`: the
    county's words for them."""

    kind: str
    place: str
    title: str
    number: int
    notices: int = 1
    own: str | None = None


@dataclass(frozen=True)
class Message:
    """`number` of notices; `place` of the first line: what a gateway with templates of its own is told."""

    subject: str
    text: str
    number: int
    place: str


def line(said: Line, language: Language) -> str:
    kind = KINDS[said.kind]
    sentence = said.own or (kind.en if language == "en" else kind.zh)
    return sentence.format(place=said.place, title=said.title, number=said.number)


def message(lines: Sequence[Line], language: Language, *, urgent: bool) -> Message:
    words, number = WORDS[language], sum(one.notices for one in lines)
    subject = words["urgent" if urgent else "digest"].format(number=number)
    rows = [line(one, language) for one in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        rows.append(words["more"].format(number=len(lines) - MOST_LINES))
    return Message(subject, "\n".join([subject, *rows, words["look"]]), number, lines[0].place if lines else "")
