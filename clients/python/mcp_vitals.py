"""Vital signs for MCP servers written in Python: one file, standard library only, Python 3.9 or newer.

What is recorded goes two ways: into counters of this process, which `start_metrics_server_background` shows to
Prometheus, and, as a numbered stream of events, to the mcp-vitals daemon (docs/reference/ingest.md). Recording never
raises, never waits for anything but a lock held for microseconds, and carries no argument, result or message.
"""

import atexit
import contextlib
import functools
import html
import http.client
import http.server
import inspect
import itertools
import json
import math
import os
import re
import socketserver
import sys
import threading
import time
import urllib.parse
import uuid
from collections import deque

__version__ = "0.1.0"
__all__ = """configure monitored_tool record_tool_call record_error record_llm_tokens record_spend message_sent
    webhook_received agent_provisioned agent_deprovisioned agent_usage voice_started voice_ended rate_limit_hit
    auth_failure validation_failure security_event business flush stats start_metrics_server_background""".split()

MAX_EVENTS = 10_000  # that wait for the daemon; beyond it the oldest are dropped and counted
MAX_SERIES = 1_000  # of one metric; beyond it label values are "other"
MAX_TOOLS, MAX_RECORDED = 1_000, 100  # names told to the daemon in all, and of tools that are not decorated
BATCH_EVENTS = 500
COLLECT_S, HEARTBEAT_S, TIMEOUT_S, FLUSH_S = 0.25, 30.0, 10.0, 2.0
FIRST_PAUSE_S, LONGEST_PAUSE_S, LOOK_S = 0.5, 30.0, 2.0
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)

# Name without prefix: type, help, labels. The names and their order are those of docs/reference/metrics.md.
METRICS = {
    "requests_total": ("counter", "Requests that ended.", ("method", "endpoint", "status")),
    "request_duration_seconds": ("histogram", "Time from a call to its result.", ("method", "endpoint")),
    "tool_calls_total": ("counter", "Tool calls that ended. status: success, error, cancelled.", ("tool", "status")),
    "tool_availability": ("gauge", "1: the tool is there to be called.", ("tool_name",)),
    "errors_total": ("counter", "Calls that failed and errors recorded by hand.", ("type", "tool", "reason")),
    "timeouts_total": ("counter", "Calls that ended by a time-out.", ("tool",)),
    "queue_depth": ("gauge", "Tool calls begun and not ended yet.", ()),
    "server_uptime_seconds": ("gauge", "Time since this process began to record.", ()),
    "messages_sent_total": ("counter", "Messages that a provider accepted.", ("channel",)),
    "messages_failed_total": ("counter", "Messages that no provider accepted.", ("channel",)),
    "webhook_received_total": ("counter", "Webhooks that came in.", ("type",)),
    "active_voice_sessions": ("gauge", "Voice sessions open now.", ()),
    "active_agents": ("gauge", "Agents provisioned and not deprovisioned.", ()),
    "agent_usage_total": ("counter", "Uses of agents.", ("category",)),
    "llm_tokens_total": ("counter", "Tokens of language models.", ("provider", "model", "type")),
    "llm_cost_usd_total": ("counter", "Money spent on language models, US dollars.", ("provider", "model")),
    "3d_generations_total": ("counter", "3-D models generated.", ()),
    "business_total": ("counter", "What only the application knows.", ("name",)),
    "rate_limit_hits_total": ("counter", "Calls that a limit refused.", ("limit_type",)),
    "http_rate_limit_hits_total": ("counter", "HTTP requests that a limit refused.", ("limit_type",)),
    "auth_failures_total": ("counter", "Callers refused.", ("reason",)),
    "validation_failures_total": ("counter", "Inputs that a schema refused.", ("tool", "reason")),
    "security_events_total": ("counter", "Events that an auditor wants to know of.", ("type", "severity")),
}
# What a message may become: it never leaves the process, and no part of it does.
REASONS = {
    "refused": "connection_refused", "timed out": "timeout", "timeout": "timeout", "not found": "not_found",
    "permission": "permission_denied", "denied": "permission_denied", "unauthori": "unauthorized",
    "rate limit": "rate_limited", "too many": "rate_limited", "unavailable": "unavailable", "invalid": "invalid",
}  # fmt: skip
STATUSES = {
    "ok": ("success", 200), "tool_error": ("error", 500), "timeout": ("error", 504), "cancelled": ("cancelled", 499),
}  # fmt: skip
LOOPBACK = ("localhost", "127.0.0.1", "::1")
CALL = {"direction": "client_to_server", "method": "tools/call"}
PLAIN_FILES = {"__main__", "main", "server", "app", "index", "cli", "src", "bin", "run"}  # the directory says more


