#!/usr/bin/env python3
"""A redis-server of the test's own: empty, on a free port of this machine, keeping nothing.

    redis_server.py [ARGUMENT...]   prints its port on a line of its own once Redis answers, then waits until standard
                                    input closes; the arguments are redis-server's, e.g. --maxmemory 4mb

Redis goes when this program goes, however that ends. Standard library only.
"""
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with(parent):
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before we asked
        os._exit(1)


def start(port, arguments):
    """The process once it accepts connections, or None when it ended before; its words come second."""
    parent = os.getpid()
    redis = subprocess.Popen(
        [os.environ.get("REDIS_SERVER", "redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
         "--daemonize", "no", *arguments],
        cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=lambda: die_with(parent))
    said = []
    for line in redis.stdout:
        said.append(line)
        if "Ready to accept connections" in line:
            return redis, said
    redis.wait()
    return None, said


def main():
    # Another program may take the port between our asking and Redis's binding.
    for _ in range(5):
        port = free_port()
        redis, said = start(port, sys.argv[1:])
        if redis:
            break
    else:
        sys.exit(f"redis-server does not start: {''.join(said)}")
    threading.Thread(target=redis.stdout.read, daemon=True).start()
    print(port, flush=True)
    sys.stdin.read()
    redis.kill()
    redis.wait()


if __name__ == "__main__":
    main()
