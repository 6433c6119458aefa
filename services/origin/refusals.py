"""What the origin itself may say instead of a service."""

from services.kit.web.errors import DomainError


class MethodNotAllowed(DomainError):
    status = 405
    zh = "这个网址不支持这种请求方法。"
    en = "This address does not take that method."


class BadAnswer(DomainError):
    status = 502
    zh = "服务没有完整答复，请稍后再试。"
    en = "The service did not answer to the end. Please try again."


class ServiceAway(DomainError):
    status = 503
    zh = "服务暂时连接不上，请稍后再试。"
    en = "The service cannot be reached for a moment. Please try again."


class ServiceSlow(DomainError):
    status = 504
    zh = "服务没有在规定时间内答复，请稍后用同一编号重试。"
    en = "The service did not answer in time. Please repeat it with the same id later."


class TooManyRequests(DomainError):
    status = 429
    zh = "请求过于频繁，请稍后再试。"
    en = "Too many requests. Please try again in a moment."
