"""Runs inside the sandbox, once, before the memory image is taken. Defines `call` and `cut_off`."""

import asyncio
import builtins
import gc
import importlib
import io
import json
import linecache
import os
import sys
import textwrap
import time
import traceback
import types

MARK = "\x1e"
ROOT = "/work"
ABSENT = ("pyodide", "_pyodide", "pyodide_js", "js", "_pyodide_core", "_ctypes", "ctypes", "micropip")


class RetryableError(Exception):
    """Raised by user code: the step is tried again by its retry policy."""

    def __init__(self, message="", retry_after=None):
        super().__init__(message)
        self.retry_after = retry_after


class HardError(Exception):
    """Raised by user code: the step fails for good."""


def _tell(message):
    sys.stdout.flush()
    sys.stdout.write(MARK + json.dumps(message) + "\n")
    sys.stdout.flush()


def log(message, level="info"):
    """Writes a line to the activity log of the step."""
    _tell({"kind": "log", "level": level, "message": str(message)})


def progress(fraction, message=None):
    """Reports how far the step has come, 0 to 1."""
    _tell({"kind": "progress", "fraction": float(fraction), "message": message})


class _Selector:
    """No descriptors to wait for: waiting is sleeping."""

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("deadlock: the coroutine waits for something that cannot happen")
        if timeout > 0:
            time.sleep(timeout)
        return []

    def close(self):
        pass


class _Loop(asyncio.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = _Selector()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass


class _Policy(asyncio.events._BaseDefaultEventLoopPolicy):
    _loop_factory = _Loop


async def _finish(awaitable):
    return await awaitable


def _compile(source, filename):
    try:
        return compile(source, filename, "exec")
    except IndentationError:
        dedented = textwrap.dedent(source)
        if dedented == source:
            raise
        return compile(dedented, filename, "exec")


def _load(request):
    filename = request["filename"]
    source = request["source"]
    module = types.ModuleType("step")
    module.__file__ = filename
    sys.modules["step"] = module
    lines = source.splitlines(True)
    linecache.cache[filename] = (len(source), None, lines, filename)
    exec(_compile(source, filename), module.__dict__)
    return module


def _run(request):
    name = request["function"]
    module = _load(request)
    function = getattr(module, name, None)
    if not callable(function):
        found = [n for n, v in vars(module).items() if isinstance(v, types.FunctionType)]
        defined = ", ".join(found) or "none"
        raise HardError(f"{request['filename']} defines no function '{name}' (functions: {defined})")
    arguments = request["arguments"]
    if arguments["kind"] == "single":
        result = function(arguments["value"])
    elif arguments["kind"] == "named":
        result = function(**arguments["values"])
    else:
        result = function()
    return asyncio.run(_finish(result)) if hasattr(result, "__await__") else result


def _traceback(error, filename):
    """The frames of the user's own files; those of this file and of the library say nothing."""
    shown = traceback.TracebackException.from_exception(error, compact=True)
    seen = set()
    pending = [shown]
    while pending:
        part = pending.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(
            [f for f in part.stack if f.filename == filename or f.filename.startswith(ROOT)]
        )
        pending += [part.__cause__, part.__context__]
    return shown


def _describe(error, filename):
    shown = _traceback(error, filename)
    text = "".join(shown.format()).rstrip()
    name = type(error).__name__
    message = f"{name}: {error}" if str(error) else name
    if isinstance(error, (RetryableError, HardError)):
        message = str(error) or name
    if isinstance(error, SyntaxError):
        message = f"{name}: {error.msg} ({error.filename}, line {error.lineno})"
    elif shown.stack:
        last = shown.stack[-1]
        place = last.filename.removeprefix(ROOT + "/")
        message = f"{message} ({place}, line {last.lineno})"
    return message, text


def _failure(error, filename):
    if isinstance(error, MemoryError):
        return {"kind": "limit", "message": "the code used more memory than memoryMb allows"}
    message, text = _describe(error, filename)
    failure = {"kind": "threw", "message": message[:4096], "traceback": text[-16384:]}
    if isinstance(error, RetryableError):
        failure["kind"] = "retryable"
        if isinstance(error.retry_after, (int, float)):
            failure["retryAfterMs"] = max(0, round(error.retry_after * 1000))
    return failure


def _result(request):
    try:
        value = _run(request)
    except BaseException as error:
        return _failure(error, request["filename"])
    try:
        return {"kind": "returned", "output": json.dumps(value, allow_nan=False)}
    except MemoryError as error:
        return _failure(error, request["filename"])
    except (TypeError, ValueError, RecursionError) as error:
        name = request["function"]
        return {"kind": "malformed", "message": f"what {name}() returned is no JSON: {error}"}


def _flush_files():
    """What the code wrote into a file that it has not closed belongs to the file all the same."""
    for found in gc.get_objects():
        if type(found) in (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom):
            try:
                found.flush()
            except BaseException:
                pass  # Closed, or open for reading only.


def call(text):
    """Makes the call that a JSON text describes and returns how it ended, as JSON text."""
    os.chdir(ROOT)
    sys.path_importer_cache.pop(ROOT, None)
    request = json.loads(text)
    result = json.dumps(_result(request))
    if request["outputs"]:
        _flush_files()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        pass  # The code closed or replaced them: nothing of its output is left to write.
    return result


class _Absent:
    """Says plainly what is missing here, in place of an odd failure deep in a module."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"{fullname} is not available in the sandbox", name=fullname)
        return None


def _refuse(*args, **kwargs):
    raise TypeError("not available in the sandbox")


def _sweep():
    """What the modules leave behind: whoever asks the collector or `__subclasses__` finds it."""
    for found in gc.get_objects():
        if type(found) is dict and "raw_call" in found and "to_js" in found:
            found.clear()
        elif type(found).__name__ == "JsLoader":
            found.jsproxy = None
    for exception in Exception.__subclasses__():
        # Making one makes a JavaScript Error, which leads on to everything.
        if exception.__name__ == "JsException":
            exception.__new__ = _refuse


def cut_off():
    """Takes away every Python name that leads to JavaScript. The last thing before the image."""
    from _pyodide._importhook import jsfinder

    # Pyodide's own versions hand the waiting to JavaScript.
    asyncio.run = asyncio.run.__wrapped__
    time.sleep = time.sleep.__wrapped__
    asyncio._set_running_loop(None)
    asyncio.events._set_event_loop_policy(_Policy())

    jsfinder.jsproxies.clear()
    standard = ("BuiltinImporter", "FrozenImporter", "PathFinder")
    kept = [f for f in sys.meta_path if getattr(f, "__name__", "") in standard]
    sys.meta_path[:] = [_Absent(), *kept]
    for name in [n for n in sys.modules if n.split(".")[0] in ABSENT]:
        module = sys.modules.pop(name)
        if isinstance(module, types.ModuleType):
            module.__dict__.clear()
    _sweep()
    gc.collect()


for value in (RetryableError, HardError, log, progress):
    value.__module__ = "behest"
    setattr(builtins, value.__name__, value)

# Imported once here, they need not be imported in every call.
for name in ("csv", "datetime", "decimal", "hashlib", "math", "random", "re", "statistics"):
    importlib.import_module(name)

sys.path.insert(0, ROOT)
sys.argv = ["step"]
sys.setrecursionlimit(1000)
os.environ.clear()
sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), "utf-8", "replace", line_buffering=True)
sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", "replace", line_buffering=True)
sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
