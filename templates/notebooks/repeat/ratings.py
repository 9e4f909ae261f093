from fastai.collab import *
from fastai.tabular.all import *

{{ rows }}part = ids.map(parts)
{% if some_left_out %}known = part.notna()  # a row without a {{ target }} teaches nothing
df, ids, part = (one[known].reset_index(drop=True) for one in (df, ids, part))
{% endif %}splits = np.flatnonzero(part != FOLD).tolist(), np.flatnonzero(part == FOLD).tolist()
valid_ids = ids[part == FOLD].tolist()

# What CollabDataLoaders.from_df does, with our rows to validate on in place of random ones.
{% for line in steps %}{{ line }}
{% endfor %}to = TabularCollab(df, [Categorify], [{{ user_py }}, {{ item_py }}], y_names=[{{ target_py }}],
                   y_block=TransformBlock(), splits=splits)
dls = to.dataloaders(bs={{ bs }})
y_range = {{ y_range }}  # collab_learner(dls, n_factors=50, y_range=y_range)
dls.show_batch()
