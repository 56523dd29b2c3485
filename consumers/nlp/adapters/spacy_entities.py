"""Names of people and places by spaCy's small English model, when a setting asks for them."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from consumers.nlp.adapters.weights import NER_FILES, locate
from consumers.nlp.errors import ModelSourceError
from consumers.nlp.ports import Named

if TYPE_CHECKING:
    from spacy.language import Language

_TYPES = {
    "PERSON": "person",
    "GPE": "place",
    "LOC": "place",
    "FAC": "place",
    "ORG": "organization",
    "DATE": "date",
    "TIME": "time",
    "MONEY": "money",
}
"""OntoNotes' labels that a shop can use; its model is wrong about every other product and event."""

# Everything but the network that names things, which has its word vectors of its own.
_LEFT_OUT = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer")


class SpacyEntityRecognizer:
    """
    Names things with `en_core_web_sm`; a kind's confidence is the model's published precision.

    Those figures are from its own test part (OntoNotes); on people's messages expect less.
    """

    languages = frozenset({"en"})

    def __init__(self, pipeline: "Language") -> None:
        self._pipeline = pipeline
        self.name = f"spacy/en_core_web_sm-{pipeline.meta['version']}"
        measured = pipeline.meta["performance"]["ents_per_type"]
        self._confidence = {label: round(measured[label]["p"], 2) for label in _TYPES}

    def recognize(self, texts: Sequence[str]) -> list[list[Named]]:
        """See `consumers.nlp.ports.EntityRecognizer`."""
        # The zone ends what spaCy would otherwise keep for ever: every word it has ever seen.
        with self._pipeline.memory_zone():
            return [
                [
                    Named(
                        _TYPES[each.label_],
                        self._confidence[each.label_],
                        each.start_char,
                        each.end_char,
                    )
                    for each in document.ents
                    if each.label_ in _TYPES
                ]
                for document in self._pipeline.pipe(texts)
            ]


def load_recognizer() -> SpacyEntityRecognizer:
    """
    The recognizer, from its two wheels.

    Raises:
        ModelSourceError: one of them is missing, or not the reviewed one.
    """
    if find_spec("spacy") is None:
        raise ModelSourceError("PARLEY_NLP__NER is set, and spaCy is not installed (extra: ner)")
    files = [locate(each) for each in NER_FILES]
    import spacy  # noqa: PLC0415 - slow, heavy and optional

    return SpacyEntityRecognizer(spacy.load(files[0].parent, exclude=_LEFT_OUT))
