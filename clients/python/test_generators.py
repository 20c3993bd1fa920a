"""That a generator that is watched stays what it is. Run by `python3 -m unittest`, and by the suite."""

import asyncio
import inspect
import unittest

from test_mcp_vitals import Fresh, events, value, vitals


class Generators(Fresh):
    """What a caller does to a generator comes out as if it were not watched; each is run both ways."""

    def both(self, function, drive):
        """What `drive` says of the function alone and watched, which is the same, and how the watched one ended."""
        watched = vitals.monitored_tool(function)
        self.assertEqual(drive(watched), drive(function))
        self.assertEqual((watched.__name__, watched.__doc__), (function.__name__, function.__doc__))
        self.assertEqual(inspect.signature(watched), inspect.signature(function))
        self.assertEqual(value("mcp_queue_depth"), 0)
        ended = [(e["outcome"], e.get("errorType")) for e in events("request.ended")]
        vitals._client = vitals._Client()
        return ended

    def test_of_the_plain_kind(self):
        def steps(first: int = 1):
            """Steps."""
            try:
                while True:
                    try:
                        first = (yield first) or first + 1
                    except KeyError:
                        first = -1
                    if first > 3:
                        return "done"
            finally:
                seen.append("closed")

        def all_of(function):
            return list(function(2))

        def sends(function):
            made = function()
            said = [next(made), made.send(3), made.throw(KeyError("k"))]
            try:
                made.send(9)
            except StopIteration as end:
                return [*said, end.value]

        def fails(function):
            made = function()
            next(made)
            try:
                made.throw(ValueError("v"))
            except ValueError as error:
                return str(error)

        def closes(function):
            made = function()
            next(made)
            made.close()
            return list(made), inspect.isgeneratorfunction(function)

        seen = []
        self.assertEqual(self.both(steps, all_of), [("ok", None)])
        self.assertEqual(self.both(steps, sends), [("ok", None)])
        self.assertEqual(self.both(steps, fails), [("tool_error", "ValueError")])
        self.assertEqual(self.both(steps, closes), [("cancelled", None)])
        self.assertEqual(self.both(steps, lambda function: function() and None), [])
        self.assertEqual(seen, ["closed"] * 8)

    def test_of_the_async_kind(self):
        async def steps(first: int = 1):
            """Steps."""
            try:
                while True:
                    try:
                        first = (yield first) or first + 1
                    except KeyError:
                        first = -1
                    await asyncio.sleep(0)
                    if first > 3:
                        return
            finally:
                seen.append("closed")

        async def stubborn():
            try:
                yield 1
            except GeneratorExit:
                yield 2

        async def all_of(function):
            return [item async for item in function(2)]

        async def sends(function):
            made = function()
            said = [await made.__anext__(), await made.asend(3), await made.athrow(KeyError("k"))]
            try:
                await made.asend(9)
            except StopAsyncIteration:
                return said

        def throws(error):
            async def throw(function):
                made = function()
                await made.__anext__()
                try:
                    await made.athrow(error)
                except BaseException as raised:
                    return type(raised), str(raised)

            return throw

        async def closes(function):
            made = function()
            await made.__anext__()
            try:
                await made.aclose()
            except RuntimeError as error:
                return str(error)
            return [item async for item in made], inspect.isasyncgenfunction(function)

        async def cancelled(function):
            made = function()
            await made.__anext__()
            task = asyncio.ensure_future(made.asend(3))
            await asyncio.sleep(0)
            task.cancel()
            return str(await asyncio.gather(task, return_exceptions=True))

        def run(drive):
            return lambda function: asyncio.run(drive(function))

        seen = []
        self.assertEqual(self.both(steps, run(all_of)), [("ok", None)])
        self.assertEqual(self.both(steps, run(sends)), [("ok", None)])
        self.assertEqual(self.both(steps, run(throws(ValueError("v")))), [("tool_error", "ValueError")])
        self.assertEqual(self.both(steps, run(throws(StopAsyncIteration()))), [("tool_error", "RuntimeError")])
        self.assertEqual(self.both(steps, run(throws(asyncio.TimeoutError()))), [("timeout", "TimeoutError")])
        self.assertEqual(self.both(steps, run(closes)), [("cancelled", None)])
        self.assertEqual(self.both(steps, run(cancelled)), [("cancelled", None)])
        self.assertEqual(seen, ["closed"] * 14)
        watched, alone = (asyncio.run(closes(f)) for f in (vitals.monitored_tool(stubborn), stubborn))
        self.assertEqual((watched, "ignored GeneratorExit" in watched), (alone, True))


if __name__ == "__main__":
    unittest.main()
