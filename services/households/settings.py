"""What households is told beside the common settings: who else gives grants, and how much is heard of strangers."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import Settings


class HouseholdsSettings(Settings):
    attendance_url: str


class VoiceSettings(BaseSettings):
    """Requests a minute of those who need not sign in, in one process."""

    model_config = SettingsConfigDict(env_prefix="SHOUWANG_VOICES_")

    per_address: int = Field(default=20, gt=0)  # a village's office may declare for many of an evening
    together: int = Field(default=600, gt=0)
