"""openapi.json: a sound OpenAPI 3.1 document, and the one that the edge serves.

That answers fit it is looked at in every test here (conftest.py).
"""
import re

import pytest
import requests

import interface
from interface import DOCUMENT, resolved


def nodes(node, at=""):
    """Every object of the document with where it stands."""
    if isinstance(node, dict):
        yield at, node
        for name, value in node.items():
            yield from nodes(value, at + "/" + name)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, "%s/%d" % (at, index))


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_it_is_served_as_it_stands(edge):
    assert requests.get(edge.url + "/openapi.json", timeout=60).json() == DOCUMENT
    assert requests.head(edge.url + "/openapi.json", timeout=60).status_code == 200


def test_its_outline_is_that_of_openapi_3_1():
    assert re.fullmatch(r"3\.1\.\d", DOCUMENT["openapi"])
    assert set(DOCUMENT) <= {"openapi", "info", "servers", "security", "paths", "components"}
    assert DOCUMENT["info"]["title"] and DOCUMENT["info"]["version"]
    assert set(DOCUMENT["info"]["license"]) <= {"name", "identifier"}
    assert all(server["url"] for server in DOCUMENT["servers"])
    assert set(DOCUMENT["components"]) <= {"schemas", "responses", "securitySchemes"}
    for requirement in DOCUMENT["security"]:
        assert set(requirement) <= set(DOCUMENT["components"]["securitySchemes"])


def test_every_reference_leads_somewhere():
    found = [node["$ref"] for _, node in nodes(DOCUMENT) if "$ref" in node]
    for reference in found:
        assert resolved({"$ref": reference})
    for part in ("schemas", "responses"):
        for name in DOCUMENT["components"][part]:
            assert "#/components/%s/%s" % (part, name) in found, "nobody refers to " + name


def test_operations_are_whole():
    seen = set()
    for path, method, operation in operations():
        assert path.startswith("/")
        placed = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert set(re.findall(r"{(\w+)}", path)) == placed
        assert method in ("get", "put", "post", "delete", "options", "head", "patch", "trace")
        assert operation["operationId"] not in seen
        seen.add(operation["operationId"])
        assert operation["summary"] and operation["responses"]
        names = [(p["in"], p["name"].lower()) for p in operation.get("parameters", [])]
        assert len(set(names)) == len(names)
        for parameter in operation.get("parameters", []):
            assert parameter["in"] in ("query", "header", "path", "cookie")
            assert parameter["name"].lower() not in ("accept", "content-type", "authorization")
            assert isinstance(parameter["required"], bool) and "schema" in parameter
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"default|[1-5](\d\d|XX)", status)
            response = resolved(response)
            assert response["description"]
            assert set(response) <= {"description", "headers", "content", "links"}
            for media, content in response.get("content", {}).items():
                assert re.fullmatch(r"[a-z]+/[a-z.+-]+", media) and "schema" in content


def test_every_schema_is_one():
    if interface.jsonschema is None:
        pytest.skip("no python3-jsonschema here")
    schemas = [node["schema"] for _, node in nodes(DOCUMENT) if isinstance(node.get("schema"), dict)]
    for schema in schemas + list(DOCUMENT["components"]["schemas"].values()):
        interface.jsonschema.Draft202012Validator.check_schema(schema)


def test_the_statuses_of_intakes_readme_are_there():
    responses = DOCUMENT["paths"]["/v1/events"]["post"]["responses"]
    assert set("202 200 207 400 401 403 409 413 415 429 503 default".split()) == set(responses)
