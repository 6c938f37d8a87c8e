"""What the bytes have to be, in memory: comparing there costs the generator half of computing them for each reader.

Rule: the content comes from the readers' own definition (content.py, which is mounted beside this program), so a
byte is right for both or for none. Neither copying into nor comparing with memory holds Python's lock.
"""

import ctypes
import mmap

from content import BUFFER_BYTES, keystream

_compare = ctypes.CDLL(None).memcmp
_compare.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class Reference:
    """The true content of an object of `size` bytes, all of it."""

    def __init__(self, seed: str, size: int) -> None:
        self.size = size
        self._memory = mmap.mmap(-1, max(size, 1))
        self._memory.madvise(mmap.MADV_HUGEPAGE)
        self._view = memoryview(self._memory)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        stream, zeros = keystream(seed, 0), memoryview(bytes(BUFFER_BYTES))
        for offset in range(0, size, BUFFER_BYTES):
            piece = self.piece(offset, BUFFER_BYTES)
            stream.update_into(zeros[: len(piece)], piece)

    def piece(self, offset: int, length: int) -> memoryview:
        """Return the bytes from `offset` on, at most `length` and none behind the end."""
        return self._view[offset : min(offset + length, self.size)]

    def first_wrong(self, piece: memoryview, offset: int) -> int | None:
        """Return where the first byte stands that is not the one at its offset; None when all are right."""
        inside = max(0, min(len(piece), self.size - offset))
        if inside:
            address = ctypes.addressof(ctypes.c_char.from_buffer(piece))
            if _compare(address, self._address + offset, inside):
                true = self.piece(offset, inside)
                return next(offset + at for at in range(inside) if piece[at] != true[at])
        return None if inside == len(piece) else offset + inside
