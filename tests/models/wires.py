"""The wires that the agents speak: what a request says, and the events of an answer."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from tests.models.script import Answer, Json, Said, texts

Event = tuple[str | None, dict[str, Any]]
"""Name and data of one event; a name of `None` is left out."""

WORDS = 8
"""That a slow answer has in a second."""


def _new(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:20]}"


def _pieces(answer: Answer) -> Iterator[str]:
    if answer.kind != "slow":
        yield answer.text
        return
    count = max(2, int(float(answer.text) * WORDS))
    for number in range(count):
        time.sleep(1 / WORDS)  # the model is slow: nothing waits for this but the agent
        yield f"word{number} "


class Messages:
    """Anthropic's."""

    path = "/messages"

    @staticmethod
    def tools(body: Json) -> dict[str, Json]:
        return {t["name"]: t.get("input_schema") or {} for t in body.get("tools") or []}

    @staticmethod
    def said(body: Json) -> list[Said]:
        found: list[Said] = []
        for message in body.get("messages", []):
            content = message.get("content")
            if message["role"] == "assistant":
                found.append(Said("assistant"))
                continue
            if any(isinstance(b, dict) and b.get("type") == "tool_result" for b in content):
                found.append(Said("tool"))
            found += [Said("user", text) for text in texts(content)]
        return found

    @staticmethod
    def events(body: Json, answer: Answer) -> Iterator[Event]:
        usage = {"input_tokens": 100, "output_tokens": 12}
        message = {
            "id": _new("msg"),
            "type": "message",
            "role": "assistant",
            "model": body.get("model", "scripted"),
            "content": [],
            "stop_reason": None,
            "usage": usage,
        }
        yield "message_start", {"type": "message_start", "message": message}
        if answer.kind == "call":
            block = {"type": "tool_use", "id": _new("toolu"), "name": answer.tool, "input": {}}
            deltas: Iterator[dict[str, Any]] = iter(
                [{"type": "input_json_delta", "partial_json": json.dumps(answer.given)}]
            )
        else:
            block = {"type": "text", "text": ""}
            deltas = ({"type": "text_delta", "text": piece} for piece in _pieces(answer))
        yield (
            "content_block_start",
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": block,
            },
        )
        for delta in deltas:
            yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
        yield "content_block_stop", {"type": "content_block_stop", "index": 0}
        reason = "tool_use" if answer.kind == "call" else "end_turn"
        yield (
            "message_delta",
            {
                "type": "message_delta",
                "delta": {"stop_reason": reason, "stop_sequence": None},
                "usage": usage,
            },
        )
        yield "message_stop", {"type": "message_stop"}


class Responses:
    """OpenAI's, as Codex speaks it."""

    path = "/responses"

    @staticmethod
    def tools(body: Json) -> dict[str, Json]:
        return {
            t.get("name", t.get("type", "")): t.get("parameters") or {}
            for t in body.get("tools") or []
        }

    @staticmethod
    def said(body: Json) -> list[Said]:
        found: list[Said] = []
        for item in body.get("input", []):
            kind = item.get("type", "message")
            if kind == "message" and item.get("role") == "assistant":
                found.append(Said("assistant"))
            elif kind == "message":
                found.append(Said("user", "\n".join(texts(item.get("content")))))
            elif kind.endswith("_call_output"):
                found.append(Said("tool"))
            elif kind.endswith("_call"):
                found.append(Said("assistant"))
        return found

    @staticmethod
    def events(body: Json, answer: Answer) -> Iterator[Event]:
        usage = {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 12,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 112,
        }
        response = {
            "id": _new("resp"),
            "object": "response",
            "created_at": int(time.time()),
            "model": body.get("model", "scripted"),
            "status": "in_progress",
            "output": [],
        }
        yield "response.created", {"type": "response.created", "response": response}
        if answer.kind == "call":
            item: dict[str, Any] = {
                "id": _new("fc"),
                "type": "function_call",
                "status": "completed",
                "call_id": _new("call"),
                "name": answer.tool,
                "arguments": json.dumps(answer.given),
            }
            yield "response.output_item.added", _about(item)
        else:
            part = {"type": "output_text", "text": "", "annotations": []}
            item = {
                "id": _new("msg"),
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [part],
            }
            yield "response.output_item.added", _about(item)
            for piece in _pieces(answer):
                part["text"] = f"{part['text']}{piece}"
                yield (
                    "response.output_text.delta",
                    {
                        "type": "response.output_text.delta",
                        "item_id": item["id"],
                        "output_index": 0,
                        "content_index": 0,
                        "delta": piece,
                    },
                )
        yield "response.output_item.done", {**_about(item), "type": "response.output_item.done"}
        done = {**response, "status": "completed", "output": [item], "usage": usage}
        yield "response.completed", {"type": "response.completed", "response": done}


def _about(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": 0, "item": item}


class Chat:
    """OpenAI's older one, as OpenCode speaks it."""

    path = "/chat/completions"

    @staticmethod
    def tools(body: Json) -> dict[str, Json]:
        functions = [t["function"] for t in body.get("tools") or []]
        return {f["name"]: f.get("parameters") or {} for f in functions}

    @staticmethod
    def said(body: Json) -> list[Said]:
        found: list[Said] = []
        for message in body.get("messages", []):
            role = message.get("role")
            if role in ("tool", "assistant"):
                found.append(Said(role))
            elif role == "user":
                found += [Said("user", text) for text in texts(message.get("content"))]
        return found

    @staticmethod
    def events(body: Json, answer: Answer) -> Iterator[Event]:
        base = {
            "id": _new("chatcmpl"),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": body.get("model", "scripted"),
        }

        def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> Event:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return None, {**base, "choices": [choice], **more}

        if answer.kind == "call":
            function = {"name": answer.tool, "arguments": json.dumps(answer.given)}
            call = {"index": 0, "id": _new("call"), "type": "function", "function": function}
            yield chunk({"role": "assistant", "content": None, "tool_calls": [call]})
        else:
            for piece in _pieces(answer):
                yield chunk({"role": "assistant", "content": piece})
        usage = {"prompt_tokens": 100, "completion_tokens": 12, "total_tokens": 112}
        yield chunk({}, "tool_calls" if answer.kind == "call" else "stop", usage=usage)


class Generate:
    """Gemini's."""

    path = "enerateContent"

    @staticmethod
    def tools(body: Json) -> dict[str, Json]:
        return {
            f["name"]: f.get("parameters") or f.get("parametersJsonSchema") or {}
            for group in body.get("tools") or []
            for f in group.get("functionDeclarations", [])
        }

    @staticmethod
    def said(body: Json) -> list[Said]:
        found: list[Said] = []
        for content in body.get("contents", []):
            parts = content.get("parts", [])
            if content.get("role") == "model":
                found.append(Said("assistant"))
            elif any("functionResponse" in part for part in parts):
                found.append(Said("tool"))
            else:
                found.append(Said("user", "\n".join(texts(parts))))
        return found

    @staticmethod
    def events(body: Json, answer: Answer) -> Iterator[Event]:
        if answer.kind == "call":
            call = {"functionCall": {"name": answer.tool, "args": answer.given}}
            yield None, _candidate([call], "STOP")
            return
        for piece in _pieces(answer):
            yield None, _candidate([{"text": piece}])
        yield None, _candidate([{"text": ""}], "STOP")


def _candidate(parts: list[dict[str, Any]], finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 12, "totalTokenCount": 112}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "scripted"}


WIRES = (Messages, Responses, Chat, Generate)
