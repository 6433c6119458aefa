"""Sheets as a PDF: one template for every kind, a font that is installed with us, nothing fetched from anywhere."""

import io
import json
from collections.abc import Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).with_name("sheet.typ")
FONT = "manimgx_fonts_cjk"  # Noto Sans CJK, with the rare characters of names


def as_pdf(data: Mapping[str, Any], made_at: datetime) -> bytes:
    """The same data of the same moment makes the same bytes. The typesetter is read where it is needed: it is large."""
    import typst

    font = find_spec(FONT)
    if font is None or font.origin is None:
        raise ModuleNotFoundError(FONT)
    pdf: bytes = typst.compile(
        str(TEMPLATE),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        font_paths=[str(Path(font.origin).parent)],
        ignore_system_fonts=True,
        timestamp=int(made_at.timestamp()),
    )
    return pdf


def qr_of(text: str) -> str:
    """As SVG."""
    import segno

    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", border=0, xmldecl=False)
    return drawn.getvalue().decode()
