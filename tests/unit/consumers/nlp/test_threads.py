"""What a conversation is about, and for how long."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from consumers.nlp.service import threads as module
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.threads import Named, Thread, Threads, Topic
from runtime.entities.finding import Entity

FIRST = Question.alone("where is my order 48213?")
NUMBER = Entity("order_number", "48213", 0.9, 18, 23)


def about(question: Question, intent: str = "order_status") -> Thread:
    """Return the thread that a question about an intent and a number leaves."""
    topic = Topic(intent, 0.9, question.asked_at)
    return Thread(topic, (Named(NUMBER, question.asked_at),))


def later(question: Question, after: timedelta = timedelta(seconds=5)) -> Question:
    """Return the next message of the same conversation."""
    return replace(question, message_id=uuid4(), asked_at=question.asked_at + after)


def test_a_thread_is_taken_up_in_its_conversation_only() -> None:
    """Another conversation of the same person is another thread."""
    threads = Threads()
    threads.remember(FIRST, about(FIRST))
    assert threads.before(later(FIRST)) == about(FIRST)
    assert threads.before(Question.alone("and the other one?")) == Thread()


def test_a_message_worked_again_meets_what_it_met() -> None:
    """A batch of several messages that is done again gives the same answers."""
    threads, second = Threads(), later(FIRST)
    third = later(second)
    for _ in range(2):
        assert threads.before(FIRST) == Thread()
        threads.remember(FIRST, about(FIRST, "one"))
        assert threads.before(second) == about(FIRST, "one")
        threads.remember(second, about(second, "two"))
        assert threads.before(third) == about(second, "two")
        threads.remember(third, about(third, "three"))


def test_an_old_thread_is_dropped() -> None:
    """Who comes back later starts anew."""
    threads = Threads()
    threads.remember(FIRST, about(FIRST))
    late = later(FIRST, module.PATIENCE + timedelta(seconds=1))
    assert threads.before(late) == Thread()


def test_a_number_named_later_takes_the_place() -> None:
    """People mean the one they named last; what else was named stays."""
    newer = replace(NUMBER, value="55120")
    parcel = Entity("tracking_number", "RR123456785DE", 0.9, 0, 13)
    thread = about(FIRST).naming([parcel], FIRST.asked_at).naming([newer], FIRST.asked_at)
    assert [each.value for each in thread.entities] == ["RR123456785DE", "55120"]


def test_forgets_the_oldest_conversations() -> None:
    """Memory stays bounded however many people write, and however much one of them does."""
    threads, question = Threads(), FIRST
    for _ in range(module.REMEMBERED_MESSAGES + 1):
        threads.remember(question, about(question))
        question = later(question)
    assert threads.before(later(FIRST, timedelta(seconds=1))) == Thread()
    for _ in range(module.REMEMBERED_CONVERSATIONS):
        other = Question.alone("where?")
        threads.remember(other, about(other))
    assert threads.before(question) == Thread()
