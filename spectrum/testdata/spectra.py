"""Makes spectra.json: spectrograms, mel bands, decibels and MFCC by torch, librosa, torchaudio and scipy, of a recording that both
sides compute (internal/golden). Of each result every so manieth number is kept.

    python3 spectrum/testdata/spectra.py > spectrum/testdata/spectra.json

Needs torch, torchaudio, librosa and scipy.
"""
import json
import os
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../internal/golden"))
from golden import fill

try:
    import torchaudio
except RuntimeError:  # built for another CUDA than torch; nothing here touches CUDA
    torch.version.cuda = "13.0"
    for name in [m for m in sys.modules if m.startswith("torchaudio")]:
        del sys.modules[name]
    import torchaudio
import librosa
import scipy.signal

EVERY = 53


def sound(n):
    """A falling tone in noise, the second half quieter by 40 dB."""
    i = np.arange(n)
    x = 0.5 * np.sin(2 * np.pi * (0.2 * i - 0.05 * i * i / n)).astype(np.float32) + fill(n, "sound", 0.1)
    x[n // 2 :] *= 0.01
    return x.astype(np.float32)


def keep(x):
    x = np.ascontiguousarray(np.asarray(x, dtype=np.float64))
    return {"shape": list(x.shape), "top": float(np.abs(x).max()), "values": [float(f"{v:.8g}") for v in x.ravel()[::EVERY]]}


x = sound(6000)
xt = torch.from_numpy(x)
out = {"samples": len(x), "every": EVERY, "stft": [], "mel": [], "weights": [], "db": [], "mfcc": []}


def stft(tool, n, length, hop, edges, window, re, im):
    out["stft"].append({"tool": tool, "n": n, "length": length, "hop": hop, "edges": edges, "window": window, "re": keep(re), "im": keep(im)})


WINDOWS = {"hann": torch.hann_window, "hamming": torch.hamming_window, "blackman": torch.blackman_window, "rectangular": torch.ones}
for n, length, hop, edges, window in (
    (512, 512, 128, "reflect", "hann"), (512, 400, 160, "reflect", "hamming"), (1200, 1200, 480, "reflect", "hann"), (400, 301, 100, "reflect", "blackman"),
    (2048, 2048, 512, "reflect", "hann"), (255, 200, 64, "reflect", "hann"), (512, 480, 240, "whole-frames", "hann"), (500, 500, 125, "whole-frames", "rectangular"),
):
    y = torch.stft(xt, n, hop, length, window=WINDOWS[window](length), center=edges == "reflect", return_complex=True).T.numpy()
    stft("torch", n, length, hop, edges, window, y.real, y.imag)
for n, length, hop in ((512, 512, 160), (600, 480, 120)):
    y = librosa.stft(x, n_fft=n, hop_length=hop, win_length=length).T
    stft("librosa", n, length, hop, "zeros", "hann", y.real, y.imag)
for n, length, hop in ((512, 480, 240),):  # scipy scales by the window's sum; windows with half overlap, as L3-Net's
    w = scipy.signal.get_window("hann", length)
    _, _, y = scipy.signal.stft(x.astype(np.float64), nperseg=length, noverlap=length - hop, nfft=n, window=w, boundary=None, padded=False)
    y = y.T * w.sum()
    stft("scipy", n, length, hop, "whole-windows", "hann", y.real, y.imag)

for bands, n, rate, low, high, htk, norm in (
    (128, 2048, 48000, 0, 24000, False, "slaney"), (40, 512, 16000, 20, 7600, True, None), (64, 1200, 48000, 0, 24000, True, "slaney"), (30, 1024, 22050, 0, 11025, False, None),
):
    w = librosa.filters.mel(sr=rate, n_fft=n, n_mels=bands, fmin=low, fmax=high, htk=htk, norm=norm, dtype=np.float64).T
    out["weights"].append({"tool": "librosa", "bands": bands, "n": n, "rate": rate, "low": low, "high": high, "htk": htk, "unscaled": norm is None, "w": keep(w)})
    w = torchaudio.functional.melscale_fbanks(n // 2 + 1, float(low), float(high), bands, rate, norm, "htk" if htk else "slaney")
    out["weights"].append({"tool": "torchaudio", "bands": bands, "n": n, "rate": rate, "low": low, "high": high, "htk": htk, "unscaled": norm is None, "w": keep(w)})

y = librosa.feature.melspectrogram(y=x, sr=22050, n_fft=1024, hop_length=256, n_mels=64, center=True, pad_mode="reflect").T
out["mel"].append({"tool": "librosa", "n": 1024, "hop": 256, "rate": 22050, "bands": 64, "htk": False, "unscaled": False, "y": keep(y)})
y = torchaudio.transforms.MelSpectrogram(16000, 400, hop_length=160, n_mels=40)(xt).T
out["mel"].append({"tool": "torchaudio", "n": 400, "hop": 160, "rate": 16000, "bands": 40, "htk": True, "unscaled": True, "y": keep(y)})

power = np.abs(librosa.stft(x, n_fft=512, hop_length=160)).T ** 2
for loudest, top in ((False, 0), (False, 80), (True, 60)):
    y = librosa.power_to_db(power, ref=np.max if loudest else 1.0, top_db=top or None)
    out["db"].append({"tool": "librosa", "n": 512, "hop": 160, "loudest": loudest, "range": top, "y": keep(y)})

for lifter in (0, 22):
    y = librosa.feature.mfcc(y=x, sr=22050, n_mfcc=20, lifter=lifter, n_fft=1024, hop_length=256, n_mels=64, pad_mode="reflect").T
    out["mfcc"].append({"tool": "librosa", "n": 1024, "hop": 256, "rate": 22050, "bands": 64, "coefficients": 20, "lifter": lifter, "htk": False, "unscaled": False, "y": keep(y)})
y = torchaudio.transforms.MFCC(16000, 13, melkwargs={"n_fft": 400, "hop_length": 160, "n_mels": 40})(xt).T
out["mfcc"].append({"tool": "torchaudio", "n": 400, "hop": 160, "rate": 16000, "bands": 40, "coefficients": 13, "lifter": 0, "htk": True, "unscaled": True, "y": keep(y)})
print(json.dumps(out))
