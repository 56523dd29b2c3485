"""Files and functions stay small enough to be read in one go."""

import ast

from tests.architecture.sources import Source, everything

MODULE_LINES = 400
FUNCTION_LINES = 40


def functions(source: Source) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function of a file, nested ones too."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(source.tree) if isinstance(node, kinds)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function, without decorators and docstring."""
    end = function.end_lineno or function.lineno
    size = end - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        size -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return size


def test_no_module_is_too_long() -> None:
    """A module over 400 lines is two modules."""
    long = [f"{s.path}: {s.lines}" for s in everything() if s.lines > MODULE_LINES]
    assert not long


def test_no_function_is_too_long() -> None:
    """A function over 40 lines does more than one thing."""
    long = [
        f"{source.path}:{function.lineno} {function.name}: {length(function)}"
        for source in everything()
        for function in functions(source)
        if length(function) > FUNCTION_LINES
    ]
    assert not long


def test_every_module_says_why_it_exists() -> None:
    """Every module that holds anything opens with a docstring."""
    silent = [s.path for s in everything() if s.text.strip() and not ast.get_docstring(s.tree)]
    assert not silent
