# SPDX-License-Identifier: MIT
"""What NecroCode's services take and answer, as its own clients speak.

A request that is not so is a `Broken`.
"""

import hashlib
import json
import os
import re
import subprocess
import threading
import urllib.parse

import peers

STATUSES = "ready", "in_progress", "done", "failed", "blocked"
EVENTS = ("TaskAssigned", "TaskStarted", "TaskCompleted", "TaskFailed",
          "TaskUpdated")
JSON = "application/json"


class Broken(Exception):
    """Status and text of the answer."""


def need(value, name, kind, where="the body"):
    if name not in value:
        raise Broken(422, f"{where} lacks {name}")
    if not isinstance(value[name], kind) or isinstance(value[name], bool):
        raise Broken(422, f"{name} of {where} is {type(value[name]).__name__}")
    return value[name]


def only(value, names):
    for name in value:
        if name not in names:
            raise Broken(422, f"the body has {name}")


class Services:
    def __init__(self, settings, url):
        self.state = settings.state
        self.n_slots = settings.slots
        self.url = url
        self.lock = threading.RLock()
        self.tasks, self.slots, self.keys = {}, {}, {}
        self.uploads, self.count = {}, 0
        self.requests = []  # of pull; see forge_contract.py
        for name in "artifacts", "files", "slots":
            os.makedirs(f"{self.state}/{name}", exist_ok=True)

    def note(self, file, value):
        with self.lock, open(f"{self.state}/{file}.jsonl", "a",
                             encoding="utf-8") as lines:
            lines.write(json.dumps(value) + "\n")

    def answer(self, request):
        """Status, body, kind and headers."""
        url = urllib.parse.urlsplit(request.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        try:
            for method, pattern, work in ROUTES:
                found = re.fullmatch(pattern, url.path)
                if found and request.command in method.split():
                    words = [urllib.parse.unquote(word)
                             for word in found.groups()]
                    return work(self, request, query, *words)
            raise Broken(404, "no such path")
        except Broken as broken:
            status, text = broken.args
            if status == 422:
                self.note("problems", {"request": request.path,
                                       "problem": text})
            return json_answer({"detail": text}, status)

    # The registry.

    def set_status(self, request, _, task):
        body = read_json(request)
        only(body, ("status", "metadata", "updated_at"))
        if need(body, "status", str) not in STATUSES:
            raise Broken(422, f"there is no status {body['status']}")
        need(body, "metadata", dict)
        need(body, "updated_at", (int, float))
        return self.register(task, "status", body)

    def add_event(self, request, _, task):
        body = read_json(request)
        only(body, ("event_type", "data", "timestamp"))
        if need(body, "event_type", str) not in EVENTS:
            raise Broken(422, f"there is no event {body['event_type']}")
        need(body, "data", dict)
        need(body, "timestamp", (int, float))
        return self.register(task, "event", body)

    def add_artifact(self, request, _, task):
        body = read_json(request)
        only(body, ("type", "uri", "size_bytes", "metadata", "created_at"))
        need(body, "type", str)
        need(body, "uri", str)
        need(body, "size_bytes", int)
        need(body, "metadata", dict)
        need(body, "created_at", (int, float))
        return self.register(task, "artifact", body)

    def register(self, task, kind, body):
        self.note("registry", {"task_id": task, "kind": kind, "body": body})
        with self.lock:
            self.tasks.setdefault(task, []).append({"kind": kind} | body)
        return json_answer({"ok": True})

    def get_task(self, _request, _query, task):
        if task not in self.tasks:
            raise Broken(404, f"there is no task {task}")
        return json_answer({"task_id": task, "history": self.tasks[task]})

    # The pool.

    def allocate(self, request, _):
        body = read_json(request)
        only(body, ("repo_url", "required_by", "timeout_seconds"))
        repo_url = need(body, "repo_url", str)
        need(body, "required_by", str)
        key = request.headers["Idempotency-Key"]
        with self.lock:
            if key and key in self.keys:
                slot = self.keys[key]
            else:
                slot = self.free_slot(repo_url, body["required_by"])
                self.keys[key] = slot
        return json_answer({"slot_id": slot["slot_id"],
                            "slot_path": slot["slot_path"]})

    def free_slot(self, repo_url, user):
        of_it = [slot for slot in self.slots.values()
                 if slot["repo_url"] == repo_url]
        free = [slot for slot in of_it if not slot["allocated"]]
        if not free and len(of_it) >= self.n_slots:
            raise Broken(409, "no slot is free")
        slot = free[0] if free else self.new_slot(repo_url)
        slot["allocated"], slot["required_by"] = True, user
        self.note("pool", {"kind": "allocate", "slot_id": slot["slot_id"],
                           "required_by": user})
        return slot

    def new_slot(self, repo_url):
        name = f"slot-{len(self.slots) + 1}"
        path = f"{self.state}/slots/{name}"
        result = subprocess.run(
            ["git", "clone", "-q", repo_url, path], check=False,
            env=peers.git_environment(
                type("", (), {"state": self.state})))
        if result.returncode:
            raise Broken(400, "the repository cannot be cloned")
        self.slots[name] = {"slot_id": name, "slot_path": path,
                            "repo_url": repo_url}
        return self.slots[name]

    def slot(self, name):
        if name not in self.slots:
            raise Broken(404, f"there is no slot {name}")
        return self.slots[name]

    def release(self, _request, _query, name):
        with self.lock:
            slot = self.slot(name)
            if not slot["allocated"]:
                raise Broken(409, f"slot {name} is free already")
            slot["allocated"] = False
            self.note("pool", {"kind": "release", "slot_id": name})
        return json_answer({"ok": True})

    def get_slot(self, _request, _query, name):
        return json_answer(self.slot(name))

    # The artifacts.

    def store(self, request, _):
        parts = Form(request, self.state).read()
        only(parts, ("file", "type", "metadata"))
        for name in "file", "type", "metadata":
            if name not in parts:
                raise Broken(422, f"the form lacks {name}")
        try:
            metadata = json.loads(parts["metadata"]["text"])
        except (ValueError, KeyError) as error:
            raise Broken(422, "metadata is no JSON") from error
        if not isinstance(metadata, dict):
            raise Broken(422, "metadata is no object")
        with self.lock:
            self.count += 1
            name = str(self.count)
        os.rename(parts["file"]["path"], f"{self.state}/artifacts/{name}")
        uri = f"{self.url}/artifacts/{name}"
        self.note("artifacts", {
            "uri": uri, "type": parts["type"]["text"], "metadata": metadata,
            "file_name": parts["file"]["file_name"],
            "content_type": parts["file"]["content_type"],
            "size_bytes": parts["file"]["size"],
            "sha256": parts["file"]["sha256"]})
        return json_answer({"uri": uri})

    def get_artifact(self, _request, _query, name):
        return self.send_file(f"{self.state}/artifacts/{name}")

    def get_metadata(self, _request, query):
        with open(f"{self.state}/artifacts.jsonl", encoding="utf-8") as lines:
            for line in lines:
                if json.loads(line)["uri"] == query.get("uri"):
                    return json_answer(json.loads(line)["metadata"])
        raise Broken(404, "there is no such artifact")

    # Files.

    def path(self, name):
        return f"{self.state}/files/{name.replace('/', '%2F')}"

    def send_file(self, path):
        if not os.path.isfile(path):
            raise Broken(404, "there is no such file")
        return 200, open(path, "rb"), "application/octet-stream", ()

    def file(self, request, query, name):
        path = self.path(name)
        if request.command == "DELETE" and "uploadId" in query:
            self.note("files", {"name": name, "kind": "abort"})
            self.uploads.pop(query["uploadId"], None)
            return 204, b"", "", ()
        if request.command == "DELETE":
            os.unlink(path)
            return 204, b"", "", ()
        if request.command == "POST":
            return self.multipart(request, query, name)
        if request.command != "PUT":
            return self.send_file(path)
        if "uploadId" in query:
            path = f"{path}.{query['uploadId']}.{query['partNumber']}"
        digest, size = self.save(request, path)
        self.note("files", {"name": name, "kind": "put", "size": size,
                            "sha256": digest, "query": query,
                            "content_type": request.headers["Content-Type"]})
        return 201, b"", "text/plain", (("ETag", f'"{digest}"'),)

    def save(self, request, path):
        digest, size = hashlib.sha256(), 0
        with open(path, "wb") as file:
            for piece in request.pieces():
                digest.update(piece)
                size += len(piece)
                file.write(piece)
        if request.forget:
            os.truncate(path, size // 2)
        return digest.hexdigest(), size

    def multipart(self, request, query, name):
        if "uploads" in query:
            self.count += 1
            upload = f"upload-{self.count}"
            self.uploads[upload] = name
            return xml("<InitiateMultipartUploadResult><UploadId>"
                       f"{upload}</UploadId></InitiateMultipartUploadResult>")
        upload = query["uploadId"]
        body = b"".join(request.pieces()).decode()
        with open(self.path(name), "wb") as whole:
            for part in re.findall("<PartNumber>(\\d+)</PartNumber>", body):
                with open(f"{self.path(name)}.{upload}.{part}", "rb") as file:
                    whole.write(file.read())
        del self.uploads[upload]
        self.note("files", {"name": name, "kind": "complete"})
        return xml("<CompleteMultipartUploadResult/>")

    def health(self, _request, _query):
        return json_answer({"status": "healthy"})


ROUTES = [
    ("GET", "/health", Services.health),
    ("PUT", "/tasks/([^/]+)/status", Services.set_status),
    ("POST", "/tasks/([^/]+)/events", Services.add_event),
    ("POST", "/tasks/([^/]+)/artifacts", Services.add_artifact),
    ("GET", "/tasks/([^/]+)", Services.get_task),
    ("POST", "/slots/allocate", Services.allocate),
    ("POST", "/slots/([^/]+)/release", Services.release),
    ("GET", "/slots/([^/]+)", Services.get_slot),
    ("POST", "/artifacts", Services.store),
    ("GET", "/artifacts/metadata", Services.get_metadata),
    ("GET", "/artifacts/([0-9]+)", Services.get_artifact),
    ("GET HEAD PUT POST DELETE", "/files/(.+)", Services.file),
]


def json_answer(value, status=200):
    return status, json.dumps(value).encode(), JSON, ()


def xml(text):
    return 200, text.encode(), "application/xml", ()


def read_json(request):
    if request.headers["Content-Type"] != JSON:
        raise Broken(422, f"it is {request.headers['Content-Type']}, no JSON")
    try:
        value = json.loads(b"".join(request.pieces()))
    except ValueError as error:
        raise Broken(422, f"it is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise Broken(422, "the body is no object")
    return value


class Form:
    """multipart/form-data (RFC 7578), of any size."""

    def __init__(self, request, state):
        kind = request.headers["Content-Type"] or ""
        found = re.fullmatch(r"multipart/form-data; boundary=(\S+)", kind)
        if not found:
            raise Broken(422, f"it is {kind}, no form")
        self.mark = b"\r\n--" + found[1].encode()
        self.pieces = request.pieces()
        self.bytes = b"\r\n"
        self.state = state

    def more(self):
        piece = next(self.pieces, None)
        if piece is None:
            raise Broken(422, "the form breaks off")
        self.bytes += piece

    def until(self, mark):
        """What is before the mark, in pieces; the mark is taken as well."""
        while (at := self.bytes.find(mark)) < 0:
            keep = len(mark) - 1
            if len(self.bytes) > keep:
                yield self.bytes[:-keep]
                self.bytes = self.bytes[-keep:]
            self.more()
        yield self.bytes[:at]
        self.bytes = self.bytes[at + len(mark):]

    def read(self):
        parts = {}
        for _ in self.until(self.mark):
            pass
        while True:
            while len(self.bytes) < 2:
                self.more()
            if self.bytes[:2] == b"--":
                return parts
            headers = b"".join(self.until(b"\r\n\r\n")).decode()
            name = re.search(r'[ ;]name="([^"]*)"', headers)
            if not name or name[1] in parts:
                raise Broken(422, f"a part has the headers {headers!r}")
            parts[name[1]] = self.read_part(headers)

    def read_part(self, headers):
        file_name = re.search(r'filename="([^"]*)"', headers)
        kind = re.search(r"(?i)content-type: (\S+)", headers)
        if not file_name:
            return {"text": b"".join(self.until(self.mark)).decode()}
        path = f"{self.state}/artifacts/new.{id(self)}"
        digest, size = hashlib.sha256(), 0
        with open(path, "wb") as file:
            for piece in self.until(self.mark):
                digest.update(piece)
                size += len(piece)
                file.write(piece)
        return {"path": path, "size": size, "sha256": digest.hexdigest(),
                "file_name": file_name[1],
                "content_type": kind[1] if kind else None}
