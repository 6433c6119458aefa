"""How people may sign in: limits with their reasons, and sign-ins of others that the operator trusts."""

from collections.abc import Iterable
from datetime import date

from pydantic_settings import BaseSettings, SettingsConfigDict

DAY = 86_400


class SignInSettings(BaseSettings):
    """Seconds and counts. Each has a default that protects; docs/operations.md says why it is what it is."""

    model_config = SettingsConfigDict(env_prefix="SHOUWANG_SIGN_IN_")

    window: int = 1800  # failures are counted so long from the first of them
    tries: int = 6  # of one name from one address; then that address waits for the window to end
    tries_per_address: int = 200  # of any names: a whole county hall may share one address
    tries_per_name: int = 30  # from any addresses; then those never signed in from are heard one at a time
    pause: int = 10  # seconds between those
    address_known: int = 30 * DAY  # an address somebody has signed in from stays theirs
    hashing: int = 2  # passwords checked at once, 64 MiB each
    waiting: int = 6  # who may wait for that; fewer than there are request threads

    refresh_idle: int = 30 * DAY  # a phone may be offline for days, or somebody on leave for weeks
    refresh_longest: int = 90 * DAY  # then a password is asked for, whatever happened meanwhile
    refresh_grace: int = 3 * DAY  # the token before the last, when the answer with the last was lost on the way

    second_factor_roles: str = "system,security,auditor"  # who must have one, from the day below on
    second_factor_from: date | None = None  # the county's day, once everybody has been told; empty: nobody must

    oidc_issuer: str = ""  # empty: nobody else's tokens are taken
    oidc_audience: str = ""  # the client id under which that issuer knows us
    oidc_keys_url: str = ""
    oidc_username_claim: str = ""  # such as preferred_username; empty: only accounts linked by `sub`

    wecom_url: str = ""  # https://qyapi.weixin.qq.com, or the county's own; empty: not offered
    wecom_corporation: str = ""  # corpid; its secret is the file wecom_secret
    dingtalk_url: str = ""  # https://oapi.dingtalk.com, or the province's own; empty: not offered
    dingtalk_app: str = ""  # appkey; its secret is the file dingtalk_secret

    def asks_second_factor(self, roles: Iterable[str], day: date) -> bool:
        asked = {role.strip() for role in self.second_factor_roles.split(",")}
        return self.second_factor_from is not None and day >= self.second_factor_from and not asked.isdisjoint(roles)
