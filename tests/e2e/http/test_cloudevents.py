"""CloudEvents 1.0 and JSON by other people's samples: JSONTestSuite, the specification's and its
conformance suite's, and npm's `cloudevents` as a client.

The samples lie in ../shared/data/json_protocol beside the checkout, or in $TOCSIN_TEST_DATA; what
is not there, or cannot be had without a network, is skipped.
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import requests
import yaml

from conftest import node

SOURCE = pathlib.Path(os.environ["TOCSIN_SOURCE"])
DATA = pathlib.Path(os.environ.get("TOCSIN_TEST_DATA", SOURCE.parent / "shared/data"))
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
TYPE = "tocsin.issue.opened"

# Members that come twice, and \u0000: refused on purpose.
REFUSED = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
           "y_object_escaped_null_in_key.json", "y_string_null_escape.json"}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    archive = DATA / "json_protocol/json_protocol.tar.zst"
    if not archive.exists():
        pytest.skip("no %s" % archive)
    directory = tmp_path_factory.mktemp("samples")
    subprocess.run(["tar", "--zstd", "-xf", archive, "-C", directory], check=True)
    return directory


def post(edge, body, content_type=STRUCTURED, **fields):
    text = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return requests.post(edge.url + "/v1/events", data=text, timeout=60, headers={
        "Content-Type": content_type, "Authorization": "Bearer " + edge.token, **fields})


def binary_fields(**attributes):
    return {"ce-" + name: str(value) for name, value in
            {"specversion": "1.0", "source": "demo", "type": TYPE, "id": "b", **attributes}.items()}


# --- JSON ----------------------------------------------------------------------------------------

def bodies(samples, kind):
    files = sorted((samples / "JSONTestSuite/test_parsing").glob(kind + "_*.json"))
    assert files
    return [(file.name, file.read_bytes()) for file in files]


@pytest.mark.parametrize("mode", ["structured", "batch", "binary"])
def test_json_that_is_none_is_400_and_the_connection_goes_on(edge, samples, mode):
    fields = {"Authorization": "Bearer " + edge.token, **(
        {"Content-Type": "application/json", **binary_fields()} if mode == "binary" else
        {"Content-Type": STRUCTURED if mode == "structured" else BATCH})}
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=60)
    first = None
    for name, body in bodies(samples, "n"):
        if mode == "binary" and body == b"":
            continue  # An event without data.
        connection.request("POST", "/v1/events", body, fields)
        answer = connection.getresponse()
        problem = json.loads(answer.read().decode("utf-8"))
        assert answer.headers["Connection"] == "keep-alive", name
        if len(body) > 262144 and mode != "batch":
            assert answer.status == 413, (name, problem)
        else:
            assert answer.status == 400 and re.match("not JSON|nested", problem["detail"]), name
        first = first or connection.sock
        assert connection.sock is first, name
    connection.close()


def test_json_that_is_some_is_read(edge, samples):
    for kind in "y", "i":
        for name, body in bodies(samples, kind):
            answer = post(edge, body)
            assert answer.status_code == 400, name
            if kind == "y" and name not in REFUSED:
                assert "JSON:" not in answer.json()["detail"], (name, answer.text)


# --- the specification's samples -----------------------------------------------------------------

def feature_requests(samples):
    """The HTTP requests of the conformance suite: their fields and body, for each content type."""
    text = (samples / "cloudevents_conformance/features/http-protocol-binding.feature").read_text()
    for scenario in text.split("Scenario Outline:")[1:]:
        block = re.search(r'Given an HTTP request\n\s+"""\n(.*?)\n\s+"""', scenario, re.S).group(1)
        lines = [line.strip() for line in block.split("\n")]
        empty = lines.index("")
        fields = dict(line.split(": ", 1) for line in lines[1:empty])
        del fields["Content-Length"], fields["Host"]
        for content_type in re.findall(r"^\s+\| (\S+/.*?)\s*\|$", scenario.split("Examples:")[1],
                                       re.M):
            yield {**fields, "Content-Type": content_type}, "\n".join(lines[empty + 1:])


def test_the_conformance_suites_requests_are_understood(edge, samples):
    """As they stand the type is not one of ours; with one that is, they are published."""
    count = 0
    for fields, body in feature_requests(samples):
        fields["Authorization"] = "Bearer " + edge.token
        answer = requests.post(edge.url + "/v1/events", data=body, headers=fields, timeout=60)
        assert answer.status_code == 400 and answer.json()["field"] == "type", answer.text
        ours = lambda text: (text.replace("com.example.someevent", TYPE)
                             .replace("/mycontext/subcontext", "demo")
                             .replace("1234-1234-1234", "suite-%d" % count)
                             .replace('"message": "Hello World!"', '"channel": "web"'))
        answer = requests.post(edge.url + "/v1/events", data=ours(body), timeout=60,
                               headers={name: ours(value) for name, value in fields.items()})
        assert answer.status_code == 202, answer.text
        count += 1
    assert count == 4
    log = json.dumps(edge.lines("tail", "intake", "--from", "1"))
    assert "2018-04-05T03:56:24Z" in log or "1522900584000" in log


def test_what_is_not_ours_in_the_samples_is_told_by_its_name(edge, samples):
    """Binary and structured, over all documents of the suite: never accepted, never a failure."""
    documents = []
    for name in ("v1.0/v1_minimum.yaml", "v1.yaml"):
        text = (samples / "cloudevents_conformance/yaml" / name).read_text(encoding="utf-8")
        documents += [document for document in yaml.safe_load_all(text) if document]
    assert len(documents) >= 8
    for document in documents:
        attributes = {name: str(value) for name, value in document["ContextAttributes"].items()
                      if name != "Extensions"}
        media = attributes.pop("datacontenttype", "application/json")
        fields = binary_fields(**attributes, **{
            name: value.strip() for name, value in
            document["ContextAttributes"].get("Extensions", {}).items()})
        answer = post(edge, document["Data"].encode(), media, **fields)
        assert answer.status_code == (400 if media.startswith("application/json") else 415)
        answer = post(edge, {**attributes, "datacontenttype": media, "data": document["Data"]})
        assert answer.status_code == 400 and "field" in answer.json(), answer.text


def test_the_specifications_examples_are_told_by_their_names(edge, samples):
    count = 0
    for name in ("spec.md", "formats/json-format.md"):
        text = (samples / "cloudevents_spec/cloudevents" / name)
        if not text.exists():
            continue
        for block in re.findall(r"^```\s*(?:JSON|json)\n(.*?)^```", text.read_text(), re.M | re.S):
            try:
                sample = json.loads(block)
            except ValueError:
                continue  # Examples with an ellipsis.
            if isinstance(sample, list):
                answer = post(edge, sample, BATCH)
                assert answer.status_code == (400 if sample else 200)
                assert len(answer.json()) == len(sample)
            elif "specversion" in sample:
                answer = post(edge, sample)
                assert answer.status_code == 400 and "field" in answer.json(), answer.text
            count += 1
    assert count > 5


def test_documented_extensions_are_passed_over(edge):
    extensions = {"authtype": "user", "authid": "u1", "authclaims": "{}", "dataref": "urn:x",
                  "partitionkey": "p", "sequence": "1", "sequencetype": "Integer",
                  "sampledrate": 10, "severitytext": "INFO", "severitynumber": 9,
                  "traceparent": "00-1-2-01", "tracestate": "a=b", "correlationid": "c",
                  "causationid": "d", "recordedtime": "2026-01-01T00:00:00Z", "deprecated": True,
                  "expirytime": "2027-01-01T00:00:00Z", "dataclassification": "x"}
    event = {"specversion": "1.0", "source": "demo", "type": TYPE, "id": "extended",
             "subject": "E-1", "dataschema": "https://shop.example/schema", **extensions}
    assert post(edge, event).status_code == 202
    answer = post(edge, b"", "", **binary_fields(id="extended-b", subject="E-2", **extensions))
    assert answer.status_code == 202, answer.text


def test_texts_of_every_kind_come_back_as_they_were(edge):
    for number, text in enumerate(["\U0001f514 é", "\u00ff" * 90, "a\"b\\c/d", "\t\n\x7f\x1b[31m",
                                   "\ufeff", "\ud7ff\ue000\U0010ffff", "%41%", "100%"]):
        event = {"specversion": "1.0", "source": "demo", "type": TYPE, "subject": "X-%d" % number,
                 "id": "%d %s" % (number, text)}
        for body in (json.dumps(event), json.dumps(event, ensure_ascii=False).encode()):
            answer = post(edge, body)
            assert answer.status_code in (202, 200) and answer.json()["id"] == event["id"]
    for kind in ("type", "idd", "data"):
        for size in range(30, 70):
            event = {"specversion": "1.0", "source": "demo", "type": TYPE, "id": "1"}
            wide = "x" * size + "\U0001f514"
            event.update({"data": {wide: 1}} if kind == "data" else
                         {kind + wide if kind == "idd" else kind: wide})
            assert post(edge, event).status_code == 400


# --- npm's client --------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """A directory with npm's cloudevents in it, or a reason to skip."""
    path = node()
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here")
    directory = tmp_path_factory.mktemp("npm")
    try:
        done = subprocess.run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts",
                               "cloudevents@10"], cwd=directory, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm takes too long")
    if done.returncode != 0:
        pytest.skip("npm cannot install cloudevents: " + done.stdout[-200:])
    return path, directory


