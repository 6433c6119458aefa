"""What attendance's API and worker is told beside the common settings: where the register and alerts are."""

from services.kit.settings import Settings


class AttendanceSettings(Settings):
    households_url: str
    alerts_url: str
