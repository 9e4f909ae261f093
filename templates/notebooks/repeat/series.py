from fastai.tabular.all import *

{{ rows }}
when = {{ when }}
order = np.argsort(when.to_numpy(), kind='stable')
df, ids, when = (one.iloc[order].reset_index(drop=True) for one in (df, ids, when))
part = ids.map(parts)

# A forecast of the last {{ horizon }} rows knows nothing younger than the rows before them, so no lag is shorter.
horizon = len(df) - np.flatnonzero(part == FOLD)[0]
season = {{ season }}
lags = sorted({horizon, horizon + 1, -(-horizon // season) * season})
past = df[{{ target_py }}].ffill()
for lag in lags: df[f'lag_{lag}'] = past.shift(lag)
cat_names, cont_names = {{ cats }}, ['step', *(f'lag_{lag}' for lag in lags)]
df['step'] = np.arange(len(df))
{% for line in steps %}{{ line }}
{% endfor %}
known = part.notna() & df[cont_names].notna().all(axis=1)
df, ids, part = (one[known].reset_index(drop=True) for one in (df, ids, part))
splits = np.flatnonzero(part != FOLD).tolist(), np.flatnonzero(part == FOLD).tolist()
valid_ids = ids[part == FOLD].tolist()

to = TabularPandas(df, procs=[Categorify, Normalize], cat_names=cat_names, cont_names=cont_names,
                   y_names={{ target_py }}, y_block=RegressionBlock(), splits=splits)
dls = to.dataloaders(bs={{ bs }})
y_range = {{ y_range }}  # wider than what was seen: tabular_learner(dls, y_range=y_range)
dls.show_batch()
