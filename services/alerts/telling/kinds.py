"""What people are told of: each kind with its sentence, where it is read from, and who hears of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.alerts.telling.matter_kinds import ROWS, TASKS_DUE
from services.kit.store.reference import StandardKey

FIELD = ("cadre", "captain", "assistant")
OFFICE = ("township", "county")
ROLES = {
    "cadre": ("村干部", "cadre"),
    "captain": ("驻村队长", "captain"),
    "assistant": ("帮扶联系人", "assistant"),
    "township": ("乡镇", "township"),
    "county": ("县级", "county"),
}
NOBODY, DIGEST, URGENT = 0, 1, 2  # the values of a county's setting


@dataclass(frozen=True)
class Kind:
    """The sentences know {place}, the name of a division, {title}, of a rule, and {number}: nothing of a family.
    `roles` hear of it in their digest where the county has set nothing: nobody is left untold for want of a setting."""

    key: str
    roles: tuple[str, ...]
    label: tuple[str, str] = field(repr=False)
    zh: str = field(repr=False)
    en: str = field(repr=False)

    def told_to(self, role: str) -> StandardKey:
        """The county's setting, as any standard: by division and day, with a document."""
        zh, en = (f"{label}·{name}" for label, name in zip(self.label, ROLES[role], strict=True))
        return StandardKey(f"tell_{self.key}_{role}", "number", "0 不告知，1 每日汇总，2 即时", zh, en)


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            "alert_opened", FIELD, ("新增预警", "New alerts"),
            "{place}：新增预警“{title}”{number}条", "{place}: “{title}”, {number} new",
        ),
        Kind(
            "alert_high", FIELD, ("新增高级别预警", "New alerts of high severity"),
            "{place}：新增高级别预警“{title}”{number}条", "{place}: “{title}” (high), {number} new",
        ),
        Kind(
            "alert_team",
            ("captain", "township"),
            ("新增工作队预警", "New alerts about teams"),
            "{place}：新增工作队预警“{title}”{number}条",
            "{place}: “{title}” (team), {number} new",
        ),
        Kind(
            "alert_closed", FIELD, ("预警解除", "Alerts closed"),
            "{place}：预警“{title}”解除{number}条", "{place}: “{title}”, {number} closed",
        ),
        Kind(
            "task_opened", (), ("新增入户任务", "New visit tasks"),
            "{place}：新增入户任务{number}件", "{place}: {number} new visit tasks",
        ),
        Kind(
            "task_of_clues", FIELD, ("新增线索核实任务", "New visit tasks by clues"),
            "{place}：新增线索核实入户任务{number}件", "{place}: {number} new visit tasks to look into clues",
        ),
        *(Kind(*row) for row in TASKS_DUE),
        Kind(
            "task_late", ("township",), ("入户任务超期", "Visit tasks overdue"),
            "{place}：{number}件入户任务超期未办", "{place}: {number} visit tasks are overdue",
        ),
        Kind(
            "task_late_county", ("county",), ("入户任务超期报县", "Visit tasks overdue, told to the county"),
            "{place}：{number}件入户任务超期未办，已报县级", "{place}: {number} visit tasks are long overdue",
        ),
        Kind(
            "sweep_gaps", ("county",), ("筛查有缺漏", "Gaps of a sweep"),
            "{place}：本次全量筛查有{number}户因信息不全未能判断",
            "{place}: {number} households could not be judged in the sweep for want of facts",
        ),
        Kind(
            "clue_waiting", ("township",), ("线索待答复", "Clues waiting"),
            "{place}：{number}条走访线索待答复", "{place}: {number} clues of visits wait for an answer",
        ),
        Kind(
            "rule_waiting", ("county",), ("规则待审批", "Rules waiting for a second person"),
            "{place}：{number}条规则待起草人以外的人审批",
            "{place}: {number} rules wait for the word of somebody who has not written them",
        ),
        *(Kind(*row) for row in ROWS),
        Kind(
            "report_ready", (), ("简报草稿已备好", "Drafts of reports"),
            "{place}：{number}份上一期工作简报的草稿已备好，请核对、签发",
            "{place}: the drafts of {number} reports are ready to be read and signed",
        ),
    )
}  # fmt: skip

# What happened to the things with these ids, one row each. Whoever adds a kind adds where it is read from.
HAPPENED: Mapping[str, str] = {
    "alert_opened": """
        SELECT CASE WHEN about = 'team' THEN 'alert_team' WHEN severity = 'high' THEN 'alert_high'
                    ELSE 'alert_opened' END AS kind,
               id AS source, subject, division, rule_key AS rule, 1 AS number
        FROM alert WHERE id = ANY (CAST(:ids AS uuid[]))""",
    "alert_closed": """
        SELECT 'alert_closed' AS kind, id AS source, subject, division, rule_key AS rule, 1 AS number
        FROM alert WHERE id = ANY (CAST(:ids AS uuid[])) AND closed_at IS NOT NULL""",
    "task_opened": """
        SELECT CASE WHEN EXISTS (SELECT FROM task_reason WHERE task_id = task.id AND source = 'alert')
                    THEN 'task_opened' ELSE 'task_of_clues' END AS kind,
               id AS source, subject, division, CAST(NULL AS text) AS rule, 1 AS number
        FROM task WHERE id = ANY (CAST(:ids AS uuid[]))""",
    "task_due": """
        SELECT CASE length(handed_to) WHEN 9 THEN 'task_due_township' WHEN 6 THEN 'task_due_county'
                    ELSE 'task_due_village' END AS kind,
               id AS source, subject, division, CAST(NULL AS text) AS rule, 1 AS number
        FROM task WHERE id = ANY (CAST(:ids AS uuid[]))""",
    "task_late": """
        SELECT CASE level WHEN 1 THEN 'task_late' ELSE 'task_late_county' END AS kind, id AS source, subject, division,
               CAST(NULL AS text) AS rule, 1 AS number
        FROM task WHERE id = ANY (CAST(:ids AS uuid[]))""",
    "sweep_gaps": """
        SELECT 'sweep_gaps' AS kind, sweep.id AS source, CAST(NULL AS uuid) AS subject, sweep.county AS division,
               CAST(NULL AS text) AS rule, CAST(count(*) AS int) AS number
        FROM sweep JOIN sweep_gap ON sweep_id = sweep.id
        WHERE sweep.id = ANY (CAST(:ids AS uuid[])) GROUP BY sweep.id""",
    "clue_waiting": """
        SELECT 'clue_waiting' AS kind, id AS source, subject, division, CAST(NULL AS text) AS rule, 1 AS number
        FROM visit_clue WHERE id = ANY (CAST(:ids AS uuid[])) AND state = 'told'""",
    "rule_waiting": """
        SELECT 'rule_waiting' AS kind, id AS source, CAST(NULL AS uuid) AS subject, division, key AS rule, 1 AS number
        FROM rule_draft WHERE id = ANY (CAST(:ids AS uuid[]))""",
    "matter": """
        SELECT kind, source, subject, division, CAST(NULL AS text) AS rule, 1 AS number
        FROM matter WHERE source = ANY (CAST(:ids AS uuid[])) AND kind IS NOT NULL""",
    "report_ready": """
        SELECT 'report_ready' AS kind, id AS source, CAST(NULL AS uuid) AS subject, division,
               CAST(NULL AS text) AS rule, 1 AS number
        FROM report WHERE id = ANY (CAST(:ids AS uuid[]))""",
}


def settings() -> Iterator[StandardKey]:
    """Who is told of what."""
    for kind in KINDS.values():
        yield from map(kind.told_to, ROLES)
