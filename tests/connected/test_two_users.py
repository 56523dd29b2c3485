"""One user cannot see or act for another: every route and every command, generated (P21).

The table is made of the contract: a route is in it as soon as it exists, and one that none of the
rules below covers fails the test until somebody has said what another user may get of it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import httpx2
import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gateway.openapi import document
from schemas.frames.client import ClientFrame
from schemas.frames.codes import SUBPROTOCOL
from tests.devices import Device, People
from tests.frames import frame_types, good_frame
from tests.stack import Stack

pytestmark = [
    pytest.mark.connected,
    pytest.mark.timeout(240),
    pytest.mark.promise("P21", "another user's ids on every route and socket command"),
]

Fields = dict[str, Any]
NOT_YOURS = {403, 404}
OF_OTHERS = frozenset({"conversation_id", "message_id", "user_id", "job_id", "export_id"})
"""Names of ids in paths and bodies that belong to somebody."""
REFUSED = {
    "/internal/": {401},
    "/api/admin/": {403},
    "/api/knowledge/": {403},
    "/api/ai/train": {403},
    "/api/ai/models": {403},
    "/api/chat/handovers": {403},
}
"""Whole rooms that people without the role have nothing to look for in."""
DESK = "/api/chat/handovers"
NOT_THEIR_OWN = {("put", "/api/chat/conversations/{conversation_id}/agents/me")}
"""Routes about things of others only: their owner is refused as everybody else is."""
WITHOUT_IDS = {
    ("post", "/api/auth/register"): "makes an account of one's own",
    ("post", "/api/auth/login"): "needs the other's password",
    ("post", "/api/auth/logout"): "ends the cookie's own session",
    ("post", "/api/auth/refresh"): "renews the cookie's own session",
    ("get", "/api/auth/profile"): "tells of the token's user",
    ("post", "/api/auth/socket-ticket"): "made for the token's user",
    ("get", "/api/chat/conversations"): "lists the token's user's",
    ("post", "/api/chat/conversations"): "ids are derived from the user's",
    ("get", "/api/remotes"): "is public",
    ("post", "/api/ai/process-message"): "is about the text in its body",
    ("post", "/api/ai/sentiment"): "is about the text in its body",
    ("post", "/api/ai/intent"): "is about the text in its body",
    ("post", "/api/ai/generate-response"): "is about the text in its body",
    ("get", "/api/ai/models"): "is the same for everybody",
    ("get", "/api/ai/models/loaded"): "is the same for everybody",
    ("get", "/api/ai/models/{version}"): "is the same for everybody",
}
"""Routes that name nobody's things, and why that is so; none may show anything of another's."""


ONE_OF_SEVERAL = {("put", "/api/chat/conversations/{conversation_id}"): {"title": "text"}}
"""What is sent where no field is needed, but one of them."""


@dataclass(frozen=True)
class Route:
    """One method of one path, as the contract describes it."""

    method: str
    path: str
    parameters: tuple[str, ...]
    body: Fields

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def refused(self) -> set[int] | None:
        """What everybody without the role is answered, if that is decided by the path."""
        if (self.method, self.path) in WITHOUT_IDS:
            return None
        return next((said for place, said in REFUSED.items() if self.path.startswith(place)), None)

    @property
    def foreign(self) -> bool:
        """Whether it names something that belongs to somebody."""
        return bool(OF_OTHERS & {*self.parameters, *self.body})


def routes() -> list[Route]:
    """Return every route of the contract."""
    contract = json.loads(document())
    found = []
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            asked = operation.get("requestBody", {}).get("content", {})
            schema = asked.get("application/json", {}).get("schema", {})
            parameters = [one for one in operation.get("parameters", ()) if one.get("required")]
            names = tuple(one["name"] for one in parameters)
            body = _example(contract, schema, "body") if schema else {}
            body |= ONE_OF_SEVERAL.get((method, path), {})
            found.append(Route(method, path, names, body))
    return found


def _example(contract: Fields, schema: Fields, name: str) -> Any:  # noqa: ANN401 - any JSON
    """Return a plain value that fits a schema, made by its types alone."""
    if "$ref" in schema:
        return _example(contract, contract["components"]["schemas"][schema["$ref"][21:]], name)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _example(contract, schema[choice][0], name)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object":
        needed = set(schema.get("required", ())) | (OF_OTHERS & set(schema.get("properties", {})))
        properties = schema.get("properties", {})
        return {each: _example(contract, properties.get(each, {}), each) for each in sorted(needed)}
    if kind == "array":
        return [_example(contract, schema.get("items", {}), name)]
    plain = {"boolean": False, "integer": 1, "number": 1.0}
    return plain.get(str(kind), str(uuid4()) if schema.get("format") == "uuid" else "text")


ROUTES = routes()


@dataclass(frozen=True)
class Owner:
    """Somebody with a conversation that has a message in it."""

    device: Device
    socket: ClientConnection
    ids: Fields
    role: str = "user"

    def refused(self, route: Route) -> set[int] | None:
        """What this person is answered by a route that is not for everybody."""
        return None if self.role == "agent" and route.path == DESK else route.refused


class Talk:
    """One user's socket, as a client that asks and waits for the answer."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[Fields] = []

    async def ask(self, **frame: object) -> Fields:
        """Send a frame and return what is answered to it, without the `ref`."""
        ref = str(uuid4())
        await self.socket.send(json.dumps({**frame, "ref": ref}))
        while True:
            answer: Fields = json.loads(await asyncio.wait_for(self.socket.recv(), 20))
            if answer.pop("ref", None) == ref:
                return answer
            self.heard.append(answer)


