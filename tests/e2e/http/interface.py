"""The edge's description of itself, and whether an answer is what it describes."""
import json
import os
import re

try:
    import jsonschema
except ImportError:
    jsonschema = None

with open(os.path.join(os.environ["TOCSIN_SOURCE"], "services/intake/edge/openapi.json"),
          encoding="utf-8") as text:
    DOCUMENT = json.load(text)


def resolved(node):
    """What a reference within the document stands for."""
    while "$ref" in node:
        assert node["$ref"].startswith("#/"), node["$ref"]
        target = DOCUMENT
        for part in node["$ref"][2:].split("/"):
            target = target[part]
        node = target
    return node


def validate(schema, value):
    if jsonschema is not None:
        jsonschema.Draft202012Validator(
            schema, resolver=jsonschema.RefResolver("", DOCUMENT)).validate(value)


def item_of(path):
    """What the document has of a path; a "{name}" in it stands for one part."""
    for template, item in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return item
    return {}


def described(method, path, status):
    """The response object for it; a problem where the document speaks of no such thing."""
    item = item_of(path)
    operation = item.get("get" if method == "HEAD" else method.lower())
    if operation is None:
        assert status >= 400, "%s %s is not described and answers %d" % (method, path, status)
        return DOCUMENT["components"]["responses"]["Problem"]
    responses = operation["responses"]
    return resolved(responses.get(str(status), responses.get("default", {})))


def known_members(value):
    """What is answered has no member that is not described."""
    schemas = DOCUMENT["components"]["schemas"]
    kind = ("Problem" if "title" in value else "Content" if "texts" in value else "Issue" if "state" in value
            else "Rehearsal" if "dry_run" in value else "Receipt")
    assert set(value) <= set(schemas[kind]["properties"]) | {"status"}, value


def check(method, path, status, fields, content):
    response = described(method, path, status)
    assert response, "%s %s: %d is not described" % (method, path, status)
    for name, field in response.get("headers", {}).items():
        assert name in fields or not field.get("required"), name
    if method == "HEAD" or "content" not in response:
        assert content == b""
        return
    media = fields["Content-Type"].partition(";")[0]
    assert media in response["content"], "%s is not described for %d" % (media, status)
    if not media.endswith("json"):
        return
    value = json.loads(content)
    validate(response["content"][media]["schema"], value)
    if path.startswith("/v1/") or status >= 400:
        for item in value if isinstance(value, list) else [value]:
            known_members(item)
