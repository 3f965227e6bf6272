"""Rate and latency over the number of operations in flight, drawn by gnuplot."""

import subprocess

IN_FLIGHT = (1, 4, 16, 64, 256)
# Title, colour; in the order in which they are drawn.
LINES = {
    "kvroute callback": ("kvroute", "#c0392b"),
    "grpc callback to callback": ("gRPC, callback", "#2c6fbb"),
    "grpc sync to sync": ("gRPC, synchronous", "#8fb8de"),
    "redis pipelined": ("Redis, pipelined on up to 4 connections", "#2e8b57"),
    "redis": ("Redis, a connection each", "#98cbae"),
    "erlang": ("Erlang, erpc:call", "#8e6bb0"),
}
SETTINGS = """
set terminal svg size 920,560 font "sans-serif,12" background "white"
set output {out!r}
set multiplot layout 1,2 title {title} font ",14" margins 0.08,0.98,0.34,0.90 spacing 0.09
set logscale xy
set xtics ({tics})
set xlabel "operations in flight"
set grid back lc rgb "#dddddd"
set border 3 lc rgb "#888888"
set tics nomirror
set format y "%.0s %c"
set label 1 {caption} at screen 0.02,0.09 font ",10" textcolor rgb "#555555"
"""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def data(figures, figure, cores):
    """Blocks of points, and how they are drawn."""
    blocks, plots = [], []
    for number, (who, (title, colour)) in enumerate(LINES.items()):
        points = [(count, figures.median(f"in flight {count}", who, figure, cores)) for count in IN_FLIGHT]
        points = [f"{count} {value}" for count, value in points if value]
        if not points:
            continue
        blocks.append(f"${figure}{number} << END\n" + "\n".join(points) + "\nEND\n")
        plots.append(f"${figure}{number} with linespoints lw 2 pt 7 ps 0.5 lc rgb '{colour}' title {quoted(title)}")
    return blocks, plots


def draw(figures, about, path):
    cores = max(each["cores"] for each in figures.as_list())
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    caption = "\n".join([about["machine"], versions, about["command"]]).replace("\n", "\\n")
    script = SETTINGS.format(out=path, tics=", ".join(str(count) for count in IN_FLIGHT), cores=cores,
                             title=quoted(f"Get of 16 bytes from another process, {cores} cores for both"),
                             caption='"' + caption + '"')
    for number, (figure, label) in enumerate((("ops_per_s", "operations per second"), ("p50_us", "p50, microseconds"))):
        blocks, plots = data(figures, figure, cores)
        key = "set key at screen 0.5,0.25 center top horizontal maxrows 3" if number == 0 else "unset key"
        script += "".join(blocks) + f"{key}\nset ylabel {quoted(label)}\nplot " + ", ".join(plots) + "\nunset label 1\n"
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
