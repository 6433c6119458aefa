"""What a check-in came to, as one says it to the person who sent it."""

from collections.abc import Mapping
from datetime import date

VERDICTS: Mapping[str, Mapping[str, str]] = {
    "zh": {"inside": "位置在村内", "outside": "位置不在村内", "uncertain": "位置无法判断"},
    "en": {"inside": "in the village", "outside": "not in the village", "uncertain": "the place cannot be told"},
}
STATUSES: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "present": "在岗",
        "uncertain": "有登记，是否在村待核实",
        "outside": "有登记，不在村",
        "not_posted": "当天没有驻村任职",
    },
    "en": {
        "present": "on duty",
        "uncertain": "checked in, place to be confirmed",
        "outside": "checked in outside the village",
        "not_posted": "not posted to a village that day",
    },
}


def in_words(verdict: str, day: date, status: str, language: str) -> str:
    """The day as year, month and day: a late one may be of last year."""
    here, that_day = VERDICTS[language][verdict], STATUSES[language][status]
    if language == "en":
        return f"Recorded: {here}. {day.isoformat()}: {that_day}."
    return f"已登记：{here}。{day.year}年{day.month}月{day.day}日：{that_day}。"
