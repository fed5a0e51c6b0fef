"""Writes `services.models`: what AWS's services take and answer. README.md beside this file tells the format."""

import re
import sys
import zlib
from pathlib import Path

import botocore
from botocore.loaders import Loader

VERSION = "1.41.5"
PROTOCOLS = ["json", "rest-json", "rest-xml", "query", "ec2"]

# Directories whose service has another one, too.
SUPERSEDED = ["sms-voice"]

# Members that the AWS SDK for Java, whose spelling Step Functions has, names in a way of its own
# (`shapeModifiers` in its customizations): (service, shape, member) → name.
RENAMED = {
    ("dynamodb", "AttributeValue", "NULL"): "NUL",
    ("dynamodbstreams", "AttributeValue", "NULL"): "NUL",
    ("cloudformation", "ListStacksInput", "StackStatusFilter"): "StackStatusFilters",
    ("ec2", "FpgaImage", "Public"): "isPublic",
    ("ec2", "Image", "Public"): "PublicLaunchPermissions",
    ("elasticbeanstalk", "CreatePlatformVersionResult", "Builder"): "PlatformBuilder",
}

# Texts that are answered with a path before them and are taken without: `/hostedzone/Z1`. The SDK removes the path.
IDS = [("route53", "ResourceId")]

# Headers that a service wants with every call, which its model does not tell.
HEADERS = {
    "apigateway": "accept application/json",
    "glacier": "x-amz-glacier-version 2012-06-01",
}

# Names that members cannot have in Java; they get the suffix `Value`. Of these the Developer Guide names `equals`
# ("Learning to use AWS service SDK integrations": "API fields for equals will be referred to as: EqualsValue").
RESERVED = set(
    """abstract assert boolean break byte case catch char class const continue default do double else enum extends false
    final finally float for goto if implements import instanceof int interface long native new null package private
    protected public return short static strictfp super switch synchronized this throw throws transient true try void
    volatile while equals finalize getClass hashCode notify notifyAll toString wait builder sdkFields toBuilder
    overrideConfiguration sdkHttpResponse""".split()
)


def pascal_case(name):
    """The class names of the AWS SDK for Java: DynamoDB → DynamoDb, SESv2 → SesV2, cloudtrail-data → CloudtrailData."""
    name = re.sub(r"[^A-Za-z0-9]+", " ", name)
    name = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", name)
    name = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", name)
    name = re.sub(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])", " ", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", name)
    name = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", name)
    return "".join(word.lower().capitalize() for word in name.split())


def error_prefix(service_id):
    """What a service's errors begin with; in lower case, its name in a resource ARN."""
    name = pascal_case(service_id)
    return name.removeprefix("Amazon").removeprefix("Aws").removesuffix("Service")


def exception_name(shape):
    """DBInstanceNotFoundFault → DbInstanceNotFoundException, NoSuchKey → NoSuchKeyException."""
    for suffix in ("Fault", "Exception"):
        if shape.endswith(suffix):
            return pascal_case(shape.removesuffix(suffix)) + "Exception"
    return pascal_case(shape) + "Exception"


def camel_case(name):
    """DBInstanceIdentifier → dbInstanceIdentifier, ETag → eTag: of capitals at the start, all but the last."""
    end = 1
    while end < len(name) and name[end].isupper() and not (end + 1 < len(name) and name[end + 1].islower()):
        end += 1
    return name[:end].lower() + name[end:]


def spelling(member):
    """How Step Functions spells a member."""
    name = camel_case(member)
    if name in RESERVED or name.lower() in RESERVED:
        name += "Value"
    return name[0].upper() + name[1:]


def word(text):
    return text.replace("%", "%25").replace(" ", "%20").replace("\n", "%0A")


