"""Is what a notice tells of still so? What was finished meanwhile, or has come further, is not told any more."""

# Of a row of `notice`. What alerts itself has found is told also where it has passed: that it did is told as well.
STILL = """
    NOT EXISTS (SELECT FROM matter WHERE matter.source = notice.source
                  AND starts_with(notice.kind, matter.family || '_') AND matter.kind IS DISTINCT FROM notice.kind)
"""
