"""What a recording goes through before a network, by torch, torchaudio, librosa and soxr, with the ids of `tessera bench --only ^audio/`;
a JSON line each.

    python3 internal/parity/audio.py [--threads N] [--only REGEX] [--quick]

Needs torch, torchaudio, librosa and soxr, which resamples on one thread whatever is asked for. The shortest of some repetitions and
their median; busy_min_s is the least processor time, which another program on the machine disturbs less.
"""
import argparse
import json
import re
import statistics
import sys
import time

import numpy as np
import torch

try:
    import torchaudio
except RuntimeError:  # built for another CUDA than torch; nothing here touches CUDA
    torch.version.cuda = "13.0"
    for name in [m for m in sys.modules if m.startswith("torchaudio")]:
        del sys.modules[name]
    import torchaudio
import librosa
import soxr

ap = argparse.ArgumentParser()
ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--only", default=".")
ap.add_argument("--quick", action="store_true")
args = ap.parse_args()
torch.set_num_threads(args.threads)

rng = np.random.default_rng(0)


def noise(rate):
    return (rng.standard_normal(10 * rate) * 0.1).astype(np.float32)


def measure(id, tool, seconds, f):
    if not re.search(args.only, id):
        return
    f()
    took, busy = [], []
    for _ in range(5 if args.quick else 30):
        start, at = time.perf_counter(), time.process_time()
        f()
        took.append(time.perf_counter() - start)
        busy.append(time.process_time() - at)
    median = statistics.median(took)
    print(json.dumps({"id": id, "tool": tool, "threads": args.threads, "min_s": min(took), "median_s": median, "max_s": max(took), "reps": len(took),
                      "x_real_time": seconds / median, "busy_min_s": min(busy)}), flush=True)


one = noise(48000)
eight = torch.from_numpy(np.stack([one] * 8))
window = torch.hann_window(2048)
wide = torchaudio.transforms.MelSpectrogram(48000, 2048, hop_length=512, n_mels=128)
narrow = torchaudio.transforms.MelSpectrogram(48000, 1200, hop_length=480, n_mels=64)
measure("audio/stft_mag/10s48k_n2048_h512", "torch", 80, lambda: torch.stft(eight, 2048, 512, window=window, return_complex=True).abs())
measure("audio/logmel/10s48k_n2048_h512_m128", "torchaudio", 80, lambda: (wide(eight) + 1e-6).log())
measure("audio/logmel/10s48k_n1200_h480_m64", "torchaudio", 80, lambda: (narrow(eight) + 1e-6).log())
measure("audio/logmel/10s48k_n2048_h512_m128#librosa", "librosa", 10,
        lambda: np.log(librosa.feature.melspectrogram(y=one, sr=48000, n_fft=2048, hop_length=512, n_mels=128) + 1e-6))
for id, a, b in (("10s48k_16k", 48000, 16000), ("10s44k1_16k", 44100, 16000), ("10s16k_48k", 16000, 48000), ("10s44k1_48k", 44100, 48000)):
    x = noise(a)
    measure("audio/resample/" + id, "soxr", 10, lambda: soxr.resample(x, a, b, quality="HQ"))
