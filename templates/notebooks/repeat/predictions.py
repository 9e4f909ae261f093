import csv

# `learn` is your trained model. Without fastai: preds and targs of your own, in the order of valid_ids.
preds, targs = learn.get_preds(dl=dls.valid)
{% if says == "class" %}classes = list({{ vocab }})
said = [classes[i] for i in preds.argmax(dim=1).tolist()]
true = [classes[i] for i in targs.long().flatten().tolist()]
more, numbers = [f'share:{c}' for c in classes], preds.tolist()
{% elif says == "labels" %}classes = list({{ vocab }})
said, true = (['|'.join(c for c, on in zip(classes, row) if on) for row in (one > 0.5).tolist()] for one in (preds, targs))
more, numbers = [], [[]] * len(said)
{% elif says == "points" %}sizes = tensor([PILImage.create(path/name).size for name in valid_ids]).float()[:, None]  # width, height
in_pixels = lambda t: ((t.reshape(len(t), -1, 2) + 1) / 2 * sizes).flatten(1).tolist()
said, true = ([' '.join(map(str, row)) for row in in_pixels(t.cpu().float())] for t in (preds, targs))
more, numbers = [], [[]] * len(said)
{% elif says == "mask" %}classes = codes
said, true, numbers = [], [], []
for row, pred in zip(df[df['is_valid']].to_dict('records'), preds):
    mask = np.array({{ mask_of }})
    painted = np.array(Image.fromarray(pred.argmax(dim=0).numpy().astype(np.uint8)).resize(mask.shape[::-1], Image.NEAREST))
    true.append(classes[np.bincount(mask.flatten()).argmax()])
    said.append(classes[np.bincount(painted.flatten()).argmax()])
    pixels = [((mask == i), (painted == i)) for i in range(len(classes))]
    numbers.append([n for m, p in pixels for n in ((m & p).sum(), (~m & p).sum(), (m & ~p).sum())])
more = [f'{what}:{c}' for c in classes for what in ('hit', 'extra', 'lost')]
{% else %}said, true = preds.flatten().tolist(), targs.flatten().tolist()
more, numbers = [], [[]] * len(said)
{% endif %}
with open(f'{{ folder }}/mine-{FOLD}.csv', 'w', newline='', encoding='utf-8') as file:
    rows = csv.writer(file)
    rows.writerow(['id', 'truth', 'prediction', *more])
    rows.writerows([i, t, s, *n] for i, t, s, n in zip(valid_ids, true, said, numbers, strict=True))
