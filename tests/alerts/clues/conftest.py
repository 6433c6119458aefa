from tests.alerts.clues.sending import bureau, http

__all__ = ["bureau", "http"]
