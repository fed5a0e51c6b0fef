#!/usr/bin/env python3
"""Writes `start.ld`: which functions of `asl` run when a server starts, so that the linker puts them side by side.

    cargo build --release
    asl-server/link/generate.py target/release/asl

Needs valgrind, which tells the functions, and nm, which tells how large they are. README.md beside this file tells more.
"""

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

HEAD = """\
/* The functions that run when a server starts, side by side. Written by generate.py; README.md tells why. */
SECTIONS
{
  .text.start :
  {
    /* The standard library's, all of them: half a megabyte, under names of their own kind. */
    *(.text._R* .text.unlikely._R*)
"""
TAIL = """\
  }
}
INSERT BEFORE .text;
"""


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


def run(binary, data, profile):
    """The functions of a server that starts, answers a question and ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    valgrind = ["valgrind", "--quiet", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={profile}"]
    server = subprocess.Popen(
        [*valgrind, binary, "serve", "--data", data, "--listen", address], stdout=subprocess.DEVNULL
    )
    headers = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines", "Content-Type": "application/x-amz-json-1.0"}
    question = urllib.request.Request(f"http://{address}/", data=b"{}", headers=headers)
    for _ in range(600):
        try:
            urllib.request.urlopen(question, timeout=60).read()
            break
        except OSError:
            if server.poll() is not None:
                sys.exit("the server did not start")
            time.sleep(0.1)
    server.terminate()
    server.wait()
    names = re.findall(r"^c?fn=\(\d+\) (\S+?)(?:'\d+)?$", Path(profile).read_text(), re.MULTILINE)
    return set(names)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary, names = sys.argv[1], Names()
    with tempfile.TemporaryDirectory() as work:
        # Its first start, and one that finds what the first one left.
        runs = run(binary, f"{work}/data", f"{work}/first") | run(binary, f"{work}/data", f"{work}/second")
    found = list(functions(binary))
    places = {address for address, _, symbol in found if symbol in runs}
    for address, size, symbol in found:
        of_symbol = names.at(parts(symbol))
        of_symbol.size += size
        of_symbol.runs |= address in places
    patterns, size = names.patterns()
    lines = [f"    *(.text.{pattern}* .text.unlikely.{pattern}*)\n" for pattern in sorted(patterns)]
    Path(__file__).with_name("start.ld").write_text(HEAD + "".join(lines) + TAIL)
    print(f"{len(patterns)} patterns; functions of {size / 1e6:.1f} MB have such names")


main()
