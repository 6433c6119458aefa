"""What attendance hears: only the frame."""

from services.kit.post.frame import on_reference_changed
from services.kit.post.inbox import Handlers, inbox

HANDLERS: Handlers = {"county": {"reference.changed": on_reference_changed}}

router = inbox("attendance", HANDLERS)
