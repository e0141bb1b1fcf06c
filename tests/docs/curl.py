"""The part of curl's command line that the documents use, as a request of the tests' own client."""

from __future__ import annotations

import argparse
import shlex
from string import Template
from urllib.parse import quote

from aiohttp import BasicAuth, ClientResponse, ClientSession

_PARSER = argparse.ArgumentParser("curl", exit_on_error=False)
_PARSER.add_argument("url")
_PARSER.add_argument("-s", action="store_true", required=True)
_PARSER.add_argument("-X", dest="method")
_PARSER.add_argument("-G", action="store_true", dest="get")
_PARSER.add_argument("-H", dest="headers", action="append", default=[])
_PARSER.add_argument("-u", dest="user")
_PARSER.add_argument("-d", dest="data")
_PARSER.add_argument("--data-urlencode", dest="encoded", action="append", default=[])


async def run(session: ClientSession, command: str, variables: dict[str, str]) -> ClientResponse:
    """Do what `curl …` would do; `$NAME` is taken from the variables.

    Raises:
        KeyError: a variable is not known.
    """
    words = [Template(word).substitute(variables) for word in shlex.split(command.replace("\\\n", " "))]
    assert words[0] == "curl", command
    given = _PARSER.parse_args(words[1:])
    assert given.get or not given.encoded, "only -G with --data-urlencode is known here"
    query = "&".join(f"{name}={quote(value)}" for name, _, value in (pair.partition("=") for pair in given.encoded))
    headers = [tuple(header.split(": ", 1)) for header in given.headers]
    name, _, password = (given.user or "").partition(":")
    response = await session.request(
        given.method or ("POST" if given.data else "GET"),
        given.url + (f"?{query}" if query else ""),
        headers=headers,
        data=given.data,
        auth=BasicAuth(name, password) if given.user else None,
    )
    await response.read()
    return response
