"""What was measured: for each figure, one value a round."""

import statistics

IN_FLIGHT = (1, 4, 16, 64, 256)  # as bench_load's


class Figures:
    def __init__(self):
        self._values = {}  # (what, who, figure, cores) -> {round: value}

    def add(self, number, measured):
        """`measured`: dictionaries with what, who, figure, value and cores."""
        for each in measured:
            place = (each["what"], each["who"], each["figure"], each["cores"])
            self._values.setdefault(place, {})[number] = each["value"]

    def most_cores(self):
        return max(cores for _, _, _, cores in self._values)

    def rounds(self, what, who, figure, cores):
        """By round; empty where it was not measured."""
        return self._values.get((what, who, figure, cores), {})

    def median(self, what, who, figure, cores):
        values = self.rounds(what, who, figure, cores).values()
        return statistics.median(values) if values else None

    def best(self, what, candidates, figure, cores, highest):
        """The one of `candidates` with the best median: the baseline."""
        measured = [who for who in candidates if self.rounds(what, who, figure, cores)]
        if not measured:
            return None
        pick = max if highest else min
        return pick(measured, key=lambda who: self.median(what, who, figure, cores))

    def as_list(self):
        return [
            {"what": what, "who": who, "figure": figure, "cores": cores,
             "median": statistics.median(values.values()), "rounds": list(values.values())}
            for (what, who, figure, cores), values in self._values.items()
        ]
