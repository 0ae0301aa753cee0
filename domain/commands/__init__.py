"""The commands: one module each, one table. ``/help`` and Telegram's command menu come from the table.

Not here: wording (``application.messages``) and finding out what a command needs to know (``application.brain``).
"""
