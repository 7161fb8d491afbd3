"""The client of Pressroom's HTTP API. It knows the contract and nothing of the server."""

from pressroom.client.asynchronous import AsyncClient
from pressroom.client.client import Client
from pressroom.client.errors import (
    ApiProblem,
    BadAnswer,
    ClientError,
    JobFailed,
    NotSendable,
    OutputDamaged,
    ServerUnreachable,
    StreamBroken,
    TextChanged,
    TimedOut,
)
from pressroom.client.picking import best
from pressroom.client.retry import RetryPolicy
from pressroom.client.suggesting import Item, Suggestion
from pressroom.client.transcript import Transcript
from pressroom.client.webhooks import NotFromPressroom, verified
from pressroom.contract.pictures import OutputRef, Picture

__all__ = [
    "ApiProblem",
    "AsyncClient",
    "BadAnswer",
    "Client",
    "ClientError",
    "Item",
    "JobFailed",
    "NotFromPressroom",
    "NotSendable",
    "OutputDamaged",
    "OutputRef",
    "Picture",
    "RetryPolicy",
    "ServerUnreachable",
    "StreamBroken",
    "Suggestion",
    "TextChanged",
    "TimedOut",
    "Transcript",
    "best",
    "verified",
]
