"""A language model answers in the language that it was asked in."""

from tests.unit.consumers.nlp.foreign import PFLANZEN, foreign_analyzer
from tests.unit.consumers.nlp.samples import SNIPPET, message
from tests.unit.consumers.nlp.stage import Start
from tests.unit.consumers.nlp.writers import Desk


async def test_the_model_is_told_which_language_to_answer_in(start: Start) -> None:
    """Behind the rules that all have in common; of English nothing is said."""
    german, italian, english = Desk(), Desk(), Desk()
    for desk, language in ((german, "de"), (italian, "it"), (english, "en")):
        stage = start(desk, foreign_analyzer(language))
        await stage.ask(message(SNIPPET if language == "en" else PFLANZEN))
        await stage.replied()
    told = [desk.model.prompts[0].rules.split("\n")[0] for desk in (english, german, italian)]
    assert told == [told[0], f"{told[0]} Answer in German.", f"{told[0]} Answer in Italian."]
    assert "Answer in" not in told[0]


async def test_an_answer_is_not_kept_for_another_language(start: Start) -> None:
    """The same words, understood as another language, are answered anew."""
    desk = Desk()
    for language in ("de", "it", "de"):
        stage = start(desk, foreign_analyzer(language))
        await stage.ask(message(PFLANZEN))
        await stage.replied()
    assert len(desk.model.prompts) == 2