def _program_name():
    path = os.path.abspath(sys.argv[0]) if sys.argv and sys.argv[0] not in ("", "-c", "-m") else "python"
    while os.path.splitext(os.path.basename(path))[0] in PLAIN_FILES and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return re.sub(r"[^\w.@-]", "_", os.path.splitext(os.path.basename(path))[0])[:64] or "python"


class _Settings:
    """What `configure` and the environment say; it outlives a fork."""

    server = os.environ.get("MCP_VITALS_SERVER") or _program_name()
    url = token = None
    max_events = MAX_EVENTS
    prefix = os.environ.get("METRICS_PREFIX", "mcp")


def configure(server=None, url=None, token=None, max_events=None):
    """Names the server (default: MCP_VITALS_SERVER, else the program's name), the daemon's address and token (default:
    MCP_VITALS_URL and MCP_VITALS_TOKEN, else the state directory), and how many events may wait for it."""
    if server:
        _Settings.server = str(server)[:128]
    _Settings.url, _Settings.token = url or _Settings.url, token or _Settings.token
    if max_events:
        _Settings.max_events = max(1, int(max_events))


class _Client:
    """What one process recorded: series for its own /metrics, and a bounded queue on its way to the daemon."""

    def __init__(self, declared=()):
        self.lock = threading.RLock()  # a signal handler may record while its thread records
        self.queue = deque()  # [number, event]
        self.stream = uuid.uuid4().hex
        self.operations = itertools.count(1)
        self.numbered = self.dropped = self.taken = self.faults = self.failures = 0
        self.batch_events = BATCH_EVENTS
        self.wake, self.hurry = threading.Event(), threading.Event()
        self.thread = None
        self.began = time.monotonic()
        self.series = {name: {} if labels else {(): 0} for name, (_, _, labels) in METRICS.items()}
        self.open = {"active_agents": set(), "active_voice_sessions": set()}
        self.declared, self.recorded, self.told = {}, {}, None
        for tool in declared:
            self.declare(tool)

    def emit(self, event_type, /, **fields):
        """Numbers one event and queues it; absent fields are None."""
        event = {"v": 1, "type": event_type, "at": int(time.time() * 1000), "server": _Settings.server}
        event.update((name, value) for name, value in fields.items() if value is not None)
        entry = [0, event]  # made first: what the garbage collector closes may record, and take a number
        with self.lock:
            self.numbered += 1
            entry[0] = self.numbered
            self.queue.append(entry)
            while len(self.queue) > _Settings.max_events:
                self.queue.popleft()
                self.dropped += 1
            if self.thread is None:
                thread = threading.Thread(target=self.send_forever, name="mcp-vitals", daemon=True)
                thread.start()
                self.thread = thread
        if not self.wake.is_set():
            self.wake.set()

    def declare(self, tool):
        """The program says that it has this tool: it starts at 0."""
        tool = _text(tool, 128)
        if len(self.declared) < MAX_TOOLS:
            self.declared[tool] = True
        self.put("tool_availability", 1, tool)
        for status in ("success", "error", "cancelled"):
            self.add("tool_calls_total", tool, status, by=0)

    def name(self, tool):
        """Text of a tool's name that was recorded; the daemon is told the first of those that nobody declared."""
        tool = _optional(tool)
        if tool not in self.declared and tool is not None and len(self.recorded) < MAX_RECORDED:
            self.recorded[tool] = True
        return tool

    def add(self, name, *labels, by=1):
        with self.lock:
            series, key = self.slot(name, labels)
            series[key] = series.get(key, 0) + by

    def put(self, name, value, *labels):
        with self.lock:
            series, key = self.slot(name, labels)
            series[key] = value

    def observe(self, name, value, *labels):
        with self.lock:
            series, key = self.slot(name, labels)
            found = series.setdefault(key, [[0] * (len(BUCKETS) + 1), 0.0])
            found[0][next((i for i, bound in enumerate(BUCKETS) if value <= bound), len(BUCKETS))] += 1
            found[1] += value

    def slot(self, name, labels):
        series = self.series[name]
        return series, labels if labels in series or len(series) < MAX_SERIES else ("other",) * len(labels)

    def fact(self, metric, labels, event_type, by=1, **fields):
        """Counts, and tells of it."""
        self.add(metric, *labels, by=by)
        self.emit(event_type, **fields)

    def track(self, gauge, event_type, field, key, action):
        """Adds to a set of what is open, or takes away; what has no id stands for one of its kind."""
        key, is_open = _optional(key), action in ("provisioned", "started")
        with self.lock:
            found = self.open[gauge]
            if is_open and len(found) < MAX_EVENTS:
                found.add(object() if key is None else key)
            elif not is_open and key is not None:
                found.discard(key)
            elif not is_open and found:
                found.pop()
            self.series[gauge][()] = len(found)
        self.emit(event_type, **{"action": action, field: key})

    def send_forever(self):
        util = sys.modules.get("multiprocessing.util")
        if util:  # a worker of multiprocessing ends without atexit
            util.Finalize(None, flush, exitpriority=10)
        failed = 0
        while True:
            if self.wake.wait(HEARTBEAT_S):
                self.hurry.wait(COLLECT_S)  # so that events travel together
            self.wake.clear()
            self.hurry.clear()
            try:
                self.post()
                while self.queue:
                    self.post()
                failed = 0
            except Exception as trouble:  # no daemon, or none that takes it now: nothing is lost but by the bound
                failed += 1
                self.failures += 1
                known = isinstance(trouble, _Away)
                least, longest = trouble.args if known else (0, LONGEST_PAUSE_S)
                self.told = self.told if known else None  # who answers next may be another daemon
                pause = FIRST_PAUSE_S * 2 ** min(failed - 1, 10) * (0.5 + time.time() % 1 / 2)
                self.hurry.wait(max(min(pause, longest), least))
                self.wake.set()

    def post(self):
        """Sends one batch (an empty one is a sign of life) and forgets what was taken; raises where it is not known."""
        target = _find()  # first: without a daemon there is no work
        with self.lock:
            batch, dropped = list(itertools.islice(self.queue, self.batch_events)), self.dropped
        self.tell_tools(target)
        events = [{"seq": number, "event": event} for number, event in batch]
        status, text = _send(*target, events, stream=self.stream, dropped=dropped)
        if status == 413 and len(batch) > 1:
            self.batch_events = len(batch) // 2
            return
        refused = status in (400, 413, 422)  # the batch itself is at fault, and would be the next time
        mark = batch[-1][0] if refused and batch else int(json.loads(text)["highWater"])
        if batch and mark < batch[0][0]:
            raise ValueError("the daemon took nothing")
        with self.lock:
            while batch and self.queue and self.queue[0][0] <= min(mark, batch[-1][0]):
                self.queue.popleft()
                self.dropped, self.taken = self.dropped + refused, self.taken + (not refused)

    def tell_tools(self, target):
        """Tells a daemon the tools' names before their first events. It may hear them twice: this needs no numbers."""
        tools = list(itertools.islice({**self.recorded, **self.declared}, MAX_TOOLS))
        if tools and self.told != (target, len(tools)):
            named = {"tools": tools, "hashes": [], "sizeBytes": 0, "complete": False}
            _send(*target, [{"type": "tools.listed", "server": _Settings.server, **named}])
            self.told = target, len(tools)


