# SPDX-License-Identifier: MIT
"""The forms in which services of models take requests and give answers."""

import json

COUNTED = {"input": 100, "output": 10, "cached": 0}


class Request:
    """A request, in whichever form it came."""

    def __init__(self, path, body):
        path = path.split("?")[0]
        self.body = body
        self.path = path
        self.wire = next((wire for wire, end in WIRES.items()
                          if end in path), "")
        self.stream = body.get("stream", False) or \
            "streamGenerateContent" in path
        self.tools = tool_names(body)
        self.model = body.get("model", "scripted")
        self.form = FORMS.get(self.wire)

    def whole(self, turn):
        return self.form(self).whole(self.complete(turn))

    def events(self, turn):
        return self.form(self).events(self.complete(turn))

    def piece_of_text(self, text):
        return self.form(self).piece(text)

    def n_before_end(self, events):
        """How many events there are before those that say it is complete."""
        ends = (b"finish_reason\": \"", b"message_delta", b"finishReason",
                b"response.completed", b"[DONE]")
        return next(i for i, event in enumerate(events)
                    if any(end in event for end in ends))

    def complete(self, turn):
        turn = dict(turn)
        turn["usage"] = COUNTED | turn.get("usage", {})
        calls = list(turn.get("calls", []))
        if "run" in turn:
            calls.append(self.shell_call(turn["run"]))
        turn["calls"] = [call | {"id": call.get("id", f"call_{i}")}
                         for i, call in enumerate(calls)]
        return turn

    def shell_call(self, command):
        """The call of the tool that the request has for shell commands."""
        for name, make in SHELLS.items():
            if name in self.tools:
                return {"name": name, "arguments": make(command)}
        return {"name": "run", "arguments": {"command": command}}


WIRES = {
    "chat": "/chat/completions",
    "anthropic": "/messages",
    "responses": "/responses",
    "gemini": "enerateContent",
}

SHELLS = {
    "Bash": lambda text: {"command": text, "description": "run it"},
    "exec_command": lambda text: {"cmd": text},
    "shell_command": lambda text: {"command": text},
    "shell": lambda text: {"command": ["sh", "-c", text]},
    "run_shell_command": lambda text: {"command": text, "description": "x",
                                       "is_background": False},
    "bash": lambda text: {"command": text, "description": "run it"},
    "run": lambda text: {"command": text},
}


def tool_names(body):
    names = set()
    for tool in body.get("tools") or []:
        names.add(tool.get("name") or tool.get("function", {}).get("name"))
        for function in tool.get("functionDeclarations", []):
            names.add(function["name"])
    return names - {None}


def arguments_text(call):
    arguments = call["arguments"]
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def event(data, name=None):
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def halves(text):
    """Text comes in pieces."""
    middle = len(text) // 2
    return [piece for piece in (text[:middle], text[middle:]) if piece]


class Chat:
    """Chat completions."""

    def __init__(self, request):
        self.model = request.model
        options = request.body.get("stream_options") or {}
        self.wants_usage = options.get("include_usage")

    def usage(self, turn):
        used = turn["usage"]
        return {"prompt_tokens": used["input"],
                "completion_tokens": used["output"],
                "total_tokens": used["input"] + used["output"],
                "prompt_tokens_details": {"cached_tokens": used["cached"]}}

    def finish(self, turn):
        return turn.get("finish",
                        "tool_calls" if turn["calls"] else "stop")

    def calls(self, turn):
        return [{"index": i, "id": call["id"], "type": "function",
                 "function": {"name": call["name"],
                              "arguments": arguments_text(call)}}
                for i, call in enumerate(turn["calls"])]

    def whole(self, turn):
        message = {"role": "assistant", "content": turn.get("text")}
        if turn["calls"]:
            message["tool_calls"] = self.calls(turn)
        if "reasoning" in turn:
            message["reasoning_content"] = turn["reasoning"]
        return {"id": "chatcmpl-1", "object": "chat.completion",
                "created": 1, "model": self.model,
                "choices": [{"index": 0, "message": message,
                             "finish_reason": self.finish(turn)}],
                "usage": self.usage(turn)}

    def chunk(self, delta, finish=None):
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk",
                "created": 1, "model": self.model,
                "choices": [{"index": 0, "delta": delta,
                             "finish_reason": finish}]}

    def piece(self, text):
        return event(self.chunk({"content": text}))

    def events(self, turn):
        events = [event(self.chunk({"role": "assistant", "content": ""}))]
        for piece in halves(turn.get("reasoning", "")):
            events.append(event(self.chunk({"reasoning_content": piece})))
        for piece in halves(turn.get("text", "")):
            events.append(self.piece(piece))
        for call in self.calls(turn):
            events += self.call_events(call)
        if "event" in turn:
            events.append(event(turn["event"]))
        events.append(event(self.chunk({}, self.finish(turn))))
        if self.wants_usage:
            last = self.chunk({}) | {"choices": [], "usage": self.usage(turn)}
            events.append(event(last))
        return events + [b"data: [DONE]\n\n"]

    def call_events(self, call):
        text = call["function"]["arguments"]
        first = call | {"function": call["function"] | {"arguments": ""}}
        yield event(self.chunk({"tool_calls": [first]}))
        for piece in halves(text):
            yield event(self.chunk({"tool_calls": [
                {"index": call["index"], "function": {"arguments": piece}}]}))


