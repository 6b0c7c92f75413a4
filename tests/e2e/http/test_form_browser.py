"""A web form as a real browser sends it, by itself: a file, a double click, and where it leads."""
import functools
import http.server
import json
import os
import pathlib
import re
import threading

import pytest

import conftest
from browser import browser, show
from test_form import grant

# What stands in for a hand: a file is chosen, text is typed, the button is clicked.
PAGE = """<!doctype html><meta charset="%(charset)s"><form action="%(url)s/v1/form" method="post"
  enctype="multipart/form-data"><input type="hidden" name="_grant" value="%(grant)s">
<input name="_leave_empty" style="display:none">%(more)s
<input name="email" type="email"><textarea name="text"></textarea>
<input name="photo" type="file" multiple><input name="none" type="file"><button>Send</button></form>
<script>
  const form = document.forms[0], files = new DataTransfer();
  files.items.add(new File([new Uint8Array(100000)], 'a "zebra" \\u00e9.png', {type: "image/png"}));
  files.items.add(new File(["--B\\r\\n"], "b.txt"));
  form.photo.files = files.files;
  form.email.value = "ana@example.com";
  form.text.value = "My zebra\\nis caf\\u00e9";
  form.querySelector("button").click();
  %(twice)s
</script>"""


class Site(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A directory, and the origin that serves it."""
    root = tmp_path_factory.mktemp("site")
    handler = functools.partial(Site, directory=root)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield root, "http://127.0.0.1:%d" % server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def edge(tmp_path_factory, site):
    browser()
    edge = conftest.Edge(str(tmp_path_factory.mktemp("edge")), "--http-origin", site[1])
    edge.forms = edge.add_token("--source", "urn:form", "--scope", "grant")
    yield edge
    edge.stop()


def send(edge, site, tmp_path, charset="utf-8", more="", shown=None, twice=""):
    root, origin = site
    (root / "form.html").write_text(PAGE % {
        "charset": charset, "url": edge.url, "grant": shown or grant(edge.forms), "more": more,
        "twice": twice}, encoding="ascii")
    return show(origin + "/form.html", tmp_path)


def opened(edge):
    return [line for line in edge.lines("tail", "intake")
            if line["body"].get("type") == "tocsin.issue.opened"]


def test_a_form_with_files(edge, site, tmp_path):
    assert "Thank you" in send(edge, site, tmp_path)
    [record] = opened(edge)
    sealed = {part["class"]: part["parts"] for part in record["body"]["content"]}
    assert sealed == {"body": 1, "contact": 1, "attachment": 2}
    assert record["body"]["issue_opened"]["channel"] == "web"
    assert "zebra" not in json.dumps(edge.lines("tail", "intake"))


def test_what_is_sent_twice_is_one_issue(edge, site, tmp_path):
    shown, before = grant(edge.forms), len(opened(edge))
    first = send(edge, site, tmp_path, shown=shown)
    assert "Thank you" in first and send(edge, site, tmp_path, shown=shown) == first
    assert len(opened(edge)) == before + 1


def test_a_page_that_a_cache_gives_to_two_people(edge, site, tmp_path):
    """With what the README says that such a page has."""
    source = pathlib.Path(os.environ["TOCSIN_SOURCE"])
    text = (source / "services/intake/README.md").read_text(encoding="utf-8")
    [once] = re.findall(r'^    (<input .*name="_once">\n    <script>.*</script>)$', text, re.M)
    shown, before = grant(edge.forms, shared=True), len(opened(edge))
    for twice in ("", 'form.querySelector("button").click();'):
        answer = send(edge, site, tmp_path, more=once, shown=shown, twice=twice)
        assert "Thank you" in answer
    assert len(opened(edge)) == before + 2


def test_a_page_that_is_not_utf_8(edge, site, tmp_path):
    more = '<input type="hidden" name="_charset_">'
    assert "Thank you" in send(edge, site, tmp_path, "windows-1252", more)
    sizes = [{part["class"]: part["bytes"] for part in record["body"]["content"]}
             for record in opened(edge)]
    assert sizes[-1] == sizes[0], "the same text in UTF-8"


def test_the_browser_is_led_on(edge, site, tmp_path):
    (site[0] / "thanks.html").write_text("<p>We have got it.", encoding="ascii")
    more = '<input type="hidden" name="_redirect" value="%s/thanks.html">' % site[1]
    assert "We have got it." in send(edge, site, tmp_path, more=more)


def test_a_bad_grant_is_told_to_people(edge, site, tmp_path):
    before = len(opened(edge))
    assert "That did not work" in send(edge, site, tmp_path, shown=grant(edge.forms, seconds=-1))
    assert len(opened(edge)) == before
