"""What a model of a series looks at, and how it goes on from its own forecasts.

A model says how far a value lies above the one a season before. It looks at how far the last values did, and how
far what is known of the step itself lies above what it was then. So a model that knows nothing is the baseline.
"""

import data


def learn(inputs, targets):
    """For each step with enough before it: what is seen of it, and how far it lies above the season before; and what a forecast begins with."""
    columns = [data.series(inputs, targets), *(beside(inputs, name) for name in data.BESIDE)]
    least = data.SEASON + data.LAGS
    columns = [column[:1] * (least + 1 - len(column)) + column for column in columns]  # too short a series began as it was first
    places = range(least, len(columns[0]))
    seen, moved = [look(columns, place) for place in places], [columns[0][place] - columns[0][place - data.SEASON] for place in places]
    start = {"end": max(row["step"] for row in inputs), "values": columns[0][-least:], "beside": [column[-least:] for column in columns[1:]]}
    return seen, moved, start


def beside(inputs, name):
    """A number that is known beforehand, for each step; the mean where it is not."""
    known = [row[name] for row in inputs if row[name] is not None]
    usual = sum(known) / len(known) if known else 0.0
    return data.series(inputs, [usual if row[name] is None else row[name] for row in inputs])


def look(columns, place):
    """What is seen of a place: the moves before it, newest first, and those of what is known of it."""
    values, *others = columns
    moves = [values[place - lag] - values[place - lag - data.SEASON] for lag in range(1, data.LAGS + 1)]
    return moves + [column[place] - column[place - data.SEASON] for column in others]


def forecast(start, inputs, move):
    """The value of each step asked for; `move` says how far the next value lies above the season before, from what is seen of it."""
    columns = [list(start["values"]), *map(list, start["beside"])]
    given = {row["step"]: row for row in inputs}
    before = len(columns[0])
    for step in range(start["end"] + 1, max(given, default=0) + 1):
        for name, column in zip(data.BESIDE, columns[1:], strict=True):
            known = given.get(step, {}).get(name)
            column.append(column[-data.SEASON] if known is None else known)
        columns[0].append(columns[0][-data.SEASON])
        columns[0][-1] += move(look(columns, len(columns[0]) - 1))
    first = start["end"] + 1 - before
    return [columns[0][max(row["step"] - first, 0)] for row in inputs]
