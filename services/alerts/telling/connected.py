"""Which channels a county has connected, read from its settings and secrets."""

import ssl
from collections.abc import Iterator, Mapping

from services.alerts.settings import AlertsSettings
from services.alerts.telling.channels.dingtalk import DingTalk
from services.alerts.telling.channels.feishu import Feishu
from services.alerts.telling.channels.letter import Channel
from services.alerts.telling.channels.sms import BODY, Sms
from services.alerts.telling.channels.smtp import Smtp
from services.alerts.telling.channels.wecom import WeCom
from services.kit.post.outgoing import Lane
from services.kit.post.places import PORTS, read_place
from services.kit.post.receivers import Allowed


def connected(settings: AlertsSettings) -> dict[str, Channel]:
    """HTTP goes out by the guard. What an operator names here is on its list; a name that leads inside still needs its
    network there (docs/operations.md)."""
    lane = Lane(Allowed.read(settings, also=[*origins(settings)]))
    return dict(channels(settings, lane))


def channels(settings: AlertsSettings, lane: Lane) -> Iterator[tuple[str, Channel]]:
    if settings.smtp_host:
        trusted = ssl.create_default_context(cafile=settings.smtp_trusted)
        login = (settings.smtp_user, settings.secret_if_any("smtp_password"))
        yield (
            "email",
            Smtp(settings.smtp_host, settings.smtp_port, settings.smtp_tls, settings.smtp_sender, trusted, *login),
        )
    if settings.sms_url:
        headers = pairs(settings.secret_if_any("sms_headers").splitlines(), ":")
        templates = (settings.sms_digest, settings.sms_urgent, settings.sms_body or BODY)
        yield "sms", Sms(lane, settings.sms_url, *templates, headers, pairs([settings.sms_accepted], "="))
    if token := settings.secret_if_any("dingtalk_token"):
        yield "dingtalk", DingTalk(lane, settings.dingtalk_url, token, settings.secret_if_any("dingtalk_secret"))
    if token := settings.secret_if_any("wecom_token"):
        yield "wecom", WeCom(lane, settings.wecom_url, token)
    if token := settings.secret_if_any("feishu_token"):
        yield "feishu", Feishu(lane, settings.feishu_url, token, settings.secret_if_any("feishu_secret"))


def origins(settings: AlertsSettings) -> Iterator[str]:
    """Of the gateway and the robots, as the list of receivers has them: exactly that scheme, host and port."""
    for url in (settings.sms_url, settings.dingtalk_url, settings.wecom_url, settings.feishu_url):
        if place := read_place(url):
            host = (
                place.authority.removesuffix(f":{place.port}") if place.port != PORTS[place.scheme] else place.authority
            )
            yield f"{place.scheme}://{host}:{place.port}"


def pairs(lines: list[str], between: str) -> Mapping[str, str]:
    split = (line.partition(between) for line in lines if between in line)
    return {name.strip(): value.strip() for name, _, value in split}
