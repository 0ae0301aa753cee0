"""The table of all targets, in the order in which a campaign goes through them."""

from tests.fuzz.loop import Target
from tests.fuzz.targets import chats, outside, rows, servers, stores, tools, web

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *web.TARGETS,
        *chats.TARGETS,
        *stores.TARGETS,
        *outside.TARGETS,
        *tools.TARGETS,
        *rows.TARGETS,
        *servers.TARGETS,
    )
}
