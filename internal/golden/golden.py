"""The numbers that tests and reference scripts share; golden.go has the same formula."""
import zlib
import numpy as np


def fill(shape, name, scale=1.0):
    n = int(np.prod(shape))
    v = (np.arange(n, dtype=np.uint64) * 2654435761 + zlib.crc32(name.encode())) & 0xFFFFFFFF
    for shift, mul in ((15, 2246822519), (13, 3266489917), (16, 1)):
        v ^= v >> np.uint64(shift)
        v = (v * mul) & 0xFFFFFFFF
    return ((v.astype(np.float64) / 2**32 * 2 - 1) * scale).astype(np.float32).reshape(shape)
