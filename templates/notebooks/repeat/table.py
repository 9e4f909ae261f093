from fastai.tabular.all import *

{{ rows }}part = ids.map(parts)
{% if some_left_out %}known = part.notna()  # a row without a {{ target }} teaches nothing
df, ids, part = (one[known].reset_index(drop=True) for one in (df, ids, part))
{% endif %}splits = np.flatnonzero(part != FOLD).tolist(), np.flatnonzero(part == FOLD).tolist()
valid_ids = ids[part == FOLD].tolist()

{% for name, why in left_out %}# Left out: {{ name }}, as {{ why }}
{% endfor %}cat_names = {{ cats }}
cont_names = {{ conts }}
{% for line in steps %}{{ line }}
{% endfor %}to = TabularPandas(df, procs=[Categorify, FillMissing, Normalize], cat_names=cat_names, cont_names=cont_names,
                   y_names={{ target_py }}, y_block={{ block }}, splits=splits)
dls = to.dataloaders(bs={{ bs }})
{% if y_range %}y_range = {{ y_range }}  # a little wider than what was seen: tabular_learner(dls, y_range=y_range)
{% endif %}dls.show_batch()
