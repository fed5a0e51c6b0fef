#!/usr/bin/env python3
"""Writes `start.ld`: which functions of `asl` run when a server starts, and which when it then executes something, so that
the linker puts them side by side.

    cargo build --release
    asl-server/link/generate.py target/release/asl

Needs valgrind, which tells the functions, and nm, which tells how large they are. README.md beside this file tells more.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

# So many bytes more may be moved, when one pattern fewer does it.
BYTES_A_PATTERN = 1024

SCRIPT = """\
/* The functions that run when a server starts, side by side, and those that run when it executes something. Written by
   generate.py; README.md tells why. */
SECTIONS
{
  .text.start :
  {
    /* The standard library's, all of them: half a megabyte, under names of their own kind. */
    *(.text._R* .text.unlikely._R*)
%s  }
  .text.execution :
  {
%s  }
}
INSERT BEFORE .text;
"""

# An order for the saga that is deployed.
ORDER = {
    "order_id": "4",
    "order_date": "2018-10-19T10:50:16+08:00",
    "customer_id": "1",
    "items": [{"item_id": "567", "qty": 1.0, "description": "Cart item 1", "unit_price": 199.99}],
}
SAGA = "arn:aws:states:us-east-1:123456789012:stateMachine:OrderSaga"


class Names:
    """Functions by the parts of their mangled names."""

    def __init__(self):
        self.inner, self.size, self.runs = {}, 0, False

    def at(self, parts):
        names = self
        for part in parts:
            names = names.inner.setdefault(part, Names())
        return names

    def total(self):
        return self.size + sum(names.total() for names in self.inner.values())

    def patterns(self, prefix=""):
        """What the names of all functions that run begin with, and how many bytes have such names."""
        if self.runs:
            return [prefix], self.total()
        patterns, size = [], 0
        for part, names in self.inner.items():
            more, bytes = names.patterns(prefix + part)
            patterns, size = patterns + more, size + bytes
        total = self.total()
        if prefix not in ("", "_ZN") and total - size <= BYTES_A_PATTERN * (len(patterns) - 1):
            return [prefix], total
        return patterns, size


def parts(symbol):
    """A mangled name without what changes from compiler to compiler, in parts: `_ZN`, `5tokio`, `7runtime`, …"""
    found, rest = ["_ZN"], re.sub(r"(17h[0-9a-f]{16}E.*)$", "", symbol[3:])
    while length := re.match(r"\d+", rest):
        end = length.end() + int(length.group())
        found.append(rest[:end])
        rest = rest[end:]
    return found + [rest] if rest else found


def functions(binary):
    """The functions of a program: address, size and name. Functions of the same code have one address and many names."""
    lines = subprocess.run(["nm", "--print-size", binary], check=True, capture_output=True, text=True).stdout
    for fields in map(str.split, lines.splitlines()):
        if len(fields) == 4 and fields[2] in "tTwW" and fields[3].startswith("_ZN"):
            yield fields[0], int(fields[1], 16), fields[3]


class Server:
    """A server whose functions are taken down."""

    def __init__(self, binary, data, profile):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        valgrind = ["valgrind", "--quiet", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={profile}"]
        serve = [binary, "serve", "--data", data, "--listen", address]
        self.process = subprocess.Popen([*valgrind, *serve], stdout=subprocess.DEVNULL)
        self.url, self.profile = f"http://{address}/", profile
        for _ in range(600):
            try:
                self.call("ListStateMachines", {})
                return
            except OSError:
                if self.process.poll() is not None:
                    sys.exit("the server did not start")
                time.sleep(0.1)
        sys.exit("the server does not answer")

    def call(self, operation, request):
        headers = {"X-Amz-Target": f"AWSStepFunctions.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        request = urllib.request.Request(self.url, data=json.dumps(request).encode(), headers=headers)
        return json.load(urllib.request.urlopen(request, timeout=60))

    def execute(self):
        execution = self.call("StartExecution", {"stateMachineArn": SAGA, "input": json.dumps(ORDER)})["executionArn"]
        while self.call("DescribeExecution", {"executionArn": execution})["status"] == "RUNNING":
            time.sleep(0.1)
        self.call("GetExecutionHistory", {"executionArn": execution})

    def functions(self):
        """Ends it; the functions that ran."""
        self.process.terminate()
        self.process.wait()
        names = re.findall(r"^c?fn=\(\d+\) (\S+?)(?:'\d+)?$", Path(self.profile).read_text(), re.MULTILINE)
        return set(names)


def patterns(functions, runs):
    """The lines of the script that name these functions, and how many bytes have such names."""
    names = Names()
    places = {address for address, _, symbol in functions if symbol in runs}
    for address, size, symbol in functions:
        of_symbol = names.at(parts(symbol))
        of_symbol.size += size
        of_symbol.runs |= address in places
    found, size = names.patterns()
    return "".join(f"    *(.text.{name}* .text.unlikely.{name}*)\n" for name in sorted(found)), size


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary = sys.argv[1]
    with tempfile.TemporaryDirectory() as work:
        data = f"{work}/data"
        # Its first start, and one that finds what the first one left.
        start = Server(binary, data, f"{work}/first").functions() | Server(binary, data, f"{work}/second").functions()
        server = Server(binary, data, f"{work}/third")
        server.execute()
        execution = server.functions()
    found = list(functions(binary))
    of_start, of_execution = patterns(found, start), patterns(found, execution - start)
    Path(__file__).with_name("start.ld").write_text(SCRIPT % (of_start[0], of_execution[0]))
    for what, (lines, size) in {"start": of_start, "execution": of_execution}.items():
        print(f"{what}: {lines.count(chr(10))} patterns; functions of {size / 1e6:.1f} MB have such names")


main()
