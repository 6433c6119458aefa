"""What alerts is told beside the common settings: where the owners of facts are, and how people are told."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from services.kit.settings import Settings


class AlertsSettings(Settings):
    """Channels are off until they are named here (docs/telling.md); their secrets are files."""

    households_url: str
    attendance_url: str
    smtp_host: str = ""
    smtp_port: int = Field(default=465, gt=0, lt=65_536)
    smtp_tls: Literal["tls", "starttls", "none"] = "tls"
    smtp_sender: str = Field(default="", validate_default=True)
    smtp_user: str = ""
    smtp_trusted: Path | None = None  # the certificates of a county's own authority (PEM); else the system's
    sms_url: str = ""
    sms_digest: str = ""  # codes of the gateway's templates
    sms_urgent: str = ""
    sms_body: str = ""  # JSON with {phone}, {template}, {number}, {place}, {id}; a plain one without
    sms_accepted: str = ""  # what an answer must say to count, such as code=0; any 2xx without
    dingtalk_url: str = "https://oapi.dingtalk.com"
    wecom_url: str = "https://qyapi.weixin.qq.com"
    feishu_url: str = "https://open.feishu.cn"

    @field_validator("smtp_sender")
    @classmethod
    def is_named(cls, value: str, others: ValidationInfo) -> str:
        if others.data.get("smtp_host") and "@" not in value:
            raise ValueError("mail has a sender")
        return value

    @field_validator("sms_body")
    @classmethod
    def is_json(cls, value: str) -> str:
        json.loads(value or "{}")
        return value
