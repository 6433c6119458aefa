"""What a phone shows where there is no signal: the closed lists of visits and leave in words."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

Words = dict[str, dict[str, dict[str, str]]]

SAID: Mapping[str, Mapping[str, str]] = {
    "contact": {
        "home": "入户见面 / met at home",
        "elsewhere": "在外见面 / met elsewhere",
        "telephone": "电话 / telephone",
        "video": "视频 / video",
        "neighbour": "亲友邻居转告 / told by a relative or neighbour",
        "not_reached": "未联系上 / not reached",
        "away": "外出 / away",
    },
    "met": {
        "head": "户主 / head of the household",
        "member": "家庭成员 / member",
        "relative": "亲属 / relative",
        "neighbour": "邻居 / neighbour",
        "village_cadre": "村干部 / cadre of the village",
    },
    "duty": {
        "policy": "宣讲政策 / explain policy",
        "counsel": "思想引导 / counsel",
        "standards": "对照标准 / compare with the standards",
        "handbook": "填写手册 / fill the handbook",
        "hygiene": "环境卫生 / hygiene",
    },
    "finding": {
        "income_changed": "收入变化 / income changed",
        "job_lost": "务工中断 / job lost",
        "illness": "患病 / illness",
        "accident": "意外事故 / accident",
        "disaster": "受灾 / disaster",
        "school_left": "辍学 / school left",
        "water_failed": "饮水问题 / water failed",
        "house_unsafe": "住房不安全 / house unsafe",
        "uninsured": "未参保 / uninsured",
        "policy_missing": "政策未落实 / policy missing",
        "debt": "负债 / debt",
        "members_changed": "人口变动 / members changed",
        "moved_away": "搬离 / moved away",
        "moved_back": "返回 / moved back",
        "complaint": "有诉求 / complaint",
    },
    "because": {
        "mistake": "填写有误 / mistake",
        "learnt_later": "事后得知 / learnt later",
        "not_made": "走访未发生 / not made",
    },
    "leave": {
        "personal": "事假 / personal",
        "sick": "病假 / sick",
        "annual": "年休假 / annual",
        "marriage": "婚假 / marriage",
        "maternity": "产假 / maternity",
        "bereavement": "丧假 / bereavement",
        "training": "培训 / training",
        "meeting": "会议 / meeting",
        "unit_work": "单位公务 / work at one's unit",
        "errand": "村务外出 / errand of the village",
    },
}
WORDS: Words = {
    name: {code: dict(zip(("zh", "en"), said.split(" / "), strict=True)) for code, said in codes.items()}
    for name, codes in SAID.items()
}


def digest_of(words: Any) -> str:
    """Another one: the words have changed, and are told again."""
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:12]


DIGEST = digest_of(WORDS)
