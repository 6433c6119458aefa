"""What stands around the operations: who we are, how to sign in, what a subscriber is sent, and the origin's own."""

from importlib import import_module

from services.cli.openapi import Document
from services.cli.openapi.describe import CLIENT, SIGNED_IN
from services.kit.post.events import ONE

SCHEMAS = "#/components/schemas/"
WORDS = {
    "county": "框架：账号、接入系统、令牌；区划、日历、标准",
    "households": "登记册：谁住在这里，有什么、花什么",
    "attendance": "在岗：派出单位、干部、工作队、到岗登记",
    "alerts": "守望：规则、每月全量筛查、带理由的预警",
}
INFO = {
    "title": "守望 Shouwang",
    "version": "0.1.0",
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "description": (
        "县级驻村帮扶与防止返贫致贫监测的开源后端。金额以分为单位，日期为北京时间的日子，时刻带时区。\n\n"
        "An open backend for China's county governments. Money is in fen, days are the county's own, moments "
        "carry their zone. Refusals are `application/problem+json`, in Chinese or English by "
        "`Accept-Language`; each code has its page under `/problems`."
    ),
}
HEALTH = {
    "/livez": ("origin_get_livez", "进程在运行", "Alive."),
    "/readyz": ("origin_get_readyz", "各服务均就绪", "Ready."),
}


def health(operation_id: str, zh: str, en: str) -> Document:
    said = {"description": zh, "content": {"application/json": {"schema": {"type": "object"}}}}
    away = {"$ref": "#/components/responses/ServiceUnavailable"}
    operation = {
        "operationId": operation_id,
        "summary": zh,
        "description": en,
        "tags": ["origin"],
        "security": [],
        "responses": {"200": said, "503": away},
    }
    return {"get": operation, "x-service": "origin"}


def webhooks_of(service: str) -> Document:
    """What a subscriber is sent. The type's name is its service's: two services may tell of the same kind of change."""
    return {
        f"{service}.{kind}": {"post": webhook(kind, told.zh, told.right)}
        for kind, told in import_module(f"services.{service}.main").PUBLISHED.items()
    }


def webhook(kind: str, zh: str, right: str) -> Document:
    event = {"allOf": [{"$ref": SCHEMAS + "CloudEvent"}, {"properties": {"type": {"const": kind}}}]}
    return {
        "summary": zh,
        "description": f"`{kind}`, signed (Standard Webhooks). Subscribing takes the right `{right}`.",
        "requestBody": {"required": True, "content": {ONE: {"schema": event}}},
        "responses": {"2XX": {"description": "Taken; anything else is tried again."}},
        "security": [],
        "x-right": right,
    }


def security_schemes() -> Document:
    return {
        SIGNED_IN: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "登录或接入系统取得的令牌，十分钟有效。The token of POST /v1/sign-in or POST /v1/tokens.",
        },
        CLIENT: {
            "type": "http",
            "scheme": "basic",
            "description": "接入系统的名称和密钥。A client system's name and secret.",
        },
    }
