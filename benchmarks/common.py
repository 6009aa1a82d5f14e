"""What all benchmarks share: peers, clocks, fresh processes, and who takes part."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PEERS = HERE / ".peers"


def install(*pins: str, needs: bool = True) -> None:
    """Install Python peers into their folder, with or without what they need."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade"]
    alone = [] if needs else ["--no-deps"]
    subprocess.run([*pip, *alone, "--target", PEERS / "python", *pins], check=True)
    (PEERS / ".gitignore").write_text("*\n")


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Time a call, without freeing what it returns."""
    start = time.perf_counter()
    answer = call()
    return time.perf_counter() - start, answer


def python(*arguments: str | Path, cache: str = "") -> tuple[float, list[str]]:
    """Run a fresh Python; return the seconds in all and the words printed."""
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "text": True, "env": environment}
    command = [sys.executable, *arguments]
    seconds, done = timed(lambda: subprocess.run(command, check=True, **options))
    return seconds, done.stdout.split()


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Name the processor, Python and the packages, as far as they are there."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    found = {"processor": f"{os.cpu_count()} x {names[0] if names else platform.processor()}"}
    found["Python"] = platform.python_version()
    for name in packages:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