async def opened(stack: Stack, device: Device) -> ClientConnection:
    """Return a signed-in socket of this device."""
    socket = await connect(
        stack.socket_url,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        proxy=None,
    )
    await socket.send(json.dumps({"type": "connect", "token": device.token}))
    assert json.loads(await asyncio.wait_for(socket.recv(), 10))["type"] == "connected"
    return socket


async def owner_of(stack: Stack, device: Device) -> Owner:
    """Let somebody start a conversation and say something in it, and wait until it is stored."""
    socket = await opened(stack, device)
    talk = Talk(socket)
    started = await talk.ask(type="conversation:start", client_conversation_id=str(uuid4()))
    conversation = started["conversation_id"]
    said = await talk.ask(
        type="message",
        conversation_id=conversation,
        client_message_id=str(uuid4()),
        text="the words of somebody else",
    )
    user = jwt.decode(device.token, options={"verify_signature": False})["sub"]
    ids = {"conversation_id": conversation, "message_id": said["message_id"], "user_id": user}
    path = f"/api/chat/conversations/{conversation}/messages"
    async with asyncio.timeout(30):
        while not (await device.http.get(path, headers=_bearer(device))).json().get("items"):
            await asyncio.sleep(0.1)
    return Owner(device, socket, ids)


def _bearer(device: Device) -> dict[str, str]:
    return {"Authorization": f"Bearer {device.token}"}


@pytest.fixture(params=["user", "agent"])
async def pair(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Owner, Owner]]:
    """Two people who have nothing to do with each other; an agent was not asked for either."""
    people = People(stack)
    [[first], [second]] = [await people.person(1) for _ in range(2)]
    if request.param == "agent":
        await people.promote(second, "agent")
        assert await second.enter("login") == 200
    owners = [await owner_of(stack, each) for each in (first, second)]
    yield owners[0], replace(owners[1], role=request.param)
    for each in owners:
        await each.socket.close()
    await people.leave()


async def answered(device: Device, route: Route, ids: Fields) -> httpx2.Response:
    """Ask a route about these ids."""
    names = {name: ids.get(name, str(uuid4())) for name in route.parameters}
    query = {name: value for name, value in names.items() if f"{{{name}}}" not in route.path}
    body = {name: ids.get(name, value) for name, value in route.body.items()}
    return await device.http.request(
        route.method.upper(),
        route.path.format(**names),
        params=query,
        json=body if route.body else None,
        headers=_bearer(device),
    )


def nothing() -> Fields:
    """Return ids of what does not exist."""
    return {name: str(uuid4()) for name in OF_OTHERS}


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_route_has_an_expectation(route: Route) -> None:
    """Somebody has thought about what another user gets of it."""
    decided = route.refused or route.foreign or (route.method, route.path) in WITHOUT_IDS
    assert decided, f"say in {__name__} what another user may get of {route}"


def test_no_expectation_is_left_over() -> None:
    """What is said of a route that no longer exists would hide the next one of its name."""
    assert set(WITHOUT_IDS) <= {(route.method, route.path) for route in ROUTES}


async def test_no_route_tells_of_another(
    pair: tuple[Owner, Owner], record_property: Callable[[str, object], None]
) -> None:
    """Another's ids and ids of nothing get the same refusal, word for word."""
    ada, eve = pair
    # What takes the thing away comes last.
    for route in sorted(ROUTES, key=lambda each: each.method == "delete"):
        refused = eve.refused(route)
        if refused is None and not route.foreign:
            continue
        theirs = await answered(eve.device, route, ada.ids)
        nobodys = await answered(eve.device, route, nothing())
        assert theirs.status_code in (refused or NOT_YOURS), (str(route), theirs.text)
        assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content), route
        if refused is None and (route.method, route.path) not in NOT_THEIR_OWN:
            own = await answered(ada.device, route, ada.ids)
            assert own.is_success, f"{route} answers its owner {own.status_code}: {own.text}"
    record_property("load", f"{len(ROUTES)} routes, {len(frame_types())} commands")


