"""Rate and latency over the number of operations in flight, drawn by gnuplot."""

import subprocess

from figures import IN_FLIGHT

# Who is drawn: title and colour.
LINES = {
    "kvroute callback": ("kvroute", "#c0392b"),
    "grpc callback to callback": ("gRPC, callback", "#2c6fbb"),
    "grpc sync to sync": ("gRPC, synchronous", "#8fb8de"),
    "redis pipelined": ("Redis, pipelined", "#2e8b57"),
    "redis": ("Redis", "#98cbae"),
    "erlang": ("Erlang, erpc:call", "#8e6bb0"),
}
PANELS = (("ops_per_s", "operations per second"), ("p50_us", "latency, median, in microseconds"))
SETTINGS = """
set terminal svg size 920,540 noenhanced font "sans-serif,12" background "white"
set output {out}
set multiplot layout 1,2 title {title} font ",14" margins 0.07,0.98,0.34,0.86 spacing 0.08
set logscale xy
set xrange [0.8:320]
set xtics ({tics})
set xlabel "operations in flight"
set grid xtics ytics back linetype 1 linewidth 1 linecolor rgb "#dddddd"
set border 3 linecolor rgb "#888888"
set tics nomirror textcolor rgb "#444444"
set format y "%.0s%c"
set label 1 {caption} at screen 0.02,0.085 font ",10" textcolor rgb "#555555"
set key at screen 0.5,0.235 center top maxrows 2 Left reverse samplen 2 width 3
"""


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def panel(figures, figure, label, cores):
    """The points of each line, and the command that draws them."""
    blocks, plots = "", []
    for number, (who, (title, colour)) in enumerate(LINES.items()):
        values = {count: figures.median(f"in flight {count}", who, figure, cores) for count in IN_FLIGHT}
        points = "\n".join(f"{count} {value}" for count, value in values.items() if value)
        if points:
            blocks += f"${figure}{number} << END\n{points}\nEND\n"
            plots.append(f"${figure}{number} with linespoints linewidth 2 pointtype 7 pointsize 0.5 "
                         f"linecolor rgb '{colour}' title {quoted(title)}")
    return f"{blocks}set title {quoted(label)}\nplot {', '.join(plots)}\n"


def draw(figures, about_lines, path):
    cores = figures.most_cores()
    script = SETTINGS.format(out=quoted(path), tics=", ".join(str(count) for count in IN_FLIGHT),
                             title=quoted(f"Get of a value of 16 bytes from another process, both on {cores} cores"),
                             caption=quoted("\n".join(about_lines)))
    # One key and one caption for both.
    script += "unset label 1\nunset key\n".join(panel(figures, figure, label, cores) for figure, label in PANELS)
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
