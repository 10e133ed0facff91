"""A Hub of one process, on the loopback: it speaks what its client asks, and keeps the files in memory."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

TOKEN = "hf_of_ada"
LFS = re.compile(r"^saved_model/|\.(tflite|keras|pb|parquet|arrow)$")
"""What a new repository of the Hub stores as large files, by its .gitattributes."""

Files = dict[str, bytes]


def blob_id(content: bytes) -> str:
    """Return the name that Git gives a content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Repository:
    """A repository: its commits, oldest first, and which of them each branch is at."""

    private: bool = False
    commits: dict[str, Files] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, files: Files, branch: str = "main") -> str:
        """Add a commit with exactly these files."""
        name = hashlib.sha1(f"{len(self.commits)} {sorted(files)}".encode()).hexdigest()
        self.commits[name] = dict(files)
        self.branches[branch] = name
        return name

    @property
    def files(self) -> Files:
        """The files of the main branch."""
        return self.commits[self.branches["main"]]


@dataclass
class Failure:
    """What happens to requests whose "METHOD path" a pattern is found in: a status, or a cut connection."""

    pattern: str
    status: int = 0
    cut_after: int | None = None
    times: int = 1000
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)


class FakeHub:
    """The state of the Hub. `url` is its address; `requests` has every "METHOD path" that came."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.objects: Files = {}
        self.failures: list[Failure] = []
        self.requests: list[str] = []
        self.url = ""

    def add(self, repo: str, files: Files, *, kind: str = "models", private: bool = False) -> Repository:
        """Make a repository with a commit."""
        made = self.repositories.setdefault(f"{kind}/{repo}", Repository(private))
        made.commit(files)
        return made

    def fail(self, pattern: str, status: int = 0, **more: Any) -> None:
        """Let requests fail from now on; see `Failure`."""
        self.failures.append(Failure(pattern, status, **more))


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """Serve a Hub on the loopback, and let its client in this process know no other."""
    import huggingface_hub
    from huggingface_hub import constants

    hub = FakeHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        with (
            pytest.MonkeyPatch.context() as patch,
            loopback_only(patch),
            TemporaryDirectory() as cache,
        ):
            patch.setattr(constants, "ENDPOINT", hub.url)
            patch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # whose protocol is not spoken here
            patch.setattr(
                constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
            )
            _for_datasets(patch, hub.url, Path(cache))
            patch.setenv("HF_ENDPOINT", hub.url)  # of processes that a test starts
            patch.setenv("HF_TOKEN", TOKEN)
            for module in ("utils._http", "file_download"):  # which wait before they try again
                patch.setattr(f"huggingface_hub.{module}.time", _Hasty())
            yield hub
            huggingface_hub.close_session()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Hasty:
    """The module `time`, but for its sleep."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        """Do not wait."""


def _for_datasets(patch: pytest.MonkeyPatch, url: str, cache: Path) -> None:
    """Let the package `datasets` ask this Hub, and neither count downloads nor look for converted copies."""
    from datasets import config
    from huggingface_hub import constants

    patch.setattr(constants, "HF_HUB_CACHE", str(cache / "hub"))
    patch.setattr(config, "HF_DATASETS_CACHE", cache / "datasets")
    patch.setattr(config, "DOWNLOADED_DATASETS_PATH", str(cache / "downloads"))

    patch.setattr(config, "HF_ENDPOINT", url)
    patch.setattr(config, "HUB_DATASETS_URL", url + "/datasets/{repo_id}/resolve/{revision}/{path}")
    patch.setattr(config, "HF_UPDATE_DOWNLOAD_COUNTS", False)
    patch.setattr(config, "USE_PARQUET_EXPORT", False)


@contextmanager
def loopback_only(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail loudly where anything asks for another machine than this one."""
    asked: list[str] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def checked(host: object) -> None:
        if host not in ("127.0.0.1", "localhost", "::1"):
            asked.append(str(host))
            raise OSError(f"a test tried to reach {host}")

    def guarded_connect(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX:
            checked(address[0])
        return connect(self, address)

    def guarded_look_up(host: Any, *arguments: Any, **more: Any) -> Any:
        checked(host)
        return look_up(host, *arguments, **more)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield
    assert asked == [], "a test tried to reach another machine"


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path = unquote(urlsplit(self.path).path)
        request = f"{self.command} {path}"
        self.hub.requests.append(request)
        due = (one for one in self.hub.failures if one.times and re.search(one.pattern, request))
        if failure := next(due, None):
            failure.times -= 1
        if failure and failure.status:
            return self._send_json(failure.body or {"error": "asked to"}, failure.status, failure.headers)
        self.cut_after = failure.cut_after if failure else None
        for pattern, method in _ROUTES:
            if match := re.fullmatch(pattern, request):
                return method(self, *match.groups(), body)
        return self._send_json({"error": f"the fake knows no {request}"}, 404)

    # What the client asks

    def _whoami(self, body: bytes) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            message = {"X-Error-Message": "Invalid credentials in Authorization header"}
            return self._send_json({"error": "Invalid credentials"}, 401, message)
        return self._send_json({"name": "ada", "type": "user", "auth": {"accessToken": {"role": "write"}}})

    def _validate(self, body: bytes) -> None:
        self._send_json({"warnings": [], "errors": []})

    def _create(self, body: bytes) -> None:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        made = self.hub.add(name, {".gitattributes": b"*.tflite filter=lfs\n"})
        made.private = asked.get("visibility") == "private"
        self._send_json({"url": f"{self.hub.url}/{name}", "id": "1"})

    def _info(self, kind: str, repo: str, revision: str | None, body: bytes) -> None:
        if (found := self._at(kind, repo, revision or "main")) is None:
            return
        commit, files = found
        siblings = [{"rfilename": name, "blobId": blob_id(c), "size": len(c)} for name, c in files.items()]
        private = self.hub.repositories[f"{kind}/{repo}"].private
        known = {"id": repo, "sha": commit, "private": private, "siblings": siblings, "tags": []}
        self._send_json({**known, "downloads": 0, "likes": 0, "disabled": False, "gated": False})

    def _tree(self, kind: str, repo: str, revision: str, folder: str | None, body: bytes) -> None:
        if (found := self._at(kind, repo, revision)) is None:
            return
        deep = "recursive=" in self.path.lower() and "recursive=false" not in self.path.lower()
        below = f"{folder}/" if folder else ""
        names = {name: content for name, content in found[1].items() if name.startswith(below)}
        if folder and not names:
            headers = {"X-Error-Code": "EntryNotFound"}
            return self._send_json({"error": f"{folder} does not exist"}, 404, headers)
        entries, folders = [], set()
        for name, content in names.items():
            first, inner, _ = name.removeprefix(below).partition("/")
            if inner:
                folders.add(below + first)
            if deep or not inner:
                entries.append(_entry(name, content))
        entries += [
            {"type": "directory", "path": name, "oid": blob_id(name.encode()), "size": 0} for name in folders
        ]
        return self._send_json(entries)

    def _paths(self, kind: str, repo: str, revision: str, body: bytes) -> None:
        if (found := self._at(kind, repo, revision)) is None:
            return
        asked = json.loads(body)["paths"]
        self._send_json([_entry(name, found[1][name]) for name in asked if name in found[1]])

    def _preupload(self, kind: str, repo: str, revision: str, body: bytes) -> None:
        if (found := self._at(kind, repo, revision)) is None:
            return
        answers = []
        for file in json.loads(body)["files"]:
            name, there = file["path"], found[1].get(file["path"])
            mode = "lfs" if LFS.search(name) else "regular"
            same = blob_id(there) if there is not None and mode == "regular" else None
            answers.append({"path": name, "uploadMode": mode, "shouldIgnore": False, "oid": same})
        self._send_json({"files": answers})

    def _batch(self, repo: str, body: bytes) -> None:
        objects = []
        for one in json.loads(body)["objects"]:
            href = f"{self.hub.url}/lfs/{one['oid']}"
            actions = {} if one["oid"] in self.hub.objects else {"actions": {"upload": {"href": href}}}
            objects.append({"oid": one["oid"], "size": one["size"], **actions})
        self._send_json({"transfer": "basic", "objects": objects})

    def _put(self, oid: str, body: bytes) -> None:
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.objects[oid] = body
        self._send_json({})

    def _commit(self, kind: str, repo: str, branch: str, body: bytes) -> None:
        if (found := self._at(kind, repo, branch)) is None:
            return
        newest, before = found
        files = dict(before)
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "header" and value.get("parentCommit", newest) != newest:
                return self._send_json({"error": "the branch has moved"}, 412)
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        made = self.hub.repositories[f"{kind}/{repo}"].commit(files, branch)
        self._send_json({"commitUrl": f"{self.hub.url}/{repo}/commit/{made}", "commitOid": made})

    def _resolve(self, kind: str | None, repo: str, revision: str, name: str, body: bytes) -> None:
        if (found := self._at(kind or "models", repo, revision)) is None:
            return
        commit, files = found
        if name not in files:
            return self._send_json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
        content, headers = files[name], {"X-Repo-Commit": commit}
        if LFS.search(name):
            elsewhere = self.hub.url.replace("127.0.0.1", "localhost")  # another host, for the client
            oid = hashlib.sha256(content).hexdigest()
            self.hub.objects[oid] = content
            linked = {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(content))}
            return self._send(b"", 302, {**headers, **linked, "Location": f"{elsewhere}/cdn/{oid}"})
        return self._send_content(content, {**headers, "ETag": f'"{blob_id(content)}"'})

    def _cdn(self, oid: str, body: bytes) -> None:
        self._send_content(self.hub.objects[oid], {"ETag": f'"{oid}"'})

    # How it answers

    def _at(self, kind: str, repo: str, revision: str) -> tuple[str, Files] | None:
        """Return a commit's name and its files, or answer that there is none."""
        there = self.hub.repositories.get(f"{kind}/{repo}")
        signed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if there is None or (there.private and not signed):
            headers = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
            self._send_json({"error": "Repository not found"}, 404, headers)
            return None
        commit = there.branches.get(revision, revision)
        if commit not in there.commits:
            headers = {"X-Error-Code": "RevisionNotFound"}
            self._send_json({"error": f"Invalid rev id: {revision}"}, 404, headers)
            return None
        return commit, there.commits[commit]

    def _send_content(self, content: bytes, headers: dict[str, str]) -> None:
        status, whole = 200, len(content)
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or ""):
            start, end = int(asked[1]), int(asked[2] or whole - 1)
            content, status = content[start : end + 1], 206
            headers = {**headers, "Content-Range": f"bytes {start}-{end}/{whole}"}
        self._send(content, status, {**headers, "Accept-Ranges": "bytes"})

    def _send_json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(
            json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})}
        )

    def _send(self, content: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.cut_after is not None:
            self.wfile.write(content[: self.cut_after])
            self.close_connection = True
            return
        self.wfile.write(content)

    cut_after: int | None = None


def _entry(name: str, content: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": name, "oid": blob_id(content), "size": len(content)}
    if LFS.search(name):
        oid = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"oid": oid, "size": len(content), "pointerSize": 130}
    return entry


_KIND, _REPO = r"(models|datasets)", r"([\w.-]+/[\w.-]+)"
_ROUTES = [
    (r"GET /api/whoami-v2", _Handler._whoami),
    (r"POST /api/validate-yaml", _Handler._validate),
    (r"POST /api/repos/create", _Handler._create),
    (rf"GET /api/{_KIND}/{_REPO}(?:/revision/(.+))?", _Handler._info),
    (rf"GET /api/{_KIND}/{_REPO}/tree/([^/]+)(?:/(.+))?", _Handler._tree),
    (rf"POST /api/{_KIND}/{_REPO}/paths-info/(.+)", _Handler._paths),
    (rf"POST /api/{_KIND}/{_REPO}/preupload/(.+)", _Handler._preupload),
    (rf"POST /api/{_KIND}/{_REPO}/commit/(.+)", _Handler._commit),
    (rf"POST /{_REPO}\.git/info/lfs/objects/batch", _Handler._batch),
    (r"PUT /lfs/(\w+)", _Handler._put),
    (rf"(?:GET|HEAD) /(?:(datasets)/)?{_REPO}/resolve/([^/]+)/(.+)", _Handler._resolve),
    (r"(?:GET|HEAD) /cdn/(\w+)", _Handler._cdn),
]
