"""Two Erlang nodes, by erpc_load.erl. Without epmd, which would outlive them: the port is agreed on."""

import shutil
import subprocess
import tempfile

from figures import IN_FLIGHT
from redis import as_figures, free_port, pinned

NAME = "erlang"
MODULE = "tests/bench/erpc_load.erl"


def installed():
    return all(shutil.which(program) for program in ("erl", "erlc"))


def version():
    evaluate = 'io:format("OTP ~s, erts ~s", [erlang:system_info(otp_release), erlang:system_info(version)]), halt().'
    return subprocess.run(["erl", "-noshell", "-eval", evaluate], stdout=subprocess.PIPE, text=True, check=True).stdout


def measure(cores, seconds):
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["erlc", "-o", directory, MODULE], check=True)
        node = ["erl", "-noshell", "-pa", directory, "-start_epmd", "false", "-erl_epmd_port", str(free_port()),
                "-setcookie", "bench"]
        bar = node + ["-name", "bar@127.0.0.1", "-kernel", "inet_dist_use_interface", "{127,0,0,1}", "-s", "erpc_load",
                      "serve"]
        with subprocess.Popen(pinned(cores, bar), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served:
            try:
                served.stdout.readline()
                for count in IN_FLIGHT:
                    yield from as_figures(f"in flight {count}", "erlang", call(cores, node, count, seconds), cores)
            finally:
                served.kill()


def call(cores, node, count, seconds):
    run = f"erpc_load:run('bar@127.0.0.1', {count}, {max(1, int(seconds * 1000))})."
    foo = node + ["-name", "foo@127.0.0.1", "-dist_listen", "false", "-eval", run]
    said = subprocess.run(pinned(cores, foo), stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(zip(("ops_per_s", "p50_us", "p99_us"), map(float, said.split())))
