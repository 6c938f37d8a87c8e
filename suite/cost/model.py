"""The article's arithmetic: how long n readers wait for S bytes, and what their waiting costs.

Rule: pure functions of numbers; bytes are bytes, bandwidths are bits per second, prices are per second and pod.
"""

BITS = 8  # of a byte


def wait_seconds(*, readers: float, size: float, bits_per_second: float) -> float:
    """Return T = n · S · 8 / B: what each of n readers waits who share B fairly; n = 1 is one transfer."""
    return readers * size * BITS / bits_per_second


def waiting_cost(*, price: float, seconds: float, readers: float) -> float:
    """Return p · T · n: what n readers cost while they wait."""
    return price * seconds * readers


def cached_seconds(*, readers: float, size: float, bits_per_second: float, start_bits: float | None) -> float:
    """Return what n readers wait who share a cache's bandwidth, which fills through `start_bits` (None: it is full).

    Both go on at the same time, so the slower of them decides.
    """
    shared = wait_seconds(readers=readers, size=size, bits_per_second=bits_per_second)
    filling = wait_seconds(readers=1, size=size, bits_per_second=start_bits) if start_bits else 0.0
    return max(shared, filling)


def error_share(*, predicted: float, measured: float) -> float:
    """Return by which share of what was measured a prediction is off."""
    return abs(predicted - measured) / measured


def break_even(*, without: float, readers: float, other: float, pod_seconds: float) -> float | None:
    """Return the price per second of one worker at which a case costs what it costs without a cache.

    `readers` and `other` are what the case's readers and its other pods cost. None: no price is low enough.
    """
    left = without - readers - other
    return left / pod_seconds if left > 0 and pod_seconds else None
