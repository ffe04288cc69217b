"""The log of a command: lines for a person (`--log-file`), or a JSON object a line for machines (`--log-json`)."""

import json
import logging
import os
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import typer

from treeprobe.errors import OutputError, TreeprobeError

LOG = logging.getLogger("treeprobe")
"""The parent of every logger of the library; without a log file, what is logged is dropped."""
LOG.addHandler(logging.NullHandler())


class JsonLines(logging.Formatter):
    """A JSON object a record: time (UTC, ISO 8601), level, logger, message, machine, process, and what else it has.

    What a record has besides comes from the `extra` of its call, as the standard library has it; an exception is told
    by its type, message and traceback.
    """

    _USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        content = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "machine": socket.gethostname(),
            "process": os.getpid(),
            **{name: value for name, value in vars(record).items() if name not in self._USUAL},
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            content["error"] = {"type": kind.__name__, "message": str(error)}
            content["traceback"] = "".join(traceback.format_exception(error))
        return json.dumps(content, ensure_ascii=False, default=str)


@contextmanager
def logged(path: Path | None, as_json: Path | None = None) -> Iterator[None]:
    """Append what the block logs, and the error in which it ends, to files.

    Args:
        path: a line of time and message each.
        as_json: a JSON object a line.

    Raises OutputError when a file cannot be written.
    """
    handlers = [
        _handler(file, formatter)
        for file, formatter in (
            (path, logging.Formatter("%(asctime)s %(levelname)s %(message)s")),
            (as_json, JsonLines()),
        )
        if file is not None
    ]
    if not handlers:
        yield
        return
    level = LOG.level
    for handler in handlers:
        LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    LOG.info("treeprobe %s: %s", version("treeprobe"), " ".join(sys.argv[1:]), extra={"event": "begin"})
    try:
        yield
    except typer.Exit as ending:
        LOG.info("exit code %d", ending.exit_code, extra={"event": "end", "exit_code": int(ending.exit_code)})
        raise
    except BaseException as error:
        # Bad input is told in a sentence; a traceback helps with the rest.
        told = isinstance(error, TreeprobeError | typer.BadParameter)
        more = {"event": "end", "error": {"type": type(error).__name__, "message": str(error)}} if told else {}
        LOG.error("%s: %s", type(error).__name__, error, exc_info=not told, extra=more)
        raise
    finally:
        LOG.setLevel(level)
        for handler in handlers:
            LOG.removeHandler(handler)
            handler.close()


def _handler(path: Path, formatter: logging.Formatter) -> logging.Handler:
    """What appends to a file. Raises OutputError when that cannot be written."""
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    handler.setFormatter(formatter)
    return handler
