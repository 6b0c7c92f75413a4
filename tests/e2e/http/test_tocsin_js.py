"""common/client/tocsin.js, the grants that go with it, and what a browser asks before a page may
publish. The JavaScript runs in Node's own test runner; without Node that part is skipped."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
import requests

from conftest import BIN, Edge, limited, node

SOURCE = pathlib.Path(os.environ["TOCSIN_SOURCE"])
PAGE = "https://shop.example"


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    os.environ["TOCSIN_HTTP_ORIGIN"] = PAGE + " http://127.0.0.1:3000"
    os.environ["TOCSIN_HTTP_PROXY"] = "127.0.0.1"
    edge = Edge(str(tmp_path_factory.mktemp("edge")))
    del os.environ["TOCSIN_HTTP_ORIGIN"], os.environ["TOCSIN_HTTP_PROXY"]
    yield edge
    edge.stop()


@pytest.fixture(scope="module")
def grants(edge):
    return edge.add_token("--source", "urn:shop:app", "--scope", "grant")


def test_the_file_in_node(edge, grants):
    here = pathlib.Path(__file__).parent
    done = subprocess.run(
        [node(), "--test", here / "tocsin.test.js"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=300, env={
            **os.environ, "TOCSIN_JS": str(SOURCE / "common/client/tocsin.js"),
            "TOCSIN": os.path.join(BIN, "tocsin"), "TOCSIN_DATA": edge.data, "EDGE_URL": edge.url,
            "EDGE_TOKEN": edge.token, "EDGE_GRANTS": grants})
    assert done.returncode == 0, done.stdout


# --- grants --------------------------------------------------------------------------------------

def post(edge, shown, source="urn:shop:app", **fields):
    number = hashlib.sha256(os.urandom(8)).hexdigest()
    return requests.post(edge.url + "/v1/events", timeout=60, headers={
        "Authorization": "Bearer " + shown, "Content-Type": "application/cloudevents+json",
        **fields},
        data=json.dumps({"specversion": "1.0", "id": number, "source": source,
                         "type": "tocsin.issue.opened", "subject": "T-" + number[:8]}))


def made(secret, source, seconds, tmp_path):
    """By the program of intake's README, as it stands there."""
    text = (SOURCE / "services/intake/README.md").read_text(encoding="utf-8")
    [program] = re.findall(r"^```python\n(# grant\.py .*?)^```$", text, re.M | re.S)
    (tmp_path / "grant.py").write_text(program, encoding="utf-8")
    return subprocess.run([sys.executable, tmp_path / "grant.py", source, str(seconds)], check=True,
                          input=secret, stdout=subprocess.PIPE, text=True).stdout.strip()


def test_the_readmes_program_makes_grants(edge, grants, tmp_path):
    grant = made(grants, "urn:shop:app/u-1", 60, tmp_path)
    assert post(edge, grant, "urn:shop:app/u-1").status_code == 202
    assert post(edge, grant, "urn:shop:app/u-2").status_code == 403
    assert post(edge, grant + "0", "urn:shop:app/u-1").status_code == 401
    assert made(grants, "urn:shop:app/u-1", 60, tmp_path).split(".")[4] != grant.split(".")[4]
    assert post(edge, made(grants, "urn:shop:app", -1, tmp_path)).status_code == 401
    assert post(edge, grants).status_code == 403, "the token itself publishes nothing"


def test_grants_end_with_their_token(edge, tmp_path):
    secret = edge.add_token("--source", "urn:shop:app", "--scope", "grant")
    grant = made(secret, "urn:shop:app", 600, tmp_path)
    assert post(edge, grant).status_code == 202
    edge.tocsin("token", "revoke", secret.split("_")[1])
    assert post(edge, grant).status_code == 401


# --- a proxy in front ----------------------------------------------------------------------------

def test_networks_are_of_who_is_before_the_proxy(edge):
    token = edge.add_token("--source", "urn:shop:app", "--network", "192.0.2.0/24")
    assert post(edge, token, **{"X-Forwarded-For": "192.0.2.7"}).status_code == 202
    assert post(edge, token, **{"X-Forwarded-For": "192.0.2.7, 198.51.100.1"}).status_code == 403
    assert post(edge, token).status_code == 403


# --- web pages -----------------------------------------------------------------------------------

def preflight(edge, origin):
    return requests.options(edge.url + "/v1/events", timeout=60, headers={
        "Origin": origin, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type"})


def test_a_preflight_of_an_allowed_page(edge):
    answer = preflight(edge, PAGE)
    assert answer.status_code == 200 and answer.content == b""
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Vary"] == "Origin"
    assert preflight(edge, "http://127.0.0.1:3000").headers["Access-Control-Allow-Origin"] == \
        "http://127.0.0.1:3000"


def test_another_page_is_told_nothing(edge):
    for origin in ("https://evil.example", PAGE + ".evil", "http://shop.example", "null"):
        answer = preflight(edge, origin)
        assert not any("access-control" in name.lower() for name in answer.headers)


def test_a_page_can_read_every_answer(edge, grants, tmp_path):
    grant = made(grants, "urn:shop:app", 60, tmp_path)
    for shown, fields, status in ((grant, {}, 202), ("toc1.x", {}, 401),
                                  (grant, {"Content-Type": "text/plain"}, 415),
                                  (grant, {"Content-Encoding": "gzip"}, 415)):
        answer = post(edge, shown, Origin=PAGE, **fields)
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"
    slow = edge.add_token("--source", "urn:shop:app", "--scope", "grant", "--rate", "1")
    grant = made(slow, "urn:shop:app", 60, tmp_path)
    late = next(answer for answer in limited(lambda _: post(edge, grant, Origin=PAGE))
                if answer.status_code == 429)
    assert int(late.headers["Retry-After"]) >= 1
    assert late.headers["Access-Control-Allow-Origin"] == PAGE


def test_what_is_no_origin_is_told_at_the_start(tmp_path):
    done = subprocess.run([os.path.join(BIN, "tocsin"), "up", "--data", tmp_path / "d", "--http",
                           ":1", "--http-origin", "shop.example"], stderr=subprocess.PIPE,
                          text=True, timeout=60)
    assert done.returncode == 2
    assert "'shop.example' is none, as https://shop.example" in done.stderr
