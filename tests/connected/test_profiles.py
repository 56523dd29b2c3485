"""What personalization tells of people, on the real log, and what the assistant makes of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest

from consumers.delivery.ports import Delivered, OffsetKeeper, Offsets, Partition
from consumers.delivery.rebuild import reset_projection
from consumers.personalization import app as personalization
from consumers.personalization.adapters.profiles import PostgresProfiles
from consumers.personalization.adapters.tellings import PostgresTelling
from consumers.personalization.ports import Profile, Untold
from runtime.clock import HybridLogicalClock
from schemas.events.chat import MessageSent, Sender, SenderKind
from schemas.events.profiles import ProfileUpdated
from schemas.events.replies import Context, ReplyGenerated
from schemas.topics import Topic
from tests.connected import delivery_bed as bed
from tests.connected.nlp_bed import ROOT, Listener, listening, nlp, question, start_at_the_end
from tests.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

pytestmark = [pytest.mark.connected, pytest.mark.timeout(480)]

GERMAN = (
    "Wo ist meine Bestellung? Ich warte schon seit drei Wochen.",  # codespell:ignore
    "Das Paket ist immer noch nicht angekommen, was soll ich tun?",  # codespell:ignore
    "Können Sie mir bitte sagen, wann die Lieferung kommt?",  # codespell:ignore
    "Ich möchte wissen, wer für diese Sendung verantwortlich ist.",  # codespell:ignore
)


class Gate(OffsetKeeper):
    """Stores nothing more after the first records of one person, until it is opened."""

    def __init__(self, keeper: OffsetKeeper, sender: UUID) -> None:
        self._keeper = keeper
        self._sender = sender
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def load(self, partitions: "Iterable[Partition]") -> Offsets:
        """See `OffsetKeeper`."""
        return await self._keeper.load(partitions)

    async def store(self, batch: "Sequence[Delivered]", upto: Offsets) -> None:
        """See `OffsetKeeper`."""
        if self.reached.is_set():
            await self.opened.wait()
        await self._keeper.store(batch, upto)
        said = [each.event for each in batch if isinstance(each.event, MessageSent)]
        if any(each.sender.id == self._sender for each in said):
            self.reached.set()


@asynccontextmanager
async def telling(member: bed.Member) -> AsyncIterator[None]:
    """Run a member that tells others of what it learns."""
    clock = HybridLogicalClock()
    async with personalization.telling(member.settings, clock), bed.consuming(member):
        yield


def in_small_bites(member: bed.Member) -> bed.Member:
    """Return a member that stores a few records at a time."""
    delivery = member.settings.delivery.model_copy(update={"max_records": 5})
    return replace(member, settings=member.settings.model_copy(update={"delivery": delivery}))


async def told_of(stack: Stack, user: UUID) -> list[ProfileUpdated]:
    """Return every record of a person that stands on the log."""
    starts = dict.fromkeys(await bed.ends(stack, [Topic.USER_PROFILES]), 0)
    records = await bed.read_from(stack, starts)
    mine = [each for each in records if each.key == str(user).encode()]
    return [ProfileUpdated.model_validate_json(each.value or b"") for each in mine]


async def until_told(stack: Stack, user: UUID, messages: int, records: int = 1) -> None:
    """Wait until the last of at least so many records tells of so many messages."""

    async def told() -> bool:
        found = await told_of(stack, user)
        return len(found) >= records and found[-1].messages == messages

    await bed.until(told, seconds=200, every=0.5)


async def test_a_rebuild_tells_nothing_wrong(infra_stack: Stack) -> None:
    """While a view is built again others keep what they know; then they hear the same again."""
    await reset_projection(infra_stack.database_url("personalization"), "personalization")
    said = bed.messages(64)
    assert isinstance(said[0], MessageSent)
    user = said[0].sender.id
    async with bed.producing(infra_stack) as producer:
        await bed.publish(producer, said)
        # An edge that was not sure says things twice; they count once.
        await bed.publish(producer, said[:20])
    async with telling(bed.member(infra_stack, "personalization")):
        await until_told(infra_stack, user, 64)
    before = await told_of(infra_stack, user)
    await reset_projection(infra_stack.database_url("personalization"), "personalization")
    gates: list[Gate] = []

    def gated(keeper: OffsetKeeper) -> OffsetKeeper:
        gates.append(Gate(keeper, user))
        return gates[-1]

    again = in_small_bites(bed.member(infra_stack, "personalization", gated))
    async with telling(again):
        await bed.until(lambda: _is_set(gates))
        # Longer than the teller ever pauses between two looks.
        await asyncio.sleep(5)
        assert await told_of(infra_stack, user) == before
        gates[0].opened.set()
        await until_told(infra_stack, user, 64, len(before) + 1)
    after = (await told_of(infra_stack, user))[len(before) :]
    assert {each.event_id for each in after} == {before[-1].event_id}


async def _is_set(gates: list[Gate]) -> bool:
    return bool(gates) and gates[0].reached.is_set()


async def test_what_says_nothing_new_is_looked_at_as_seldom(infra_stack: Stack) -> None:
    """Somebody who talks all the time costs a look every half a minute, not one per message."""
    connection = await asyncpg.connect(infra_stack.database_url("personalization"))
    teller, profiles, user = PostgresTelling(connection), PostgresProfiles(connection), uuid4()

    async def said_more() -> list[Untold]:
        now = datetime.now(UTC)
        await profiles.add({user: Profile(now, now, messages=1)})
        return [each for each in await teller.untold(10_000) if each.user_id == user]

    try:
        [new] = await said_more()
        await teller.settle([(new, "as it is")])
        assert await said_more() == []
        await connection.execute(
            "update user_profiles set told_at = now() - interval '31 seconds' where user_id = $1",
            user,
        )
        [same] = await said_more()
        assert same.told == "as it is"
        await teller.settle([(same, None)])
        assert await said_more() == []
    finally:
        await connection.close()


class Talk:
    """One person's messages, each in a conversation of its own."""

    def __init__(self, stack: Stack, listener: Listener) -> None:
        self._stack = stack
        self._listener = listener
        self.sender = Sender(id=uuid4(), kind=SenderKind.USER, name="Ada")

    async def say(self, text: str) -> ReplyGenerated:
        """Return the answer."""
        asked = question(text).model_copy(update={"sender": self.sender})
        async with bed.producing(self._stack) as producer:
            await bed.publish(producer, [asked])
        await self._listener.until_answered({asked.message_id})
        replies = self._listener.heard.replies
        return next(each for each in replies if each.in_reply_to == asked.message_id)


