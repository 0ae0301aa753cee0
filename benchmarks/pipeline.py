"""Measures the whole pipeline on real servers, from a webhook to the Bot API call, beside the yardstick.

``python -m benchmarks.pipeline [--messages N] [--only PART]`` prints a table; ``--json FILE`` keeps it too. Rate
limits are lifted, durability is on and printed. Not here: the yardstick's code (``yardstick``).
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import redis
import uvloop

from adapters.embedded.files import free_port
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.roles import SERVICES, role_of
from benchmarks.driver import Load, Sink
from entrypoints.data_dir import with_login
from entrypoints.database import prepare_database
from entrypoints.web import WEBHOOK_PATH

ROOT = Path(__file__).resolve().parents[1]
CHATS = 500
CONNECTIONS = 64
PAUSE_S = 15.0
SECRET = "benchmark-secret"
PASSWORDS = {service: f"benchmark-{service}" for service in SERVICES}


class Pipeline:
    """The servers and the role processes under measurement."""

    def __init__(self, folder: Path) -> None:
        self.postgres = EmbeddedPostgres(folder)
        self.valkey = EmbeddedValkey(folder)
        self.port = free_port()
        self.roles: dict[str, subprocess.Popen[bytes]] = {}
        self.logs = folder / "logs"
        self.logs.mkdir()

    def start_role(self, name: str, api_url: str) -> None:
        """Start a role as a process of its own."""
        own = {
            "OPENCLAW_POSTGRES_URL": with_login(self.postgres.url(), role_of(name), PASSWORDS[name]),
            "OPENCLAW_REDIS_URL": self.valkey.admin_url,
            "OPENCLAW_TELEGRAM_TOKEN": "1000:benchmark",
            "OPENCLAW_TELEGRAM_API_URL": api_url,
            "OPENCLAW_TELEGRAM_MODE": "webhook",
            "OPENCLAW_WEBHOOK_URL": "https://localhost/",
            "OPENCLAW_WEBHOOK_SECRET": SECRET,
            "OPENCLAW_WEBHOOK_LISTEN": f"127.0.0.1:{self.port}",
            "OPENCLAW_BOT_USERNAME": "benchmark_bot",
            "OPENCLAW_ACCESS": "open",
            "OPENCLAW_RATE_BOT_PER_S": "0",
            "OPENCLAW_RATE_CHAT_PER_S": "0",
            "OPENCLAW_RATE_GROUP_PER_MIN": "0",
            "OPENCLAW_LOG_LEVEL": "info",
        }
        kept = {key: value for key, value in os.environ.items() if not key.startswith("OPENCLAW_")}
        with open(self.logs / f"{name}.log", "ab") as log:
            self.roles[name] = subprocess.Popen(
                [sys.executable, "-m", "entrypoints.cli", name], cwd=ROOT, env={**kept, **own}, stderr=log
            )

    def stop_roles(self) -> None:
        """Stop every role and wait for its end."""
        for process in self.roles.values():
            process.send_signal(signal.SIGTERM)
        for process in self.roles.values():
            process.wait(30)
        self.roles.clear()
        if os.environ.get("BENCHMARK_LOGS"):
            for path in self.logs.iterdir():
                print(path.read_text(), file=sys.stderr)

    def cpu_s(self) -> dict[str, float]:
        """Return the processor time that each part has used so far, in seconds."""
        used = {name: _tree_cpu(process.pid) for name, process in self.roles.items()}
        used["postgres"] = _tree_cpu(self.postgres.pid)
        used["valkey"] = _tree_cpu(self.valkey.pid)
        used["driver"] = time.process_time()
        return used


def _tree_cpu(pid: int) -> float:
    root = psutil.Process(pid)
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    times = root.cpu_times()
    # Backends that have ended meanwhile are accounted to their parent.
    return total + times.children_user + times.children_system


@contextlib.contextmanager
def pipeline() -> Iterator[Pipeline]:
    """Run servers for one measurement, in a directory that goes with it."""
    with tempfile.TemporaryDirectory(prefix="ocb") as name:
        made = Pipeline(Path(name))
        made.postgres.start()
        made.valkey.start()
        try:
            yield made
        finally:
            made.stop_roles()
            made.valkey.stop()
            made.postgres.stop()


async def durability(made: Pipeline) -> dict[str, str]:
    """Return what the servers promise about the disk."""
    connection = await asyncpg.connect(made.postgres.admin_url)
    found = {name: await connection.fetchval(f"show {name}") for name in ("fsync", "synchronous_commit")}
    await connection.close()
    with redis.Redis.from_url(made.valkey.admin_url, decode_responses=True) as client:
        for name in ("appendonly", "appendfsync", "maxmemory-policy"):
            found[name] = client.config_get(name)[name]
    return found


async def backlog(made: Pipeline, sink: Sink, load: Load, numbers: range) -> dict[str, object]:
    """Take messages in while nobody works, then let brain and sender drain them."""
    callers = await load.connect(CONNECTIONS)
    await load.flood(callers, numbers, CHATS)
    sink.reset()
    before = {name: used for name, used in made.cpu_s().items() if name in ("postgres", "valkey", "driver")}
    for name in ("brain", "sender"):
        made.start_role(name, made.api_url)  # type: ignore[attr-defined]
    await sink.wait_for(len(numbers))
    times = sorted(sink.arrived.values())
    after = made.cpu_s()
    rate = (len(times) - 1) / (times[-1] - times[0])
    us = {
        name: (after[name] - before.get(name, 0.0)) / len(numbers) * 1e6
        for name in after
        if name != "gateway"
    }
    return {"messages_per_s": rate, "cpu_us": us, "repeats": sink.repeats}


async def webhooks(made: Pipeline, sink: Sink, load: Load, numbers: range) -> dict[str, object]:
    """Post as fast as the gateway takes them, all services working."""
    callers = await load.connect(CONNECTIONS)
    sink.reset()
    before, began = made.cpu_s(), time.perf_counter()
    await load.flood(callers, numbers, CHATS)
    taken_s = time.perf_counter() - began
    await sink.wait_for(len(numbers))
    took_s = max(sink.arrived.values()) - began
    after = made.cpu_s()
    us = {name: (after[name] - before[name]) / len(numbers) * 1e6 for name in after}
    return {
        "messages_per_s": len(numbers) / took_s,
        "taken_per_s": len(numbers) / taken_s,
        "cpu_us": us,
        "repeats": sink.repeats,
    }


async def latency(sink: Sink, load: Load, numbers: range, per_s: float) -> dict[str, object]:
    """Post at a steady rate and return percentiles of the time from webhook to Bot API call."""
    callers = await load.connect(8)
    sink.reset()
    await load.pace(callers, numbers, CHATS, per_s)
    await sink.wait_for(len(numbers))
    ms = sorted((sink.arrived[n] - load.sent[n]) * 1000 for n in numbers)
    return {"p50_ms": statistics.median(ms), "p99_ms": ms[int(len(ms) * 0.99)], "max_ms": ms[-1]}


def yardstick(made: Pipeline, count: int) -> float:
    """Return the yardstick's messages a second, on the same Valkey."""
    command = [sys.executable, "-m", "benchmarks.yardstick", made.valkey.admin_url, str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


async def measure(made: Pipeline, count: int) -> dict[str, object]:
    """Return every figure of the pipeline."""
    await prepare_database(made.postgres.admin_url, PASSWORDS)
    sink = Sink()
    api_url = made.api_url = await sink.listen()  # type: ignore[attr-defined]
    figures: dict[str, object] = {"durability": await durability(made), "messages": count, "chats": CHATS}
    figures["yardstick_per_s"] = await asyncio.to_thread(yardstick, made, min(count, 5000))
    made.start_role("gateway", api_url)
    load = Load(made.port, SECRET, WEBHOOK_PATH)
    await _until_listening(made.port)
    figures["backlog"] = await backlog(made, sink, load, range(count))
    figures["webhooks"] = await webhooks(made, sink, load, range(count, 2 * count))
    # What the flood left to clean up (vacuum, checkpoint) is not what a steady load meets.
    await asyncio.sleep(PAUSE_S)
    for per_s in (100, 200):
        start = 2 * count + per_s * 1000
        figures[f"latency_{per_s}"] = await latency(sink, load, range(start, start + per_s * 10), per_s)
    figures["yardstick_again_per_s"] = await asyncio.to_thread(yardstick, made, min(count, 5000))
    return figures


async def _until_listening(port: int) -> None:
    for _ in range(400):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise RuntimeError("the gateway did not come up; see its log")


def idle_and_start() -> dict[str, object]:
    """Return the memory of an idle ``up`` (PSS, all processes) and the time from start to the first reply."""
    with tempfile.TemporaryDirectory(prefix="ocb") as name:
        command = [str(ROOT / "openclaw"), "up", "--data-dir", str(Path(name) / "data")]
        starts = [_first_reply_s(command) for _ in range(3)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"hello\n")
        process.stdin.flush()
        process.stdout.readline()
        time.sleep(10)
        parts = _pss_mib(process.pid)
        process.stdin.close()
        process.wait(60)
    return {
        "first_start_s": starts[0],
        "next_starts_s": starts[1:],
        "idle_pss_mib": sum(parts.values()),
        "parts": parts,
    }


def _first_reply_s(command: list[str]) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"hello\n")
    process.stdin.flush()
    process.stdout.readline()
    took_s = time.perf_counter() - began
    process.stdin.close()
    process.wait(60)
    return took_s


def _pss_mib(pid: int) -> dict[str, float]:
    parts: dict[str, float] = {}
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        kib = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        parts[process.name()] = parts.get(process.name(), 0.0) + kib / 1024
    return parts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--only", choices=("flow", "idle"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures: dict[str, object] = {}
    if options.only != "idle":
        with pipeline() as made:
            figures |= uvloop.run(measure(made, options.messages))
    if options.only != "flow":
        figures |= idle_and_start()
    text = json.dumps(figures, indent=2, default=str)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
