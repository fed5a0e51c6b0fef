#!/usr/bin/env python3
"""Fails when a dependency's licence is not one that this project may be shipped with.

    .ci/licences.py [CARGO ARGUMENTS…]

Reads `cargo metadata`. A licence expression passes when its words can be chosen from ALLOWED:
`A OR B` needs one of them, `A AND B` both; `A WITH exception` counts as the licence it names.
"""
import json
import re
import subprocess
import sys

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
}


def allowed(expression):
    """Whether an SPDX expression can be met with ALLOWED. The old form `MIT/Apache-2.0` means OR."""
    words = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def peek():
        return words[position] if position < len(words) else None

    def take():
        nonlocal position
        position += 1
        return words[position - 1] if position <= len(words) else None

    def one():
        word = take()
        if word == "(":
            met = either()
            if take() != ")":
                raise ValueError("a `)` is missing")
            return met
        if word in (None, ")", "AND", "OR", "WITH"):
            raise ValueError("a licence is missing")
        if peek() == "WITH":
            take()
            word = "%s WITH %s" % (word, take())
        return word in ALLOWED

    def both():
        met = one()
        while peek() == "AND":
            take()
            met = one() and met
        return met

    def either():
        met = both()
        while peek() == "OR":
            take()
            met = both() or met
        return met

    met = either()
    if peek() is not None:
        raise ValueError("`%s` was not expected" % peek())
    return met


def self_test():
    for expression, met in [
        ("MIT", True),
        ("GPL-3.0", False),
        ("MIT/Apache-2.0", True),
        ("GPL-3.0 OR MIT", True),
        ("GPL-3.0 AND MIT", False),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0 WITH Classpath-exception-2.0", False),
    ]:
        assert allowed(expression) is met, expression


def main():
    self_test()
    command = ["cargo", "metadata", "--format-version", "1", "--all-features", *sys.argv[1:]]
    packages = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    refused = 0
    for package in packages:
        licence = package.get("license")
        try:
            met, reason = (allowed(licence), "is not on the list") if licence else (False, "says nothing of its licence")
        except ValueError as error:
            met, reason = False, "cannot be read: %s" % error
        if not met:
            refused += 1
            print("%s %s: `%s` %s" % (package["name"], package["version"], licence, reason))
    if refused:
        print("Replace these dependencies, or add the licence to ALLOWED in .ci/licences.py when it is permissive.")
    print("%d packages, %d refused" % (len(packages), refused))
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
