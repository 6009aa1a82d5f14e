"""Random numbers by key: the same (seed, stream, message, attempt) gives the same number.

A number depends on nothing but its key, so the order in which an engine asks, the number of
other messages and the chunking do not change it. The key is mixed by three rounds of the
splitmix64 finaliser (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014); the normal quantile is algorithm AS 241, PPND16 (Wichura, Applied Statistics 37,
1988), exact to about 16 digits.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel

# One stream a quantity, so that changing one leaves the draws of the others as they are.
ARRIVAL = 1
SEGMENTS = 2
CARRIER = 3
OUTCOME = 4
LATENCY = 5
AWAY = 6
RECEIPT = 7
RECEIPT_DELAY = 8
READING = 9

# Coefficients of AS 241, highest power first.
_A = (
    2509.0809287301226727,
    33430.575583588128105,
    67265.770927008700853,
    45921.953931549871457,
    13731.693765509461125,
    1971.5909503065514427,
    133.14166789178437745,
    3.387132872796366608,
)
_B = (
    5226.495278852854561,
    28729.085735721942674,
    39307.89580009271061,
    21213.794301586595867,
    5394.1960214247511077,
    687.1870074920579083,
    42.313330701600911252,
    1.0,
)
_C = (
    7.7454501427834140764e-4,
    0.0227238449892691845833,
    0.24178072517745061177,
    1.27045825245236838258,
    3.64784832476320460504,
    5.7694972214606914055,
    4.6303378461565452959,
    1.42343711074968357734,
)
_D = (
    1.05075007164441684324e-9,
    5.475938084995344946e-4,
    0.0151986665636164571966,
    0.14810397642748007459,
    0.68976733498510000455,
    1.6763848301838038494,
    2.05319162663775882187,
    1.0,
)
_E = (
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    0.0012426609473880784386,
    0.026532189526576123093,
    0.29656057182850489123,
    1.7848265399172913358,
    5.4637849111641143699,
    6.6579046435011037772,
)
_F = (
    2.04426310338993978564e-15,
    1.4215117583164458887e-7,
    1.8463183175100546818e-5,
    7.868691311456132591e-4,
    0.0148753612908506148525,
    0.13692988092273580531,
    0.59983220655588793769,
    1.0,
)


@kernel
def _mix(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@kernel
def uniform(seed: int, stream: int, message: int, attempt: int) -> float:
    """Draw from the open interval (0, 1).

    Parameters
    ----------
    seed : int
        Seed of the replication, 0 or more.
    stream : int
        Which quantity is drawn: one of this file's constants.
    message : int
        Number of the message.
    attempt : int
        Number of the attempt; also what tells two campaigns' arrivals apart.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    key = _mix(np.uint64(seed) + golden * (np.uint64(stream) + np.uint64(1)))
    key = _mix(key + golden * (np.uint64(message) + np.uint64(1)))
    key = _mix(key + golden * (np.uint64(attempt) + np.uint64(1)))
    # 52 bits and a half step: neither 0 nor 1 can come out, and each value is exact.
    return (np.float64(key >> np.uint64(12)) + 0.5) * 2.0**-52


@kernel
def exponential(seed: int, stream: int, message: int, attempt: int) -> float:
    """Draw an exponential number with mean 1; parameters as in :func:`uniform`."""
    return -math.log(uniform(seed, stream, message, attempt))


@kernel
def _horner(coefficients: tuple[float, ...], x: float) -> float:
    value = 0.0
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


@kernel
def normal_quantile(p: float) -> float:
    """Return the standard normal quantile of `p`, which is between 0 and 1, these excluded."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _horner(_A, r) / _horner(_B, r)
    r = math.sqrt(-math.log(min(p, 1.0 - p)))
    if r <= 5.0:
        tail = _horner(_C, r - 1.6) / _horner(_D, r - 1.6)
    else:
        tail = _horner(_E, r - 5.0) / _horner(_F, r - 5.0)
    return -tail if q < 0.0 else tail


@kernel
def normal(seed: int, stream: int, message: int, attempt: int) -> float:
    """Draw a standard normal number; parameters as in :func:`uniform`."""
    return normal_quantile(uniform(seed, stream, message, attempt))


@kernel
def uniforms(seed: int, stream: int, rows: int) -> npt.NDArray[np.float64]:
    """Draw :func:`uniform` for the messages 0 to `rows` - 1, attempt 0."""
    out = np.empty(rows, np.float64)
    for message in range(rows):
        out[message] = uniform(seed, stream, message, 0)
    return out


@kernel
def exponentials(seed: int, stream: int, rows: int, attempt: int) -> npt.NDArray[np.float64]:
    """Draw :func:`exponential` for the messages 0 to `rows` - 1."""
    out = np.empty(rows, np.float64)
    for message in range(rows):
        out[message] = exponential(seed, stream, message, attempt)
    return out
