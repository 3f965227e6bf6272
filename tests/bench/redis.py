"""Redis on a port of its own, without persistence, measured by its own redis-benchmark."""

import contextlib
import csv
import io
import shutil
import socket
import subprocess
import tempfile
import time

from figures import IN_FLIGHT

NAME = "redis"
KEYS = 1_000_000
# What it does here or there in a second, to choose how many requests make up the time that is wanted.
GUESS_PLAIN = 15_000
GUESS_PIPELINED = 300_000
START_SECONDS = 10


def installed():
    return all(shutil.which(program) for program in ("redis-server", "redis-benchmark", "redis-cli"))


def version():
    said = subprocess.run(["redis-server", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return said.split("v=")[1].split()[0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(cores, command):
    return ["taskset", "-c", f"0-{cores - 1}"] + command


@contextlib.contextmanager
def server(cores):
    """The port of one that runs in the meantime."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                   "--dir", directory]
        process = subprocess.Popen(pinned(cores, command), stdout=subprocess.DEVNULL)
        try:
            wait_until_it_listens(port)
            yield port
        finally:
            process.kill()
            process.wait()


def wait_until_it_listens(port):
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def benchmark(cores, port, op, connections, pipeline, requests):
    # One key, of 16 bytes: "key:" and 12 digits.
    command = ["redis-benchmark", "-p", str(port), "-t", op, "-d", "16", "-r", "1", "-c", str(connections),
               "-P", str(pipeline), "-n", str(requests), "--csv"]
    said = subprocess.run(pinned(cores, command), stdout=subprocess.PIPE, text=True, check=True).stdout
    row = list(csv.DictReader(io.StringIO(said)))[-1]
    return {"ops_per_s": float(row["rps"]), "p50_us": 1000 * float(row["p50_latency_ms"]),
            "p99_us": 1000 * float(row["p99_latency_ms"])}


def measure(cores, seconds):
    with server(cores) as port:
        benchmark(cores, port, "set", 1, 1, 1)
        for count in IN_FLIGHT:
            plain = benchmark(cores, port, "get", count, 1, int(GUESS_PLAIN * seconds) + count)
            yield from as_figures(f"in flight {count}", "redis", plain, cores)
            connections = min(count, 4)
            piped = benchmark(cores, port, "get", connections, count // connections,
                              int(GUESS_PIPELINED * seconds) + count)
            yield from as_figures(f"in flight {count}", "redis pipelined", piped, cores)


def as_figures(what, who, values, cores):
    for figure, value in values.items():
        yield {"what": what, "who": who, "figure": figure, "value": value, "cores": cores}


def used_memory(port):
    command = ["redis-cli", "-p", str(port), "info", "memory"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    pairs = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
    return {"allocated": int(pairs["used_memory"]), "resident": int(pairs["used_memory_rss"])}


def measure_memory(cores):
    """A hash is what a bucket is; keys of the server itself are what most people use."""
    value = "v" * 16
    for who, command in (("redis hash", "HSET groceries"), ("redis keys", "SET")):
        with server(cores) as port:
            before = used_memory(port)
            lines = "".join(f"{command} key:{number:012} {value}\r\n" for number in range(KEYS))
            subprocess.run(["redis-cli", "-p", str(port), "--pipe"], input=lines, stdout=subprocess.DEVNULL, text=True,
                           check=True)
            after = used_memory(port)
        for kind in before:
            yield {"what": "1 M keys", "who": who, "figure": f"{kind}_bytes_per_key",
                   "value": (after[kind] - before[kind]) / KEYS, "cores": cores}
