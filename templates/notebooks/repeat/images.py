from fastai.vision.all import *

{{ files }}valid_ids = df.loc[df['is_valid'], 'id'].tolist()
{% for line in helpers %}{{ line }}
{% endfor %}
block = DataBlock(
    blocks=(ImageBlock, {{ block }}),
    get_x=ColReader('id', pref=path), get_y={{ get_y }},
    splitter=ColSplitter('is_valid'),
    item_tfms={{ resize }},
)
dls = block.dataloaders(df, bs={{ bs }})  # batch_tfms=aug_transforms() in the block makes more of few images
{% if y_range %}y_range = {{ y_range }}  # {{ y_words }}
{% endif %}dls.show_batch(max_n=9)
