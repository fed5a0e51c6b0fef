"""Writes what the API reference says of requests and errors, as botocore's service model (Apache-2.0) has it.

    pip install botocore && python generate.py

constraints.txt has a line for every constrained member of every request; `!` = required, `.member` = each item of a list:

    CreateActivity name! text 1..80               characters; `secret`: a text that messages must not repeat
    CreateStateMachine type word STANDARD EXPRESS the words allowed
    ListExecutions maxResults number 0..1000
    CreateStateMachineAlias routingConfiguration! list 1..2
    CreateStateMachineAlias name! pattern …       a regular expression

members.txt has a line for every member of every request with its JSON type:

    CreateActivity tags.member.key string

errors.txt has a line for every operation with the errors it is documented to answer with.
"""

import gzip
import json
from pathlib import Path

import botocore

newest = max((Path(botocore.__file__).parent / "data" / "stepfunctions").iterdir())
packed = newest / "service-2.json.gz"
model = json.load(gzip.open(packed) if packed.exists() else open(newest / "service-2.json"))
shapes = model["shapes"]


def constraints(path, shape, required):
    """The lines of a member and of what is inside it."""
    kind, name = shape["type"], f"{path}{'!' if required else ''}"
    bounds = f"{shape.get('min', '')}..{shape.get('max', '')}"
    if kind == "structure":
        if required:
            yield f"{name} structure"
        for member, target in shape["members"].items():
            yield from constraints(f"{path}.{member}", shapes[target["shape"]], member in shape.get("required", []))
    elif kind == "list":
        if required or bounds != "..":
            yield f"{name} list {bounds}"
        yield from constraints(f"{path}.member", shapes[shape["member"]["shape"]], False)
    elif shape.get("enum"):
        yield f"{name} word {' '.join(shape['enum'])}"
    elif kind == "string" and (required or bounds != ".."):
        yield f"{name} {'secret' if shape.get('sensitive') else 'text'} {bounds}"
        if "pattern" in shape:
            yield f"{name} pattern {shape['pattern']}"
    elif kind in ("integer", "long", "float") and (required or bounds != ".."):
        yield f"{name} number {bounds}"


def members(path, shape):
    """The lines of a member and of what is inside it: its JSON type."""
    kind = {"structure": "object", "list": "array", "long": "integer", "float": "number"}.get(shape["type"], shape["type"])
    yield f"{path} {kind}"
    if kind == "object":
        for member, target in shape["members"].items():
            yield from members(f"{path}.{member}", shapes[target["shape"]])
    elif kind == "array":
        yield from members(f"{path}.member", shapes[shape["member"]["shape"]])


lines, all_members, errors = [], [], []
for operation, description in sorted(model["operations"].items()):
    request = shapes[description["input"]["shape"]]
    for member, target in request["members"].items():
        for line in constraints(member, shapes[target["shape"]], member in request.get("required", [])):
            lines.append(f"{operation} {line}")
        for line in members(member, shapes[target["shape"]]):
            all_members.append(f"{operation} {line}")
    errors.append(" ".join([operation, *sorted(error["shape"] for error in description.get("errors", []))]))
here = Path(__file__).parent
(here / "constraints.txt").write_text("\n".join(lines) + "\n")
(here / "members.txt").write_text("\n".join(all_members) + "\n")
(here / "errors.txt").write_text("\n".join(errors) + "\n")
