"""Makes the call in .call.json of the current directory and leaves the result beside it."""

import asyncio
import builtins
import importlib.util
import inspect
import json
import os
import sys
import textwrap
import traceback


class RetryableError(Exception):
    def __init__(self, message="", retry_after=None):
        super().__init__(message)
        self.retry_after = retry_after


class HardError(Exception):
    pass


def log(message, level="info"):
    print(message, file=sys.stderr if level in ("warn", "error") else sys.stdout, flush=True)


def progress(fraction, message=None):
    if message:
        log(message)


def _compile(source, filename):
    try:
        return compile(source, filename, "exec")
    except IndentationError:
        return compile(textwrap.dedent(source), filename, "exec")


def _run(call):
    spec = importlib.util.spec_from_loader("step", loader=None)
    module = importlib.util.module_from_spec(spec)
    sys.modules["step"] = module
    exec(_compile(call["source"], call["filename"]), module.__dict__)
    function = getattr(module, call["function"], None)
    if not callable(function):
        raise HardError(f"{call['filename']} defines no function '{call['function']}'")
    arguments = call["arguments"]
    if arguments["kind"] == "single":
        value = function(arguments["value"])
    elif arguments["kind"] == "named":
        value = function(**arguments["values"])
    else:
        value = function()
    return asyncio.run(_finish(value)) if inspect.isawaitable(value) else value


async def _finish(value):
    return await value


def _failure(error):
    text = "".join(traceback.format_exception(error))[-16384:]
    own = isinstance(error, (RetryableError, HardError))
    message = (str(error) if own else f"{type(error).__name__}: {error}")[:4096]
    failure = {"kind": "threw", "message": message, "traceback": text}
    if isinstance(error, RetryableError):
        failure["kind"] = "retryable"
        if isinstance(error.retry_after, (int, float)):
            failure["retryAfterMs"] = max(0, round(error.retry_after * 1000))
    return failure


def _result(call):
    try:
        value = _run(call)
    except BaseException as error:
        return _failure(error)
    try:
        return {"kind": "returned", "output": json.dumps(value, allow_nan=False)}
    except (TypeError, ValueError, RecursionError) as error:
        message = f"what {call['function']}() returned is no JSON: {error}"
        return {"kind": "malformed", "message": message}


with open(".call.json", encoding="utf-8") as file:
    request = json.load(file)
os.remove(".call.json")
sys.path.insert(0, os.getcwd())
for provided in (RetryableError, HardError, log, progress):
    setattr(builtins, provided.__name__, provided)
result = _result(request)
with open(".result.json", "w", encoding="utf-8") as file:
    json.dump(result, file)
