"""The allocator's arenas are bounded in processes of our own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from animato.runtime.arenas import ARENAS

_SCRIPT = """
import ctypes, sys, tempfile, threading
if sys.argv[1] == "bounded":
    from animato.runtime.arenas import bound_arenas
    bound_arenas()
library = ctypes.CDLL(None)
ready = threading.Barrier(9)
def work():
    ctypes.CDLL(None).malloc(1000)
    kept = [bytearray(1000) for _ in range(1000)]
    ready.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
ready.wait()
library.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as file:
    stream = ctypes.c_void_p(library.fopen(file.name.encode(), b"w"))
    library.malloc_info(0, stream)
    library.fclose(stream)
    print(file.read().count(b"<heap nr="))
"""


def arenas(*options: str, **environment: str) -> int:
    """Return the number of arenas of a process whose eight threads allocate memory."""
    own = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *options],
        env={**own, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has arenas that can be counted")
def test_threads_share_two_arenas_unless_the_environment_says_otherwise() -> None:
    if arenas("free") <= ARENAS:
        pytest.skip("this C library has no arenas for threads")
    assert arenas("bounded") <= ARENAS
    assert arenas("bounded", MALLOC_ARENA_MAX="4") > ARENAS
