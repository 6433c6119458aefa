"""What is changed, and which tests look at it: the quick ones first, then those that take their time."""

from collections.abc import Mapping, Sequence

Lines = Sequence[Sequence[str]]  # of pytest's arguments; each line is asked when the one before has let a mutant live

RIGHTS = ["--noconftest", "tests/test_rights.py"]  # it needs no database
GRANTS, SCOPE, BARRIER = ["tests/kit/test_grants.py"], ["tests/kit/test_scope.py"], ["tests/kit/test_barrier.py"]
DOOR = ["tests/test_policy.py", "tests/test_attack_tokens.py"]
REACHED = "tests/door/test_matrix.py::test_nobody_reaches_beyond_what_they_hold"


def matrix(service: str) -> Sequence[str]:
    return [f"{REACHED}[{service}]"]


TARGETS: Mapping[str, Lines] = {
    "services/county/policy.py": [RIGHTS],
    "services/households/policy.py": [RIGHTS],
    "services/attendance/policy.py": [RIGHTS],
    "services/alerts/policy.py": [RIGHTS],
    "services/kit/web/masks.py": [["tests/households/test_id_numbers.py"]],
    "services/households/masks.py": [["tests/households/test_id_numbers.py"]],
    "services/kit/web/auth.py": [
        ["tests/kit/test_tokens_read.py", "tests/kit/test_keys.py", "tests/test_attack_tokens.py"],
        ["tests/test_policy.py", "tests/test_openapi.py"],
    ],
    "services/kit/store/scope.py": [SCOPE, ["tests/households/search/test_search.py"]],
    "services/kit/store/grants.py": [[*GRANTS, *SCOPE], ["tests/kit/test_schema.py", "tests/county/test_offices.py"]],
    "services/kit/store/barrier.py": [BARRIER],
    "services/households/reach.py": [["tests/households/test_reach.py"], matrix("households")],
    "services/attendance/reach.py": [["tests/attendance/test_reach.py"], matrix("attendance")],
    "services/alerts/reach.py": [["tests/alerts/test_reach.py"], matrix("alerts")],
}
OWN_DATABASE = {"services/kit/store/barrier.py"}  # migrations are made of it
SUBJECTS = "ways.append(placed.subject.in_(members_of(sc"
NAMES = "HEADER = frozenset({'alg', 'typ', 'kid'})"
BEFORE, LOOKS = "lf._fetch, self._clock = (fetch, clock)", "self._fetched_at = self._look_at = -math.inf"
FIRST_LOOK = "the first look sets it before anybody reads it"
PLAIN = r"= re.sub('(?<!:):(\\w+)', '%(\\1)s', LOOK_UP.text)"
EQUIVALENT: Mapping[str, str] = {
    f"{PLAIN}.encode()  ->  {PLAIN}": "the driver takes text as it takes bytes; mypy asks for these",
    f"if placed.subject is not None and scope.sets: {SUBJECTS}  ->  if placed.subject is not None: {SUBJECTS}":
        "whoever holds no set is spared a query that would find nothing",
    f"{NAMES}  ->  {NAMES[:-1]} | {{'security'}})": "the library itself refuses a header of a name it does not know",
    f"{BEFORE} self._keys = KeySet([]) {LOOKS}  ->  {BEFORE} {LOOKS}": FIRST_LOOK,
    "_fetched_at = self._look_at = -math.inf self._away = False self._lock = threading.Lock()  ->  "
    "_fetched_at = self._look_at = -math.inf self._lock = threading.Lock()": FIRST_LOOK,
    "self._away = False  ->  self._away = True": FIRST_LOOK,
    "if header['alg'] != ALGORITHM or header['typ'] != TOKEN_TYPE or (not timely(claims, now)): raise NotSignedIn  ->  "
    "if header['typ'] != TOKEN_TYPE or not timely(claims, now): raise NotSignedIn": "the library too is told the one",
    "nbf: int = 0  ->  nbf: int = 1": "both are of 1970, before every token began",
}  # fmt: skip
