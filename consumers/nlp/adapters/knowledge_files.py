"""Reads the knowledge folder; a mistake in it is told by file and key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from consumers.nlp.errors import KnowledgeError
from consumers.nlp.service.evaluation import Evaluation
from consumers.nlp.service.knowledge import (
    EntityList,
    Examples,
    Intent,
    Knowledge,
    Phrases,
    Snippet,
    Tones,
)
from consumers.nlp.service.parts import Language, Name, Sentence, SnippetId, Unclear
from consumers.nlp.service.rehearsals import Rehearsals
from consumers.nlp.service.translations import (
    TranslatedIntent,
    TranslatedPhrases,
    TranslatedSnippet,
    Translation,
)

Model = TypeVar("Model", bound=BaseModel)


class _IntentFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    intents: tuple[Intent, ...]


class _SnippetFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    snippets: tuple[Snippet, ...]


class _TranslatedIntentFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    intents: dict[Name, TranslatedIntent]


class _TranslatedSnippetFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    snippets: dict[SnippetId, TranslatedSnippet]


class _OutsideFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    examples: Annotated[tuple[Sentence, ...], Field(min_length=8)]


class _EvaluationFile(RootModel[dict[Language, Evaluation]]):
    """The questions of each language."""


class _EntityFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    entities: tuple[EntityList, ...]


class _UnclearFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    unclear: tuple[Unclear, ...]


def read_knowledge(folder: Path) -> Knowledge:
    """
    Read and check the knowledge folder.

    Raises:
        KnowledgeError: a file is missing, not YAML, or breaks a rule; names the file and the key.
    """
    if not folder.is_dir():
        message = f"{folder}: no such folder (PARLEY_NLP__KNOWLEDGE_DIR)"
        raise KnowledgeError(message)
    intents = {path: _read(path, _IntentFile).intents for path in _files(folder / "intents")}
    snippets = {path: _read(path, _SnippetFile).snippets for path in _files(folder / "snippets")}
    _refuse_twice("intent", ((intent.name, path) for path in intents for intent in intents[path]))
    _refuse_twice("snippet", ((each.id, path) for path in snippets for each in snippets[path]))
    outside = _read(folder / "out_of_scope.yaml", Examples)
    tones = _read(folder / "sentiment.yaml", Tones)
    phrases = _read(folder / "phrases.yaml", Phrases)
    unclear = _read(folder / "unclear.yaml", _UnclearFile).unclear
    listed = folder / "entities.yaml"
    entities = _read(listed, _EntityFile).entities if listed.is_file() else ()
    _refuse_twice("entity list", ((each.name, listed) for each in entities))
    try:
        knowledge = Knowledge(
            intents=tuple(intent for each in intents.values() for intent in each),
            snippets=tuple(snippet for each in snippets.values() for snippet in each),
            out_of_scope=outside,
            tones=tones,
            phrases=phrases,
            unclear=unclear,
            translations=_translations(folder / "languages"),
            entities=entities,
        )
    except ValidationError as error:
        message = f"{folder}: {error.errors(include_url=False)[0]['msg']}"
        raise KnowledgeError(message) from error
    _refuse_twice("sentence", _sentences(intents, folder, knowledge))
    for language, translation in knowledge.translations.items():
        # Within a language only: "PayPal" means the same in all.
        _refuse_twice("sentence", _foreign_sentences(folder / "languages" / language, translation))
    return knowledge


def _translations(folder: Path) -> dict[str, Translation]:
    """Every folder in `languages/`, which may be missing; its name is the language."""
    found = sorted(each for each in folder.glob("*") if each.is_dir())
    return {each.name: _translation(each) for each in found}


def _translation(folder: Path) -> Translation:
    unclear = folder / "unclear.yaml"
    return Translation(
        phrases=_read(folder / "phrases.yaml", TranslatedPhrases),
        intents=_read(folder / "intents.yaml", _TranslatedIntentFile).intents,
        snippets=_read(folder / "snippets.yaml", _TranslatedSnippetFile).snippets,
        out_of_scope=_read(folder / "out_of_scope.yaml", _OutsideFile).examples,
        unclear=_read(unclear, _UnclearFile).unclear if unclear.is_file() else (),
    )


def read_evaluation(folder: Path) -> Evaluation | None:
    """
    The folder's questions to try the assistant on; None when it has none.

    Raises:
        KnowledgeError: evaluation.yaml is not YAML or breaks a rule.
    """
    path = folder / "evaluation.yaml"
    return _read(path, Evaluation) if path.is_file() else None


def read_rehearsals(folder: Path) -> Rehearsals | None:
    """
    The folder's conversations to try the assistant on; None when it has none.

    Raises:
        KnowledgeError: dialogues.yaml is not YAML or breaks a rule.
    """
    path = folder / "dialogues.yaml"
    return _read(path, Rehearsals) if path.is_file() else None


def read_foreign_evaluation(folder: Path) -> dict[str, Evaluation]:
    """
    The folder's questions in other languages; empty when it has none.

    Raises:
        KnowledgeError: evaluation_multilingual.yaml is not YAML or breaks a rule.
    """
    path = folder / "evaluation_multilingual.yaml"
    return _read(path, _EvaluationFile).root if path.is_file() else {}


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.yaml"))
    if not files:
        message = f"{folder}: no .yaml file in it"
        raise KnowledgeError(message)
    return files


def _read(path: Path, model: type[Model]) -> Model:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"{path}: missing"
        raise KnowledgeError(message) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        message = f"{path}: not readable as YAML: {error}"
        raise KnowledgeError(message) from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "(the whole file)"
        message = f"{path}: {_named(content, first['loc'])}{key}: {first['msg']}"
        raise KnowledgeError(message) from error


def _named(content: object, location: tuple[int | str, ...]) -> str:
    """The name of the intent or snippet at a location, because `intents.7` is hard to find."""
    match (content, location):
        case (dict(), (str(section), int(at), *_)):
            item = content[section][at]
            name = (item.get("name") or item.get("id")) if isinstance(item, dict) else None
            return f"{name}: " if name else ""
    return ""


def _sentences(
    intents: dict[Path, tuple[Intent, ...]], folder: Path, knowledge: Knowledge
) -> Iterator[tuple[str, Path]]:
    """Everything learnt from or tested on; a sentence in two places teaches or proves nothing."""
    for path, found in intents.items():
        for intent in found:
            yield from ((each.casefold(), path) for each in (*intent.examples, *intent.held_out))
    outside = knowledge.out_of_scope
    for each in (*outside.examples, *outside.held_out):
        yield each.casefold(), folder / "out_of_scope.yaml"
    for unclear in knowledge.unclear:
        yield from ((each.casefold(), folder / "unclear.yaml") for each in unclear.examples)


def _foreign_sentences(folder: Path, translation: Translation) -> Iterator[tuple[str, Path]]:
    for intent in translation.intents.values():
        for each in (*intent.examples, *intent.held_out):
            yield each.casefold(), folder / "intents.yaml"
    for unclear in translation.unclear:
        yield from ((each.casefold(), folder / "unclear.yaml") for each in unclear.examples)
    for each in translation.out_of_scope:
        yield each.casefold(), folder / "out_of_scope.yaml"


def _refuse_twice(kind: str, named: Iterator[tuple[str, Path]]) -> None:
    seen: dict[str, Path] = {}
    for name, path in named:
        if name in seen:
            message = f"{path}: the {kind} {name!r} is already in {seen[name]}"
            raise KnowledgeError(message)
        seen[name] = path
