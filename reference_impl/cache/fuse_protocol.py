"""The FUSE kernel protocol, as far as a read-only file system needs it: numbers, layouts, packing.

Source: include/uapi/linux/fuse.h. Everything is native-endian; a reply is a 16-byte head and a payload.
"""

from __future__ import annotations

import enum
import errno
import stat
import struct
from dataclasses import dataclass

MAJOR = 7
MINOR = 40  # what we speak; the kernel may be older or newer
OLDEST_MINOR = 31
LARGEST_READ = 1 << 20  # bytes: 256 pages, the kernel's default limit
REQUEST_BYTES = 1 << 16  # a buffer for any request of ours; the kernel insists on at least 8 KiB
_LARGEST_WRITE = 4096  # nothing is ever written; the least that the kernel accepts
_PAGES = LARGEST_READ // 4096
_BACKGROUND = 64  # asynchronous requests that the kernel may queue

CLONE_IOCTL = 0x8004E500  # FUSE_DEV_IOC_CLONE: another descriptor for the same mount
FOPEN_DIRECT_IO = 1 << 0
FOPEN_PASSTHROUGH = 1 << 7
_PASSTHROUGH_MINOR = 40
_STACK_DEPTH = 1  # file systems between a passed-through file and its bytes: none of them is stacked itself


