"""What attendance's API is told beside the common settings: where the register is."""

from services.kit.settings import Settings


class AttendanceSettings(Settings):
    households_url: str
