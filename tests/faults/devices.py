"""Several devices in one conversation, each of which says things and hears all the others."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from parley_client import Chat, Conversation
from parley_client.frames import Frame
from tests.faults.traffic import Person, Traffic

HEARD_SECONDS = 60.0


@dataclass
class Device:
    """One device: what it said, in its order, and every message that it heard, in that order."""

    person: Person
    conversation: Conversation
    said: list[UUID] = field(default_factory=list)
    heard: list[Frame] = field(default_factory=list)

    async def talk(self, pause: float, chance: random.Random, enough: asyncio.Event) -> None:
        """Say one thing after the other."""
        while not enough.is_set():
            await asyncio.sleep(chance.uniform(0, 2 * pause))
            said = await self.conversation.send(f"hello from device {id(self)}")
            self.said.append(said.message_id)
            self.person.accepted.add(said.message_id)

    async def listen(self) -> None:
        """Note every message."""
        async for frame in self.conversation.events():
            if frame["type"] == "message":
                self.heard.append(frame)

    def order(self) -> list[UUID]:
        """Return the messages in the order in which they arrived."""
        return [UUID(frame["message_id"]) for frame in self.heard]

    def positions(self) -> list[int]:
        """Return where on the log they stand, in the order in which they arrived."""
        return [int(frame["at"].partition(":")[2]) for frame in self.heard]


class Crowd:
    """So many devices for each person; use it as an async context manager."""

    def __init__(self, traffic: Traffic, devices: int, seed: int) -> None:
        self._traffic = traffic
        self._count = devices
        self._random = random.Random(seed)
        self._open = AsyncExitStack()
        self._listening: list[asyncio.Task[None]] = []
        self.devices: list[Device] = []

    async def __aenter__(self) -> Self:
        for person in self._traffic.people:
            for _turn in range(self._count):
                chat = await self._open.enter_async_context(
                    Chat(person.credentials, rest=person.rest)
                )
                device = Device(person, await chat.join(person.conversation.id))
                self._listening.append(asyncio.create_task(device.listen()))
                self.devices.append(device)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()
        await asyncio.gather(*self._listening)

    async def talk(self, rate: float, enough: asyncio.Event) -> None:
        """Have all talk, so many messages per second together; return when all was heard by all."""
        pause = len(self.devices) / rate
        async with asyncio.TaskGroup() as talking:
            for device in self.devices:
                talking.create_task(device.talk(pause, self._random, enough))
        self._traffic.said += len(self.said)
        async with asyncio.timeout(HEARD_SECONDS):
            while any(self._unheard(each) for each in self.devices):
                await asyncio.sleep(0.1)

    @property
    def said(self) -> set[UUID]:
        """Everything that any of them said."""
        return {said for device in self.devices for said in device.said}

    def _unheard(self, device: Device) -> set[UUID]:
        return {said for each in self.of(device.person) for said in each.said} - set(device.order())

    def of(self, person: Person) -> Sequence[Device]:
        """Return the devices in this person's conversation."""
        return [device for device in self.devices if device.person is person]
