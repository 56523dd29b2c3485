"""The built web apps: what is cached, what is a page, what is out of reach."""

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.unit.gateway.harness import Gateway

HTML = {"Accept": "text/html,application/xhtml+xml"}
IMMUTABLE = "public, max-age=31536000, immutable"
REMOTES = [{"name": "chat", "entry": "/mf/chat/mf-manifest.json", "type": "module"}]


@pytest.fixture
def site(gateway: Gateway) -> Iterator[TestClient]:
    """A gateway over a small built site, with a secret beside it."""
    dist = gateway.folder / "dist"
    for path, text in {
        "index.html": "<!doctype html><title>Parley</title>",
        "favicon.ico": "icon",
        "static/font/inter.5e6f.woff2": "font" * 1000,
        "static/js/main.1a2b.js": "console.log(1)" * 200,
        "mf/chat/mf-manifest.json": "{}",
        "mf/chat/remoteEntry.js": "export {}",
        "mf/chat/static/js/chat.3c4d.js": "export {}",
        "remotes.json": json.dumps(REMOTES),
    }.items():
        (dist / path).parent.mkdir(parents=True, exist_ok=True)
        (dist / path).write_text(text)
    (gateway.folder / "secret.txt").write_text("secret")
    (dist / "link.txt").symlink_to(gateway.folder / "secret.txt")
    with gateway.open() as client:
        yield client


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        ("/", "no-cache"),
        ("/index.html", "no-cache"),
        ("/favicon.ico", "no-cache"),
        ("/mf/chat/mf-manifest.json", "no-cache"),
        ("/mf/chat/remoteEntry.js", "no-cache"),
        ("/static/js/main.1a2b.js", IMMUTABLE),
        ("/mf/chat/static/js/chat.3c4d.js", IMMUTABLE),
        ("/api/remotes", "no-cache"),
        ("/api/chat/conversations", "no-store"),
    ],
)
def test_hashed_files_stay_and_entries_are_asked_for(
    site: TestClient, path: str, cache: str
) -> None:
    """A year for files with a hash in their name, never for what names them."""
    assert site.get(path).headers["cache-control"] == cache


@pytest.mark.parametrize("path", ["/c/123", "/sign-in", "/no/such/page"])
def test_paths_of_the_app_are_its_page(site: TestClient, path: str) -> None:
    """A browser that opens a path of the app gets the app."""
    answer = site.get(path, headers=HTML)
    assert answer.status_code == 200
    assert "Parley" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/mf/none/remoteEntry.js", "/api/none", "/ws/none", "/internal/none", "/static/none.js"],
)
def test_missing_parts_are_not_the_page(site: TestClient, path: str) -> None:
    """A missing script must not come back as HTML."""
    assert site.get(path, headers=HTML).status_code == 404


def test_programs_get_no_page_for_what_is_missing(site: TestClient) -> None:
    """Without wanting HTML a missing path is 404."""
    answer = site.get("/none", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/static/..%2f..%2f..%2fsecret.txt",
        "/static/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "http://testserver//secret.txt",
        "/link.txt",
        "/%00",
        "/static/" + "x" * 5000,
    ],
)
def test_nothing_beside_the_site_is_served(site: TestClient, path: str) -> None:
    """Whatever way a path is written, it stays inside the folder."""
    answer = site.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_remotes_come_from_the_build(site: TestClient) -> None:
    """The shell learns of its remotes from what the build wrote."""
    assert site.get("/api/remotes").json() == REMOTES


def test_scripts_are_compressed(site: TestClient) -> None:
    """Browsers that can get gzip; caches know it varies."""
    answer = site.get("/static/js/main.1a2b.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()


def test_fonts_are_not_compressed_twice(site: TestClient) -> None:
    """What is compressed already is sent as it is."""
    answer = site.get("/static/font/inter.5e6f.woff2", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers


def test_unchanged_files_are_not_sent_again(site: TestClient) -> None:
    """An entry that did not change answers 304."""
    tag = site.get("/index.html").headers["etag"]
    answer = site.get("/index.html", headers={"If-None-Match": tag})
    assert answer.status_code == 304


def test_head_has_no_body(site: TestClient) -> None:
    """HEAD answers as GET without the file."""
    answer = site.head("/index.html")
    assert (answer.status_code, answer.content) == (200, b"")


def test_gateway_without_a_build_still_works(client: TestClient) -> None:
    """No web apps: pages are 404, the list of remotes says so, the API lives."""
    assert client.get("/", headers=HTML).status_code == 404
    answer = client.get("/api/remotes")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_built")
    assert client.get("/health/live").status_code == 200
