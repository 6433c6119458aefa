"""The register against another register's file: what differs, what to correct there, and nothing more than that."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.quality.running import quality_work
from services.kit.store.fields import Seal
from services.kit.web.limits import GUESS, Limits
from tests.callers import HERE, Headers, Office
from tests.households.conftest import VILLAGE, Send, csv_of, household_numbered, household_row, member_row, valid
from tests.households.declarations.conftest import set_standard
from tests.households.open_cases import case_of

PATH = "/v1/comparison-imports"
HEADERS = ("编号", "姓名", "联系电话", "住房等级", "家庭人口")
MAPPING = {"columns": {"户编号": "编号", "户主姓名": "姓名"}}
Compare = Callable[..., Any]


@pytest.fixture(autouse=True)
def register(households: Session, send: Send) -> None:
    set_standard(households, "export_rows_alone", 2)
    send("households", household_row(户主姓名="示甲·乙"), household_row("JK2", 村代码="520621002001", 户主姓名="示丁"))
    send("members", member_row(姓名="示甲·乙"))
    households.commit()


@pytest.fixture
def compare(http: TestClient, clerk: Headers, engines: dict[str, Engine], seal: Seal) -> Compare:
    """Sent and compared: the comparison as it stands after."""

    def carry_out(*rows: Any, who: Headers = clerk, headers: Any = HEADERS, mapping: Any = MAPPING) -> Any:
        sent = {"file": ("a.csv", csv_of(headers, *rows))}
        form = {} if mapping is None else {"mapping": json.dumps(mapping)}
        asked = http.post(PATH, files=sent, data=form, headers=who)
        assert asked.status_code == 202, asked.text
        assert quality_work(engines["households"], seal).step(HERE) == 1
        return http.get(f"{PATH}/{asked.json()['id']}", headers=who).json()

    return carry_out


def differences(http: TestClient, who: Headers, done: Any, **said: str) -> list[tuple[str, str, str, str]]:
    answer = http.get(f"{PATH}/{done['id']}/differences", params=said, headers=who)
    assert answer.status_code == 200, answer.text
    return [(row["number"], row["field"], row["ours"], row["theirs"]) for row in answer.json()["rows"]]


def corrections(http: TestClient, who: Headers, done: Any, village: str = VILLAGE[:6]) -> Any:
    return http.get(f"{PATH}/{done['id']}/corrections?village={village}&format=csv", headers=who)


def test_rows_agree_differ_or_are_of_no_household_we_know(http: TestClient, clerk: Headers, compare: Compare) -> None:
    done = compare(
        ("JK1", "示甲•乙 ", "10000000001", "Ａ", "1"),
        ("JK2", "示丁", "10000000001", "C", ""),
        ("JK9", "示戊", "", "", ""),
    )
    assert (done["state"], done["agree"], done["differ"], done["unknown"]) == ("done", 1, 1, 1)
    assert differences(http, clerk, done) == [("JK2", "住房等级", "A", "C"), ("JK2", "家庭人口", "0", "")]
    assert differences(http, clerk, done, field="住房等级") == [("JK2", "住房等级", "A", "C")]
    assert differences(http, clerk, done, village=VILLAGE) == []


def test_next_month_the_columns_are_known(http: TestClient, office: Office, compare: Compare) -> None:
    row = ("JK1", "示甲·乙", "10000000001", "A", "1")
    first, next_one = compare(row), compare(row, mapping=None)
    assert (next_one["state"], next_one["agree"], next_one["mapping_of"]) == ("done", 1, first["id"])
    for mapping, who in (({}, {}), (None, {"who": office("beside", "county")})):  # set aside; of another account
        assert compare(row, mapping=mapping, **who)["problem"] == "column-missing"


def test_a_household_is_compared_once_a_file_and_files_are_counted_as_guesses(
    http: TestClient, clerk: Headers, compare: Compare
) -> None:
    """Else the row that agrees, of ten thousand, would tell the telephone that is masked."""
    rows = [("JK1", "示甲乙", f"1000000000{last}", "A", "1") for last in (3, 2, 1)]
    done = compare(*rows)
    assert (done["agree"], done["differ"], done["unknown"]) == (0, 1, 2)
    http.app.state.allowance = Limits({"read": 100, "upload": 100, GUESS: 1})  # type: ignore[attr-defined]
    compare(*rows)
    sent = {"file": ("a.csv", csv_of(HEADERS, *rows))}
    assert http.post(PATH, files=sent, headers=clerk).json()["code"] == "too-many-requests"


def test_a_phone_is_masked_on_both_sides_and_stands_in_no_file(
    http: TestClient, clerk: Headers, compare: Compare, households: Session
) -> None:
    done = compare(("JK1", "示甲乙", "10000000077", "A", "1"))
    ((_, field, ours, theirs),) = differences(http, clerk, done)
    assert field == "联系电话"
    assert "10000000" not in ours + theirs
    assert theirs.endswith("0077")
    kept = households.execute(text("SELECT sealed_theirs FROM register_difference")).scalar_one()
    assert b"0077" not in bytes(kept)
    assert "0077" not in corrections(http, clerk, done).text
    assert households.execute(text("SELECT count(*) FROM import_piece")).scalar_one() == 0


def test_the_correction_file_bears_their_headers_and_our_values_and_does_nothing_in_a_spreadsheet(
    http: TestClient, clerk: Headers, compare: Compare, households: Session
) -> None:
    households.execute(text("UPDATE household SET head_name = '=1+1' WHERE number = 'JK2'"))
    households.commit()
    done = compare(("JK1", "示甲乙", "10000000001", "B", "1"), ("JK2", "示丁", "10000000001", "A", "0"))
    header, *rows, mark = csv.reader(io.StringIO(corrections(http, clerk, done).content.decode("utf-8-sig")))
    assert header == ["编号", "姓名", "住房等级"]
    assert rows == [["JK1", "", "A"], ["JK2", "'=1+1", ""]]
    assert "clerk" in mark[0]


def test_what_was_mended_since_is_settled_and_in_no_correction(
    http: TestClient, clerk: Headers, compare: Compare, households: Session
) -> None:
    done = compare(("JK1", "示甲乙", "10000000001", "B", "1"))
    households.execute(text("UPDATE household SET housing_grade = 'B' WHERE number = 'JK1'"))
    households.commit()
    (row,) = http.get(f"{PATH}/{done['id']}/differences", headers=clerk).json()["rows"]
    assert row["settled"] is True
    assert "JK1" not in corrections(http, clerk, done).text


def test_more_rows_than_one_person_may_take_out_are_asked_for_by_place(
    http: TestClient, clerk: Headers, compare: Compare, households: Session
) -> None:
    done = compare(("JK1", "示己", "", "B", "1"), ("JK2", "示己", "", "B", "0"))
    assert corrections(http, clerk, done).status_code == 200
    households.execute(text("UPDATE standard SET value = 1"))
    households.commit()
    households.execute(text("UPDATE standard SET value = 0"))
    last = "(SELECT max(number) FROM register_difference)"
    households.execute(text(f"UPDATE register_difference SET sealed_theirs = 'x' WHERE number = {last}"))  # noqa: S608
    households.commit()
    assert corrections(http, clerk, done).json()["code"] == "corrections-too-many"  # what is behind is not opened
    households.execute(text("UPDATE standard SET value = 1"))
    households.commit()
    assert corrections(http, clerk, done, VILLAGE).status_code == 200


def test_of_places_outside_a_row_is_unknown_and_somebody_elses_comparison_is_not_there(
    http: TestClient, clerk: Headers, office: Office, compare: Compare
) -> None:
    town = office("town", "township", place=VILLAGE[:9])
    done = compare(("JK1", "示己", "10000000001", "A", "1"), ("JK2", "示己", "10000000001", "A", "0"), who=town)
    assert (done["differ"], done["unknown"]) == (1, 1)
    assert [row[0] for row in differences(http, town, done)] == ["JK1"]
    for path in ("", "/differences", f"/corrections?village={VILLAGE}"):
        assert http.get(f"{PATH}/{done['id']}{path}", headers=clerk).status_code == 404
    assert http.get(f"/v1/household-import-batches/{done['id']}", headers=town).status_code == 404


def test_a_file_without_the_number_is_refused_by_name(http: TestClient, clerk: Headers, compare: Compare) -> None:
    done = compare(("x",), headers=("姓名",))
    assert (done["state"], done["problem"]) == ("refused", "column-missing")
    sent = {"file": ("a.csv", csv_of(HEADERS))}
    answer = http.post(PATH, files=sent, data={"mapping": '{"columns": {"证件号码": "x"}}'}, headers=clerk)
    assert answer.json()["code"] == "mapping-not-understood"


def test_a_household_is_known_by_its_national_number_and_corrected_under_it(
    http: TestClient, clerk: Headers, compare: Compare, households: Session
) -> None:
    case_of(households, household_numbered(households, "JK1"), national_number="520621000001")
    case_of(households, household_numbered(households, "JK2"), national_number="JK1")
    households.commit()
    row = ("示甲乙", "10000000001", "C", "1")
    done = compare(("520621000001", *row), ("JK1", *row))
    assert (done["differ"], done["unknown"]) == (1, 1)
    assert differences(http, clerk, done) == [("JK1", "住房等级", "A", "C")]
    assert "520621000001,A" in corrections(http, clerk, done).text


def test_members_are_compared_field_by_field_and_each_side_says_whom_the_other_lacks(
    http: TestClient, clerk: Headers, send: Send, households: Session, engines: dict[str, Engine], seal: Seal
) -> None:
    number = valid("99062119600101001")
    mine = [("示乙", "之子", "1990-05-05"), ("示丙", "配偶", "1961-01-01")]
    told = [member_row(姓名=name, 与户主关系=of, 出生日期=born) for name, of, born in mine]
    send("members", member_row("JK2", id_number=number, 姓名="示丁"), *told)
    households.execute(text("UPDATE membership SET relation = '22' WHERE relation = '20'"))
    households.commit()
    rows = [
        ("JK1", "示甲乙", "", "户主", "1960/01/01"), ("JK1", "示乙", "", "之子", "19900506"),
        ("JK1", "示戊", "", "配偶", "19700101"), ("JK2", "示丁", number[:-1] + "?", "户主", "19600101"),
        ("JK2", "示丁", number, "户主", "19600101"),  # of a member one row counts: no number is tried out in one file
        ("JK9", "示己", "", "户主", "19600101"),
    ]  # fmt: skip
    sent = {"file": ("a.csv", csv_of(("户编号", "姓名", "证件号码", "与户主关系", "出生日期"), *rows))}
    asked = http.post(PATH, files=sent, data={"about": "members"}, headers=clerk)
    assert quality_work(engines["households"], seal).step(HERE) == 1
    path = f"{PATH}/{asked.json()['id']}"
    done = http.get(path, headers=clerk).json()
    assert [done[key] for key in ("state", "agree", "differ", "unknown")] == ["done", 1, 3, 2]
    found = http.get(f"{path}/member-differences", headers=clerk).json()["rows"]
    shown = {(one["row"], one["name"], one["field"], one["ours"], one["theirs"]) for one in found}
    masked = number[:6] + "*" * 12
    assert shown == {
        (0, "示丙", "成员", "示丙", ""),
        (3, "示乙", "出生日期", "1990-05-05", "19900506"), (4, "示戊", "成员", "", "示戊"),
        (5, "示丁", "证件号码", masked, masked),
    }  # fmt: skip
    asking = f"{path}/member-corrections?village={VILLAGE[:6]}&format=csv"
    assert http.get(asking, headers=clerk).json()["code"] == "corrections-too-many"
    households.execute(text("UPDATE standard SET value = 3 WHERE key = 'export_rows_alone'"))
    households.commit()
    file = http.get(asking, headers=clerk)
    assert number[-4:] not in file.text
    assert [line.split(",")[2:5] for line in file.text.splitlines()[1:4]] == [
        ["示丙", "", "对方系统缺此人"], ["示乙", "1990-05-05", ""], ["示戊", "", "本系统无此人"],
    ]  # fmt: skip
    assert http.get(f"{path}/differences", headers=clerk).status_code == 404
