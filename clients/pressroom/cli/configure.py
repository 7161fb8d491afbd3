"""``pressroom config``: save the server's address and the API key, or show what is used."""

import sys

import click

from pressroom.cli import config as saved
from pressroom.cli import console
from pressroom.cli.config import DEFAULT_URL, Connection
from pressroom.cli.stops import Misuse
from pressroom.client import Client, ClientError


@click.command()
@click.option("--url", help="The server, like http://127.0.0.1:8017.")
@click.option(
    "--api-key", metavar="KEY", help="`-` asks for it, so that it stays out of the shell's history."
)
@click.pass_obj
def config(connection: Connection, url: str | None, api_key: str | None) -> None:
    """Save the server's address and your API key; without options, show what is used.

    PRESSROOM_URL and PRESSROOM_API_KEY go before what is saved.
    """
    if url is None and api_key is None:
        console.line(f"url      {connection.url or DEFAULT_URL}")
        console.line(f"api key  {_masked(connection.api_key)}")
        console.line(f"saved in {saved.path()}")
        return
    if api_key == "-":
        api_key = click.prompt("API key", hide_input=sys.stdin.isatty(), err=True)
    new = Connection(url or "", (api_key or "").strip()).over(saved.load())
    _check(new)
    console.say(f"Saved in {saved.save(new)}.")


def _check(connection: Connection) -> None:
    """Raises Misuse for what cannot be an address or a key; nobody is asked."""
    try:
        Client(connection.url or DEFAULT_URL, connection.api_key or "pr_none").close()
    except ClientError as error:
        raise Misuse(error.message) from error


def _masked(api_key: str) -> str:
    if not api_key:
        return "none; `pressroom admin keys create` on the server makes one"
    return f"{api_key[: api_key.rfind('_') + 1]}…" if api_key.count("_") >= 2 else f"{api_key[:3]}…"
