path = {{ path_py }}
# The same files as the baseline's: id is a file below path, part says which part it is in.
FOLD = {{ fold_py }}  # the part to validate on{{ fold_words }}
df = pd.read_csv({{ splits_py }}, dtype=str, keep_default_na=False)
df['is_valid'] = df['part'] == FOLD
{% for line in label_lines %}{{ line }}
{% endfor %}
