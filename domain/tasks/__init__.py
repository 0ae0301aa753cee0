"""Tasks and their reminders: what a task is, what becomes of it, and when the chat is told.

Not here: reading times out of sentences (``domain.when``), commands (``domain.commands``), the scan for what is due
(``application.scheduler``).
"""
