from fastai.text.all import *

{{ files }}df['text'] = [(path/name).read_text(encoding={{ encoding_py }}, errors='replace') for name in df['id']]
valid_ids = df.loc[df['is_valid'], 'id'].tolist()

dls = TextDataLoaders.from_df(df, text_col='text', label_col='label', valid_col='is_valid',
                              {% if block %}y_block={{ block }}, {% endif %}seq_len=72, bs={{ bs }})
dls.show_batch(max_n=3)
