"""Writes the compact models of AWS services' answers in this directory. See README.md."""

import gzip
import json
import sys
from pathlib import Path

import botocore

# The service in a resource ARN (`arn:aws:states:::aws-sdk:SERVICE:action`) and botocore's directory.
SERVICES = {
    "batch": "batch",
    "dynamodb": "dynamodb",
    "ecs": "ecs",
    "eventbridge": "events",
    "kms": "kms",
    "lambda": "lambda",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sfn": "stepfunctions",
    "sns": "sns",
    "sqs": "sqs",
}


def load(directory):
    newest = max((Path(botocore.__file__).parent / "data" / directory).iterdir())
    packed = newest / "service-2.json.gz"
    return json.load(gzip.open(packed) if packed.exists() else open(newest / "service-2.json"))


def capital(name):
    """Step Functions spells the members of answers with a capital letter."""
    return name[0].upper() + name[1:]


def bounds(shape):
    low, high = shape.get("min", ""), shape.get("max", "")
    return f" {low}..{high}" if low != "" or high != "" else ""


def line(name, shape):
    kind = shape["type"]
    if kind == "structure":
        required = shape.get("required", [])
        members = [
            f"{capital(member)}{'!' if member in required else ''}:{target['shape']}"
            for member, target in shape["members"].items()
        ]
        return " ".join([name, "structure", *members])
    if kind == "list":
        return f"{name} list {shape['member']['shape']}"
    if kind == "map":
        return f"{name} map {shape['value']['shape']}"
    if shape.get("enum"):
        return " ".join([name, "enum", *shape["enum"]])
    kind = {"integer": "number", "long": "number", "float": "number", "double": "number"}.get(kind, kind)
    # Times are strings in Step Functions' answers; botocore knows no bounds of them.
    return f"{name} {'string' if kind == 'timestamp' else kind}{bounds(shape)}"


def generate(service, directory):
    model = load(directory)
    shapes, wanted, lines = model["shapes"], [], []
    for operation, description in sorted(model["operations"].items()):
        output = description.get("output", {}).get("shape", "")
        lines.append(f"operation {operation[0].lower() + operation[1:]} {output}".rstrip())
        wanted += [output] if output else []
    seen = set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        shape = shapes[name]
        targets = list(shape.get("members", {}).values()) + [shape[k] for k in ("member", "value") if k in shape]
        wanted += [target["shape"] for target in targets]
    lines += [line(name, shapes[name]) for name in sorted(seen)]
    (Path(__file__).parent / f"{service}.txt").write_text("\n".join(lines) + "\n")


for service, directory in SERVICES.items():
    generate(service, directory)
print(f"{len(SERVICES)} models, of botocore {botocore.__version__}", file=sys.stderr)
