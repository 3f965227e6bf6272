"""The goals, and how far they are met: one row each."""

import statistics

ECHO_BLOCKING = ("grpc sync to sync", "grpc sync to callback", "grpc callback to sync", "grpc callback to callback")
ECHO_SYNC = ("grpc sync to sync", "grpc sync to callback")
ECHO_ASYNC = ("grpc callback to sync", "grpc callback to callback", "grpc sync to sync")


class Goal:
    """`figure` of `who` doing `what`, as a ratio to that of the best of `theirs` doing `base_what`."""

    def __init__(self, title, what, who, figure, theirs=(), base_what=None, at_most=None, at_least=None,
                 absolute=False):
        self.title, self.what, self.who, self.figure = title, what, who, figure
        self.theirs, self.base_what = theirs, base_what or what
        self.at_most, self.at_least, self.absolute = at_most, at_least, absolute

    def ratios(self, figures, base, cores):
        ours = figures.rounds(self.what, self.who, self.figure, cores)
        theirs = figures.rounds(self.base_what, base, self.figure, cores)
        # A time is the inverse of a rate, where the goal is about rates.
        inverse = self.figure == "ns" and self.at_least is not None
        return [theirs[n] / ours[n] if inverse else ours[n] / theirs[n] for n in ours if theirs.get(n)]

    def met(self, value):
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)

    def text(self):
        unit = "" if not self.absolute else " " + self.figure.replace("_", " ")
        if self.at_most is not None:
            return f"<= {short(self.at_most)}{unit or 'x'}"
        return "" if self.at_least is None else f">= {short(self.at_least)}{unit or 'x'}"

    def row(self, figures, cores):
        ours = figures.median(self.what, self.who, self.figure, cores)
        if ours is None:
            return None
        row = {"what": self.title, "cores": cores, "figure": self.figure, "ours": ours, "goal": self.text()}
        highest = self.figure in ("ops_per_s", "MiB_per_s")
        base = figures.best(self.base_what, self.theirs, self.figure, cores, highest)
        if base is not None:
            row["base"] = base
            row["theirs"] = figures.median(self.base_what, base, self.figure, cores)
            row["ratio"] = statistics.median(self.ratios(figures, base, cores) or [float("nan")])
        elif self.theirs:
            return None  # not installed
        row["met"] = self.met(ours if self.absolute else row["ratio"])
        return row


def large(direction, count):
    title = f"1 MiB {direction}, {count} in flight"
    return Goal(title, f"large {direction} {count}", "kvroute", "MiB_per_s", ECHO_BLOCKING, at_least=0.9)


def with_others(what):
    """The rest beside the same ones that answer at once; and, for information, without any beside them."""
    return [Goal(f"{what}: p99 of the rest, to all awake", what, "kvroute", "p99_us", ("awake",),
                 at_most=1.2),
            Goal(f"{what}: p99 of the rest, to the rest alone", what, "kvroute", "p99_us", ("alone",))]


def in_flight(count, who="kvroute callback", theirs=ECHO_ASYNC, **goal):
    return Goal(f"remote, {count} in flight, {who.split()[1]}", f"in flight {count}", who, "ops_per_s", theirs, **goal)


ONE_AT_A_TIME = [
    Goal("remote, one at a time: p50", "one at a time", "kvroute", "p50_us", ECHO_BLOCKING, at_most=1.10),
    Goal("remote, one at a time: p99", "one at a time", "kvroute", "p99_us", ECHO_BLOCKING, at_most=1.25),
]

# On as many cores as there are.
GOALS = [
    Goal("route(Get) here", "one_thread", "get_ours", "ns", ("get_floor",), at_most=2.0),
    Goal("route(Put) here", "one_thread", "put_ours", "ns", ("put_floor",), at_most=2.0),
    Goal("route(Get) here, 2 threads, a bucket each, to 1 thread", "bucket_each", "get_ours", "ns", ("get_ours",),
         base_what="one_thread", at_least=1.8),
    Goal("route(Get) here, 2 threads, one bucket, to 1 thread", "same_bucket", "get_ours", "ns", ("get_ours",),
         base_what="one_thread", at_least=0.8),
    Goal("route(Get) here, with stats, to without", "here", "stats_on", "ns", ("stats_off",), at_most=1.05),
    Goal("remote Get, with stats, to without", "peer", "stats_on", "ns", ("stats_off",), at_most=1.05),
    Goal("remote Get, 64 at a time, with stats, to without", "peer_many", "stats_on", "ns", ("stats_off",),
         at_most=1.05),
    Goal("table look-up, first byte", "first_byte", "find", "ns", at_most=5, absolute=True),
    Goal("table look-up, slot of a name of 6 bytes", "slot_of_6", "find", "ns", at_most=5, absolute=True),
    Goal("table look-up, slot of a name of 15 bytes", "slot_of_15", "find", "ns", at_most=5, absolute=True),
    Goal("table look-up, 100,000 ranges", "ranges", "find", "ns", at_most=200, absolute=True),
    *ONE_AT_A_TIME,
    in_flight(64, at_least=8),
    in_flight(64, who="kvroute tasks", at_least=8),
    in_flight(256, theirs=(), at_least=1_000_000, absolute=True),
    in_flight(256, theirs=("redis pipelined",), at_least=1.0),
    in_flight(256, theirs=("erlang",)),
    Goal("remote, 64 threads that wait", "64 threads", "kvroute", "ops_per_s", ECHO_SYNC, at_least=3.0),
    Goal("over one more node, to one hop: p50", "forwarded", "kvroute", "p50_us", ("one hop",), at_most=2.2),
    large("get", 1),
    large("put", 1),
    large("get", 4),
    large("put", 4),
    *with_others("one in ten asleep"),
    *with_others("one in ten to a frozen node"),
    Goal("1 M keys, resident", "1 M keys", "kvroute", "resident_bytes_per_key", ("redis hash", "redis keys"),
         at_most=1.0),
    Goal("1 M keys, allocated", "1 M keys", "kvroute", "allocated_bytes_per_key", ("redis hash", "redis keys"),
         at_most=1.0),
    # A thread more or less for all 32 is the pool that gRPC has for the whole process.
    Goal("32 nodes, threads of each: 31 peers to 2", "32 nodes", "31 peers", "threads_per_node", ("2 peers",),
         at_most=1.1),
    Goal("32 nodes, idle, all together", "32 nodes", "idle", "percent_of_a_core", at_most=1.0, absolute=True),
]


def rows(figures):
    most = figures.most_cores()
    found = [goal.row(figures, 1) for goal in ONE_AT_A_TIME] if most > 1 else []
    found += [goal.row(figures, most) for goal in GOALS]
    return [row for row in found if row is not None]


def short(number):
    """Three digits that count."""
    if number >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def show(table_rows, about_lines):
    cells = [("what", "cores", "in", "kvroute", "theirs", "who", "ratio", "goal", "met")]
    for row in table_rows:
        met = {None: "", True: "yes", False: "NO"}[row["met"]]
        cells.append((row["what"], str(row["cores"]), row["figure"].replace("_", " "), short(row["ours"]),
                      short(row["theirs"]) if "theirs" in row else "", row.get("base", ""),
                      f"{row['ratio']:.2f}x" if "ratio" in row else "", row["goal"], met))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    met = [row["met"] for row in table_rows if row["met"] is not None]
    print(f"\n{sum(met)} of {len(met)} goals met\n" + "\n".join(about_lines))
