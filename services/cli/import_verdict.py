"""A file on its way in, as the person at the terminal sees it: a bar, then the count, then the rows to be mended."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn


@contextmanager
def import_bar(name: str) -> Iterator[Callable[[int], None]]:
    """Appears with the first progress: a small file is answered before there is any."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task(name, total=100)

    def told(percent: int) -> None:
        bar.start()
        bar.update(task, completed=percent)

    try:
        yield told
    finally:
        if bar.live.is_started:
            bar.stop()


def say_verdict(verdict: Mapping[str, Any], lang: str) -> int:
    """The exit code: 1 where a row, or the whole file, was refused."""
    parts = ("rows", "stored", "unchanged", "refused", "id", "problem")
    typer.echo({part: verdict[part] for part in parts if verdict.get(part) is not None})
    for row in verdict["refusals"]:
        typer.echo(f"{row['row']}: " + " ".join(f"{f['column']} {f[lang]}" for f in row["faults"]), err=True)
    return 1 if verdict["refused"] or verdict.get("problem") else 0
