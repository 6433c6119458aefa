"""The second barrier: which rows the database shows to an API, whatever its queries ask. Used by migrations.

Three roles per service, named after its owner: `x` owns the tables and migrates, `x_api` is held to the policies, and
`x_work` (workers, sweeps) sees every row.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, text

# What the session was told of its request (kit/store/scope.py), in the forms policies need. A scalar sub-select is
# worked out once for a query; the bare call would be made for each row.
DIVISIONS = "ANY ((SELECT shouwang_list('divisions'))::text[])"
UNITS = "ANY ((SELECT shouwang_list('units'))::uuid[])"
FIGURES = "ANY ((SELECT shouwang_list('figures'))::text[])"
EVERYTHING = "(SELECT '' = ANY (shouwang_list('divisions')))"
SUBJECTS = "(SELECT shouwang_subjects())"
HOLDER = "(SELECT current_setting('shouwang.holder', true))"

# What happens somewhere is told to those alone whose grants cover the place on that day, be it a division or a
# department, whose key is no code; our own services hear all.
# In a function of SQL a column's name comes before a parameter's: `place` alone would be the grant's.
MAY_HEAR = """
    CREATE OR REPLACE FUNCTION may_hear(own boolean, subscriber text, place text, today date) RETURNS boolean
    LANGUAGE sql STABLE AS
    $$ SELECT own OR may_hear.place = '' OR EXISTS (
           SELECT FROM access_grant held
           WHERE held.holder = subscriber AND held.role = 'client' AND NOT held.revoked AND held.valid @> today
             AND (held.kind = 'division' AND starts_with(may_hear.place, held.place)
                  OR held.kind = 'department' AND may_hear.place = held.place)) $$
    """

FUNCTIONS = (
    MAY_HEAR,
    """
    CREATE FUNCTION shouwang_list(name text) RETURNS text[] LANGUAGE sql STABLE AS
    $$ SELECT coalesce(nullif(current_setting('shouwang.' || name, true), ''), '{}')::text[] $$
    """,
    """
    CREATE FUNCTION shouwang_subjects() RETURNS SETOF uuid LANGUAGE sql STABLE AS
    $$ SELECT subject FROM set_member
       WHERE set_id = ANY (shouwang_list('sets')::uuid[]) AND NOT revoked
         AND valid @> nullif(current_setting('shouwang.today', true), '')::date $$
    """,
)


def roles(connection: Connection) -> tuple[str, str]:
    owner = connection.execute(text("SELECT current_user")).scalar_one()
    return f"{owner}_api", f"{owner}_work"


def privileges(connection: Connection) -> Iterator[str]:
    """Both roles read and write what there is and what will be; neither makes, changes or empties a table."""
    rights = "SELECT, INSERT, UPDATE, DELETE"
    for role in roles(connection):
        yield f'GRANT {rights} ON ALL TABLES IN SCHEMA public TO "{role}"'
        yield f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON TABLES TO "{role}"'
        yield f'REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM "{role}"'


def within_division(column: str) -> str:
    return f"{column} ^@ {DIVISIONS}"


def in_a_set(column: str) -> str:
    return f"{column} IN {SUBJECTS}"


def protect(connection: Connection, table: str, reached: str) -> Iterator[str]:
    """Rows that are not `reached` are neither seen nor written, unless the request is unbound."""
    api, work = roles(connection)
    using = f"{EVERYTHING} OR {reached}"
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f'CREATE POLICY api ON {table} TO "{api}" USING ({using}) WITH CHECK ({using})'
    yield f'CREATE POLICY work ON {table} TO "{work}" USING (true) WITH CHECK (true)'


def expose(table: str) -> Iterator[str]:
    """The way back."""
    yield f"DROP POLICY api ON {table}"
    yield f"DROP POLICY work ON {table}"
    yield f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
