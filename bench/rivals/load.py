"""Load by wrk, and what it costs the server's processes."""

import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rivals.jobs import UNIQUE, Call

CONNECTIONS = 16
SERVER_CORE, LOAD_CORE = 0, 1
_LOOK_SECONDS, _SETTLED_SECONDS = 0.2, 5.0
_IDLE = 0.1
"""Part of a core that a server uses which has nothing to do."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run showed."""

    requests_per_second: float
    cpu_ms: float
    """Of the server's processes, a request."""
    p99_ms: float
    failed: int
    """Answers that were not 2xx, and broken connections."""
    requests: int


def run(
    address: str, token: str, calls: Sequence[Call], process: int, seconds: float, folder: Path
) -> Figures:
    """Load a server for a while."""
    script = folder / "job.lua"
    script.write_text(_script(calls, token))
    before = cpu_seconds(process)
    words = ("-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--latency", "--timeout", "20s")
    done = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), "wrk", *words, "-s", str(script), address],
        capture_output=True,
        text=True,
        check=True,
    )
    used = cpu_seconds(process) - before
    return _figures(done.stdout, used)


def settle(process: int) -> None:
    """Wait until a server has done what is left of a load: the next one has the core alone."""
    used, deadline = cpu_seconds(process), time.monotonic() + _SETTLED_SECONDS
    while time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        before, used = used, cpu_seconds(process)
        if used - before <= _IDLE * _LOOK_SECONDS:
            return


def _figures(report: str, used: float) -> Figures:
    requests = int(_number(r"(\d+) requests in", report))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+)", report)
    failed = int(refused[1]) if refused else 0
    failed += sum(map(int, broken.groups())) if broken else 0
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", report).groups()  # type: ignore[union-attr]
    return Figures(
        requests_per_second=_number(r"Requests/sec:\s+([\d.]+)", report),
        cpu_ms=used * 1000 / max(1, requests),
        p99_ms=float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
        failed=failed,
        requests=requests,
    )


def _number(pattern: str, report: str) -> float:
    found = re.search(pattern, report)
    if found is None:
        raise AssertionError(report)
    return float(found[1])


def _script(calls: Sequence[Call], token: str) -> str:
    """Return wrk's Lua: the calls one after the other, each unique mark replaced by a number."""
    listed = ",\n".join("{" + ", ".join(map(json.dumps, _parts(call))) + "}" for call in calls)
    return f"""
local calls = {{ {listed} }}
local headers = {{ ["Content-Type"] = "application/json",
  ["Accept"] = "application/json", ["Authorization"] = "Bearer {token}" }}
local ready, count, unique = {{}}, 0, 0
local prefix = "{secrets.token_hex(6)}x"
function init(args)
  for index, call in ipairs(calls) do
    if not string.find(call[3], "{UNIQUE}", 1, true) then
      if call[4] then headers[call[4]] = call[5] end
      ready[index] = wrk.format(call[1], call[2], headers, call[3] ~= "" and call[3] or nil)
    end
  end
end
function request()
  count = count % #calls + 1
  if ready[count] then return ready[count] end
  unique = unique + 1
  local call = calls[count]
  local body = string.gsub(call[3], "{UNIQUE}", prefix .. unique)
  return wrk.format(call[1], call[2], headers, body)
end
"""


def _parts(call: Call) -> tuple[str, ...]:
    return (call.method, call.path, call.body, *(call.header or ()))


def cpu_seconds(process: int) -> float:
    """Return the processor time of a process and its children."""
    return sum(_ticks(member) for member in family(process)) / _TICKS


def resident_mib(process: int) -> float:
    """Return the resident memory of a process and its children."""
    pages = sum(
        int(Path(f"/proc/{member}/statm").read_text().split()[1]) for member in family(process)
    )
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def family(process: int) -> list[int]:
    """Return a process and its descendants."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(member for child in children for member in family(int(child)))]


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
