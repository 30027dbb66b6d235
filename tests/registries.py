"""A registry of images on loopback that holds one image; engines speak to it without TLS."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import json
import os
import subprocess
import tarfile
import threading
from typing import Any

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Registry:
    """Serves busybox as `<host>/test/busybox:1` until it is closed."""

    def __init__(self) -> None:
        self.broken = False
        """True: its only layer is not there."""
        self.manifests = 0
        """How often the image was asked for by name."""
        layer = _layer()
        packed = gzip.compress(layer, mtime=0)
        config = json.dumps(
            {
                "architecture": _architecture(),
                "os": "linux",
                "config": {"Env": ["PATH=/bin"], "Cmd": ["sleep", "1000"]},
                "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
            }
        ).encode()
        self._blobs = {_digest(blob): blob for blob in (packed, config)}
        self._layer = _digest(packed)
        self._manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": {
                    "mediaType": "application/vnd.docker.container.image.v1+json",
                    "size": len(config),
                    "digest": _digest(config),
                },
                "layers": [
                    {
                        "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                        "size": len(packed),
                        "digest": self._layer,
                    }
                ],
            }
        ).encode()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.reference = f"{self.host}/test/busybox:1"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, path: str) -> tuple[int, str, bytes]:
        digest = path.rpartition("/")[2]
        if path == "/v2/":
            return 200, "application/json", b"{}"
        if path in ("/v2/test/busybox/manifests/1", _named(self._manifest)):
            self.manifests += path.endswith("/1")
            return 200, _MANIFEST, self._manifest
        if digest in self._blobs and not (self.broken and digest == self._layer):
            return 200, "application/octet-stream", self._blobs[digest]
        if digest in self._blobs:
            gone = b'{"errors":[{"code":"BLOB_UNKNOWN","message":"the layer is gone"}]}'
            return 404, "application/json", gone
        unknown = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
        return 404, "application/json", unknown

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = registry._answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
                self.send_header("Docker-Content-Digest", _digest(body))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def _named(manifest: bytes) -> str:
    return f"/v2/test/busybox/manifests/{_digest(manifest)}"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _architecture() -> str:
    found = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Arch}}"], capture_output=True, text=True
    )
    return found.stdout.strip()


def _layer() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folder = tarfile.TarInfo("bin")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        tar.add("/usr/bin/busybox", "bin/busybox")
        # a layer of this registry alone: an engine does not fetch one that it has
        mark = tarfile.TarInfo("mark")
        mark.size = 16
        tar.addfile(mark, io.BytesIO(os.urandom(16)))
        for name in ("sh", "sleep"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return buffer.getvalue()
