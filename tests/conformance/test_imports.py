"""Who imports whom: every import, read from the source and held against the table of the rooms."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import dcgan_tf
from each import each

ROOT = Path(dcgan_tf.__file__).parent

# A room is a package below dcgan_tf, or a module beside them. To each room, the rooms that it may import.
SMALL = {"errors", "files", "cache", "printable", "progress", "native_output", "keras_settings", "arrays"}
LAYER_0 = SMALL | {"config", "images", "latents"}
LAYER_1 = {"data", "models"}
LAYER_2 = LAYER_0 | LAYER_1 | {"runs"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "printable": set(),
    "native_output": {"errors"},
    "files": {"errors"},
    "keras_settings": {"errors"},
    "cache": {"errors", "files"},
    "progress": {"printable"},
    "config": {"errors"},
    "images": {"errors", "files"},
    "latents": {"arrays", "config", "errors", "philox"},
    "arrays": {"errors"},
    "philox": set(),
    "metrics": {"errors", "images"},
    "data": LAYER_0,
    "models": LAYER_0,
    "runs": LAYER_0 | LAYER_1,
    "judges": LAYER_2,
    "training": LAYER_2,
    "export": LAYER_2,
    "evaluation": LAYER_2 | {"judges", "metrics"},
    "analysis": LAYER_2 | {"judges", "metrics"},
    "reproduction": LAYER_2 | {"analysis", "judges", "metrics", "training"},
    "report": {"analysis", "config", "errors", "files", "printable", "runs"},
    "cli": LAYER_2 | {"analysis", "evaluation", "export", "report", "reproduction", "training"},
    "__main__": {"cli"},
    "__init__": {"keras_settings"},
}

# These import the rest inside functions only, so that `dcgan-tf --help` answers at once.
DOORS_IMPORT = {
    "cli": {"analysis", "config", "errors", "export", "files", "native_output", "printable"},
    "__init__": set(),
}

WITHOUT_TENSORFLOW = (
    "__init__",
    "__main__",
    "analysis",
    "cache",
    "cli",
    "config",
    "data",
    "data.decoding.decode",
    "data.digits",
    "data.folder.loading",
    "data.image_set",
    "data.inspection",
    "data.portraits.portraits",
    "errors",
    "evaluation",
    "export",
    "export.exported",
    "export.folder",
    "files",
    "images",
    "keras_settings",
    "latents",
    "metrics",
    "metrics.frechet",
    "metrics.inception_score",
    "metrics.kernel_distance",
    "metrics.ms_ssim",
    "metrics.precision_recall",
    "metrics.sliced_wasserstein",
    "models",
    "native_output",
    "printable",
    "report",
    "report.page",
    "runs",
    "runs.folder",
    "runs.records",
    "training",
    "training.environment",
)


def name_of(path: Path) -> str:
    """Return "data.tfds" for data/tfds.py, "data" for data/__init__.py, "__init__" for the package's own."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


