"""How long tasks may wait: standards of the county, each by a document, in working days of its calendar."""

from services.kit.store.reference import StandardKey

HIGH = StandardKey("task_days_high", "number", "工作日", "入户期限（紧急）", "Working days to visit, high severity")
MEDIUM = StandardKey("task_days_medium", "number", "工作日", "入户期限（一般）", "Working days to visit, medium")
LOW = StandardKey("task_days_low", "number", "工作日", "入户期限（提示）", "Working days to visit, low severity")
DUE_SOON = StandardKey(
    "task_due_soon",
    "number",
    "工作日",
    "入户任务临期提醒天数",
    "Working days before its due day that a task is told of",
)
TO_TOWNSHIP = StandardKey(
    "task_to_township", "number", "工作日", "超期报乡镇天数", "Working days overdue until the township is told"
)
TO_COUNTY = StandardKey(
    "task_to_county", "number", "工作日", "超期报县级天数", "Working days overdue until the county is told"
)
POSTPONEMENT = StandardKey(
    "task_postponement", "number", "工作日", "入户延期上限", "Working days a visit may be put off beyond its due day"
)

STANDARDS = (HIGH, MEDIUM, LOW, DUE_SOON, TO_TOWNSHIP, TO_COUNTY, POSTPONEMENT)
