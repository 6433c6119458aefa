"""What households hears: the frame, and where people may act."""

from services.kit.post.frame import on_reference_changed
from services.kit.post.grants import CHANGED as GRANT_CHANGED
from services.kit.post.grants import on_grant_changed
from services.kit.post.inbox import Handlers, inbox

HANDLERS: Handlers = {
    "county": {"reference.changed": on_reference_changed, GRANT_CHANGED: on_grant_changed},
    "attendance": {GRANT_CHANGED: on_grant_changed},
}

router = inbox("households", HANDLERS)
