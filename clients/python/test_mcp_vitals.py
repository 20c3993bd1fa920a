"""What mcp_vitals.py does in its own process, with no daemon anywhere. Run by `python3 -m unittest`, and by the suite."""

import asyncio
import inspect
import os
import socket
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from unittest import mock

os.environ["MCP_VITALS_DATA"] = os.path.join(tempfile.gettempdir(), "mcp-vitals-nobody")
os.environ.pop("METRICS_PORT", None)
import mcp_vitals as vitals  # noqa: E402 - after the environment


def events(kind=None):
    return [event for _, event in vitals._client.queue if kind is None or event["type"] == kind]


def value(name):
    """The value of one series of /metrics, written as it stands there."""
    return next(
        (float(line.rsplit(" ", 1)[1]) for line in vitals.exposition().splitlines() if line.startswith(name + " ")), None
    )


class Fresh(unittest.TestCase):
    def setUp(self):
        vitals._Settings.server = "shop"
        vitals._Settings.max_events = vitals.MAX_EVENTS
        vitals._client = vitals._Client()


class MonitoredTool(Fresh):
    def test_keeps_name_signature_result_and_exceptions(self):
        @vitals.monitored_tool
        def add(a: int, b: int = 2) -> int:
            """Adds."""
            return a + b

        self.assertEqual((add.__name__, add.__doc__, str(inspect.signature(add))), ("add", "Adds.", "(a: int, b: int = 2) -> int"))
        self.assertEqual(add(1), 3)
        with self.assertRaises(TypeError):
            add("x")
        self.assertEqual([e["outcome"] for e in events("request.ended")], ["ok", "tool_error"])
        self.assertEqual(value('mcp_tool_calls_total{tool="add",status="success"}'), 1)
        self.assertEqual(value('mcp_tool_calls_total{tool="add",status="error"}'), 1)
        self.assertEqual(value('mcp_errors_total{type="TypeError",tool="add",reason="tool_error"}'), 1)
        self.assertEqual(value('mcp_tool_availability{tool_name="add"}'), 1)

    def test_async_functions_stay_async_and_are_measured_to_their_end(self):
        @vitals.monitored_tool(name="slow")
        async def work():
            await asyncio.sleep(0.05)
            return 7

        self.assertTrue(inspect.iscoroutinefunction(work))
        self.assertEqual(asyncio.run(work()), 7)
        (ended,) = events("request.ended")
        self.assertEqual(ended["name"], "slow")
        self.assertGreaterEqual(ended["durationMs"], 45)

    def test_time_outs_and_cancellations_are_told_apart(self):
        @vitals.monitored_tool
        async def hang():
            await asyncio.sleep(60)

        @vitals.monitored_tool
        async def late():
            raise asyncio.TimeoutError

        async def cancelled():
            task = asyncio.ensure_future(hang())
            await asyncio.sleep(0)
            task.cancel()
            await task

        for run in (cancelled, late):
            with self.assertRaises((asyncio.CancelledError, asyncio.TimeoutError)):
                asyncio.run(run())
        self.assertEqual([(e["outcome"], e["status"]) for e in events("request.ended")], [("cancelled", 499), ("timeout", 504)])
        self.assertEqual(value('mcp_timeouts_total{tool="late"}'), 1)

    def test_a_result_may_say_that_it_is_an_error(self):
        vitals.monitored_tool(lambda: {"isError": True, "content": []}, name="f")()
        self.assertEqual(events("request.ended")[0]["outcome"], "tool_error")

    def test_methods_are_taken_too(self):
        class Tools:
            @vitals.monitored_tool
            @staticmethod
            def fixed():
                return 1

            @vitals.monitored_tool
            def method(self):
                return 2

        self.assertEqual((Tools.fixed(), Tools().method(), len(events("request.ended"))), (1, 2, 2))

    def test_of_an_exception_the_class_alone_is_told(self):
        class PaymentError(Exception):
            pass

        @vitals.monitored_tool
        def pay():
            raise PaymentError("4111 of bob")

        for raised in (PaymentError, type("bob said no", (Exception,), {})):
            with self.assertRaises(raised):
                with vitals.record_tool_call("block"):
                    raise raised("4111 of bob")
        with self.assertRaises(PaymentError):
            pay()
        vitals.monitored_tool(lambda: {"isError": True}, name="f")()
        told = [e.get("errorType") for e in events("request.ended")]
        self.assertEqual(told, ["PaymentError", "other", "PaymentError", None])
        self.assertEqual(value('mcp_errors_total{type="tool_error",tool="f",reason="tool_error"}'), 1)
        self.assertNotIn("bob", str(events()) + vitals.exposition())

    def test_names_are_told_to_the_daemon_within_bounds(self):
        vitals.monitored_tool(lambda: None, name="ours")
        for number in range(vitals.MAX_RECORDED + 50):
            with vitals.record_tool_call(f"invented{number}"):
                pass
        vitals.monitored_tool(lambda: None, name="later")
        with mock.patch.object(vitals, "_send") as send:
            vitals._client.tell_tools(("a daemon",))
            vitals._client.tell_tools(("a daemon",))
            vitals._client.tell_tools(("its successor",))
        self.assertEqual(send.call_count, 2)
        (listed,) = send.call_args[0][1]
        self.assertEqual((len(listed["tools"]), listed["complete"]), (vitals.MAX_RECORDED + 2, False))
        self.assertLessEqual({"ours", "later", "invented0"}, set(listed["tools"]))
        for number in range(vitals.MAX_TOOLS):
            vitals.monitored_tool(lambda: None, name=f"more{number}")
        with mock.patch.object(vitals, "_send") as send:
            vitals._client.tell_tools(("a daemon",))
        self.assertEqual(len(send.call_args[0][1][0]["tools"]), vitals.MAX_TOOLS)


