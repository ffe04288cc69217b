"""A stand-in of the Hugging Face hub: the parts of its HTTP interface by which small files are given and fetched."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest
from huggingface_hub import constants

TOKEN = "hf_token_of_a_test"


class Hub(ThreadingHTTPServer):
    """Repositories in memory: `files` by repository and path; `private` those that were made so."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, dict[str, bytes]] = {}
        self.private: set[str] = set()
        self.messages: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def commit(self, repository: str) -> str:
        """The digest of what a repository holds, as its revision."""
        content = sorted((name, hashlib.sha1(data).hexdigest()) for name, data in self.files[repository].items())
        return hashlib.sha1(json.dumps(content).encode()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlsplit(self.path).path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._answer(401, {"error": "Invalid username or password."})
        if path == "/api/validate-yaml":
            problems = [] if "license:" in json.loads(body)["content"] else [{"message": "a card without a license"}]
            return self._answer(200, {"errors": problems, "warnings": []})
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            self.server.files.setdefault(name, {})
            if asked.get("private") or asked.get("visibility") == "private":
                self.server.private.add(name)
            return self._answer(200, {"url": f"{self.server.address}/{name}"})
        repository, _, rest = path.removeprefix("/api/models/").partition("/preupload/")
        if rest:
            files = [{"path": one["path"], "uploadMode": "regular"} for one in json.loads(body)["files"]]
            return self._answer(200, {"files": [{**one, "shouldIgnore": False, "oid": None} for one in files]})
        repository = path.removeprefix("/api/models/").partition("/commit/")[0]
        for line in body.decode().splitlines():
            said = json.loads(line)
            if said["key"] == "file":
                self.server.files[repository][said["value"]["path"]] = base64.b64decode(said["value"]["content"])
            elif said["key"] == "header":
                self.server.messages.append(said["value"]["summary"])
        commit = self.server.commit(repository)
        return self._answer(
            200, {"commitUrl": f"{self.server.address}/{repository}/commit/{commit}", "commitOid": commit}
        )

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/models/"):
            parts = path.removeprefix("/api/models/").split("/")
            repository, revision = "/".join(parts[:2]), parts[3] if len(parts) > 3 else "main"
            if repository not in self.server.files:
                return self._answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            if revision not in ("main", self.server.commit(repository)):
                return self._answer(404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"})
            names = sorted(self.server.files[repository])
            if parts[2:3] == ["tree"]:
                sizes = self.server.files[repository]
                return self._answer(
                    200,
                    [
                        {"type": "file", "path": name, "size": len(sizes[name]), "oid": _digest(sizes[name])}
                        for name in names
                    ],
                )
            about = {"id": repository, "sha": self.server.commit(repository), "private": False, "tags": []}
            return self._answer(200, {**about, "siblings": [{"rfilename": name} for name in names]})
        repository, _, rest = path.lstrip("/").partition("/resolve/")
        content = self.server.files.get(repository, {}).get(rest.partition("/")[2])
        if content is None:
            return self._answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
        self.send_response(200)
        self.send_header("ETag", f'"{_digest(content)}"')
        self.send_header("X-Repo-Commit", self.server.commit(repository))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)
        return None

    def _answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


@contextmanager
def served_hub(monkeypatch: pytest.MonkeyPatch, cache: object) -> Iterator[Hub]:
    """A hub that is asked in the place of the real one, with a cache of its own and somebody logged in."""
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(constants, "ENDPOINT", hub.address)
    template = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