async def test_lists_show_only_ones_own(pair: tuple[Owner, Owner]) -> None:
    """What names nobody's things shows nothing of another's."""
    ada, eve = pair
    for route in ROUTES:
        listing = (route.method, route.path) in WITHOUT_IDS or eve.refused(route) is None
        if listing and not route.foreign and route.method == "get":
            answer = await answered(eve.device, route, {})
            assert not [each for each in ada.ids.values() if each in answer.text], route


async def heard_soon(talk: Talk) -> list[Fields]:
    """Return everything that came until a moment after now."""
    await asyncio.sleep(0.5)
    assert (await talk.ask(type="ping"))["type"] == "pong"
    return talk.heard


def about(kind: type[ClientFrame], ids: Fields) -> Fields:
    """Return a frame of this kind about these ids."""
    frame = good_frame(kind)
    for name in ("conversation_id", "message_id"):
        if name in frame:
            frame[name] = ids[name]
    if "user_ids" in frame:
        frame["user_ids"] = [ids["user_id"]]
    return frame


UNANSWERED = {"typing", "presence:watch"}
ALONE = {"connect", "ping", "conversation:start", "presence"}
"""Frames that name nothing of anybody's."""
LEAVING = "conversation:leave"
"""Leaving what one is not in is no secret: it is always accepted, and does nothing."""


async def test_no_command_reaches_another(pair: tuple[Owner, Owner]) -> None:
    """Refused alike for what is another's and what is not there; the other hears nothing."""
    ada, eve = pair
    talk, watching = Talk(eve.socket), Talk(ada.socket)
    await heard_soon(watching)
    for kind in frame_types():
        watching.heard.clear()
        await try_command(kind, talk, ada.ids, eve.ids)
        assert await heard_soon(watching) == [], kind
    path = f"/api/chat/conversations/{ada.ids['conversation_id']}/messages"
    page = (await ada.device.http.get(path, headers=_bearer(ada.device))).json()
    first = next(each for each in page["items"] if each["message_id"] == ada.ids["message_id"])
    assert (first["text"], first["reactions"]) == ("the words of somebody else", [])
    assert UUID(first["sender"]["id"]) == UUID(ada.ids["user_id"])


async def try_command(kind: type[ClientFrame], talk: Talk, others: Fields, own: Fields) -> None:
    """Send a command about what is another's; what comes back is what comes back for nothing."""
    frame_type = good_frame(kind)["type"]
    named = set(good_frame(kind)) & {"conversation_id", "message_id", "user_ids"}
    assert bool(named) == (frame_type not in ALONE), "say what this new command names"
    if not named:
        return
    if frame_type in UNANSWERED:
        await talk.socket.send(json.dumps(about(kind, others)))
        for each in await heard_soon(talk):
            assert others["user_id"] not in json.dumps(each)
            assert each["type"] in {"error", "reply", "message", "message:analyzed"}
    else:
        theirs = await talk.ask(**about(kind, others))
        nobodys = await talk.ask(**about(kind, nothing()))
        assert theirs == {**nobodys, **_echo(theirs, others)}
        assert theirs["status"] == ("accepted" if frame_type == LEAVING else "rejected"), theirs
        if "message_id" in named:
            mixed = await talk.ask(**about(kind, own | {"message_id": others["message_id"]}))
            absent = await talk.ask(**about(kind, own | {"message_id": str(uuid4())}))
            assert mixed["status"] == "rejected"
            assert mixed == absent


def _echo(answer: Fields, ids: Fields) -> Fields:
    """Return what an answer repeats of the question."""
    return {name: ids[name] for name in ("conversation_id", "message_id") if name in answer}


@pytest.mark.parametrize("positions", [(), ("m0:0",), tuple(f"m{n}:0" for n in range(12))])
async def test_no_position_replays_what_is_anothers(
    pair: tuple[Owner, Owner], positions: tuple[str, ...]
) -> None:
    """A join from the beginning of every log gets nothing but the refusal."""
    ada, eve = pair
    talk = Talk(eve.socket)
    before = len(await heard_soon(talk))
    for ids in (ada.ids, nothing()):
        answer = await talk.ask(
            type="conversation:join", conversation_id=ids["conversation_id"], positions=positions
        )
        assert (answer["status"], answer["code"]) == ("rejected", "not_found")
    heard = (await heard_soon(talk))[before:]
    assert not [each for each in heard if ada.ids["conversation_id"] in json.dumps(each)]