class Shapes:
    """The shapes of a service: each the text of its line, with the keys of other shapes where their numbers will be."""

    def __init__(self, service, protocol, shapes, outputs):
        self.service, self.protocol, self.shapes = service, protocol, shapes
        self.answered = self.reachable(outputs)
        self.lines = {}

    def reachable(self, names):
        seen, wanted = set(), list(names)
        while wanted:
            name = wanted.pop()
            if name not in seen:
                seen.add(name)
                shape = self.shapes[name]
                refs = list(shape.get("members", {}).values()) + [shape[k] for k in ("member", "key", "value") if k in shape]
                wanted += [ref["shape"] for ref in refs]
        return seen

    def key(self, ref, header=False):
        """The key of the shape that a reference means, with what the reference says of it."""
        name = ref["shape"]
        shape = self.shapes[name]
        flattened = bool(ref.get("flattened") or shape.get("flattened"))
        form = ""
        if shape["type"] == "timestamp":
            form = ref.get("timestampFormat") or shape.get("timestampFormat") or ""
        json = bool(ref.get("jsonvalue") or shape.get("jsonvalue"))
        key = (name, flattened, form, json)
        if key not in self.lines:
            self.lines[key] = None
            self.lines[key] = self.line(*key)
        return key

    def line(self, name, flattened, form, json):
        shape = self.shapes[name]
        kind, answered = shape["type"], name in self.answered
        bounds = ""
        if answered and kind in ("string", "blob", "integer", "long", "float", "double"):
            low, high = shape.get("min", ""), shape.get("max", "")
            bounds = f" {low}..{high}" if low != "" or high != "" else ""
        if kind == "structure":
            return self.structure(name, shape)
        if kind == "list":
            item = shape["member"].get("locationName")
            return ["list ", self.key(shape["member"]), " flat" if flattened else "", f" ={item}" if item else ""]
        if kind == "map":
            names = [shape[part].get("locationName", default) for part, default in (("key", "key"), ("value", "value"))]
            given = f" ={names[0]},{names[1]}" if names != ["key", "value"] else ""
            return ["map ", self.key(shape["key"]), " ", self.key(shape["value"]), " flat" if flattened else "", given]
        if json:
            return ["json"]
        if (self.service, name) in IDS:
            return ["id"]
        if kind == "string" and shape.get("enum") and answered:
            return [" ".join(["enum", *map(word, shape["enum"])])]
        if kind == "timestamp":
            return [f"timestamp {form}".rstrip()]
        if kind in ("integer", "long", "float", "double"):
            kind = "integer" if kind in ("integer", "long") else "float"
        return [kind + bounds]

    def structure(self, name, shape):
        if shape.get("document"):
            return ["document"]
        parts = ["union" if shape.get("union") else "structure"]
        for member, ref in shape["members"].items():
            target = self.shapes[ref["shape"]]
            ref = {name: target[name] for name in ("location", "locationName") if name in target} | ref
            spelt = spelling(RENAMED.get((self.service, name, member), member))
            payload = member == shape.get("payload")
            wire = ref.get("locationName", member)
            if payload and self.protocol == "rest-xml" and "locationName" not in ref:
                wire = ref["shape"]
            traits = [
                trait
                for trait, given in (
                    ("required", member in shape.get("required", [])),
                    (ref.get("location", ""), "location" in ref),
                    ("payload", payload),
                    ("streaming", payload and (ref.get("streaming") or target.get("streaming"))),
                    ("attribute", ref.get("xmlAttribute") or target.get("xmlAttribute")),
                    ("token", ref.get("idempotencyToken")),
                    ("host", ref.get("hostLabel")),
                    ("events", ref.get("eventstream") or target.get("eventstream")),
                )
                if given
            ]
            letters = "".join(TRAITS[trait] for trait in traits)
            if wire == spelt:
                wire = ""
            elif wire == spelt[0].lower() + spelt[1:]:
                wire = "~"
            else:
                wire = f"={wire}"
            query = f",{ref['queryName']}" if "queryName" in ref else ""
            parts += [f" {spelt}{wire}|", self.key(ref), f"{letters}{query}"]
        return parts


TRAITS = {
    "required": "!",
    "uri": "u",
    "querystring": "q",
    "header": "h",
    "headers": "H",
    "statusCode": "c",
    "payload": "p",
    "streaming": "s",
    "attribute": "a",
    "token": "t",
    "host": "o",
    "events": "e",
}


def merge(lines):
    """Gives each shape the number of its line; shapes that cannot be told apart share one."""
    keys = list(lines)
    group = {key: "".join(part if isinstance(part, str) else "\0" for part in lines[key]) for key in keys}
    count = 0
    while len(set(group.values())) != count:
        count = len(set(group.values()))
        numbers = {}
        group = {
            key: numbers.setdefault(
                (group[key], *(group[part] for part in lines[key] if not isinstance(part, str))), len(numbers)
            )
            for key in keys
        }
    return group