class _Away(Exception):
    """No daemon takes anything now. Seconds: the least to wait, and the most."""


def _state_dir():
    home, env = os.path.expanduser("~"), os.environ
    if env.get("MCP_VITALS_DATA"):
        return os.path.expanduser(env["MCP_VITALS_DATA"])
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support", "mcp-vitals")
    if os.name == "nt":
        return os.path.join(env.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local"), "mcp-vitals")
    xdg = env.get("XDG_STATE_HOME", "")
    return os.path.join(xdg if os.path.isabs(xdg) else os.path.join(home, ".local", "state"), "mcp-vitals")


def _find():
    """Where the daemon is, and its token."""
    url = _Settings.url or os.environ.get("MCP_VITALS_URL")
    token = _Settings.token or os.environ.get("MCP_VITALS_TOKEN")
    try:
        url = url or _announced()
        parts = urllib.parse.urlsplit(url)
        if not token and parts.hostname in LOOPBACK:  # the token of this machine is for this machine
            with open(os.path.join(_state_dir(), "token"), encoding="utf-8") as file:
                token = file.read().strip()
    except (OSError, ValueError, KeyError, TypeError) as trouble:
        raise _Away(0, LOOK_S) from trouble
    return parts, token or ""


def _announced():
    with open(os.path.join(_state_dir(), "daemon.json"), encoding="utf-8") as file:
        daemon = json.load(file)
    if os.name == "posix":  # a daemon that was killed left its address, which may be another program's by now
        with contextlib.suppress(PermissionError):  # it lives, and is another user's
            os.kill(int(daemon["pid"]), 0)
    return f"{daemon['url']}#{daemon['pid']}"  # what follows is not sent: it tells one daemon from the next


def _send(parts, token, events, **stream):
    """Posts events; status and text of an answer that settles them. Raises for every other."""
    sender = {"kind": "python", "name": _Settings.server, "version": __version__}
    body = json.dumps({**stream, "sender": sender, "events": events}, default=lambda _: None).encode()
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with contextlib.closing(kind(parts.hostname, parts.port, timeout=TIMEOUT_S)) as connection:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("POST", parts.path.rstrip("/") + "/v1/events", body, headers)
        answer = connection.getresponse()
        if answer.status not in (200, 400, 413, 422):
            after = answer.getheader("Retry-After", "")
            raise _Away(float(after) if re.fullmatch(r"\d{1,3}", after) else 0, LONGEST_PAUSE_S)
        return answer.status, answer.read(1_048_576)


def _quiet(function):
    @functools.wraps(function)
    def quiet(*args, **kwargs):
        try:
            function(*args, **kwargs)
        except Exception:
            _client.faults += 1

    return quiet


def _text(value, longest=64):
    return str(value)[:longest]


def _optional(value):
    return None if value is None else _text(value, 128)


def _word(value):
    """A class, code or reason; what is none, such as a sentence, is `other`."""
    name = value.__name__ if isinstance(value, type) else value
    name = type(value).__name__ if isinstance(value, BaseException) else _text(name, 1000)
    return name if re.fullmatch(r"[\w.:/-]{1,64}", name, re.ASCII) else "other"


def _number(value, whole=False):
    number = int(value) if whole else float(value)
    if not math.isfinite(number) or number < 0:
        raise ValueError("a number must be finite and not negative")
    return number


class record_tool_call:
    """`with record_tool_call("my_tool"):` (or `async with`) counts what is inside as one call of a tool."""

    __slots__ = ("tool", "operation", "began", "is_error")

    def __init__(self, tool):
        self.tool, self.operation, self.began, self.is_error = tool, None, 0.0, False

    def __enter__(self):
        self.begin()
        self.began = time.perf_counter()
        return self

    async def __aenter__(self):
        return self.__enter__()

    async def __aexit__(self, *ending):
        self.__exit__(*ending)

    @_quiet
    def begin(self):
        self.tool = _client.name(str(self.tool))
        self.operation = f"{_client.stream[:12]}-{next(_client.operations):x}"
        _client.add("queue_depth")
        _client.put("tool_availability", 1, self.tool)
        _client.emit("request.started", **CALL, name=self.tool, operation=self.operation)

    @_quiet
    def look(self, result):
        """A result in MCP's own form may say that it is an error."""
        is_error = result.get("isError") if isinstance(result, dict) else getattr(result, "isError", None)
        self.is_error = is_error is True

    @_quiet
    def __exit__(self, kind, *_):
        seconds = time.perf_counter() - self.began
        if self.operation is None:  # it was not begun, for its name was none
            return
        outcome, error = "tool_error" if self.is_error else "ok", None
        if kind is not None:
            late = issubclass(kind, TimeoutError) or kind.__name__ == "TimeoutError"  # asyncio's own before 3.11
            outcome = "timeout" if late else "tool_error" if issubclass(kind, Exception) else "cancelled"
            error = None if outcome == "cancelled" else _word(kind)
        result, status = STATUSES[outcome]
        _client.add("queue_depth", by=-1)
        _client.add("requests_total", "tools/call", _Settings.server, str(status))
        _client.observe("request_duration_seconds", seconds, "tools/call", _Settings.server)
        _client.add("tool_calls_total", self.tool, result)
        if result == "error":
            _client.add("errors_total", error or outcome, self.tool, outcome)
        if outcome == "timeout":
            _client.add("timeouts_total", self.tool)
        fields = {"durationMs": seconds * 1000, "outcome": outcome, "status": status, "errorType": error}
        fields.update(requestBytes=0, responseBytes=0)  # not known: a function sees no message
        _client.emit("request.ended", **CALL, name=self.tool, operation=self.operation, **fields)


def monitored_tool(function=None, *, name=None):
    """Decorator: every call of the function is one call of a tool, by its name or the one given. Functions, coroutines
    and generators of both kinds stay what they are; a generator's call lasts from its first step to its end."""
    if isinstance(function, str):
        function, name = None, function
    if function is None:
        return functools.partial(monitored_tool, name=name)
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(monitored_tool(function.__func__, name=name))
    tool = name or getattr(function, "__name__", type(function).__name__)
    _quiet(_client.declare)(tool)

    forms = (function, getattr(function, "__call__", None))
    if any(map(inspect.isasyncgenfunction, forms)):
        async def monitored(*args, **kwargs):
            with record_tool_call(tool):
                steps = function(*args, **kwargs)
                try:
                    item = await steps.__anext__()
                    while True:
                        try:
                            sent = yield item
                        except BaseException as thrown:  # GeneratorExit too, by which aclose() ends it
                            item = await steps.athrow(thrown)
                        else:
                            item = await steps.asend(sent)
                except StopAsyncIteration:
                    return

    elif any(map(inspect.isgeneratorfunction, forms)):
        def monitored(*args, **kwargs):
            with record_tool_call(tool):
                return (yield from function(*args, **kwargs))

    elif any(map(inspect.iscoroutinefunction, forms)):
        async def monitored(*args, **kwargs):
            with record_tool_call(tool) as call:
                result = await function(*args, **kwargs)
                call.look(result)
                return result

    else:
        def monitored(*args, **kwargs):
            with record_tool_call(tool) as call:
                result = function(*args, **kwargs)
                call.look(result)
                return result

    return functools.wraps(function)(monitored)


@_quiet
def record_error(type, tool=None, message=None):  # noqa: A002 - the contract's name
    """Counts an error by class or code. Of the message (a text or an exception) goes a word out of a list, no more."""
    said = str(message).lower() if isinstance(message, (str, BaseException)) else ""
    reason = next((word for part, word in REASONS.items() if part in said), "other")
    kind, tool = _word(type), _client.name(tool)
    _client.fact("errors_total", (kind, tool or "", reason), "error", errorType=kind, name=tool, reason=reason)


@_quiet
def record_llm_tokens(provider, model, input_tokens=0, output_tokens=0, estimated=False):
    """Counts tokens that a language model read and wrote."""
    provider, model = _text(provider), _text(model, 128)
    read, written = _number(input_tokens, whole=True), _number(output_tokens, whole=True)
    _client.add("llm_tokens_total", provider, model, "input", by=read)
    _client.add("llm_tokens_total", provider, model, "output", by=written)
    fields = {"inputTokens": read, "outputTokens": written, "estimated": bool(estimated)}
    _client.emit("usage", provider=provider, model=model, **fields)


@_quiet
def record_spend(provider, cost_usd, model=None, estimated=False):
    """Counts money, in US dollars."""
    provider, model, cost = _text(provider), _optional(model), _number(cost_usd)
    fields = {"provider": provider, "model": model, "costUsd": cost, "estimated": bool(estimated)}
    _client.fact("llm_cost_usd_total", (provider, model or "unknown"), "usage", by=cost, **fields)


@_quiet
def message_sent(channel, ok=True):
    """An agent's message was given to a provider, which took it (`ok`) or not."""
    metric = "messages_sent_total" if ok else "messages_failed_total"
    _client.fact(metric, (_text(channel),), "message", channel=_text(channel), ok=bool(ok))


@_quiet
def webhook_received(type):  # noqa: A002 - the contract's label
    """A webhook of this type came in."""
    _client.fact("webhook_received_total", (_text(type),), "webhook", kind=_text(type))


@_quiet
def agent_provisioned(agent_id):
    """An agent is there, until it is deprovisioned."""
    _client.track("active_agents", "agent", "agent", agent_id, "provisioned")


@_quiet
def agent_deprovisioned(agent_id):
    """An agent is gone."""
    _client.track("active_agents", "agent", "agent", agent_id, "deprovisioned")


@_quiet
def agent_usage(category, agent_id=None):
    """An agent was used for something of this category."""
    category, agent = _text(category), _optional(agent_id)
    _client.fact("agent_usage_total", (category,), "agent", action="used", category=category, agent=agent)


@_quiet
def voice_started(voice_id=None):
    """A voice session began."""
    _client.track("active_voice_sessions", "voice", "id", voice_id, "started")


@_quiet
def voice_ended(voice_id=None):
    """A voice session ended."""
    _client.track("active_voice_sessions", "voice", "id", voice_id, "ended")


@_quiet
def rate_limit_hit(limit_type, layer="mcp"):
    """A limit refused a call (`layer="mcp"`) or an HTTP request (`"http"`)."""
    limit, layer = _text(limit_type), "http" if layer == "http" else "mcp"
    metric = "http_rate_limit_hits_total" if layer == "http" else "rate_limit_hits_total"
    _client.fact(metric, (limit,), "limit", limitType=limit, layer=layer)


@_quiet
def auth_failure(reason="refused"):
    """A caller was refused. The reason is a word."""
    _client.fact("auth_failures_total", (_word(reason),), "auth", action="refused", reason=_word(reason))


@_quiet
def validation_failure(reason="invalid", tool=None):
    """Input was refused by a schema. The reason is a word."""
    tool, reason = _client.name(tool), _word(reason)
    _client.fact("validation_failures_total", (tool or "", reason), "validation", name=tool, reason=reason)


@_quiet
def security_event(kind, severity="MEDIUM"):
    """Something an auditor wants to know of: a word, and LOW, MEDIUM, HIGH or CRITICAL."""
    kind, severity = _word(kind), str(severity).upper()
    severity = severity if severity in ("LOW", "MEDIUM", "HIGH", "CRITICAL") else "MEDIUM"
    _client.fact("security_events_total", (kind, severity), "security", kind=kind, severity=severity)


@_quiet
def business(name, value=1):
    """Counts what only the application knows; `business("3d_generations")` is the contract's own."""
    name, value = _text(name), _number(value)
    is_model = name in ("3d_generations", "3d_generations_total")
    metric, labels = ("3d_generations_total", ()) if is_model else ("business_total", (name,))
    _client.fact(metric, labels, "business", by=value, name=name, value=value)


def stats():
    """What this process did with its events: numbered, taken, waiting, dropped, and faults of recording."""
    client = _client
    with client.lock:
        counts = {name: getattr(client, name) for name in ("numbered", "taken", "dropped", "faults")}
        return {**counts, "waiting": len(client.queue)}


def flush(timeout=FLUSH_S):
    """Sends what waits, for so many seconds at most; gives up at the first failure. Whether all was taken."""
    client, failures, deadline = _client, _client.failures, time.monotonic() + timeout
    client.hurry.set()
    client.wake.set()
    while client.queue and client.failures == failures and time.monotonic() < deadline:
        time.sleep(0.005)
    return not client.queue


def exposition():
    """The counters of this process in Prometheus's text format."""
    client, lines = _client, []
    client.put("server_uptime_seconds", time.monotonic() - client.began)
    prefix = _Settings.prefix if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", _Settings.prefix) else "mcp"
    with client.lock:
        for name, (kind, text, labels) in METRICS.items():
            full = f"{prefix}_{name}"
            lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}"]
            for values, value in client.series[name].items():
                pairs = [f'{label}="{_escaped(of)}"' for label, of in zip(labels, values)]
                lines += _histogram(full, pairs, *value) if kind == "histogram" else [_sample(full, pairs, value)]
    for name, value in stats().items():
        kind = "gauge" if name == "waiting" else "counter"
        full = f"mcp_vitals_client_events_{name}" + ("" if kind == "gauge" else "_total")
        lines += [f"# HELP {full} Events of this process: {name}.", f"# TYPE {full} {kind}", f"{full} {value}"]
    return "\n".join(lines) + "\n"


