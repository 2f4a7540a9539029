"""Starts a Python program in `e2e.warm_programs`, and ends with its exit status. Imports only built-in modules.

python -IS launch.py ADDRESS CODE ARGUMENT…
"""

import _signal
import _socket
import marshal
import os
import sys


def _ask(address: str, code: str, arguments: list[str]) -> str:
    """Requests a run of the program with the streams of this process; returns its exit status, or "cold" on failure."""
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect("\0" + address)
    except OSError:  # no process listens
        return "cold"
    message = marshal.dumps([code, arguments, os.getcwd(), dict(os.environ)])
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
    size = len(message).to_bytes(8, "big")
    connection.sendmsg([size], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    connection.sendall(message)
    return connection.recv(10).decode()


def _main(address: str, code: str, *arguments: str) -> None:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    match _ask(address, code, list(arguments)):
        case "cold":
            os.execv(sys.executable, [sys.executable, "-c", code, *arguments])
        case status:
            if (number := int(status)) < 0:
                _signal.signal(-number, _signal.SIG_DFL)
                os.kill(os.getpid(), -number)
            os._exit(number)


if __name__ == "__main__":
    _main(*sys.argv[1:])
