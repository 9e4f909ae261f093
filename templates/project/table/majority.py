"""{% if is_class %}Says of every row how often each class comes{% else %}Says the {{ middle }} of every row{% endif %}: what a model that looks at nothing can do.

Every model is a file with two functions. fit() gives what was learned as plain data, predict() uses it.
{% if is_class %}A prediction is the probability of each class, as a dict.{% else %}A prediction is a number.{% endif %}
"""

from baseline import {{ "shares" if is_class else "middle" }}


def fit(inputs, targets, seed):
    return {"always": {% if is_class %}shares(targets, sorted(set(targets))){% else %}middle(targets){% endif %}}


def predict(learned, inputs):
    return [learned["always"] for _ in inputs]
