"""What alerts is told beside the common settings: where the owners of facts are."""

from services.kit.settings import Settings


class AlertsSettings(Settings):
    households_url: str
    attendance_url: str
