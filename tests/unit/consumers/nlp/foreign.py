"""Stand-ins that understand German: an encoder, and the small knowledge base with translations."""

from collections.abc import Sequence

from consumers.nlp.ports import Matrix
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.dialogue import Dialogue
from consumers.nlp.service.entity_finder import EntityFinder
from consumers.nlp.service.follow_ups import FollowUpReader
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.language import ConversationLanguages
from consumers.nlp.service.parts import Picks
from consumers.nlp.service.responder import Responder
from consumers.nlp.service.retrieval import SnippetIndex
from consumers.nlp.service.tolerances import Tolerances
from consumers.nlp.service.translations import (
    TranslatedIntent,
    TranslatedPhrases,
    TranslatedSnippet,
    Translation,
)
from tests.unit.consumers.nlp.samples import (
    ORDER,
    RETURN,
    SNIPPET,
    UNCLEAR,
    AxisEmbedder,
    FixedLanguage,
    small_intents,
    small_knowledge,
    small_moderation,
    small_tones,
)

BESTELLUNG = "Wo ist meine Bestellung?"
ZURUECK = "Ich will das zurückschicken"
PFLANZEN = "Wann reisen die Pflanzen?"
UNKLAR = "Es geht um Bestellung oder Rückgabe"

_MEANING = {BESTELLUNG: ORDER, ZURUECK: RETURN, PFLANZEN: SNIPPET, UNKLAR: UNCLEAR}
_MEANING["Sie reisen montags."] = SNIPPET


class ForeignEmbedder(AxisEmbedder):
    """Known German sentences are where the English ones are that mean the same."""

    multilingual = True

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per text."""
        english = dict.fromkeys(texts, "")
        for text in english:
            known = (meant for said, meant in _MEANING.items() if said in text)
            english[text] = next(known, text)
        return super().embed([english[text] for text in texts])


def german() -> Translation:
    """All but one intent, and the snippet."""
    return Translation(
        phrases=TranslatedPhrases(
            hand_over="Jemand antwortet Ihnen.",
            clarify="Geht es um {first} oder {second}?",
            picks=Picks(first=("eins", "das erste"), second=("das zweite",), neither=("keins",)),
            stopped="Aufgehört.",
        ),
        intents={
            "order_status": TranslatedIntent(
                label="Ihre Bestellung",
                answer="Bestellung {order_number} ist unterwegs.",
                answer_without_slots="Sie ist unterwegs.",
            )
        },
        snippets={"plants": TranslatedSnippet(title="Pflanzen", text="Sie reisen montags.")},
        out_of_scope=tuple(f"Witz {at}" for at in range(8)),
    )


def foreign_knowledge() -> Knowledge:
    """The small knowledge base, answered in German too, and with regret in Italian."""
    small = small_knowledge()
    regrets = {"de": "Nur auf Englisch:", "it": "Solo in inglese:"}
    phrases = small.phrases.model_copy(update={"in_english": regrets})
    return small.model_copy(update={"phrases": phrases, "translations": {"de": german()}})


def foreign_analyzer(
    language: str, *, multilingual: bool = True, tolerances: Tolerances | None = None
) -> Analyzer:
    """The whole way from text to answer for someone who writes in a language."""
    knowledge, embedder = foreign_knowledge(), ForeignEmbedder()
    languages = ConversationLanguages(FixedLanguage(language))
    responder = Responder(
        knowledge, SnippetIndex(embedder, knowledge.snippets), multilingual=multilingual
    )
    return Analyzer(
        embedder=embedder,
        languages=languages,
        moderation=small_moderation(),
        intents=small_intents(),
        tones=small_tones(),
        finder=EntityFinder(),
        dialogue=Dialogue(
            responder, FollowUpReader(knowledge.phrases.follow_ups, knowledge.intents)
        ),
        knowledge_version="test",
        tolerances=tolerances,
    )
