"""Is what a notice tells of still so? What was finished meanwhile, or has come further, is not told any more."""

# Of a row of `notice`. What alerts itself has found is told also where it has passed: that it did is told as well. Of a
# day that was near nobody is reminded when the task is done.
STILL = """
    NOT (starts_with(notice.kind, 'task_due_')
         AND EXISTS (SELECT FROM task WHERE task.id = notice.source AND closed_at IS NOT NULL)) AND
    NOT EXISTS (SELECT FROM matter WHERE matter.source = notice.source
                  AND starts_with(notice.kind, matter.family || '_') AND matter.kind IS DISTINCT FROM notice.kind)
"""
