"""What households is told beside the common settings: who else gives grants."""

from services.kit.settings import Settings


class HouseholdsSettings(Settings):
    attendance_url: str
