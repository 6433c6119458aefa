"""What the doctor may find, and what to do about each: by the name of the check, as readiness says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.cli.messages import Notice


@dataclass(frozen=True)
class Ailment:
    notice: Notice
    values: Mapping[str, object] = field(default_factory=dict)


ALL_WELL = Notice(
    "一切正常：{processes} 个进程就绪，磁盘余 {free} GB。", "All is well: {processes} processes ready, {free} GB free."
)
NOT_RUNNING = Notice("未在运行。请执行 shouwang up。", "Not running. Start it with: shouwang up")
PORT_IS_TAKEN = Notice(
    "{process} 需要的端口 {port} 被别的程序占用。请先停止它（ss -ltnp 可查），再执行 shouwang up。",
    "Port {port}, needed by {process}, is held by another program: find it with ss -ltnp, stop it, then: shouwang up",
)
NOT_UP = Notice("{process} 没有运行或正在重启。请看 {log}", "{process} is not up, or restarting. See {log}")
NOT_READY = Notice("{process} 未就绪（{why}）。请看 {log}", "{process} is not ready ({why}). See {log}")
NO_ANSWER = Notice(
    "{process} 没有应答（{why}）。它会自动重启；若一直如此，请看 {log}",
    "{process} does not answer ({why}). It is restarted by itself; if this stays, see {log}",
)
DATABASE_AWAY = Notice(
    "{process} 连不上数据库。请确认 PostgreSQL 在运行、连接数未用尽，并看 {log}",
    "{process} cannot reach its database. See that PostgreSQL runs and has connections left, and look at {log}",
)
DISK_LOW = Notice(
    "磁盘只剩 {free} GB（{share}%），请尽快清理或扩容。",
    "Only {free} GB of disk are left ({share} %): clear or extend it soon.",
)
OPEN_SECRET = Notice("密钥 {file} {zh}", "Secret {file} {en}")

TROUBLES: Mapping[str, Notice] = {
    "not-migrated": Notice(
        "{process} 的数据库还是旧结构，暂不接受请求。请执行 shouwang migrate，再看 {log}",
        "{process}'s database is in an older shape and serves nobody. Run shouwang migrate; then see {log}",
    ),
    "migration": Notice(
        "{process} 的数据库已由更新的版本升级。请把本服务也升级到该版本。",
        "{process}'s database has been migrated by a newer version. Bring this service up to that version.",
    ),
    "worker": Notice(
        "{process} 的后台进程没有心跳，事件和任务会积压。请看 {process}-worker 的日志并重启它；登记仍可正常提交。",
        "{process}'s worker gives no sign of life; events and jobs wait. See the log of {process}-worker and restart"
        " it; requests are still accepted.",
    ),
    "scheduler": Notice(
        "{process} 很久没有听到定时铃。请看 scheduler 的日志，确认它在运行且能访问本服务。",
        "{process} has not heard the bell. See the log of scheduler: does it run, and reach this service?",
    ),
    "backlog": Notice(
        "{process} 有事件、任务或投递等待超过 5 分钟。请确认其他服务在运行，并看 {process}-worker 的日志。",
        "{process} has events, jobs or deliveries that wait for over 5 minutes. See that the other services run, and"
        " the log of {process}-worker.",
    ),
    "deliveries": Notice(
        "{process} 有投递已放弃（对方五天未接收）。请查 GET …/subscriptions/{{id}}/deliveries，通知对方系统。",
        "{process} has given up deliveries (refused for five days). Look at GET …/subscriptions/{{id}}/deliveries and"
        " tell whoever runs that system.",
    ),
    "clock": Notice(
        "{process} 的主机时钟与数据库相差 5 秒以上。请在两台主机上启用时间同步（chrony）。",
        "{process}'s host and its database differ by over 5 seconds. Turn on time synchronisation (chrony) on both.",
    ),
    "sweep": Notice(
        "{process} 本月全量筛查逾期未出证明。请看 {process}-worker 的日志，或执行 shouwang sweep。",
        "{process}: this month's sweep is overdue without a certificate. See the log of {process}-worker,"
        " or: shouwang sweep",
    ),
}
