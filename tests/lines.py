"""A socket as a program reads it that sends one frame at a time and waits for the answer."""

import contextlib
import json
from typing import Any
from uuid import uuid4

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from schemas.frames.codes import SUBPROTOCOL, CloseCode

Frame = dict[str, Any]
ANSWER_SECONDS = 20.0
DOCUMENTED = frozenset(int(code) for code in CloseCode) | {1002, 1007}
"""Ours, and what RFC 6455 §7.4.1 has for broken framing and for texts that are not UTF-8."""


class Line:
    """One socket, as a program reads it that waits for its answers."""

    def __init__(self, url: str, token: str) -> None:
        self._open = contextlib.ExitStack()
        self.socket: ClientConnection = self._open.enter_context(
            connect(
                url,
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                compression=None,
                proxy=None,
                close_timeout=2,
            )
        )
        self.heard: list[Frame] = []
        self.token = token

    def sign_in(self) -> None:
        """Send the first frame and hear that it was taken."""
        self.send(type="connect", token=self.token)
        assert self.read()["type"] == "connected"

    def send(self, **frame: object) -> None:
        """Send a frame."""
        self.socket.send(json.dumps(frame))

    def read(self) -> Frame:
        """Return the next frame."""
        frame: Frame = json.loads(self.socket.recv(ANSWER_SECONDS))
        return frame

    def ask(self, **frame: object) -> Frame:
        """Send a frame and return the answer to it; what came before it is kept."""
        ref = str(uuid4())
        self.send(**{**frame, "ref": ref})
        return self.answer(ref)

    def answer(self, ref: str) -> Frame:
        """Return the answer of this name."""
        while True:
            frame = self.read()
            if frame.get("ref") == ref:
                return frame
            self.heard.append(frame)

    def lives(self) -> bool:
        """Whether it still answers; if not, it has said why in a documented way."""
        try:
            return bool(self.ask(type="ping")["type"] == "pong")
        except ConnectionClosed:
            self.closed_properly()
            return False

    def closed_properly(self) -> None:
        """Hold it to the protocol's close codes."""
        assert self.socket.close_code in DOCUMENTED, self.socket.close_code

    def hear(self, message_id: str) -> None:
        """Wait until this message has been pushed."""
        while not any(frame.get("message_id") == message_id for frame in self.heard):
            self.heard.append(self.read())

    def close(self) -> None:
        """Hang up."""
        self._open.close()