def operation_line(name, operation, shapes, key):
    http = operation.get("http", {})
    parts = [camel_case(name), " ", name, " ", http.get("method", "POST"), " ", http.get("requestUri", "/")]
    for side in ("input", "output"):
        parts += [" ", key(operation[side]) if side in operation else "-"]
    host = operation.get("endpoint", {}).get("hostPrefix")
    checksum = operation.get("httpChecksum", {})
    source = operation.get("input", {})
    payload = shapes[source["shape"]].get("payload") if source else None
    named = shapes[source["shape"]]["members"][payload] if payload else source
    namespace = (named.get("xmlNamespace") or shapes.get(named.get("shape"), {}).get("xmlNamespace") or {}).get("uri")
    auth = operation.get("authtype") or ("none" if operation.get("auth") == ["smithy.api#noAuth"] else None)
    for trait, value in (
        ("host", host),
        ("root", source.get("locationName") or shapes.get(source.get("shape"), {}).get("locationName")),
        ("namespace", namespace),
        ("wrapper", operation.get("output", {}).get("resultWrapper")),
        ("checksum", checksum.get("requestAlgorithmMember")),
    ):
        parts += [f" {trait}={value}"] if value else []
    if operation.get("httpChecksumRequired") or checksum.get("requestChecksumRequired"):
        parts.append(" checksummed")
    if auth == "none":
        parts.append(" anonymous")
    return parts


def service_text(directory, model):
    metadata = model["metadata"]
    prefix = error_prefix(metadata["serviceId"])
    protocol = next(p for p in PROTOCOLS if p in metadata.get("protocols", [metadata["protocol"]]))
    operations = model["operations"]
    errors = sorted({error["shape"] for operation in operations.values() for error in operation.get("errors", [])})
    outputs = [operation["output"]["shape"] for operation in operations.values() if "output" in operation]
    shapes = Shapes(prefix.lower(), protocol, model["shapes"], outputs)

    lines = [
        ("id", metadata["serviceId"]),
        ("prefix", prefix),
        ("endpoint", metadata["endpointPrefix"]),
        ("signing", metadata.get("signingName", metadata["endpointPrefix"])),
        ("protocol", protocol),
        ("json", metadata.get("jsonVersion")),
        ("target", metadata.get("targetPrefix")),
        ("version", metadata["apiVersion"]),
        ("namespace", metadata.get("xmlNamespace")),
        ("querycompatible", "yes" if "awsQueryCompatible" in metadata else None),
        ("header", HEADERS.get(prefix.lower())),
    ]
    text = "".join(f"{name} {value}\n" for name, value in lines if value) + "\n"

    rows = [operation_line(name, operation, model["shapes"], shapes.key) for name, operation in operations.items()]
    numbers = merge(shapes.lines)
    first = {}
    for key in shapes.lines:
        first.setdefault(numbers[key], key)
    # The order in which shapes are first met.
    order = {number: place for place, number in enumerate(first)}

    def write(parts):
        return "".join(part if isinstance(part, str) else str(order[numbers[part]]) for part in parts) + "\n"

    text += "".join(write(row) for row in sorted(rows, key=lambda row: row[0])) + "\n"
    for name in errors:
        error = model["shapes"][name].get("error", {})
        text += f"{name} {exception_name(name)} {error.get('code', name)} {error.get('httpStatusCode', '-')}\n"
    text += "\n" + "".join(write(shapes.lines[key]) for key in first.values())
    return prefix.lower(), metadata["endpointPrefix"], text


def main():
    if botocore.__version__ != VERSION:
        sys.exit(f"botocore {VERSION} is asked for, this is {botocore.__version__}: pip install botocore=={VERSION}")
    loader = Loader(extra_search_paths=[], include_default_search_paths=True)
    services = {}
    for directory in sorted(loader.list_available_services("service-2")):
        if directory in SUPERSEDED:
            continue
        name, endpoint, text = service_text(directory, loader.load_service_model(directory, "service-2"))
        if name in services:
            sys.exit(f"two services are named {name}")
        services[name] = endpoint, text
    index, packed = "", b""
    for name, (endpoint, text) in sorted(services.items()):
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
        data = deflate.compress(text.encode()) + deflate.flush()
        index += f"{name} {len(packed)} {len(data)} {len(text.encode())} {endpoint}\n"
        packed += data
    out = Path(__file__).parent / "services.models"
    out.write_bytes(f"{index}\n".encode() + packed)
    if len(sys.argv) > 1:
        for name, (_, text) in services.items():
            (Path(sys.argv[1]) / f"{name}.txt").write_text(text)
    print(f"{len(services)} services of botocore {VERSION}, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
