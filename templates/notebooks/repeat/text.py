from fastai.text.all import *

{{ rows }}part = ids.map(parts)
{% if some_left_out %}known = part.notna()  # a row without a {{ target }} teaches nothing
df, ids, part = (one[known].reset_index(drop=True) for one in (df, ids, part))
{% endif %}df['is_valid'] = part == FOLD
valid_ids = ids[part == FOLD].tolist()
{% for line in steps %}{{ line }}
{% endfor %}
dls = TextDataLoaders.from_df(df, text_col={{ texts }}, label_col={{ target_py }}, valid_col='is_valid',
                              {% if block %}y_block={{ block }}, {% endif %}seq_len=72, bs={{ bs }})
{% if y_range %}y_range = {{ y_range }}  # a little wider than what was seen: text_classifier_learner(..., y_range=y_range)
{% endif %}dls.show_batch(max_n=3)
