"""Runs a Python program in `e2e.warm`, as if this process were the program. Imports only built-in modules.

python -IS launch.py ADDRESS ARGUMENT…    ARGUMENT…: those of `python`
"""

import _signal
import _socket
import marshal
import os
import sys

_FORWARDED = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT, _signal.SIGUSR1, _signal.SIGUSR2)
NUMBER = 8  # bytes


def ask(address: str, arguments: list[str], folder: str, environ: dict[str, str], streams: tuple[int, ...]):  # type: ignore[no-untyped-def]
    """Requests a run of `python ARGUMENT…`; returns the connection and the process id.

    The connection brings the exit status; closing it kills the process. Raises OSError if the program must be started
    in another way.
    """
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect("\0" + address)
        message = marshal.dumps([arguments, folder, environ])
        descriptors = b"".join(number.to_bytes(4, sys.byteorder) for number in streams)
        size = len(message).to_bytes(NUMBER, "big")
        connection.sendmsg([size], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
        connection.sendall(message)
        process = read_number(connection)
        if process <= 0:
            raise OSError("the program can't be a fork")
    except BaseException:
        connection.close()
        raise
    return connection, process


def read_number(connection) -> int:  # type: ignore[no-untyped-def]
    """Returns the number that the other side sends next."""
    if len(received := connection.recv(NUMBER)) < NUMBER:
        raise OSError("the process that forks has ended")
    return int.from_bytes(received, "big", signed=True)


def _main(address: str, *arguments: str) -> None:
    try:
        connection, process = ask(address, list(arguments), os.getcwd(), dict(os.environ), (0, 1, 2))
    except OSError:
        os.execv(sys.executable, [sys.executable, *arguments])
    for number in _FORWARDED:
        if _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, lambda received, _: os.kill(process, received))
    if (status := read_number(connection)) < 0:
        if status != -_signal.SIGKILL:  # it can't have a handler
            _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


if __name__ == "__main__":
    _main(*sys.argv[1:])
