"""The county's figures that income is held against, with the document that set each."""

from services.kit.store.reference import StandardKey

MONITORING_LINE = StandardKey("monitoring_line", "money", "分/人·年", "监测线", "monitoring line")
INCOME_DIVISOR = StandardKey(
    "income_divisor",
    "number",
    "1 登记成员，2 共同生活，3 常住",
    "人均收入的分母",
    "Who is counted when income is divided",
)
IN_REGISTER, LIVES_TOGETHER, USUALLY_RESIDENT = 1, 2, 3  # its values
WAGE_FLOOR = StandardKey("wage_floor", "money", "分/年", "工资性收入核实下限", "wages too small to be believed")
INCOME_FLOOR = StandardKey("income_floor", "money", "分/人·年", "收入核实下限", "income too low to be believed")
INCOME_CEILING = StandardKey("income_ceiling", "money", "分/人·年", "收入核实上限", "income too high to be believed")
IDENTIFICATION_CEILING = StandardKey(
    "identification_ceiling", "money", "分/人·年", "新识别收入核实上限", "income too high for an identification"
)
