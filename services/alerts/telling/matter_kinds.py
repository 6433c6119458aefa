"""What is due, waits or is late, in other services or among visit tasks, as people are told: key, who hears of it in
the digest where the county has set nothing, label, sentence. What is asked of a level is told to whoever acts there;
what has run out, to the level above as well."""

from collections.abc import Sequence
from typing import TypeAlias

VILLAGE = ("cadre", "captain", "assistant")
TOWNSHIP, COUNTY = ("township",), ("county",)
Pair: TypeAlias = tuple[str, str]  # Chinese, English
Row: TypeAlias = tuple[str, tuple[str, ...], Pair, str, str]

# A visit task goes to whoever has it: the village, or the office it was handed to.
TASKS_DUE: Sequence[Row] = (
    (
        "task_due_village", VILLAGE, ("村级入户任务临期", "Visit tasks of villages due soon"),
        "{place}：{number}件入户任务临近期限", "{place}: {number} visit tasks are due soon",
    ),
    (
        "task_due_township", TOWNSHIP, ("转乡镇入户任务临期", "Visit tasks of townships due soon"),
        "{place}：{number}件已转乡镇的入户任务临近期限", "{place}: {number} visit tasks of the township are due soon",
    ),
    (
        "task_due_county", COUNTY, ("转县级入户任务临期", "Visit tasks of the county due soon"),
        "{place}：{number}件已转县级的入户任务临近期限", "{place}: {number} visit tasks of the county are due soon",
    ),
)  # fmt: skip
ROWS: Sequence[Row] = (
    (
        "case_due_village", VILLAGE, ("村级案卷步骤临期", "Case steps of villages due soon"),
        "{place}：{number}个案卷的村级步骤临近期限", "{place}: {number} case steps of the village are due soon",
    ),
    (
        "case_due_township", TOWNSHIP, ("乡镇案卷步骤临期", "Case steps of townships due soon"),
        "{place}：{number}个案卷的乡镇步骤临近期限", "{place}: {number} case steps of the township are due soon",
    ),
    (
        "case_due_county", COUNTY, ("县级案卷步骤临期", "Case steps of the county due soon"),
        "{place}：{number}个案卷的县级步骤临近期限", "{place}: {number} case steps of the county are due soon",
    ),
    (
        "case_late_village", VILLAGE + TOWNSHIP, ("村级案卷步骤超期", "Case steps of villages overdue"),
        "{place}：{number}个案卷的村级步骤已超期", "{place}: {number} case steps of the village are overdue",
    ),
    (
        "case_late_township", TOWNSHIP + COUNTY, ("乡镇案卷步骤超期", "Case steps of townships overdue"),
        "{place}：{number}个案卷的乡镇步骤已超期", "{place}: {number} case steps of the township are overdue",
    ),
    (
        "case_late_county", COUNTY, ("县级案卷步骤超期", "Case steps of the county overdue"),
        "{place}：{number}个案卷的县级步骤已超期", "{place}: {number} case steps of the county are overdue",
    ),
    (
        "notice_over", VILLAGE, ("村内公示期满", "Notices in villages that have hung their days"),
        "{place}：{number}份村内公示期满，请登记结果", "{place}: {number} notices have hung their days",
    ),
    (
        "gates_met", ("captain", *TOWNSHIP), ("具备风险消除条件", "Conditions of elimination met"),
        "{place}：{number}户监测对象已具备风险消除的可查条件，请入户核实",
        "{place}: {number} monitored households meet every condition on record; please visit",
    ),
    (
        "measure_late", VILLAGE + TOWNSHIP, ("帮扶措施逾期", "Measures overdue"),
        "{place}：{number}项帮扶措施逾期未落实", "{place}: {number} measures are overdue",
    ),
    (
        "issue_late_village", VILLAGE + TOWNSHIP, ("问题逾期未销号", "Issues overdue"),
        "{place}：{number}个问题逾期未销号", "{place}: {number} issues are overdue",
    ),
    (
        "issue_late_county", COUNTY, ("限知问题逾期未销号", "Restricted issues overdue"),
        "{place}：{number}个限知问题逾期未销号", "{place}: {number} restricted issues are overdue",
    ),
    (
        "declaration_waiting", ("captain", *TOWNSHIP), ("自主申报待受理", "Self-declarations waiting"),
        "{place}：{number}份自主申报待受理", "{place}: {number} self-declarations wait for a decision",
    ),
    (
        "correction_waiting", TOWNSHIP, ("更正和投诉待答复", "Corrections and complaints waiting"),
        "{place}：{number}件更正申请或投诉待答复", "{place}: {number} corrections or complaints wait for an answer",
    ),
    (
        "leave_waiting_captain", ("captain",), ("请假待队长审批", "Leaves waiting for the captain"),
        "{place}：{number}份请假或公务外出待队长审批", "{place}: {number} leaves wait for the captain",
    ),
    (
        "leave_waiting_township", TOWNSHIP, ("请假待乡镇审批", "Leaves waiting for the township"),
        "{place}：{number}份请假或公务外出待乡镇审批", "{place}: {number} leaves wait for the township",
    ),
    (
        "leave_waiting_county", COUNTY, ("请假待县级审批", "Leaves waiting for the county"),
        "{place}：{number}份请假或公务外出待县级审批", "{place}: {number} leaves wait for the county",
    ),
    (
        "leave_return_late", ("captain", *TOWNSHIP), ("逾期未销假", "Returns from leave overdue"),
        "{place}：{number}人逾期未销假", "{place}: {number} have not returned from leave",
    ),
)  # fmt: skip
