"""The server: one thread per request, on a port of 127.0.0.1 that the kernel chose."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.models.script import Answer, answer
from tests.models.wires import WIRES


class ModelServer:
    """Runs from its making until `close`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        """Path and body of every request, oldest first."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_HEAD(self) -> None:
            self._json({})

        def do_GET(self) -> None:
            server.asked.append((self.path, None))
            model = {"id": "scripted", "object": "model", "type": "model"}
            self._json({"object": "list", "data": [model], "models": []})

        def do_POST(self) -> None:
            body = json.loads(self._read() or b"{}")
            path = self.path.partition("?")[0]
            server.asked.append((path, body))
            if path.lower().endswith(("count_tokens", "counttokens")):
                self._json({"input_tokens": 100, "totalTokens": 100})
                return
            wire = next((wire for wire in WIRES if path.endswith(wire.path)), None)
            if wire is None and "enerateContent" in path:
                wire = WIRES[-1]
            if wire is None:
                self._json({})
                return
            found = answer(wire.said(body), wire.tools(body))
            if found.kind == "fail":
                error = {"type": "api_error", "message": f"scripted {found.text}"}
                self._json({"type": "error", "error": error}, int(found.text))
                return
            if path.endswith(":generateContent"):
                self._json(_whole(found))
                return
            self._stream(wire.events(body, found), done=path.endswith("/chat/completions"))

        def _read(self) -> bytes:
            length = self.headers.get("content-length")
            if length is not None:
                return self.rfile.read(int(length))
            parts = []
            while size := int(self.rfile.readline().strip() or b"0", 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _json(self, value: object, status: int = 200) -> None:
            raw = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def _stream(self, events: Any, *, done: bool) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            try:
                for name, data in events:
                    head = f"event: {name}\n" if name is not None else ""
                    self._chunk(f"{head}data: {json.dumps(data)}\n\n".encode())
                if done:
                    self._chunk(b"data: [DONE]\n\n")
                self._chunk(b"")
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the agent was interrupted

        def _chunk(self, raw: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
            self.wfile.flush()

    return Handler


def _whole(found: Answer) -> dict[str, Any]:
    """An answer in one piece, as Gemini wants it where it chooses a model."""
    text = json.dumps({"model_choice": "flash", "reasoning": "scripted", "next_speaker": "user"})
    content = {"role": "model", "parts": [{"text": text}]}
    return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}]}