class Anthropic:
    """Messages."""

    def __init__(self, request):
        self.model = request.model

    def usage(self, turn):
        used = turn["usage"]
        return {"input_tokens": used["input"] - used["cached"],
                "cache_read_input_tokens": used["cached"],
                "cache_creation_input_tokens": 0,
                "output_tokens": used["output"]}

    def finish(self, turn):
        return turn.get("finish", "tool_use" if turn["calls"] else "end_turn")

    def message(self, turn, content, finish):
        return {"id": "msg_1", "type": "message", "role": "assistant",
                "model": self.model, "content": content,
                "stop_reason": finish, "stop_sequence": None,
                "usage": self.usage(turn)}

    def blocks(self, turn):
        blocks = []
        if "reasoning" in turn:
            blocks.append({"type": "thinking", "thinking": turn["reasoning"],
                           "signature": "signed"})
        if "text" in turn:
            blocks.append({"type": "text", "text": turn["text"]})
        for call in turn["calls"]:
            blocks.append({"type": "tool_use", "id": call["id"],
                           "name": call["name"],
                           "input": call["arguments"]})
        return blocks

    def whole(self, turn):
        return self.message(turn, self.blocks(turn), self.finish(turn))

    def named(self, name, **more):
        return event({"type": name} | more, name)

    def delta(self, index, kind, member, piece):
        return self.named("content_block_delta", index=index,
                          delta={"type": kind, member: piece})

    def piece(self, text):
        return self.delta(0, "text_delta", "text", text)

    def events(self, turn):
        events = [self.named("message_start",
                             message=self.message(turn, [], None)),
                  self.named("ping")]
        for index, block in enumerate(self.blocks(turn)):
            events += self.block_events(index, block)
        if "event" in turn:
            events.append(event(turn["event"], turn["event"].get("type")))
        return events + [
            self.named("message_delta", delta={
                "stop_reason": self.finish(turn), "stop_sequence": None},
                usage={"output_tokens": turn["usage"]["output"]}),
            self.named("message_stop")]

    def block_events(self, index, block):
        kind = block["type"]
        if kind == "tool_use":
            pieces = [("input_json_delta", "partial_json", piece)
                      for piece in halves(arguments_text(
                          {"arguments": block["input"]}))]
            empty = block | {"input": {}}
        elif kind == "thinking":
            pieces = [("thinking_delta", "thinking", block["thinking"]),
                      ("signature_delta", "signature", block["signature"])]
            empty = {"type": kind, "thinking": "", "signature": ""}
        else:
            pieces = [("text_delta", "text", piece)
                      for piece in halves(block["text"])]
            empty = {"type": kind, "text": ""}
        yield self.named("content_block_start", index=index,
                         content_block=empty)
        for piece in pieces:
            yield self.delta(index, *piece)
        yield self.named("content_block_stop", index=index)


class Responses:
    """OpenAI's responses."""

    def __init__(self, request):
        self.model = request.model

    def usage(self, turn):
        used = turn["usage"]
        return {"input_tokens": used["input"],
                "input_tokens_details": {"cached_tokens": used["cached"]},
                "output_tokens": used["output"],
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": used["input"] + used["output"]}

    def items(self, turn):
        items = []
        if "text" in turn:
            items.append({"type": "message", "id": "msg_1",
                          "role": "assistant", "status": "completed",
                          "content": [{"type": "output_text",
                                       "text": turn["text"],
                                       "annotations": []}]})
        for call in turn["calls"]:
            items.append({"type": "function_call", "id": "fc_" + call["id"],
                          "call_id": call["id"], "name": call["name"],
                          "arguments": arguments_text(call),
                          "status": "completed"})
        return items

    def response(self, turn, status, items):
        return {"id": "resp_1", "object": "response", "created_at": 1,
                "status": status, "model": self.model, "output": items,
                "usage": self.usage(turn) if items else None}

    def whole(self, turn):
        return self.response(turn, "completed", self.items(turn))

    def named(self, name, **more):
        return event({"type": name} | more, name)

    def piece(self, text):
        return self.named("response.output_text.delta", item_id="msg_1",
                          output_index=0, content_index=0, delta=text)

    def events(self, turn):
        items = self.items(turn)
        events = [self.named("response.created",
                             response=self.response(turn, "in_progress", []))]
        for index, item in enumerate(items):
            empty = item | ({"content": []} if item["type"] == "message"
                            else {"arguments": ""})
            events.append(self.named("response.output_item.added",
                                     output_index=index, item=empty))
            if item["type"] == "message":
                events += [self.piece(piece) for piece in halves(turn["text"])]
            events.append(self.named("response.output_item.done",
                                     output_index=index, item=item))
        return events + [self.named("response.completed",
                                    response=self.whole(turn))]


class Gemini:
    """generateContent."""

    def __init__(self, request):
        self.model = request.model

    def parts(self, turn):
        parts = [{"text": turn["text"]}] if turn.get("text") else []
        return parts + [{"functionCall": {"name": call["name"],
                                          "args": call["arguments"]}}
                        for call in turn["calls"]]

    def chunk(self, parts, turn=None):
        candidate = {"index": 0, "content": {"role": "model", "parts": parts}}
        chunk = {"candidates": [candidate], "modelVersion": self.model,
                 "responseId": "r1"}
        if turn:
            used = turn["usage"]
            candidate["finishReason"] = "STOP"
            chunk["usageMetadata"] = {
                "promptTokenCount": used["input"],
                "candidatesTokenCount": used["output"],
                "cachedContentTokenCount": used["cached"],
                "totalTokenCount": used["input"] + used["output"]}
        return chunk

    def whole(self, turn):
        return self.chunk(self.parts(turn), turn)

    def piece(self, text):
        return event(self.chunk([{"text": text}]))

    def events(self, turn):
        parts = self.parts(turn)
        return [event(self.chunk([part])) for part in parts[:-1]] + \
            [event(self.chunk(parts[-1:], turn))]


FORMS = {"chat": Chat, "anthropic": Anthropic, "responses": Responses,
         "gemini": Gemini}
