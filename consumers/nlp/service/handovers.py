"""Remembers who handles each conversation, and writes it down before anything is committed."""

from collections import OrderedDict
from datetime import timedelta
from uuid import UUID

from consumers.nlp.service.analysis import Asked, Heard
from consumers.nlp.service.events import ASSISTANT, CONSUMER, require_accepted
from consumers.nlp.service.handling import Changes, handler_at, handler_of, merged
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from schemas.events.chat import ConversationHandedOver, Handler
from schemas.events.envelope import Event
from schemas.events.handovers import HandoverChange, HandoversNoted
from schemas.events.replies import HandoverAsked
from schemas.ids import derived_event_id

REMEMBERED_RETURNED = 10_000
_JUST_AFTER = timedelta(microseconds=1)


class Handovers:
    """
    Whether the assistant may speak, for every conversation (ADR 0024).

    A conversation without hand-overs is the assistant's. Those that a person handles are all
    remembered, of those handed back only the latest. Idempotency: a hand-over is known by its
    place on the log, so a record that is worked again changes nothing, and meets what it met.
    """

    def __init__(self, publisher: EventPublisher, clock: HybridLogicalClock) -> None:
        self._publisher = publisher
        self._clock = clock
        self._with_person: dict[UUID, Changes] = {}
        self._returned: OrderedDict[UUID, Changes] = OrderedDict()

    def silent_at(self, conversation: UUID, place: int) -> bool:
        """Whether the record at this offset of the conversation's partition is a person's."""
        return handler_at(self._changes(conversation), place) is Handler.AGENT

    def with_person(self, conversation: UUID) -> bool:
        """Whether a person handles it now."""
        return conversation in self._with_person

    async def note(self, event: ConversationHandedOver, place: int) -> None:
        """
        Take a hand-over in; returns when the changelog has it.

        Raises:
            RetryableError: the broker did not accept it.
        """
        self._clock.observe(event.occurred_at)
        self._take(event.conversation_id, _change(event, place))
        await self._write(event.conversation_id, event)

    def ask_for_person(self, heard: Heard) -> HandoverAsked:
        """Hand over because of this message: the records behind it are a person's at once.

        Returns what is to be told; `write` must follow before the message is done.
        """
        asked = heard.asked
        event = HandoverAsked(
            event_id=derived_event_id(CONSUMER, asked.event_id, HandoverAsked.event_type),
            # Not when it is worked: done again, it may not outrank what has happened since.
            occurred_at=asked.occurred_at + _JUST_AFTER,
            causation_id=asked.event_id,
            correlation_id=asked.correlation_id,
            conversation_id=asked.conversation_id,
            sender=ASSISTANT,
            to=Handler.AGENT,
            in_reply_to=asked.message_id,
        )
        self._take(asked.conversation_id, _change(event, heard.place))
        return event

    async def write(self, asked: Asked) -> None:
        """
        Put what is known of the message's conversation on the changelog.

        Raises:
            RetryableError: the broker did not accept it.
        """
        await self._write(asked.conversation_id, asked)

    def learn(self, noted: HandoversNoted) -> bool:
        """Take in what the changelog says; returns whether the record held all that is known."""
        known = self._take(noted.conversation_id, *noted.changes)
        return known == noted.changes

    async def mend(self, noted: HandoversNoted) -> None:
        """
        Write down what a record does not know: a member that was gone for a while wrote it late.

        Raises:
            RetryableError: the broker did not accept it.
        """
        await self._write(noted.conversation_id, noted)

    def _changes(self, conversation: UUID) -> Changes:
        return self._with_person.get(conversation) or self._returned.get(conversation, ())

    def _take(self, conversation: UUID, *more: HandoverChange) -> Changes:
        changes = merged(self._changes(conversation), more)
        self._with_person.pop(conversation, None)
        self._returned.pop(conversation, None)
        if handler_of(changes) is Handler.AGENT:
            self._with_person[conversation] = changes
            return changes
        self._returned[conversation] = changes
        if len(self._returned) > REMEMBERED_RETURNED:
            self._returned.popitem(last=False)
        return changes

    async def _write(self, conversation: UUID, cause: Event | Asked) -> None:
        changes = self._changes(conversation)
        noted = HandoversNoted(
            event_id=derived_event_id(CONSUMER, cause.event_id, HandoversNoted.event_type),
            occurred_at=self._clock.stamp(),
            causation_id=cause.event_id,
            correlation_id=cause.correlation_id,
            conversation_id=conversation,
            handler=handler_of(changes),
            changes=changes,
        )
        require_accepted(await self._publisher.publish(noted))


def _change(event: ConversationHandedOver | HandoverAsked, place: int) -> HandoverChange:
    return HandoverChange(
        place=place, occurred_at=event.occurred_at, event_id=event.event_id, to=event.to
    )
