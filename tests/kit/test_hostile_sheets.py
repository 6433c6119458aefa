"""Files made to harm: each is refused with its code, within ten seconds and 256 MiB, and harms nobody."""

import io
import resource
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from services.kit.web import lines
from services.kit.web.errors import DomainError
from services.kit.web.sheets import read_sheet
from tests.kit.test_sheets import HEADER, workbook

MEASURED = """
import runpy, sys, time
try:
    runpy.run_path(sys.argv[1], run_name="__main__")
finally:
    peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(peak, time.process_time(), file=sys.stderr)
"""
MIB = 1024  # in kilobytes
TEXT = '<c t="inlineStr"><is><t>{}</t></is></c>'


def with_part(name: str, content: bytes, plain: bytes | None = None) -> bytes:
    """A sound workbook, with a part more or another one in place of its own."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain or workbook(HEADER))) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry, old.read(entry))
        new.writestr(name, content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def bomb() -> bytes:
    return with_part("xl/media/image1.bin", b"\0" * (lines.LARGEST_UNPACKED + 1))


def nested_bomb() -> bytes:
    """A zip of zips: the inner ones are never opened, and alone are no workbook."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("0.zip", zlib.compress(b"\0" * 10_000_000))
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as packed:
        for number in range(16):
            packed.writestr(f"{number}.zip", inner.getvalue())
    return outer.getvalue()


def overlapping() -> bytes:
    """Many names for the same bytes, as 42.zip's successors do it."""
    content = bytearray(with_part("xl/a.bin", b"\0" * 20_000_000))
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as packed:
        at = packed.start_dir
    directory = bytes(content[at:])
    return bytes(content[:at]) + directory.replace(b"xl/a.bin", b"xl/b.bin") + directory


def laughs(declared: str) -> Callable[[], bytes]:
    def made() -> bytes:
        shared = f'<?xml version="1.0"?>{declared}<sst><si><t>&a;</t></si></sst>'
        return with_part("xl/sharedStrings.xml", shared.encode())

    return made


def billion() -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE sst [<!ENTITY l0 "lol">{levels}<!ENTITY a "&l9;">]>'


def shared_text() -> bytes:
    """One long text that 20,000 cells name: nothing to send, gigabytes to hold."""
    cells = "".join(f'<row><c t="s"><v>{0}</v></c></row>' for _ in range(20_000))
    kinds = (
        b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        b'<Default Extension="xml" ContentType="application/xml"/></Types>'
    )
    shared = b'<?xml version="1.0"?><sst><si><t>' + b"x" * 1_000_000 + b"</t></si></sst>"
    plain = with_part("[Content_Types].xml", kinds, workbook(HEADER + cells))
    return with_part("xl/sharedStrings.xml", shared, plain)


def workbook_in_ods() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", "<x/>")
    return made.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (bomb, "file-too-large"),
    "a zip of zips": (nested_bomb, "not-a-sheet"),
    "parts that overlap": (overlapping, "not-a-sheet"),
    "an entity from a file": (laughs('<!DOCTYPE sst [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), "not-a-sheet"),
    "a billion laughs": (laughs(billion()), "not-a-sheet"),
    "a text that many cells share": (shared_text, "file-too-large"),
    "macros": (lambda: with_part("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0"), "holds-macros"),
    "an old workbook, by its magic": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000_000, "not-a-sheet"),
    "another office's format": (workbook_in_ods, "not-a-sheet"),
    "a picture called a table": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 2_000_000, "not-a-sheet"),
    "one endless line": (lambda: b"a" * 19_000_000, "not-a-sheet"),
    "a million columns": (lambda: b"a," * 1_000_000, "file-too-large"),
    "nine million columns": (lambda: b"ab" + b",a" * 9_000_000, "file-too-large"),
    "a quote that nobody closes": (lambda: b'a,b\n1,"' + b"x\n" * 5_000_000, "not-a-sheet"),
    "a cell at the end of the world": (
        lambda: workbook(HEADER + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "file-too-large",
    ),
    "nothing": (lambda: b"", "not-a-sheet"),
    "half a workbook": (lambda: workbook(HEADER)[:900], "not-a-sheet"),
}


@pytest.mark.parametrize("what", FILES)
def test_it_is_refused_by_its_code(what: str) -> None:
    make, code = FILES[what]
    with pytest.raises(DomainError) as refused:
        list(read_sheet(make(), ["a"]))
    assert refused.value.code() == code


@pytest.mark.parametrize("what", FILES)
def test_reading_it_costs_little(what: str) -> None:
    """Of a processor's time, which neighbours do not lengthen."""
    program = [sys.executable, "-c", MEASURED, lines.__file__]
    read = subprocess.run(program, input=FILES[what][0](), capture_output=True, check=False)
    told = read.stderr.split()[-2:]
    if read.returncode == 0:  # else the limits themselves have ended it
        assert float(told[0]) < 256 * MIB
        assert float(told[1]) < 10


def test_the_limits_hold_for_whoever_reads(tmp_path: Path) -> None:
    """Not by care: a reader that asks for more gets nothing."""
    greedy = tmp_path / "greedy.py"
    greedy.write_text(Path(lines.__file__).read_text().replace("def read_csv(", "def read_csv_(").replace(
        "def decode(", "def read_csv(content):\n    yield [str(len(bytearray(300 * 1024 * 1024)))]\n\n\ndef decode("
    ))  # fmt: skip
    read = subprocess.run([sys.executable, str(greedy)], input=b"a", capture_output=True, check=False)
    assert read.stdout == b'"large"\n'


def test_a_formula_is_taken_for_what_it_came_to_and_never_reckoned() -> None:
    cell = '<row r="2"><c r="A2"><f>WEBSERVICE("http://127.0.0.1:9/")</f><v>7</v></c></row>'
    assert [row.cells["a"] for row in read_sheet(workbook(HEADER + cell), ["a"])] == ["7"]


def test_this_process_grows_little_by_what_another_reads() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DomainError):
        list(read_sheet(shared_text(), ["a"]))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * MIB
