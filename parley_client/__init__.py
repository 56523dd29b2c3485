"""Parley for Python programs: sign in, talk, and miss nothing whatever the network does."""

from parley_client.chat import Chat
from parley_client.conversation import Accepted, Conversation
from parley_client.credentials import by_ticket, by_token
from parley_client.errors import ClientError, RejectedError, RestError, SocketClosedError
from parley_client.rest import ParleyClient
from parley_client.thread import Thread

__all__ = [
    "Accepted",
    "Chat",
    "ClientError",
    "Conversation",
    "ParleyClient",
    "RejectedError",
    "RestError",
    "SocketClosedError",
    "Thread",
    "by_ticket",
    "by_token",
]
