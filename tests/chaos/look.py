"""What is really there, read from the databases as nobody's client."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from services.cli.secret_files import SERVICES, superuser_password


@dataclass(frozen=True)
class Databases:
    state: Path
    port: int

    def read(self, service: str, query: str, *given: object) -> list[tuple[Any, ...]]:
        password = superuser_password(self.state)
        address = f"host=127.0.0.1 port={self.port} user=postgres password={password} dbname={service}"
        with psycopg.connect(address, connect_timeout=2) as connection:
            return connection.execute(query.encode(), given).fetchall()

    def count(self, service: str, query: str, *given: object) -> int:
        return int(self.read(service, query, *given)[0][0])

    def backlog(self) -> int:
        """Events not fanned out, deliveries neither done nor dead, jobs not done (but for those booked for later)."""
        owed = """
            SELECT (SELECT count(*) FROM event WHERE NOT fanned_out)
                 + (SELECT count(*) FROM delivery WHERE done_at IS NULL AND dead_at IS NULL)
                 + (SELECT count(*) FROM job WHERE done_at IS NULL AND dead_at IS NULL AND due_at < now())
        """
        return sum(self.count(service, owed) for service in SERVICES)

    def ids(self, service: str, table: str) -> set[str]:
        return {str(row[0]) for row in self.read(service, f"SELECT id FROM {table}")}  # noqa: S608  # the names are ours

    def open_income_alerts(self) -> list[str]:
        query = "SELECT subject FROM alert WHERE rule_key = 'income-below-line' AND closed_at IS NULL"
        return [str(subject) for (subject,) in self.read("alerts", query)]

    def income_openings(self) -> dict[str, int]:
        query = "SELECT subject, count(*) FROM alert WHERE rule_key = 'income-below-line' GROUP BY subject"
        return {str(subject): count for subject, count in self.read("alerts", query)}

    def doubled_alerts(self) -> int:
        query = """
            SELECT coalesce(sum(n - 1), 0) FROM (
                SELECT count(*) AS n FROM alert WHERE closed_at IS NULL GROUP BY rule_key, subject
            ) AS open_ones
        """
        return self.count("alerts", query)