async def test_a_habit_reaches_the_assistant(infra_stack: Stack, tmp_path: Path) -> None:
    """Who writes German is answered so when a word alone does not say; a new replica knows too."""
    await start_at_the_end(infra_stack)
    kept = ROOT / ".parley" / "models"
    model_dir = kept if kept.is_dir() else tmp_path
    async with listening(infra_stack) as listener:
        talk = Talk(infra_stack, listener)
        with nlp(infra_stack, model_dir):
            assert "English" not in (stranger := await talk.say("hallo")).text
            assert stranger.why is not None
            assert stranger.why.context == ()
            async with telling(bed.member(infra_stack, "personalization")):
                for text in GERMAN:
                    await talk.say(text)
                await bed.until(lambda: _answers_in_german(talk), seconds=200, every=1)
        with nlp(infra_stack, model_dir):
            assert await _answers_in_german(talk)
        told = await told_of(infra_stack, talk.sender.id)
        assert told[-1].language == "de"
        assert len({each.event_id for each in told}) == len(told)


async def _answers_in_german(talk: Talk) -> bool:
    reply = await talk.say("hallo")
    habit = reply.why is not None and Context.PROFILE_LANGUAGE in reply.why.context
    assert habit == ("Deutsch" in reply.text or "Englisch" in reply.text)
    return habit
