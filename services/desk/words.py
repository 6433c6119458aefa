"""Every word of the pages, in Chinese and in English."""

from collections.abc import Mapping
from typing import NamedTuple


class Word(NamedTuple):
    zh: str
    en: str


WORDS: Mapping[str, Word] = {
    "shouwang": Word("守望", "Shouwang"),
    "today": Word("今日", "Today"),
    "skip": Word("跳到正文", "Skip to content"),
    "other_language": Word("English", "中文"),
    "sign_in": Word("登录", "Sign in"),
    "sign_out": Word("退出登录", "Sign out"),
    "username": Word("登录名", "Username"),
    "password": Word("密码", "Password"),
    "wrong": Word("登录名或密码不正确。", "The username or the password is wrong."),
    "locked": Word("尝试次数过多，请约 {minutes} 分钟后再试。", "Too many tries. Please wait about {minutes} minutes."),
    "cannot_sign_in": Word("暂时无法登录，请稍后再试。", "Signing in is not possible for a moment. Please try again."),
    "ended": Word("登录已结束，请重新登录。", "Your sign-in has ended. Please sign in again."),
    "purpose": Word(
        "本页只显示您职责范围内的情况，不排名，不计分。",
        "This page shows what lies within your office. It ranks and scores nobody.",
    ),
    "back": Word("返回今日", "Back to Today"),
    "trouble_away": Word(
        "“{service}”服务暂时没有答复，这一栏暂缺，其他栏目不受影响。",
        "The service “{service}” does not answer for a moment. The rest of this page is not affected.",
    ),
    "trouble_not-signed-in": Word("暂时无法核验您的登录。", "Your sign-in cannot be checked for a moment."),
    "trouble_no-office": Word(
        "您目前没有任何辖区或职责范围，请联系县级管理员。",
        "You hold no office today. Please ask the county's administrator.",
    ),
    "service_county": Word("框架", "county"),
    "service_households": Word("登记册", "households"),
    "service_attendance": Word("在岗", "attendance"),
    "service_alerts": Word("预警", "alerts"),
    "villages": Word("各村", "Villages"),
    "map": Word(
        "各村驻地分布图：每点一村，橙色为有未关闭预警的村。同样的内容见下表。",
        "Map of the villages' stations: a point each, orange where alerts are open. The table below says the same.",
    ),
    "villages_summary": Word(
        "共 {all} 个村，{placed} 个有驻地坐标，{watched} 个有未关闭的预警。",
        "{all} villages, {placed} with a known station, {watched} with open alerts.",
    ),
    "villages_table": Word("按村代码列出（{all}）", "Listed by code ({all})"),
    "no_counts": Word("预警数暂缺。", "The numbers of alerts are missing for a moment."),
    "village": Word("村", "Village"),
    "township": Word("乡镇", "Township"),
    "open_alerts": Word("未关闭预警", "Open alerts"),
    "no_point": Word("无坐标", "no coordinates"),
    "alerts": Word("未关闭的预警", "Open alerts"),
    "alerts_total": Word("共 {open} 条。", "{open} in all."),
    "alerts_none": Word("目前没有未关闭的预警。", "No alert is open."),
    "rule": Word("规则", "Rule"),
    "severity": Word("程度", "Severity"),
    "severity_high": Word("高", "high"),
    "severity_medium": Word("中", "medium"),
    "severity_low": Word("低", "low"),
    "number": Word("条数", "Number"),
    "since": Word("最早开始于", "Oldest since"),
    "overdue": Word("逾期事项", "Overdue"),
    "overdue_none": Word("没有逾期的月度筛查。", "No monthly sweep is overdue."),
    "overdue_sweep": Word(
        "{county}：{period} 的全量筛查应于 {due} 进行，尚未完成。",
        "{county}: the sweep of {period} was due on {due} and is not complete.",
    ),
    "teams": Word("今日在岗工作队", "Teams on duty today"),
    "teams_day": Word("{day}，共 {all} 支工作队。", "{day}, {all} teams."),
    "team": Word("工作队", "Team"),
    "state": Word("状态", "State"),
    "team_present": Word("有人在岗", "on duty"),
    "team_uncertain": Word("待核实", "to be checked"),
    "team_outside": Word("登记不在村", "seen elsewhere only"),
    "team_unknown": Word("尚无记录", "not yet known"),
    "teams_note": Word(
        "“尚无记录”不等于不在岗：登记可以补传。",
        "“Not yet known” is not absence: a record may still be sent.",
    ),
    "teams_table": Word("按村列出（{all}）", "Listed by village ({all})"),
    "sweep": Word("月度全量筛查", "The monthly sweep"),
    "sweep_none": Word("还没有筛查。", "There has been no sweep yet."),
    "sweep_of": Word("{county} {period}：{state}", "{county} {period}: {state}"),
    "step_due": Word("核对登记册", "reconciling the register"),
    "step_reconciled": Word("逐户判断", "judging"),
    "step_judged": Word("出具证明", "certifying"),
    "step_certified": Word("已完成并出具证明", "done and certified"),
    "sweep_figures": Word(
        "登记册 {register} 户，全部规则可判 {judged} 户，有规则不能判 {not_judgeable} 户。",
        "{register} households in the register, {judged} judged by every rule, {not_judgeable} not judgeable by some.",
    ),
    "sweep_balances": Word("一户不漏。", "Nobody was left out."),
    "sweep_differs": Word("与登记册对不上，请核对。", "It does not balance with the register: please look into it."),
    "deliveries": Word("回调投递", "Webhook deliveries"),
    "deliveries_none": Word("没有其他系统订阅。", "No other system has subscribed."),
    "deliveries_away": Word(
        "以下服务暂时没有答复：{services}。",
        "These services do not answer for a moment: {services}.",
    ),
    "service": Word("服务", "Service"),
    "subscriber": Word("接入系统", "System"),
    "waiting": Word("等待", "Waiting"),
    "failing": Word("其中曾失败", "Of those, failed before"),
    "dead": Word("已放弃", "Given up"),
    "dead_hint": Word(
        "已放弃的可由接入系统自行补取（见接口文档“replay”）。",
        "What was given up can be fetched again by the system itself (“replay” in the API document).",
    ),
}


class Speech:
    """The words of one reader. `say` is what templates call; they escape what it answers."""

    def __init__(self, language: str) -> None:
        self.language = language

    def say(self, key: str, **values: object) -> str:
        word = WORDS[key]
        return (word.en if self.language == "en" else word.zh).format(**values)
