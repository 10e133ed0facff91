"""TensorFlow's stateless random numbers, without TensorFlow, whose import takes seconds.

The generator is Philox 4x32-10: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". Its only
state is a counter, and each count gives four numbers. How TensorFlow makes a key of two seeds is in its
tensorflow/core/kernels/stateless_random_ops.cc, and how it makes floats of bits in its
tsl/lib/random/random_distributions.h.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_SCRAMBLING_KEY = (0x3EC8F720, 0x02461E29)
_ROUNDS, _LOW, _HIGH = 10, np.uint64(0xFFFFFFFF), np.uint64(32)
_COUNTS_AT_ONCE = 1 << 18


def stateless_normal(count: int, *, seed: tuple[int, int]) -> np.ndarray:
    """Return the numbers of tf.random.stateless_normal([count], seed), float32 [count], from N(0, 1).

    They are those of TensorFlow on a CPU, but about one in seventy differs by rounding, in its last two bits:
    TensorFlow's logarithm and sine are rounded otherwise.

    Args:
        count: how many.
        seed: two numbers of 64 bits; negative ones count from 2^64 down.
    """
    return _in_parts(_normal, count, seed)


def stateless_uniform(count: int, *, seed: tuple[int, int]) -> np.ndarray:
    """Return the numbers of tf.random.stateless_uniform([count], seed), float32 [count] in [0, 1)."""
    return _in_parts(_unit, count, seed)


def _in_parts(of_bits: Callable[[np.ndarray], np.ndarray], count: int, seed: tuple[int, int]) -> np.ndarray:
    """Return numbers, computed some at a time: their bits need several times as much memory."""
    key, rest = _key(seed)
    numbers = np.empty(-(-count // 4) * 4, np.float32)
    for first in range(0, len(numbers) // 4, _COUNTS_AT_ONCE):
        counts = np.arange(first, min(first + _COUNTS_AT_ONCE, len(numbers) // 4), dtype=np.uint64)
        bits = np.stack(_philox(counts & _LOW, counts >> _HIGH, *rest, key=key), axis=-1)
        numbers[4 * first : 4 * (first + len(counts))] = of_bits(bits).ravel()
    return numbers[:count]


def _key(seed: tuple[int, int]) -> tuple[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
    """Return the key of a seed, and the upper half of its first count."""
    words = [word for number in seed for word in _words(number)]
    mixed = _philox(*(np.array(word, np.uint64) for word in words), key=_SCRAMBLING_KEY)
    return (int(mixed[0]), int(mixed[1])), (mixed[2], mixed[3])


def _words(number: int) -> tuple[int, int]:
    """Return the lower and the upper 32 bits of a number of 64."""
    return number & 0xFFFFFFFF, number >> 32 & 0xFFFFFFFF


def _philox(*counter: np.ndarray, key: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Return four words of 32 random bits for each counter, which is four words too, all in uint64."""
    a, b, c, d = counter
    for round_ in range(_ROUNDS):
        first, second = ((word + round_ * step) & 0xFFFFFFFF for word, step in zip(key, _WEYL, strict=True))
        p, q = _MULTIPLIERS[0] * a, _MULTIPLIERS[1] * c
        a, b = (q >> _HIGH) ^ b ^ np.uint64(first), q & _LOW
        c, d = (p >> _HIGH) ^ d ^ np.uint64(second), p & _LOW
    return np.broadcast_arrays(a, b, c, d)


def _unit(bits: np.ndarray) -> np.ndarray:
    """Return numbers in [0, 1): the lowest 23 bits as the mantissa of a number in [1, 2), less 1."""
    mantissa = (bits & np.uint64(0x7FFFFF)).astype(np.uint32)
    return (mantissa | np.uint32(0x3F800000)).view(np.float32) - np.float32(1)


def _normal(bits: np.ndarray) -> np.ndarray:
    """Return normal numbers, two from two: Box and Muller 1958."""
    unit = _unit(bits).astype(np.float64)
    length, angle = np.maximum(unit[..., 0::2], np.float32(1e-7)), 2 * np.pi * unit[..., 1::2]
    length = np.sqrt(np.float32(-2) * np.log(length).astype(np.float32))
    angle = angle.astype(np.float32).astype(np.float64)
    pairs = [np.sin(angle).astype(np.float32) * length, np.cos(angle).astype(np.float32) * length]
    return np.stack(pairs, axis=-1)
