"""Two who edit the same: nobody overwrites what they have not seen."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.callers import Headers

GRADES = ("B", "C")


@pytest.fixture
def path(family: str) -> str:
    return f"{family}/safeguards"


def seen(http: TestClient, path: str, headers: Headers) -> Headers:
    return headers | {"if-match": http.get(path, headers=headers).headers["etag"]}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_changing_without_having_read_is_refused(http: TestClient, clerk: Headers, path: str) -> None:
    assert code(http.put(path, json={"housing_grade": "B"}, headers=clerk)) == (428, "seen-nothing")
    assert http.get(path, headers=clerk).json()["housing_grade"] == "A"


def test_what_changed_meanwhile_is_not_overwritten(http: TestClient, clerk: Headers, path: str) -> None:
    mine = theirs = seen(http, path, clerk)
    answer = http.put(path, json={"housing_grade": "B"}, headers=theirs)
    assert answer.headers["etag"] == http.get(path, headers=clerk).headers["etag"] != theirs["if-match"]
    assert code(http.put(path, json={"housing_grade": "C"}, headers=mine)) == (412, "changed-meanwhile")
    again = clerk | {"if-match": answer.headers["etag"]}
    assert http.put(path, json={"housing_grade": "C"}, headers=again).status_code == 200


def test_of_two_at_once_one_is_told_to_read_again(http: TestClient, clerk: Headers, path: str) -> None:
    for _ in range(10):
        headers = seen(http, path, clerk)
        held = http.get(path, headers=clerk).json()["housing_grade"]
        bodies = [{"housing_grade": grade} for grade in "ABCD" if grade != held][:2]
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda body, h=headers: http.put(path, json=body, headers=h), bodies))
        assert sorted(answer.status_code for answer in answers) == [200, 412]


def test_a_change_made_already_is_answered_as_made(http: TestClient, clerk: Headers, path: str) -> None:
    """The first answer was lost: what is sent again is what stands there."""
    headers = seen(http, path, clerk)
    answers = [http.put(path, json={"housing_grade": "B"}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("tag", ["W/{}", '"other"', "{}x", ""])
def test_a_tag_that_is_not_this_one_matches_nothing(http: TestClient, clerk: Headers, path: str, tag: str) -> None:
    sent = tag.format(seen(http, path, clerk)["if-match"])
    refused = http.put(path, json={"housing_grade": "B"}, headers=clerk | {"if-match": sent})
    assert refused.status_code == (412 if sent else 428)


def test_a_tag_among_others_matches_and_so_does_the_star(http: TestClient, clerk: Headers, path: str) -> None:
    listed = clerk | {"if-match": f'"other", {seen(http, path, clerk)["if-match"]}'}
    assert http.put(path, json={"housing_grade": "B"}, headers=listed).status_code == 200
    assert http.put(path, json={"housing_grade": "C"}, headers=clerk | {"if-match": "*"}).status_code == 200


def test_a_first_tag_needs_no_reading_and_can_be_asked_to_be_the_first(
    http: TestClient, clerk: Headers, family: str
) -> None:
    path, first = f"{family}/tags/monitored", clerk | {"if-none-match": "*"}
    body = {"since": "2026-01-01", "source": "示例〔2026〕2号"}
    assert code(http.put(path, json=body, headers=clerk | {"if-match": "*"})) == (412, "changed-meanwhile")
    assert http.put(path, json=body, headers=first).status_code == 200
    assert http.put(path, json=body | {"until": "2026-06-01"}, headers=first).status_code == 412
    assert http.put(path, json=body | {"until": "2026-06-01"}, headers=clerk).status_code == 428
    assert http.put(path, json=body | {"until": "2026-06-01"}, headers=seen(http, path, clerk)).status_code == 200


def test_equal_contents_of_two_families_have_tags_that_do_not_tell_so(
    http: TestClient, clerk: Headers, family: str
) -> None:
    paths = [f"{family}/tags/{key}" for key in ("monitored", "no_labour")]
    for path in paths:
        http.put(path, json={"since": "2026-01-01", "source": "示例"}, headers=clerk)
    assert len({seen(http, path, clerk)["if-match"] for path in paths}) == 2
