path = {{ path_py }}
df = {{ read }}
{% if read_valid %}df = pd.concat([df, {{ read_valid }}], ignore_index=True)
{% endif %}{% for line in mends %}{{ line }}
{% endfor %}
# The same rows as the baseline's: the file says which part each row is in.
FOLD = {{ fold_py }}  # the part to validate on{{ fold_words }}
parts = pd.read_csv({{ splits_py }}, dtype=str, keep_default_na=False).set_index('id')['part']
{% if id_py %}ids = df[{{ id_py }}]
{% else %}ids = pd.Series(range(1, len(df) + 1)).astype(str)  # no column names the rows: they are numbered
{% endif %}