class Calls(Fresh):
    def test_every_call_is_started_and_ended_once_under_one_operation(self):
        with vitals.record_tool_call("outer"), vitals.record_tool_call("inner"):
            self.assertEqual(value("mcp_queue_depth"), 2)

        async def inside():
            async with vitals.record_tool_call("later"):
                pass

        asyncio.run(inside())
        started = sorted((e["operation"], e["name"]) for e in events("request.started"))
        self.assertEqual(started, sorted((e["operation"], e["name"]) for e in events("request.ended")))
        self.assertEqual((len(set(started)), value("mcp_queue_depth")), (3, 0))


class Recording(Fresh):
    def test_of_an_error_only_words_leave(self):
        vitals.record_error("PaymentError", "pay", "card 4111 of bob@example.org: Connection refused")
        vitals.record_error(ValueError, "pay", KeyError("bob@example.org not found"))
        vitals.record_error("bob said no", "pay", "bob@example.org")
        self.assertEqual(
            [(e["errorType"], e["reason"]) for e in events("error")],
            [("PaymentError", "connection_refused"), ("ValueError", "not_found"), ("other", "other")],
        )
        self.assertNotIn("bob", str(events()) + vitals.exposition())

    def test_every_fact_has_its_event_and_its_metric(self):
        facts = {
            lambda: vitals.record_llm_tokens("openai", "gpt-4o", 12, 3): 'mcp_llm_tokens_total{provider="openai",model="gpt-4o",type="input"} 12',
            lambda: vitals.record_spend("openai", 0.5, "gpt-4o"): 'mcp_llm_cost_usd_total{provider="openai",model="gpt-4o"} 0.5',
            lambda: vitals.message_sent("sms"): 'mcp_messages_sent_total{channel="sms"} 1',
            lambda: vitals.webhook_received("sms_status"): 'mcp_webhook_received_total{type="sms_status"} 1',
            lambda: vitals.agent_provisioned("a-1"): "mcp_active_agents 1",
            lambda: vitals.agent_deprovisioned("a-1"): "mcp_active_agents 0",
            lambda: vitals.agent_usage("search"): 'mcp_agent_usage_total{category="search"} 1',
            lambda: vitals.voice_started(): "mcp_active_voice_sessions 1",
            lambda: vitals.voice_ended(): "mcp_active_voice_sessions 0",
            lambda: vitals.rate_limit_hit("per_agent"): 'mcp_rate_limit_hits_total{limit_type="per_agent"} 1',
            lambda: vitals.rate_limit_hit("ip", layer="http"): 'mcp_http_rate_limit_hits_total{limit_type="ip"} 1',
            lambda: vitals.auth_failure("bad_key"): 'mcp_auth_failures_total{reason="bad_key"} 1',
            lambda: vitals.validation_failure("too_long", "pay"): 'mcp_validation_failures_total{tool="pay",reason="too_long"} 1',
            lambda: vitals.security_event("injection", "high"): 'mcp_security_events_total{type="injection",severity="HIGH"} 1',
            lambda: vitals.business("3d_generations", 2): "mcp_3d_generations_total 2.0",
            lambda: vitals.business("orders", 2): 'mcp_business_total{name="orders"} 2.0',
        }
        for number, (record, line) in enumerate(facts.items(), 1):
            record()
            self.assertIn(line + "\n", vitals.exposition())
            self.assertEqual((len(events()), vitals.stats()["faults"]), (number, 0), line)

    def test_nothing_raises_into_the_program(self):
        class Hostile:
            def __str__(self):
                raise RuntimeError("no")

        hostile = Hostile()
        for record in (vitals.message_sent, vitals.agent_usage, vitals.webhook_received, vitals.record_error):
            self.assertIsNone(record(hostile))
        vitals.record_llm_tokens("p", "m", -1, 2)
        vitals.business("x", float("nan"))
        with vitals.record_tool_call(hostile):
            pass
        self.assertEqual((events(), vitals.stats()["faults"] >= 7), ([], True))

    def test_the_queue_is_bounded_and_drops_the_oldest(self):
        vitals.configure(max_events=10)
        for number in range(25):
            vitals.business("n", number)
        self.assertEqual([e["value"] for e in events()], list(map(float, range(15, 25))))
        self.assertEqual((vitals.stats()["dropped"], vitals.stats()["waiting"]), (15, 10))

    def test_labels_are_bounded(self):
        for number in range(vitals.MAX_SERIES + 50):
            vitals.agent_usage(f"c{number}")
        self.assertEqual(value('mcp_agent_usage_total{category="other"}'), 50)

    def test_threads_lose_no_count(self):
        work = vitals.monitored_tool(lambda: None, name="t")
        threads = [threading.Thread(target=lambda: [work() for _ in range(200)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(value('mcp_tool_calls_total{tool="t",status="success"}'), 1600)
        self.assertEqual(sorted(n for n, _ in vitals._client.queue), list(range(1, 3201)))

    def test_without_a_daemon_flush_gives_up_at_once(self):
        vitals.business("x")
        began = time.monotonic()
        self.assertFalse(vitals.flush(30))
        self.assertLess(time.monotonic() - began, 10)


class ProgramName(unittest.TestCase):
    def test_is_the_file_or_the_directory_that_says_more(self):
        for argv, name in (("/srv/shop.py", "shop"), ("/srv/shop/server.py", "shop"), ("/srv/a b/__main__.py", "a_b"), ("-c", "python")):
            with mock.patch.object(sys, "argv", [argv]):
                self.assertEqual(vitals._program_name(), name)


class MetricsServer(Fresh):
    def get(self, server, path, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.headers["content-type"], answer.read().decode()

    def test_serves_metrics_health_and_a_status_page(self):
        server = vitals.start_metrics_server_background(0)
        self.addCleanup(server.stop)
        with vitals.record_tool_call("<b>"):
            pass
        self.assertIn('mcp_tool_calls_total{tool="<b>",status="success"} 1', self.get(server, "/metrics")[1])
        self.assertIn('"status": "ok"', self.get(server, "/health")[1])
        self.assertIn("<td>&lt;b&gt;<td>success<td>1", self.get(server, "/")[1])
        for path, headers, status in (("/nowhere", {}, 404), ("/metrics", {"Host": "evil.example"}, 403)):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.get(server, path, **headers)
            self.assertEqual(refused.exception.code, status)
            refused.exception.close()

    def test_is_started_again_when_it_dies(self):
        server = vitals.start_metrics_server_background(0)
        self.addCleanup(server.stop)
        port, dead = server.port, server.server
        dead.socket.close()
        deadline = time.monotonic() + 20
        while server.server in (dead, None) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(server.port, port)
        self.assertIn("mcp_queue_depth", self.get(server, "/metrics")[1])

    def test_a_taken_port_is_told_and_taken_later(self):
        holder = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(holder.close)
        with mock.patch.object(sys, "stderr") as stderr:
            server = vitals.start_metrics_server_background(holder.getsockname()[1])
        self.addCleanup(server.stop)
        self.assertRegex(stderr.write.call_args[0][0], r"cannot listen on 127.0.0.1:\d+ .*METRICS_PORT=\d+ chooses another")
        holder.close()
        deadline = time.monotonic() + 20
        while server.server is None and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertIn("ok", self.get(server, "/health")[1])

    def test_the_port_is_9090_and_the_environment_goes_before_it(self):
        self.assertEqual(inspect.signature(vitals.start_metrics_server_background).parameters["port"].default, 9090)
        with mock.patch.dict(os.environ, METRICS_PORT="0"):
            server = vitals.start_metrics_server_background()
        self.addCleanup(server.stop)
        self.assertNotIn(server.port, (0, 9090))


if __name__ == "__main__":
    unittest.main()
