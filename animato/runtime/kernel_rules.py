"""Rules for system calls (seccomp) and files (Landlock) of this process on Linux, by ctypes. They cannot be undone."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from pathlib import Path

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64 (linux/audit.h)."""

_FORBIDDEN = {
    "x86_64": (
        *(41, 42, 57, 58, 59, 322),  # socket, connect, fork, vfork, execve, execveat
        *(101, 310, 311, 438),  # ptrace, process_vm_readv, process_vm_writev, pidfd_getfd
        *(165, 272, 308, 304, 248, 249, 250),  # mount, unshare, setns, open_by_handle_at, add_key, request_key, keyctl
        *(298, 321, 323, 425),  # perf_event_open, bpf, userfaultfd, io_uring_setup
    ),
    "aarch64": (
        *(198, 203, 221, 281),  # socket, connect, execve, execveat
        *(117, 270, 271, 438),
        *(40, 97, 268, 265, 217, 218, 219),
        *(241, 280, 282, 425),
    ),
}
"""System calls that no parser needs: network, other programs, other processes' memory, kernel interfaces."""

_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_CLONE_THREAD = 0x10000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_WRITE_FILE, _REMOVE_FOLDER = 1 << 1, 1 << 4
_CHANGES = 0x1FF2  # write to files; remove and make files, folders, links, devices, pipes (linux/landlock.h)
_REFER, _TRUNCATE = 1 << 13, 1 << 14  # ABI 2, ABI 3
_SCOPES = 0b11  # abstract sockets and signals of other processes, ABI 6


def forbid_system_calls() -> bool:
    """Forbid network, other programs and other processes to this thread and those it starts; return whether it holds.

    Threads are allowed, processes are not. The calls fail with EPERM.
    """
    machine = platform.machine()
    if not sys.platform.startswith("linux") or machine not in _ARCHITECTURES or sys.maxsize < 2**32:
        return False
    program = _program(machine)
    memory = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    library = ctypes.CDLL(None, use_errno=True)
    filters = Program(len(program) // 8, ctypes.cast(memory, ctypes.c_void_p))
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filters), 0, 0) == 0)


def _program(machine: str) -> bytes:
    """Return the filter in the kernel's bytecode (classic BPF): eight bytes for each instruction."""

    def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_true, if_false, value)

    def refuse(error: int) -> bytes:
        return step(_RETURN, _ERROR | error)

    steps = [step(_LOAD, 4), step(_EQUAL, _ARCHITECTURES[machine], 1, 0), refuse(_EPERM), step(_LOAD, 0)]
    steps += [step(_AT_LEAST, 0x40000000, 0, 1), refuse(_EPERM)]  # the x32 numbers of the same calls
    for number in _FORBIDDEN[machine]:
        steps += [step(_EQUAL, number, 0, 1), refuse(_EPERM)]
    # clone3 hides its flags from the filter; told that there is none, the C library takes clone.
    steps += [step(_EQUAL, _CLONE3, 0, 1), refuse(_ENOSYS)]
    steps += [step(_EQUAL, _CLONE[machine], 0, 3), step(_LOAD, 16), step(_ANY_BIT, _CLONE_THREAD, 1, 0)]
    steps += [refuse(_EPERM), step(_RETURN, _ALLOW)]
    return b"".join(steps)


def forbid_writing(folder: str | None) -> bool:
    """Forbid this process to change files, and to signal other processes; return whether it holds.

    Args:
        folder: the only one where files may be changed; it may be removed itself. None for nowhere.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    version = library.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    changes = _CHANGES | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    handled = struct.pack("=QQQ", changes, 0, _SCOPES if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = library.syscall(_CREATE_RULESET, handled, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    allowed = {os.devnull: changes & (_WRITE_FILE | _TRUNCATE)}
    if folder is not None:
        allowed |= {folder: changes, str(Path(folder).parent): _REMOVE_FOLDER}
    try:
        if not all(_allow(library, ruleset, path, access) for path, access in allowed.items()):
            return False
        if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return bool(library.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    except OSError:
        return False
    finally:
        os.close(ruleset)


def _allow(library: ctypes.CDLL, ruleset: int, path: str, access: int) -> bool:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return bool(library.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", access, place), 0) == 0)
    finally:
        os.close(place)
