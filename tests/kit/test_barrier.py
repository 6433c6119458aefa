"""What the database lets each role see and do, whatever is asked of it; and who hears of what happens somewhere."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from services.cli.postgres import Cluster, work_role
from services.cli.secret_files import SERVICES
from services.households.models.register import Household, HouseholdSet
from services.kit.store.barrier import expose
from services.kit.store.db import open_session
from services.kit.store.grants import SetMember
from tests.callers import grant
from tests.clock import NOW, TODAY

VILLAGE, BESIDE = "520621001005", "520621001006"
HOMES = {VILLAGE: uuid4(), BESIDE: uuid4()}
SET, OTHER_SET = UUID(int=7), UUID(int=8)
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
ALONE = {(name, role): ["SELECT"] for name in ("alembic_version", "audit", "audit_head") for role in ("api", "work")}
ALONE |= {("history", role): ["SELECT"] for role in ("api", "work")}  # its trigger writes it
ALONE |= {("audit_signed", "api"): ["SELECT"], ("audit_signed", "work"): ["SELECT", "INSERT"]}
ALONE |= {(f"case_{name}", "api"): ["SELECT", "INSERT"] for name in ("entry", "participant", "document")}
ALONE |= {(f"ledger_{name}", "api"): ["SELECT", "INSERT"] for name in ("entry", "line")}
ALONE |= {(name, "api"): ["SELECT", "INSERT"] for name in ("village_record", "village_record_ending")}
ALONE |= {(f"checklist_{name}", "api"): ["SELECT", "INSERT"] for name in ("answer", "verdict")}
ALONE |= {("undertaking_step", "api"): ["SELECT", "INSERT"], ("undertaking", "api"): ["SELECT", "INSERT", "UPDATE"]}
ALONE |= {(f"sheet_{name}", "api"): ["SELECT", "INSERT"] for name in ("signature", "posting")}
ALONE |= {("sheet", "api"): ["SELECT", "INSERT", "UPDATE"]}
ALONE |= {("issue_step", "api"): ["SELECT", "INSERT"]}
ALONE |= {(name, "api"): ["SELECT", "INSERT", "UPDATE"] for name in ("issue", "issue_number")}
ALONE |= {(name, "api"): ["SELECT", "INSERT", "UPDATE"] for name in ("charge", "personnel_record")}
ALONE |= {("personnel_reply", "api"): ["SELECT", "INSERT"]}
ALONE |= {(f"inspection_{name}", "api"): ["SELECT", "INSERT"] for name in ("village", "finding", "sighting")}
ALONE |= {(name, "api"): ["SELECT", "INSERT", "UPDATE"] for name in ("inspection", "inspection_number")}
ALWAYS, UNTIL_TODAY = Range(date(2026, 1, 1), None), Range(date(2026, 1, 1), TODAY)


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    with open_session(engines["households"]) as session, session.begin():
        for village, home in HOMES.items():
            row = Household(id=home, number=f"JK{village}", village=village, head_name="示甲", created_at=NOW)
            session.add(row)
    return engines["households"]


@pytest.fixture
def api(engine: Engine, api_engines: dict[str, Engine]) -> Iterator[Connection]:
    with api_engines["households"].connect() as connection:
        yield connection


@pytest.fixture
def work(engine: Engine, cluster: tuple[Cluster, int]) -> Iterator[Connection]:
    made, port = cluster
    opened = create_engine(made.dsn(port, "households", work_role("households")), pool_size=1)
    with opened.connect() as connection:
        yield connection
    opened.dispose()


def tell(connection: Connection, **said: str) -> None:
    for name, value in said.items():
        connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": f"shouwang.{name}", "value": value})


def seen(connection: Connection) -> set[str]:
    return set(connection.execute(text("SELECT village FROM household")).scalars())


def test_an_api_that_was_told_nothing_sees_no_set_and_is_not_stopped_by_asking(api: Connection, engine: Engine) -> None:
    with open_session(engine) as session, session.begin():
        kept = HouseholdSet(id=uuid4(), name="示例组", division=VILLAGE, created_by="somebody", created_at=NOW)
        session.add(kept)
    sets = text("SELECT created_by FROM household_set")
    assert api.execute(sets).all() == []
    tell(api, holder="somebody")
    assert api.execute(sets).all() == [("somebody",)]


def test_an_api_that_was_told_nothing_sees_nothing(api: Connection) -> None:
    assert seen(api) == set()
    tell(api, divisions="", sets="", today="")
    assert seen(api) == set()


@pytest.mark.parametrize(
    ("divisions", "reached"),
    [
        ("{520621001005}", {VILLAGE}),
        ("{520622,520621001}", {VILLAGE, BESIDE}),
        ('{""}', {VILLAGE, BESIDE}),
        ("{001005,%}", set()),
        ("{}", set()),
    ],
)
def test_an_api_sees_what_lies_below_its_divisions(api: Connection, divisions: str, reached: set[str]) -> None:
    tell(api, divisions=divisions)
    assert seen(api) == reached


def test_an_api_sees_what_its_sets_have_today(engine: Engine, api: Connection) -> None:
    def member(of: UUID, village: str, valid: Range[date], revoked: bool) -> None:
        with open_session(engine) as session, session.begin():
            session.merge(
                SetMember(
                    set_id=of, subject=HOMES[village], owner="households", valid=valid, version=1, revoked=revoked
                )
            )

    member(SET, VILLAGE, ALWAYS, False)
    for of, valid, revoked in ((SET, ALWAYS, True), (SET, UNTIL_TODAY, False), (OTHER_SET, ALWAYS, False)):
        member(of, BESIDE, valid, revoked)
        tell(api, sets=f"{{{SET}}}", today=TODAY.isoformat())
        assert seen(api) == {VILLAGE}
        api.rollback()
        member(SET, BESIDE, UNTIL_TODAY, True)


def test_an_api_writes_no_row_it_could_not_see(api: Connection) -> None:
    tell(api, divisions=f"{{{VILLAGE}}}")
    assert api.execute(text("UPDATE household SET head_name = '示乙'")).rowcount == 1
    with pytest.raises(DBAPIError, match="row-level security"):
        api.execute(text("UPDATE household SET village = :beside"), {"beside": BESIDE})


def test_a_worker_sees_and_writes_every_row(work: Connection) -> None:
    assert seen(work) == {VILLAGE, BESIDE}
    assert work.execute(text("UPDATE household SET village = :beside"), {"beside": BESIDE}).rowcount == 2


@pytest.mark.parametrize("service", SERVICES)
def test_both_roles_read_and_write_every_table_but_the_audit(engines: dict[str, Engine], service: str) -> None:
    """And the list of revisions. Also a table that is made later; and neither empties or makes one."""
    ask = text("SELECT has_table_privilege(:role, :name, :right)")
    every = text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    with engines[service].connect() as owner:
        owner.execute(text("CREATE TABLE one_more (id int)"))
        for role in (f"{service}_api", f"{service}_work"):
            for name in owner.execute(every).scalars().all():
                may = [r for r in (*RIGHTS, "TRUNCATE") if owner.scalar(ask, {"role": role, "name": name, "right": r})]
                assert may == ALONE.get((name, role.rpartition("_")[2]), list(RIGHTS)), (role, name)
            assert not owner.scalar(text("SELECT has_schema_privilege(:role, 'public', 'CREATE')"), {"role": role})
        temporary = text("SELECT has_database_privilege(:role, current_database(), 'TEMPORARY')")
        assert [owner.scalar(temporary, {"role": f"{service}_{kind}"}) for kind in ("api", "work")] == [False, True]
        of_triggers = "FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype"
        called = text(f"SELECT proname {of_triggers} AND has_function_privilege(:role, oid, 'EXECUTE')")
        for kind in ("api", "work"):
            assert owner.scalars(called, {"role": f"{service}_{kind}"}).all() == []


def test_what_is_exposed_is_as_before_it_was_protected(engine: Engine) -> None:
    policies = text("SELECT count(*) FROM pg_policy WHERE polrelid = 'household'::regclass")
    held = text("SELECT relrowsecurity FROM pg_class WHERE oid = 'household'::regclass")
    with engine.connect() as owner:
        assert (owner.scalar(policies), owner.scalar(held)) == (2, True)
        for statement in expose("household"):
            owner.execute(text(statement))
        assert (owner.scalar(policies), owner.scalar(held)) == (0, False)


def hears(session: Session, place: str, own: bool = False) -> bool:
    said = {"own": own, "place": place, "today": TODAY}
    return bool(session.execute(text("SELECT may_hear(:own, 'bureau', :place, :today)"), said).scalar_one())


def test_a_subscriber_hears_what_happens_where_its_office_reaches(engine: Engine, households: Session) -> None:
    grant(engine, "bureau", "client", "520621001")
    assert [hears(households, place) for place in (VILLAGE, "520621001", "520621", "520622001001")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_a_department_hears_what_is_its_own_and_nothing_else(engine: Engine, households: Session) -> None:
    grant(engine, "bureau", "client", "medical", "department")
    grant(engine, "another", "client", "medical-aid", "department")
    heard = [hears(households, place) for place in ("medical", "medical-aid", "med", VILLAGE, "520621")]
    assert heard == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("holder", "role", "kind", "said"),
    [
        ("another", "client", "division", {}),
        ("bureau", "county", "division", {}),
        ("bureau", "client", "figures", {}),
        ("bureau", "client", "division", {"revoked": True}),
        ("bureau", "client", "division", {"valid": UNTIL_TODAY}),
        ("bureau", "client", "division", {"valid": Range(TODAY + timedelta(days=1), None)}),
    ],
)
def test_a_subscriber_hears_nothing_by_what_is_no_office_of_its_own_today(
    engine: Engine, households: Session, holder: str, role: str, kind: str, said: dict[str, object]
) -> None:
    grant(engine, holder, role, "520621", kind, **said)
    assert not hears(households, VILLAGE)


def test_our_own_services_hear_everything_and_everybody_what_has_no_place(households: Session) -> None:
    assert hears(households, VILLAGE, own=True)
    assert hears(households, "")
    assert not hears(households, VILLAGE)
