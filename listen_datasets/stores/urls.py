"""URLs as places of recordings: which of them may be asked, and how they are shown without what is secret in them."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from listen_datasets.errors import RecipeError
from listen_datasets.inputs import InputProblem
from listen_datasets.model import Fate
from listen_datasets.stores.members import judged
from listen_datasets.text import visible

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>]+")
_SECRET = re.compile(
    r"(?i)((?:secret|token|signature|password|credential|access.?key|authorization|bearer|apikey)[\w-]*['\"]?\s*[=: ]\s*)\S+"
)
_NAT_64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Policy:
    """Which hosts may be asked over HTTP.

    Attributes:
        private_hosts: Names of hosts, as URLs spell them, that may have private, loopback or link-local addresses, such
            as a server of the institute. A redirection from one of them to another inside is still refused.
        plain_http: Without encryption as well.
    """

    private_hosts: tuple[str, ...] = ()
    plain_http: bool = False


CAREFUL = Policy()
"""Public hosts over TLS."""


def shown(url: str) -> str:
    """Return a URL without user info, query and fragment, where passwords and signatures stand.

    >>> shown("https://me:secret@example.org/a.tar?X-Amz-Signature=1f#top")
    'https://example.org/a.tar'
    """
    scheme, separator, rest = url.partition("://")
    authority, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    return visible(f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}")


def scrubbed(text: str) -> str:
    """Return a message of a library without what may be secret in it: parts of URLs, and values of what sounds so."""
    return visible(_SECRET.sub(r"\1***", _URL.sub(lambda match: shown(match.group()), text)))


def split(url: str) -> SplitResult:
    """Return the parts of a URL of a recipe.

    Raises:
        RecipeError: It is no URL, or there is a password in it.
    """
    try:
        parts = urlsplit(url)
        has_secret = parts.username is not None or parts.password is not None
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise RecipeError("the URL of a source cannot be understood", where=shown(url)) from error
    if has_secret:
        raise RecipeError(
            "the URL of a source holds a user name or a password",
            where=shown(url),
            hint="remove it; credentials come from the environment or from the configuration of the store",
        )
    if not has_host:
        raise RecipeError("the URL of a source names no host or bucket", where=shown(url))
    return parts


def file_name(text: str) -> str:
    """Return the last part of a URL if it can be the name of a file, else ``recording``."""
    member = judged(text.encode("utf-8", "surrogateescape"))
    return text if member.problem is None and not member.junk and member.path == text else "recording"


def addresses(host: str, port: int, policy: Policy) -> list[str]:
    """Return the addresses of a host that may be connected to. The name is not to be looked up again.

    Raises:
        InputProblem: ``input.unreadable``: there is no such host; ``input.forbidden_address``: the policy is against it.
    """
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InputProblem("input.unreadable", f"the host {visible(host)} cannot be found", Fate.UNREADABLE) from error
    found = list(dict.fromkeys(str(address[0]) for *_, address in known))
    allowed = [address for address in found if host in policy.private_hosts or is_public(address)]
    if not allowed:
        reason = f"the host {visible(host)} has no public address and is not one of those that may be private"
        raise InputProblem("input.forbidden_address", reason)
    return allowed


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet, whichever way it is wrapped.

    >>> is_public("::ffff:169.254.169.254")
    False
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if inner is None and ip in _NAT_64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast
