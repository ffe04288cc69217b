"""The Hugging Face hub: whether it can be reached is settled at once; folders are fetched from it and given to it."""

import os
import re
import socket
import urllib.request
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import huggingface_hub  # which loads what is used of it when it is used
from huggingface_hub import constants
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from treeprobe.errors import TreeprobeError, first_line

FILES = ("*.json", "*.safetensors", "*.csv", "*.md")
"""What is fetched and given: data and text, nothing that could be run."""
_PATIENCE = 5.0
"""Seconds in which a connection to the hub must come about; transformers tries for most of a minute."""
_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[^\s@]+)?")


class HubError(TreeprobeError, ValueError):
    """A name that the hub does not have, a hub that cannot be reached, or one that refuses what is given to it."""


def card_header(license: str) -> str:
    """What a card of probes (README.md) begins with, as the hub reads it.

    Args:
        license: as the hub names licenses, such as `cc-by-sa-4.0`.
    """
    return f"---\nlibrary_name: treeprobe\nlicense: {license}\ntags:\n- syntax\n- structural-probe\n---\n\n"


def fetched_folder(name: str | os.PathLike[str]) -> Path:
    """The folder of that name on this disk or, where there is none, the hub's, in the hub's cache.

    Args:
        name: a path, which is returned as it is; or OWNER/NAME of the hub, with @REVISION for another than the newest.
            Where its OWNER is a folder here, it is a path.

    Raises:
        HubError: the hub has no such name or revision; or it cannot be reached, and its cache does not have it either.
    """
    path = Path(name).expanduser()
    if path.exists() or not _NAME.fullmatch(os.fspath(name)) or path.parent.is_dir():
        return path
    repository, _, revision = os.fspath(name).partition("@")
    reason = "offline mode" if constants.is_offline_mode() else unreachable()
    try:
        return Path(
            huggingface_hub.snapshot_download(
                repository, revision=revision or None, allow_patterns=list(FILES), local_files_only=reason is not None
            )
        )
    except LocalEntryNotFoundError as error:
        raise HubError(
            f"{name} is neither a folder here nor in the hub's cache ({constants.HF_HUB_CACHE}), and the hub cannot be "
            f"reached ({reason or first_line(error)}); expected a folder, or a network"
        ) from error
    except RepositoryNotFoundError as error:
        raise HubError(
            f"{name}: there is no such folder here, and no such repository on the hub, or only for others than you "
            "(`hf auth login`)"
        ) from error
    except RevisionNotFoundError as error:
        raise HubError(f"{name}: the hub's {repository} has no revision {revision}") from error
    except (HFValidationError, HfHubHTTPError) as error:
        raise HubError(f"{name}: there is no such folder here, and the hub says: {first_line(error)}") from error


def push_folder(folder: Path, name: str, *, private: bool = False, message: str) -> str:
    """Give the files of a folder to the hub as a repository, which is made where there is none yet.

    The token is that of `hf auth login`, or of the environment variable HF_TOKEN.

    Args:
        name: OWNER/NAME.
        message: of the commit.

    Returns:
        The repository's address.

    Raises:
        HubError: the hub cannot be reached or refuses, or nobody is logged in.
    """
    if (reason := "offline mode" if constants.is_offline_mode() else unreachable()) is not None:
        raise HubError(f"{name}: the hub cannot be reached ({reason}); nothing was given to it")
    api = huggingface_hub.HfApi()
    try:
        address = api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=address.repo_id, folder_path=folder, allow_patterns=list(FILES), commit_message=message
        )
    except LocalTokenNotFoundError as error:
        raise HubError(f"{name}: nobody is logged in; expected `hf auth login`, or a token in HF_TOKEN") from error
    except (HFValidationError, HfHubHTTPError) as error:
        raise HubError(f"{name}: the hub refuses: {first_line(error)}") from error
    return str(address)


def unreachable() -> str | None:
    """Why no connection to the hub comes about; None where one does."""
    host, port = _next_host()
    outcome = [f"{host}: no answer in {_PATIENCE:g} s"]

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=_PATIENCE).close()
            outcome.append("")
        except OSError as error:
            outcome.append(f"{host}: {error.strerror or error}")

    # Looking up a name has no limit of its own, so it is left behind where it takes too long.
    attempt = Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(_PATIENCE)
    return outcome[-1] or None


def hub_host() -> tuple[str, int]:
    """Host and port of the hub."""
    hub = urlsplit(constants.ENDPOINT)
    return hub.hostname or constants.ENDPOINT, hub.port or (80 if hub.scheme == "http" else 443)


def _next_host() -> tuple[str, int]:
    """Host and port that a request to the hub connects to first: the hub's, or a proxy's."""
    host, port = hub_host()
    scheme = urlsplit(constants.ENDPOINT).scheme
    proxies = urllib.request.getproxies()
    proxy = urlsplit(proxies.get(scheme) or proxies.get("all") or "")
    if proxy.hostname and not urllib.request.proxy_bypass(host):
        return proxy.hostname, proxy.port or (443 if proxy.scheme == "https" else 80)
    return host, port
