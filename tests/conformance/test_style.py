"""The habits of the package: explained, short, and in its own words."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import dcgan_tf
from each import each
from habits import FUNCTION, misnamed_arguments, misnamed_attributes, unexplained, untyped

ROOT = Path(dcgan_tf.__file__).parent
FILES = {str(path.relative_to(ROOT)): path for path in sorted(ROOT.rglob("*.py"))}
LONGEST_FILE, LONGEST_FUNCTION = 400, 40
LONGEST_IN_ALL = 60  # lines of a function with its signature, its docstring and the functions in it
MOST_MODULES = 15
MEDIAN_FILE = (100, 200)
SHORT_FILE, MOST_SHORT_FILES = 50, 15

# Abbreviations, for which there are words: latent_dim, filters, generator, discriminator.
ABBREVIATIONS = {"nz", "ngf", "ndf", "netg", "netd"}

each_file = each(FILES)


@functools.cache
def tree_of(file: str) -> ast.Module:
    return ast.parse(FILES[file].read_text())


@each_file
def test_everything_public_is_explained(file):
    assert not unexplained(tree_of(file))


@each_file
def test_every_public_signature_is_typed(file):
    assert not untyped(tree_of(file))


@each_file
def test_docstrings_explain_the_arguments_that_there_are(file):
    assert not misnamed_arguments(tree_of(file))


@each_file
def test_docstrings_explain_the_attributes_that_there_are(file):
    assert not misnamed_attributes(tree_of(file))


@each_file
def test_files_can_be_read_in_one_sitting(file):
    assert len(FILES[file].read_text().splitlines()) <= LONGEST_FILE


def packages() -> dict[str, list[Path]]:
    """Return the modules of each package, without __init__.py, which is its face."""
    found: dict[str, list[Path]] = {}
    for path in FILES.values():
        found.setdefault(str(path.parent.relative_to(ROOT)), [])
        if path.name != "__init__.py":
            found[str(path.parent.relative_to(ROOT))].append(path)
    return found


def test_no_package_has_more_modules_side_by_side_than_one_can_look_over():
    assert {name: len(modules) for name, modules in packages().items() if len(modules) > MOST_MODULES} == {}


def test_files_are_neither_long_nor_cut_up():
    modules = [path for path in FILES.values() if path.name != "__init__.py"]
    lengths = sorted(len(path.read_text().splitlines()) for path in modules)
    assert MEDIAN_FILE[0] <= lengths[len(lengths) // 2] <= MEDIAN_FILE[1]
    assert len([length for length in lengths if length < SHORT_FILE]) < MOST_SHORT_FILES


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the body's lines, without its docstring and the functions in it, which count on their own."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    inner = [node for statement in body for node in outermost_functions(statement)]
    return sum(node.end_lineno - node.lineno + 1 for node in body) - sum(
        node.end_lineno - node.lineno + 1 for node in inner
    )


def outermost_functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    if isinstance(node, FUNCTION):
        yield node
    else:
        for child in ast.iter_child_nodes(node):
            yield from outermost_functions(child)


@each_file
def test_functions_fit_on_a_screen(file):
    functions = [node for node in ast.walk(tree_of(file)) if isinstance(node, FUNCTION)]
    lengths = {(function.name, function.lineno): lines_of_code(function) for function in functions}
    assert {place: length for place, length in lengths.items() if length > LONGEST_FUNCTION} == {}


@each_file
def test_no_function_is_longer_than_a_page(file):
    functions = [node for node in ast.walk(tree_of(file)) if isinstance(node, FUNCTION)]
    lengths = {
        (function.name, function.lineno): function.end_lineno - function.lineno + 1 for function in functions
    }
    assert {place: length for place, length in lengths.items() if length > LONGEST_IN_ALL} == {}


@each_file
def test_no_file_is_a_drawer_for_everything(file):
    assert not {"utils", "util", "common", "helpers", "misc"} & set(re.split(r"\W", file))


@each_file
def test_nothing_is_asserted(file):
    """Python run with -O skips assertions, and users deserve the rule and the value that broke it."""
    assert not [node.lineno for node in ast.walk(tree_of(file)) if isinstance(node, ast.Assert)]


def names_given(tree: ast.Module) -> Iterator[str]:
    """Yield the names that the module gives: to functions, classes, arguments, variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, (*FUNCTION, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


@each_file
def test_names_are_words(file):
    shortened = [
        name
        for name in names_given(tree_of(file))
        if ABBREVIATIONS & set(re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().split("_"))
    ]
    assert not shortened


@each_file
def test_tensorflow_does_not_rewrite_the_source(file):
    """AutoGraph leaves a file in the temporary folder if the process is killed, and reads sources anew."""
    calls = [node for node in ast.walk(tree_of(file)) if isinstance(node, ast.Call)]
    compiled = [call for call in calls if ast.unparse(call.func) == "tf.function"]
    assert all(any(keyword.arg == "autograph" for keyword in call.keywords) for call in compiled)
    decorators = [
        d for node in ast.walk(tree_of(file)) if isinstance(node, FUNCTION) for d in node.decorator_list
    ]
    assert "tf.function" not in [ast.unparse(decorator) for decorator in decorators]
