"""Pages for people who write programs: the document, and what each refusal means. Nothing comes from elsewhere."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from services.kit.web.errors import NotThere, found, language_of

HERE = Path(__file__).parent
# The styles that ReDoc writes into the page itself: an empty one, which it fills by script, and that of its scroll bar.
STYLES = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {STYLES}; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FRONT = ("/desk", "/docs", "/redoc", "/problems", "/openapi.json")
FILES = {
    "swagger-ui-bundle.js": "vendor",
    "swagger-ui.css": "vendor",
    "redoc.standalone.js": "vendor",
    "swagger-start.js": "static",
    "redoc-start.js": "static",
    "page.css": "static",
}


def pages(document: Mapping[str, Any], document_file: Path) -> list[Route]:
    """Each is in Chinese, or in English by Accept-Language."""
    problems: Mapping[str, Any] = document["x-problems"]

    def problem_page(request: Request) -> Response:
        code = request.path_params["code"]
        return page(request, code, of_problem(code, found(problems.get(code)), language_of(request)))

    def problem_list(request: Request) -> Response:
        return page(request, "problems", listed(problems, language_of(request)))

    return [
        Route("/", front_page),
        Route("/openapi.json", lambda _: FileResponse(document_file, media_type="application/json")),
        Route("/docs", lambda request: page(request, "守望 API", script_page("swagger-ui-bundle", "swagger-start"))),
        Route("/redoc", lambda request: page(request, "守望 API", script_page("redoc.standalone", "redoc-start"))),
        Route("/docs/{name}", own_file),
        Route("/problems", problem_list),
        Route("/problems/{code}", problem_page),
    ]


def own_file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in FILES:
        raise NotThere
    return FileResponse(HERE / FILES[name] / name)


def page(request: Request, title: str, body: str) -> HTMLResponse:
    styles = ["page.css"] + (["swagger-ui.css"] if "swagger" in body else [])
    links = "".join(f'<link rel="stylesheet" href="/docs/{name}">' for name in styles)
    language = "en" if language_of(request) == "en" else "zh-CN"
    html = (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">{links}</head>\n'
        f"{body}</html>\n"
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": POLICY, "Vary": "Accept-Language"})


def script_page(*scripts: str) -> str:
    loaded = "".join(f'<script src="/docs/{name}.js"></script>' for name in scripts)
    return f'<body class="wide"><div id="page"></div>{loaded}</body>'


def front_page(request: Request) -> Response:
    words = (
        ("Today", "Documentation", "Refusals", "The document")
        if language_of(request) == "en"
        else ("今日", "文档", "错误说明", "接口文档")
    )
    links = zip(FRONT, (words[0], words[1], *words[1:]), strict=True)
    listed = "".join(f'<li><a href="{path}">{escape(word)} {path}</a></li>' for path, word in links)
    return page(request, "守望 Shouwang", f"<body><h1>守望 Shouwang</h1><ul>{listed}</ul></body>")


def listed(problems: Mapping[str, Any], language: str) -> str:
    items = "".join(
        f'<dt><a href="/problems/{code}">{code}</a></dt><dd>{escape(" ".join(said[language]))}</dd>'
        for code, said in problems.items()
    )
    return f"<body><h1>{'Refusals' if language == 'en' else '错误说明'}</h1><dl>{items}</dl></body>"


def of_problem(code: str, said: Mapping[str, Any], language: str) -> str:
    """Both languages stand on the page; the reader's comes first."""
    labels = {"zh": ("含义", "怎么办"), "en": ("What it means", "What to do")}
    order = ("en", "zh") if language == "en" else ("zh", "en")
    parts = "".join(
        f"<dt>{labels[one][0]}</dt><dd>{'<br>'.join(map(escape, said[one]))}</dd>"
        f"<dt>{labels[one][1]}</dt><dd>{escape(said['do'][one])}</dd>"
        for one in order
    )
    return f"<body><h1>{escape(code)}</h1><p>HTTP {', '.join(map(str, said['status']))}</p><dl>{parts}</dl></body>"


def read_document(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text())
    return document
