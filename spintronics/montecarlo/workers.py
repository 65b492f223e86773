"""Who solves the chunks: ngspice processes of this machine, or the workers of a Dask cluster."""

import re
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from spintronics.errors import InputError

_ADDRESS = re.compile(r"(tcp|tls)://[\w.\[\]:-]+:\d+")
CONNECT = 10.0  # s to wait for a scheduler


@dataclass(frozen=True)
class Workers:
    """An executor, and how to use it.

    Attributes:
        in_flight: chunks to hand out at once: one that is solved and one that waits for every worker.
        lost: errors that say that a worker has died.
    """

    executor: Executor
    in_flight: int
    lost: tuple[type[Exception], ...] = (BrokenExecutor,)


@contextmanager
def local_workers(count: int) -> Iterator[Workers]:
    """ngspice processes of this machine, ``count`` at once, each driven by a thread here.

    The work is in the processes: a thread takes 6 % of a chunk's CPU time to write its deck and read its result.

    Raises:
        InputError: count < 1.
    """
    if count < 1:
        raise InputError(f"workers: must be at least 1, found {count}")
    pool = ThreadPoolExecutor(count)
    try:
        yield Workers(pool, 2 * count)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def dask_workers(scheduler: str) -> Iterator[Workers]:
    """The workers of a Dask cluster, which have this package and ngspice themselves.

    Args:
        scheduler: address, ``"tcp://host:8786"``.
    Raises:
        InputError: not an address, dask.distributed is not installed, the scheduler does not answer, or it has no
            workers.
    """
    if not _ADDRESS.fullmatch(scheduler):
        raise InputError(f"--scheduler {scheduler}: write tcp://host:port, or tls://host:port")
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise InputError(
            f"--scheduler {scheduler}: needs dask.distributed; install the extra cluster: spintronics-imce[cluster]"
        ) from None
    try:
        connect: Any = Client
        client = connect(scheduler, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"--scheduler {scheduler}: does not answer: {said}") from None
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            raise InputError(f"--scheduler {scheduler}: has no workers; start some with: dask worker {scheduler}")
        yield Workers(client.get_executor(pure=False), 2 * threads, (BrokenExecutor, KilledWorker))
    finally:
        client.close()