def test_npms_client_publishes_in_every_mode(edge, modules):
    path, directory = modules
    script = pathlib.Path(__file__).parent / "cloudevents.client.js"
    shutil.copy(script, directory)
    done = subprocess.run([path, directory / script.name, edge.url + "/v1/events", edge.token],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    for mode in ("structured", "binary", "batch"):
        row = edge.wait_issue("subject", "npm %s é 100%% \"q\"" % mode)
        assert row["channel"] == "in_app" and row["source"] == "demo"


# --- curl ----------------------------------------------------------------------------------------

def curl(edge, *words, data):
    done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", "-H",
                           "Authorization: Bearer " + edge.token, *words, edge.url + "/v1/events"],
                          input=data, stdout=subprocess.PIPE, check=True, timeout=60)
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status), json.loads(body)


def test_curl_in_every_way(edge):
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    event = {"specversion": "1.0", "source": "demo", "type": TYPE, "id": "curl", "subject": "C-1"}
    text = json.dumps(event).encode()
    structured = ["-H", "Content-Type: " + STRUCTURED]
    assert curl(edge, *structured, "--data-binary", "@-", data=text)[0] == 202
    assert curl(edge, *structured, "-H", "Transfer-Encoding: chunked", "--data-binary", "@-",
                data=text)[0] == 200
    assert curl(edge, *structured, "-X", "POST", "-T", "-", data=text)[0] == 200
    assert curl(edge, *structured, "-H", "Expect: 100-continue", "--data-binary", "@-",
                data=text)[0] == 200
    assert curl(edge, *structured, "--http1.0", "--data-binary", "@-", data=text)[0] == 200
    many = json.dumps([{**event, "subject": "x" * 150, "id": "curl-%d" % i} for i in range(500)])
    assert curl(edge, "-H", "Content-Type: " + BATCH, "--data-binary", "@-",
                data=many.replace(", ", ",\n" + " " * 1000).encode())[0] == 202
    fields = [word for name, value in binary_fields(id="curl", subject="C-1").items()
              for word in ("-H", "%s: %s" % (name, value))]
    assert curl(edge, *fields, "-X", "POST", data=b"")[0] == 200
