"""Everything that a round measures. Each yields dictionaries: what, who, figure, value, cores."""

import json
import os
import platform
import subprocess

import erlang
import redis

LOAD = "build/tests/bench/bench_load"
MICRO = "build/tests/bench/bench_micro"
LOADS = ["one-at-a-time", "in-flight", "threads", "forwarded", "large", "mixed", "crowd", "memory"]
# Where it matters most whether both sides share a core; the others have all there are.
ON_ONE_CORE_TOO = ["one-at-a-time"]


def most_cores():
    return min(2, len(os.sched_getaffinity(0)))


def load(name, count, seconds):
    command = [LOAD, name, "--cores", str(count), "--seconds", str(seconds)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [dict(json.loads(line), cores=count) for line in said.splitlines()]


def micro(count, seconds):
    """Their names: get_ours/one_thread, get_floor/same_bucket/real_time/threads:2."""
    command = [MICRO, "--benchmark_format=json", f"--benchmark_min_time={seconds / 2}",
               "--benchmark_repetitions=3", "--benchmark_enable_random_interleaving=true",
               "--benchmark_report_aggregates_only=true"]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    for each in json.loads(said)["benchmarks"]:
        if each["aggregate_name"] == "median":
            who, what = each["run_name"].split("/")[:2]
            yield {"what": what, "who": who, "figure": "ns", "value": 1e9 / each["items_per_second"], "cores": count}


def all_of_them(seconds):
    """Pairs of a name and a function that measures it once."""
    most = most_cores()
    yield "in process", lambda: micro(most, seconds)
    for name in LOADS:
        if name in ON_ONE_CORE_TOO and most > 1:
            yield f"{name}, on one core", lambda name=name: load(name, 1, seconds)
        yield name, lambda name=name: load(name, most, seconds)
    for module in (redis, erlang):
        if module.installed():
            yield module.NAME, lambda module=module: module.measure(most, seconds)
    if redis.installed():
        yield "redis, memory", lambda: redis.measure_memory(most)


def first_line(*command):
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    return said.splitlines()[0].strip() if said else "unknown"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def about():
    """Lines that tell where the figures come from."""
    versions = [f"gRPC {first_line(LOAD, 'grpc-version')}", first_line("c++", "--version")]
    versions += [f"{module.NAME} {module.version()}" for module in (redis, erlang) if module.installed()]
    return [f"{processor()}, {most_cores()} of {os.cpu_count()} cores, Linux {platform.release()}", ", ".join(versions)]