SOURCES = {name_of(path): ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.py"))}
FACES = {name_of(path): ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.pyi"))}
DOORS = [name for name in SOURCES if name.split(".")[0] in DOORS_IMPORT]


def room_of(module: str) -> str:
    return module.split(".")[0]


@functools.cache
def face(room: str) -> dict[str, str]:
    """Return {public name: the module that has it} of a room; {} of a module beside the rooms."""
    if room not in FACES:
        return {}
    prefix = "" if room == "__init__" else f"{room}."
    return {
        alias.name: f"{prefix}{node.module}"
        for node in ast.walk(FACES[room])
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def imports(nodes: Iterator[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of what is imported from the package; name is "" for a module itself."""
    for node in nodes:
        if not isinstance(node, ast.ImportFrom) or (node.module or "").split(".")[0] != "dcgan_tf":
            continue
        base = str(node.module).removeprefix("dcgan_tf").removeprefix(".")
        for alias in node.names:
            full = f"{base}.{alias.name}".removeprefix(".")
            if full in SOURCES and alias.name not in face(base):
                yield full, ""
            else:
                yield base or "__init__", alias.name


def at_module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs on import: not the bodies of functions, nor what is for type checkers only."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from at_module_level(child)


@each(SOURCES)
def test_the_package_is_imported_room_by_room(module):
    """With `from dcgan_tf.room import name`: the tests below read nothing else."""
    nodes = list(ast.walk(SOURCES[module]))
    whole = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    assert [name for name in whole if name.split(".")[0] == "dcgan_tf"] == []
    assert [node.lineno for node in nodes if isinstance(node, ast.ImportFrom) and node.level] == []
    assert {name for room, name in imports(iter(nodes)) if room == "__init__"} <= {"__version__"}


@each(SOURCES)
def test_every_module_has_a_place_in_the_table(module):
    assert room_of(module) in MAY_IMPORT, f"{module} is in no room of the table above; give it a place"


@each(SOURCES)
def test_a_module_imports_its_own_room_and_lower_ones_only(module):
    room = room_of(module)
    allowed = {"__init__", room, *MAY_IMPORT[room]}
    assert {name for name, _ in imports(ast.walk(SOURCES[module])) if room_of(name) not in allowed} == set()


@each(SOURCES)
def test_of_another_room_only_its_public_names_are_imported(module):
    wrong = {
        f"{name}.{what}".removesuffix(".")
        for name, what in imports(ast.walk(SOURCES[module]))
        if room_of(name) != room_of(module) and room_of(name) in FACES and name != "__init__"
        if what not in face(name) and not (what == "" and name in FACES and "." not in name)
    }
    assert wrong == set(), "hand it out in the room's __init__.pyi, or do without it"


@each(FACES)
def test_every_public_name_stands_in_the_module_that_the_face_names(room):
    """So that a reader who follows a name arrives where it is defined."""
    for name, module in face(room).items():
        names = {getattr(node, "name", None) for node in ast.walk(SOURCES[module])}
        stored = {
            node.id
            for node in ast.walk(SOURCES[module])
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        assert name in names | stored | {*face(module)}, f"{module} has no {name}"


def test_no_imports_go_in_a_circle():
    graph = {}
    for module, tree in SOURCES.items():
        if module in DOORS or module in FACES:
            continue
        found = imports(at_module_level(tree))
        graph[module] = {face(name).get(what, name) for name, what in found} - {"__init__"}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@each(DOORS)
def test_the_doors_of_the_package_import_the_rest_inside_functions_only(module):
    room = room_of(module)
    allowed = {"__init__", room, *DOORS_IMPORT[room]}
    assert {n for n, _ in imports(at_module_level(SOURCES[module])) if room_of(n) not in allowed} == set()


def test_these_modules_do_not_import_tensorflow_not_even_through_others():
    names = [name.replace("__init__", "").strip(".") for name in WITHOUT_TENSORFLOW]
    modules = [f"dcgan_tf.{name}".strip(".") for name in names]
    code = (
        f"import importlib, sys\nfor name in {modules}:\n    importlib.import_module(name)\n"
        "    assert not {'tensorflow', 'keras', 'sklearn'} & set(sys.modules), name"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def heads(module: str) -> set[str]:
    """Return the packages that a module imports, anywhere in it."""
    return {
        (alias.name if isinstance(node, ast.Import) else str(node.module)).split(".")[0]
        for node in ast.walk(SOURCES[module])
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def test_the_run_directory_can_be_read_with_the_standard_library():
    """So that what only reads a run's files, such as a report, needs nothing else.

    But for pictures: as they are, those of one run make a page of 12 MB.
    """
    report = [name for name in SOURCES if room_of(name) == "report"]
    config = [name for name in SOURCES if room_of(name) == "config"]
    about = [name for name in SOURCES if name.endswith(".about")]
    described = ("analysis.description", "analysis.known_data", "analysis.registry", *about)
    read = ("errors", "files", "printable", "runs.folder", "runs.records")
    for module in (*read, *described, *config, *report):
        pictures = {"PIL"} if module == "report.pictures" else set()
        lazy = {"lazy_loader"} if module in FACES else set()
        assert heads(module) <= sys.stdlib_module_names | {"dcgan_tf"} | pictures | lazy


@each(FACES)
def test_no_public_name_is_also_that_of_another_module_in_the_room(room):
    """Importing the module would put it in the place of the name."""
    prefix = "" if room == "__init__" else f"{room}."
    for name, module in face(room).items():
        there = f"{prefix}{name}" in SOURCES
        assert not there or f"{module}.".startswith(f"{prefix}{name}."), f"{room} has a module {name}, too"
