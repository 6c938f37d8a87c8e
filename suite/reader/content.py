"""What every byte of an object has to be, by its position alone.

The content of a seed is an AES-128-CTR key stream, so "decrypting" true content gives zeros. Rule: this file
knows nothing of the project that it is part of; that it makes the same bytes as the uploads is tested there.
"""

import hashlib
import mmap

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

BLOCK = 16  # bytes; AES's block, so counter = offset // 16
BUFFER_BYTES = 1 << 20


def keystream(seed: str, offset: int) -> CipherContext:
    """Return an encryptor that turns zeros into the content of `seed` from `offset` (bytes) on, and back."""
    key = hashlib.sha256(b"fluid-conformance" + seed.encode()).digest()[:16]
    counter = (offset // BLOCK).to_bytes(BLOCK, "big")
    encryptor = Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor()
    encryptor.update(bytes(offset % BLOCK))
    return encryptor


def page_aligned(size: int) -> memoryview:
    """Return a buffer that begins with a page.

    Python's own large ones begin 16 bytes behind one: a processor that copies whole pages there may take five times
    as long (aliasing of source and destination; seen on AMD's Zen), and a reader would measure that.
    """
    return memoryview(mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


class Verifier:
    """Compares bytes that arrive in order, from `offset` on, with what they have to be."""

    def __init__(self, seed: str, offset: int = 0) -> None:
        self._keystream = keystream(seed, offset)
        self._difference = bytearray(BUFFER_BYTES)
        self._zeros = memoryview(bytes(BUFFER_BYTES))
        self._offset = offset
        self.first_bad_offset: int | None = None

    def check(self, piece: memoryview) -> None:
        """Compare the next piece, of at most BUFFER_BYTES."""
        size = len(piece)
        self._keystream.update_into(piece, memoryview(self._difference)[:size])
        # startswith compares in place; comparing slices would copy, comparing memoryviews goes byte by byte.
        if self.first_bad_offset is None and not self._difference.startswith(self._zeros[:size]):
            same = size - len(self._difference[:size].lstrip(b"\0"))
            self.first_bad_offset = self._offset + same
        self._offset += size
