"""The gateway's routes of training and models, as the operator of a stack calls them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from cli.options import running_stack
from infra.embedded.errors import StackError

TIMEOUT_SECONDS = 60.0
MAX_TOLD = 20


class ModelRoutes:
    """Answers as parsed JSON; a refusal is a StackError with everything the gateway said."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        return self._send("GET", path, params=query)

    def post(self, path: str) -> dict[str, Any]:
        return self._send("POST", path)

    def delete(self, path: str) -> dict[str, Any]:
        return self._send("DELETE", path)

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._send("PUT", path, json=body)

    def train(self, options: dict[str, Any]) -> dict[str, Any]:
        return self._send("POST", "/api/ai/train", json=options)

    def upload(self, file: Path, fields: dict[str, str]) -> dict[str, Any]:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise StackError(f"{file} cannot be read: {error.strerror}") from error
        files = {"file": (file.name, content)}
        return self._send("POST", "/api/ai/train", files=files, data=fields)

    def _send(self, method: str, path: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx2's
        try:
            answer = self._http.request(method, path, **body)
        except httpx2.HTTPError as error:
            raise StackError(f"the gateway does not answer ({type(error).__name__})") from error
        if answer.is_error:
            raise StackError(_told(answer))
        said: dict[str, Any] = answer.json()
        return said


@contextmanager
def model_routes(data: Path) -> Iterator[ModelRoutes]:
    """Call the stack of this folder; whoever may read its secrets is its operator."""
    stack = running_stack(data)
    headers = {"Authorization": f"Bearer {stack.credentials.internal_token}"}
    with httpx2.Client(
        base_url=stack.url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
    ) as http:
        yield ModelRoutes(http)


def _told(answer: httpx2.Response) -> str:
    try:
        said = answer.json()
        rows = [f"\n  {each['field']}: {each['message']}" for each in said.get("errors") or ()]
        return f"{said['detail']}{''.join(rows[:MAX_TOLD])}"
    except (ValueError, KeyError, TypeError):
        return f"the gateway answered {answer.status_code}"
