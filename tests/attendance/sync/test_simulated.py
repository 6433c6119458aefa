"""A few phones over a week, on a real socket that is cut at any byte: nothing is lost, doubled or held astray."""

from pathlib import Path

from sqlalchemy import Engine

from tests.simulate.county import county
from tests.simulate.run import simulate


def test_what_the_phones_have_made_is_what_the_server_has(
    engines: dict[str, Engine], api_engines: dict[str, Engine], clean: None, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    with county(engines["attendance"], api_engines["attendance"], tmp_path / "secrets") as made:
        found = simulate(made, tmp_path, devices=4, days=5, seed=3, permutations=2)
    wrong = ("lost", "doubled", "invented", "astray", "different")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)
    assert found["stored"] + found["kept"] == found["sent"]
    assert set(found["refused"]) <= {"not-there"}
    assert min(found["sent"] - 10 * found["kept"], found["cuts"], found["wrong_clocks"]) > 0
