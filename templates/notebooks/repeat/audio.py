from fastai.vision.all import *
{% if reader == "scipy" %}from scipy.io import wavfile
{% else %}import soundfile  # python -m pip install soundfile
{% endif %}
{{ files }}valid_ids = df.loc[df['is_valid'], 'id'].tolist()

RATE, SECONDS = {{ rate }}, {{ seconds }}  # samples in a second; shorter recordings are filled with silence, longer ones cut
N_FFT, HOP, MELS = {{ n_fft }}, {{ hop }}, {{ mels }}

def sound(name):
    "The recording on one channel, at RATE, of SECONDS."
{% if reader == "scipy" %}    rate, wave = wavfile.read(path/name)
    if wave.dtype == np.uint8: wave = wave.astype(np.float32) - 128
    wave = wave.astype(np.float32) / (np.iinfo(wave.dtype).max if wave.dtype.kind == 'i' else 1)
{% else %}    wave, rate = soundfile.read(path/name, dtype='float32')
{% endif %}    if wave.ndim == 2: wave = wave.mean(axis=1)
    if rate != RATE: wave = np.interp(np.arange(0, len(wave), rate / RATE), np.arange(len(wave)), wave)
    wave = wave[:round(RATE * SECONDS)]
    return np.pad(wave, (0, max(0, round(RATE * SECONDS) - len(wave), N_FFT - len(wave))))

def mel_filters():
    "Triangles over frequencies, evenly apart as we hear them."
    mel = lambda hz: 2595 * np.log10(1 + hz / 700)
    points = 700 * (10 ** (np.linspace(0, mel(RATE / 2), MELS + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(N_FFT, 1 / RATE)
    low, mid, high = points[:-2, None], points[1:-1, None], points[2:, None]
    return np.clip(np.minimum((hz - low) / (mid - low), (high - hz) / (high - mid)), 0, None)

FILTERS = mel_filters()

def mel_image(row):
    "What is to be heard, as a picture: time to the right, pitch upwards, loudness as brightness."
    frames = np.lib.stride_tricks.sliding_window_view(sound(row['id']), N_FFT)[::HOP] * np.hanning(N_FFT)
    power = FILTERS @ (np.abs(np.fft.rfft(frames)) ** 2).T
    loud = np.log10(power + 1e-10)[::-1]
    loud = (loud - loud.min()) / max(loud.max() - loud.min(), 1e-6)
    return np.stack([(loud * 255).astype(np.uint8)] * 3, axis=-1)

block = DataBlock(
    blocks=(ImageBlock, {{ block }}),
    get_x=mel_image, get_y=ColReader('label'),
    splitter=ColSplitter('is_valid'),
    item_tfms=Resize({{ mels }}, method='squish'),
)
dls = block.dataloaders(df, bs={{ bs }})
dls.show_batch(max_n=9)
