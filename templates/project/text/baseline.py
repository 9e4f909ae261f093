"""The naive baseline: one word, the number that every model has to beat (one rule, Holte 1993, on words).

Each word is tried alone: texts that have it get what is usual among those, all others what is usual there. The
word that does best on texts the rule has not seen wins; on its own texts, a word that comes once would always
be perfect. Standard library only, so the first number takes no time.
"""

{% if not is_class and metric != "mae" %}import math
{% endif %}import random
{% if metric == "mae" %}import statistics
{% endif %}from collections import Counter

from data import words

FOLDS, LEAST, MOST = 5, 5, 5000  # words in LEAST texts or more are tried, the MOST frequent of them


def fit(inputs, targets, seed):
    fold = [place % FOLDS for place in range(len(targets))]
    random.Random(seed).shuffle(fold)
    texts = [set(words(text)) for text in inputs]
    best = one_word(texts, targets, fold)
    has, lacks = [[target for text, target in zip(texts, targets, strict=True) if (best in text) == there] for there in (True, False)]
{% if is_class %}    classes = sorted(set(targets))
    return {"word": best, "with": shares(has, classes), "without": shares(lacks, classes)}
{% else %}    return {"word": best, "with": middle(has or targets), "without": middle(lacks or targets)}
{% endif %}

def predict(learned, inputs):
    return [learned["with" if learned["word"] in words(text) else "without"] for text in inputs]


def one_word(texts, targets, fold):
    """The word that tells most, None where no word comes often enough."""
    often = Counter(word for text in texts for word in text)
    tried = sorted((word for word in often if often[word] >= LEAST), key=lambda word: (-often[word], word))[:MOST]
{% if is_class %}    every = [Counter() for _ in range(FOLDS)]  # how often each class comes in a fold, and below: among texts with a word
    inside = {word: [Counter() for _ in range(FOLDS)] for word in tried}
    for text, target, part in zip(texts, targets, fold, strict=True):
        every[part][target] += 1
        for word in text & inside.keys():
            inside[word][part][target] += 1
    return min(tried, key=lambda word: wrong(inside[word], every), default=None)
{% else %}    every = [[0, 0.0, 0.0] for _ in range(FOLDS)]  # rows, sum and squares of a fold, and below: of its texts with a word
    inside = {word: [[0, 0.0, 0.0] for _ in range(FOLDS)] for word in tried}
    for text, target, part in zip(texts, targets, fold, strict=True):
        for sums in (every[part], *(inside[word][part] for word in text & inside.keys())):
            sums[:] = sums[0] + 1, sums[1] + target, sums[2] + target * target
    return min(tried, key=lambda word: wrong(inside[word], every), default=None)
{% endif %}

def wrong(inside, every):
    """How wrong the rule is on texts that it has not seen: each fold is told by the texts of the others."""
{% if is_class %}    has, all_, missed = sum(inside, Counter()), sum(every, Counter()), 0
    for own, part in zip(inside, every, strict=True):
        for here, others in ((own, has - own), (part - own, all_ - has - (part - own))):
            usual = max(others or all_, key=(others or all_).get)
            missed += here.total() - here[usual]
    return missed
{% else %}    has, all_, error = [sum(one) for one in zip(*inside, strict=True)], [sum(one) for one in zip(*every, strict=True)], 0.0
    for own, part in zip(inside, every, strict=True):
        rest = [one - other for one, other in zip(part, own, strict=True)]
        for (count, total, squares), (other, sums) in ((own, (has[0] - own[0], has[1] - own[1])), (rest, (all_[0] - has[0] - rest[0], all_[1] - has[1] - rest[1]))):
            told = sums / other if other else all_[1] / all_[0]
            error += squares - 2 * told * total + count * told * told
    return error
{% endif %}
{% if is_class %}
def shares(targets, classes):
    """How often each class comes; one is added to each count (Laplace), so that none is held for impossible."""
    counts = Counter(targets)
    return {name: (counts[name] + 1) / (len(targets) + len(classes)) for name in classes}
{% else %}
def middle(targets):
    """The one number that is the least wrong, measured with {{ metric }}."""
{% if metric == "mae" %}    return float(statistics.median(targets))
{% elif metric == "rmsle" %}    return math.expm1(math.fsum(math.log1p(max(target, 0.0)) for target in targets) / len(targets))
{% else %}    return math.fsum(targets) / len(targets)
{% endif %}{% endif %}
