"""Measure how long one image takes. All files take turns, so that a change of the machine's speed is fair."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dcgan_tf.export.formats.flatbuffer import FILE_IDENTIFIER
from dcgan_tf.export.formats.litert_file import open_interpreter
from dcgan_tf.export.formats.onnx_file import open_session

THREADS = (1, 2)
WARM_UP = 2


def median_milliseconds(
    contents: Mapping[str, bytes], *, rounds: int = 20, threads: Sequence[int] = THREADS
) -> dict[str, dict[str, float]]:
    """Time .tflite and .onnx files in one process.

    Args:
        contents: {name: bytes of the file}; each draws from a latent of zeros, and the first class.
        rounds: number of rounds, in each of which every file draws one image; the median is over them.
        threads: numbers of threads.

    Returns:
        {name: {number of threads, as text: milliseconds for an image}}.
    """
    by_threads = {number: _medians(contents, number, rounds) for number in threads}
    return {name: {str(number): medians[name] for number, medians in by_threads.items()} for name in contents}


def _medians(contents: Mapping[str, bytes], threads: int, rounds: int) -> dict[str, float]:
    calls = {name: _drawing_one(content, threads) for name, content in contents.items()}
    return interleaved(calls, rounds)


def _drawing_one(content: bytes, threads: int) -> Callable[[], object]:
    """Return a call that draws one image with a .tflite or .onnx file, from zeros."""
    if content[4:8] != FILE_IDENTIFIER:
        session = open_session(content, threads=threads)
        shapes = {entry.name: [1, *entry.shape[1:]] for entry in session.get_inputs()}
        inputs = {n: np.zeros(shape, np.int32 if n == "label" else np.float32) for n, shape in shapes.items()}
        return lambda: session.run(None, inputs)
    interpreter = open_interpreter(content, threads=threads)
    # What memory happens to hold could be denormal numbers, which take longer, or no class.
    for taken in interpreter.get_input_details():
        interpreter.set_tensor(taken["index"], np.zeros(taken["shape"], taken["dtype"]))
    return interpreter.invoke  # type: ignore[no-any-return]  # the interpreter is untyped


def interleaved(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each call; in each round, all of them take turns.

    Args:
        calls: {name: what is timed}.
        rounds: number of rounds, after two to warm up.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(WARM_UP + rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            times[name].append(1e3 * (time.perf_counter() - started))
    return {name: statistics.median(values[WARM_UP:]) for name, values in times.items()}