def _sample(name, pairs, value):
    return f"{name}{{{','.join(pairs)}}} {value}" if pairs else f"{name} {value}"


def _histogram(name, pairs, counts, total):
    sums = itertools.accumulate(counts)
    rows = [_sample(f"{name}_bucket", [*pairs, f'le="{b}"'], n) for b, n in zip([*map(str, BUCKETS), "+Inf"], sums)]
    return [*rows, _sample(f"{name}_sum", pairs, total), _sample(f"{name}_count", pairs, sum(counts))]


def _escaped(value):
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _status_page():
    rows = "".join(
        f"<tr><td>{html.escape(tool)}<td>{html.escape(status)}<td>{count}"
        for (tool, status), count in sorted(list(_client.series["tool_calls_total"].items()))
        if count
    )
    about = "".join(f"<li>{name}: {value}" for name, value in stats().items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(_Settings.server)}</title>'
        f"<h1>{html.escape(_Settings.server)}</h1><table><tr><th>tool<th>status<th>calls{rows}</table>"
        f"<h2>Events on their way to mcp-vitals</h2><ul>{about}</ul>"
        '<p><a href="/metrics">metrics</a> <a href="/health">health</a>'
    )


def _health():
    about = {"status": "ok", "server": _Settings.server, "version": __version__}
    return json.dumps({**about, "uptime": round(time.monotonic() - _client.began, 3)})