class Opcode(enum.IntEnum):
    """The requests that are answered with something; all others get ENOSYS, which the kernel remembers."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    OPEN = 14
    READ = 15
    STATFS = 17
    RELEASE = 18
    GETXATTR = 22
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    INTERRUPT = 36
    DESTROY = 38
    BATCH_FORGET = 42
    READDIRPLUS = 44


class InitFlag(enum.IntFlag):
    """What kernel and file system agree on at the start."""

    ASYNC_READ = 1 << 0
    ATOMIC_O_TRUNC = 1 << 3
    BIG_WRITES = 1 << 5
    DO_READDIRPLUS = 1 << 13
    READDIRPLUS_AUTO = 1 << 14
    PARALLEL_DIROPS = 1 << 18
    MAX_PAGES = 1 << 22
    INIT_EXT = 1 << 30
    DIRECT_IO_ALLOW_MMAP = 1 << 36  # training frameworks map their weights
    PASSTHROUGH = 1 << 37


_WANTED = (
    InitFlag.ASYNC_READ
    | InitFlag.BIG_WRITES
    | InitFlag.DO_READDIRPLUS
    | InitFlag.READDIRPLUS_AUTO
    | InitFlag.PARALLEL_DIROPS
    | InitFlag.MAX_PAGES
    | InitFlag.INIT_EXT
    | InitFlag.DIRECT_IO_ALLOW_MMAP
    | InitFlag.PASSTHROUGH
)

IN_HEAD = struct.Struct("=IIQQIIIHH")  # length opcode unique node uid gid pid extensions padding
OUT_HEAD = struct.Struct("=IiQ")  # length error unique
READ_IN = struct.Struct("=QQI")  # handle offset size (flags and owner follow)
FORGET_IN = struct.Struct("=Q")  # lookups
BATCH_FORGET_IN = struct.Struct("=II")  # count padding
FORGET_ONE = struct.Struct("=QQ")  # node lookups
GETXATTR_IN = struct.Struct("=II")  # room padding (the name follows)
INTERRUPT_IN = struct.Struct("=Q")  # unique of the request that nobody waits for any more
_INIT_IN = struct.Struct("=IIII")  # major minor readahead flags (flags2 follows, since 7.36)
_INIT_OUT = struct.Struct("=IIIIHHIIHHIIH22x")
_ATTRIBUTES = struct.Struct("=QQQQQQIIIIIIIIII")
_ENTRY_OUT = struct.Struct("=QQQQII")  # node generation name-valid attributes-valid nanoseconds of both
_ATTR_OUT = struct.Struct("=QII")  # attributes-valid nanoseconds padding
_OPEN_OUT = struct.Struct("=QII")  # handle flags backing
_DIRENT = struct.Struct("=QQII")  # inode next-offset name-length type
_GETXATTR_OUT = struct.Struct("=II")  # size padding
_STATFS_OUT = struct.Struct("=QQQQQIIII24x")
_NO_ENTRY = bytes(_ENTRY_OUT.size + _ATTRIBUTES.size)
_BLOCK = 4096
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What stat(2) shows of a node."""

    inode: int
    is_directory: bool
    size: int = 0  # bytes
    modified: float = 0.0  # seconds since 1970
    owner: int = 0
    group: int = 0

    def pack(self) -> bytes:
        """Lay out as the kernel wants it."""
        seconds, nanoseconds = int(self.modified), int(self.modified % 1 * 1e9)
        mode = stat.S_IFDIR | 0o555 if self.is_directory else stat.S_IFREG | 0o444
        return _ATTRIBUTES.pack(
            self.inode,
            self.size,
            -(-self.size // 512),
            *(seconds,) * 3,
            *(nanoseconds,) * 3,
            mode,
            2 if self.is_directory else 1,
            self.owner,
            self.group,
            0,
            _BLOCK if self.is_directory else LARGEST_READ,  # what a reader's buffer should be
            0,
        )


def init_minor(payload: memoryview) -> tuple[int, int]:
    """Return the protocol version that the kernel speaks."""
    major, minor, _, _ = _INIT_IN.unpack_from(payload)
    return major, minor


def init_agreement(payload: memoryview) -> InitFlag:
    """Return what both sides can do."""
    _, minor, _, low = _INIT_IN.unpack_from(payload)
    offered = low
    if low & InitFlag.INIT_EXT:
        offered |= struct.unpack_from("=I", payload, _INIT_IN.size)[0] << 32
    agreed = _WANTED & InitFlag(offered & int(_WANTED))
    return agreed if minor >= _PASSTHROUGH_MINOR else agreed & ~InitFlag.PASSTHROUGH


def init_reply(payload: memoryview) -> bytes:
    """Agree to what both sides can do."""
    _, minor, readahead, _ = _INIT_IN.unpack_from(payload)
    agreed = int(init_agreement(payload))
    return _INIT_OUT.pack(
        MAJOR,
        min(minor, MINOR),
        readahead,
        agreed & 0xFFFFFFFF,
        _BACKGROUND,
        _BACKGROUND * 3 // 4,
        _LARGEST_WRITE,
        1,  # time granularity, ns
        _PAGES,
        0,
        agreed >> 32,
        _STACK_DEPTH if agreed & InitFlag.PASSTHROUGH else 0,
        0,
    )


def entry_reply(node: int, attributes: Attributes, valid_seconds: int) -> bytes:
    """Answer a look-up."""
    return _ENTRY_OUT.pack(node, 0, valid_seconds, valid_seconds, 0, 0) + attributes.pack()


def attributes_reply(attributes: Attributes, valid_seconds: int) -> bytes:
    """Answer stat(2) of a known node."""
    return _ATTR_OUT.pack(valid_seconds, 0, 0) + attributes.pack()


def open_reply(handle: int, flags: int, backing: int = 0) -> bytes:
    """Answer open(2); `backing` is the kernel's number for the file that is passed through."""
    return _OPEN_OUT.pack(handle, flags, backing)


def statfs_reply(total_bytes: int, files: int) -> bytes:
    """Answer statfs(2): all of it used."""
    return _STATFS_OUT.pack(-(-total_bytes // _BLOCK), 0, 0, files, 0, _BLOCK, _LONGEST_NAME, _BLOCK, 0)


def attribute_reply(value: bytes, room: int) -> bytes:
    """Answer getxattr(2): the value, or its size when that is what was asked; OSError where it does not fit."""
    if not room:
        return _GETXATTR_OUT.pack(len(value), 0)
    if len(value) > room:
        raise OSError(errno.ERANGE, "the value is longer")
    return value


def directory_entry(name: bytes, *, inode: int, next_offset: int, is_directory: bool) -> bytes:
    """Pack one entry of a directory."""
    kind = (stat.S_IFDIR if is_directory else stat.S_IFREG) >> 12
    return _DIRENT.pack(inode, next_offset, len(name), kind) + name + bytes(-len(name) % 8)


def no_entry() -> bytes:
    """Stand in place of an entry's attributes where the kernel shall not remember any."""
    return _NO_ENTRY