PAGES = {
    "/metrics": ("text/plain; version=0.0.4; charset=utf-8", exposition),
    "/health": ("application/json", _health),
    "/": ("text/html; charset=utf-8", _status_page),
}
_servers = {}  # the metrics servers, by address


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = TIMEOUT_S
    server_version, sys_version = f"mcp-vitals/{__version__}", ""

    def do_GET(self):
        asked = urllib.parse.urlsplit(f"//{self.headers.get('Host', '')}").hostname
        kind, page = PAGES.get(self.path.split("?")[0], ("text/plain", None))
        # A page of the web may be sent here under a name of its own; it finds nothing.
        foreign = self.server.server_address[0] in LOOPBACK and asked not in LOOPBACK
        status = 403 if foreign else 404 if page is None else 200
        body = (page() if status == 200 else f"Served: {', '.join(PAGES)}\n").encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing: stdout and stderr are the program's."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # HTTPServer's own asks the DNS for our name, which may take long
        self.server_name, self.server_port = self.server_address[:2]

    def service_actions(self):
        if self.socket.fileno() < 0 or self.owner.stopped.is_set():
            raise OSError("the socket is closed, or to be closed")

    def handle_error(self, *_):
        """Says nothing: a client that hangs up is no concern of the program."""


class MetricsServer:
    """The metrics server of this process. It is started again when it dies, and waits for a port that is taken."""

    def __init__(self, host, port):
        self.host, self.port, self.server, self.told = host, port, None, False
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, name="mcp-vitals-metrics", daemon=True)

    def bind(self):
        try:
            self.server = _Server((self.host, self.port), _Handler)
            self.server.owner, self.port = self, self.server.server_port
        except OSError as trouble:
            other = self.port + 1 if self.port < 65535 else 9090
            if not self.told:
                sys.stderr.write(
                    f"mcp-vitals: the metrics server cannot listen on {self.host}:{self.port} ({trouble.strerror}). "
                    f"It tries again by itself; METRICS_PORT={other} chooses another port.\n"
                )
            self.told = True

    def run(self):
        while not self.stopped.is_set():
            try:
                if self.server is None:
                    self.bind()
                if self.server is not None:
                    self.server.serve_forever(0.2)
            except Exception:  # it died: below it is started again, unless that was wanted
                pass
            self.close()
            self.stopped.wait(1)

    def close(self):
        server, self.server = self.server, None
        if server is not None:
            server.server_close()

    def stop(self):
        """Ends it and frees the port."""
        self.stopped.set()
        self.thread.join(TIMEOUT_S)

def start_metrics_server_background(port=9090, host="127.0.0.1"):
    """Serves /metrics, /health and a status page at / from a thread. METRICS_PORT goes before `port`; port 0 lets the
    system choose. Returns the server (`.port`, `.stop()`), the same for the same port; never raises."""
    wanted = os.environ.get("METRICS_PORT", "")
    if wanted and not (wanted.isdecimal() and int(wanted) < 65536):
        sys.stderr.write(f"mcp-vitals: METRICS_PORT={wanted} is no port (such as 9091): {port} is used instead.\n")
    elif wanted:
        port = int(wanted)
    found = _servers.get((host, port))
    if found is None or found.stopped.is_set():
        found = _servers[host, port] = MetricsServer(host, port)
        found.bind()
        found.thread.start()
    return found


def _after_fork():
    """A child's events are a stream of their own; its parent's queue and port stay its parent's."""
    global _client
    _client = _Client(_client.declared)
    for server in _servers.values():
        server.stopped.set()
        server.close()
    _servers.clear()


_client = _Client()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(flush)
