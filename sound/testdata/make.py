"""Makes the small recordings of this folder, and beside each what another program reads in it (NAME.values): how many values of all channels there are, and of those, interleaved,
one in so many: two uint32, and float32. WAVs, MP3 and Ogg by libsndfile (soundfile), with mpg123 and libvorbis in it, the rest by ffmpeg.

    python make.py          needs numpy, soundfile and ffmpeg with libmp3lame, libvorbis and libopus
"""

import os
import struct
import subprocess

import numpy as np
import soundfile as sf

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


def tones(n, channels, rate, seed=0):
    """Tones that come and go, one more a channel, and a little noise: n values [N C]."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / rate
    out = np.zeros((n, channels))
    for c in range(channels):
        for k in range(3):
            f = rng.uniform(0.01, 0.3) * rate
            out[:, c] += rng.uniform(0.1, 0.3) * np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) * np.abs(np.sin(np.pi * t * rng.uniform(3, 9)))
    return np.clip(out + 0.02 * rng.standard_normal(out.shape), -1, 1)


def ffmpeg(*args, stdin=None):
    return subprocess.run(["ffmpeg", "-v", "error", "-nostdin" if stdin is None else "-y", *args], input=stdin, check=True, stdout=subprocess.PIPE).stdout


def save(name, v):
    v = v.ravel()
    every = 3 if name.endswith(".flac") else 7 if name.startswith("ffmpeg") or name.endswith((".mp2", ".mp3", ".ogg", ".mpg", ".m4a", ".avi")) else 1
    with open(path(name + ".values"), "wb") as f:
        f.write(struct.pack("<II", len(v), every) + v[::every].astype("<f4").tobytes())


def values(name, by="ffmpeg", of=None):
    """Writes what another program reads in a file."""
    if by == "soundfile":
        v = sf.read(path(of or name), dtype="float32", always_2d=True)[0]
    else:
        v = np.frombuffer(ffmpeg("-i", path(of or name), "-map", "0:a:0", "-f", "f32le", "-"), "<f4")
    save(name, v)


# WAVs

def chunk(name, b, pad=True):
    return name + struct.pack("<I", len(b)) + b + b"\0" * (len(b) % 2 if pad else 0)


def fmt(tag, channels, rate, size, bits=None, extensible=False):
    b = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, rate, rate * channels * size, channels * size, bits or 8 * size)
    if extensible:
        b += struct.pack("<HHI", 22, bits or 8 * size, 0) + struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
    return chunk(b"fmt ", b)


def riff(name, *chunks, kind=b"RIFF", size=None):
    body = b"WAVE" + b"".join(chunks)
    with open(path(name), "wb") as f:
        f.write(kind + struct.pack("<I", len(body) if size is None else size) + body)


def stored(v, size):
    q = np.clip(np.round(v * 2 ** (8 * size - 1)), -(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1).astype(np.int64)
    if size == 1:
        return (q + 128).astype(np.uint8).tobytes()
    return b"".join(int(x).to_bytes(size, "little", signed=True) for x in q.ravel())


def wavs():
    n = 251
    one, two, six = tones(n, 1, 8000, 1), tones(n, 2, 16000, 2), tones(60, 6, 192000, 3)
    for size in (1, 2, 3, 4):
        riff(f"pcm{8 * size}.wav", fmt(1, 2, 16000, size), chunk(b"data", stored(two, size)))
    riff("float32.wav", fmt(3, 1, 8000, 4), chunk(b"fact", struct.pack("<I", n)), chunk(b"data", (1.5 * one).astype("<f4").tobytes()))
    riff("float64.wav", fmt(3, 2, 44100, 8), chunk(b"data", two.astype("<f8").tobytes()))
    for codec, tag in (("alaw", 6), ("mulaw", 7)):
        raw = ffmpeg("-f", "f32le", "-ar", "8000", "-ac", "1", "-i", "-", "-f", codec, "-", stdin=np.tile(one, (2, 1)).astype("<f4").tobytes())
        riff(f"{codec}.wav", fmt(tag, 1, 8000, 1), chunk(b"data", raw + bytes(range(256))))
    riff("extensible.wav", fmt(1, 6, 192000, 3, extensible=True), chunk(b"data", stored(six, 3)))
    riff("valid20.wav", fmt(1, 6, 192000, 3, bits=20, extensible=True), chunk(b"data", stored(np.round(six * 2**19) / 2**19, 3)))
    riff("chunks.wav", chunk(b"LIST", b"INFOISFT\x05\0\0\0abcde\0"), chunk(b"odd ", b"abc"), fmt(1, 1, 8000, 2), chunk(b"cue ", b"x"), chunk(b"data", stored(one, 2)), chunk(b"LIST", b"INFO"))
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 12 + 36 + 24 + 8 + 2 * n, 2 * n, n, 0))
    for kind, name in ((b"RF64", "rf64.wav"), (b"BW64", "bw64.wav")):
        riff(name, ds64, fmt(1, 1, 8000, 2), b"data\xff\xff\xff\xff" + stored(one, 2), kind=kind, size=0xFFFFFFFF)
    for name in ("pcm8", "pcm16", "pcm24", "pcm32", "float32", "float64", "alaw", "mulaw", "extensible", "valid20", "chunks", "rf64"):
        values(name + ".wav", "soundfile")
    values("bw64.wav", "soundfile", of="rf64.wav")
    # Headers that lie: the same values as chunks.wav.
    riff("nosize.wav", fmt(1, 1, 8000, 2), b"data\0\0\0\0" + stored(one, 2), size=0)
    riff("open.wav", fmt(1, 1, 8000, 2), b"data\xff\xff\xff\xff" + stored(one, 2), size=0xFFFFFFFF)
    riff("lies.wav", fmt(1, 1, 8000, 2), b"data" + struct.pack("<I", 100000) + stored(one, 2), size=123)
    riff("nopad.wav", chunk(b"odd ", b"abc", pad=False), fmt(1, 1, 8000, 2), chunk(b"data", stored(one, 2)))
    for name in ("nosize", "open", "lies", "nopad"):
        values(name + ".wav", "soundfile", of="chunks.wav")


# FLACs

def flacs():
    two, one = tones(700, 2, 44100, 4), tones(700, 1, 16000, 5)
    raw = {2: stored(two, 2), 3: stored(two, 3)}
    for name, size, extra in (("stereo16.flac", 2, ["-frame_size", "192"]), ("stereo24.flac", 3, ["-compression_level", "8", "-frame_size", "512"])):
        ffmpeg("-f", f"s{8 * size}le", "-ar", "44100", "-ac", "2", "-i", "-", *(["-sample_fmt", "s32", "-bits_per_raw_sample", "24"] if size == 3 else []), *extra, "-metadata_header_padding", "0", path(name), stdin=raw[size])
        values(name)
    ffmpeg("-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "-", "-lpc_type", "none", "-frame_size", "256", "-metadata_header_padding", "0", path("fixed.flac"), stdin=stored(one, 2))
    values("fixed.flac")
    sf.write(path("eight.flac"), np.repeat(tones(100, 8, 8000, 6), 1, 1), 8000, subtype="PCM_S8")
    values("eight.flac", "soundfile")
    wasted = np.round(tones(700, 2, 176400, 7) * 2**7) / 2**7
    wasted[100:600] = wasted[100]
    sf.write(path("wasted.flac"), wasted, 176400, subtype="PCM_16")
    values("wasted.flac", "soundfile")


# MPEG audio

def clicks(n, channels, rate, seed):
    """Tones with clicks, at which an encoder takes short blocks."""
    v = 0.5 * tones(n, channels, rate, seed)
    v[n // 3] = 0.9
    v[2 * n // 3 :: 97] *= 0.2
    v[2 * n // 3] = -0.8
    return v


def mpeg():
    def encode(name, n, channels, rate, seed, *args):
        ffmpeg("-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "-", *args, path(name), stdin=clicks(n, channels, rate, seed).astype("<f4").tobytes())

    encode("joint.mp3", 2200, 2, 44100, 10, "-c:a", "libmp3lame", "-b:a", "128k", "-joint_stereo", "1", "-id3v2_version", "3", "-metadata", "title=a title")
    encode("quality.mp3", 1800, 1, 24000, 11, "-c:a", "libmp3lame", "-q:a", "5", "-id3v2_version", "0", "-write_id3v1", "1")
    encode("eighth.mp3", 900, 2, 8000, 12, "-c:a", "libmp3lame", "-b:a", "24k", "-id3v2_version", "0", "-write_xing", "0")
    for name in ("joint.mp3", "quality.mp3", "eighth.mp3"):
        values(name, "soundfile")
    with open(path("joint.mp3"), "rb") as f:
        whole = f.read()
    with open(path("garbage.mp3"), "wb") as f: # bytes before the first frame and between two
        head = whole.index(b"\xff\xfb")
        f.write(b"\x12\xff\xfbgarbage\xff" * 9 + whole[head:])
    values("garbage.mp3", "soundfile", of="joint.mp3")
    encode("stereo.mp2", 1700, 2, 48000, 13, "-c:a", "libtwolame", "-b:a", "192k", "-mode", "stereo")
    encode("joint.mp2", 1200, 2, 32000, 14, "-c:a", "libtwolame", "-b:a", "64k", "-mode", "joint_stereo")
    encode("half.mp2", 1500, 1, 16000, 15, "-c:a", "mp2", "-b:a", "32k")
    for name in ("stereo.mp2", "joint.mp2", "half.mp2"):
        save(name, np.frombuffer(ffmpeg("-c:a", "mp2float", "-i", path(name), "-f", "f32le", "-"), "<f4"))


# Ogg

def oggs():
    def encode(name, n, channels, rate, seed, *args):
        ffmpeg("-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "-", *args, "-fflags", "+bitexact", "-flags:a", "+bitexact", "-page_duration", "20000", path(name),
               stdin=clicks(n, channels, rate, seed).astype("<f4").tobytes())
        values(name, "soundfile")

    encode("mono.ogg", 2600, 1, 8000, 20, "-c:a", "libvorbis", "-q:a", "3")
    encode("coupled.ogg", 3000, 2, 32000, 21, "-c:a", "libvorbis", "-q:a", "5")
    encode("other.ogg", 1500, 2, 16000, 22, "-c:a", "vorbis", "-strict", "-2")


# Films

def films():
    def film(name, n, channels, rate, seed, *args):
        ffmpeg("-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "-", "-f", "lavfi", "-i", "color=c=red:s=16x16:r=25", "-shortest", "-fflags", "+bitexact",
               *(["-reserve_index_space", "64"] if name.endswith(".avi") else []), *args, path(name),
               stdin=clicks(n, channels, rate, seed).astype("<f4").tobytes())

    film("pcm.avi", 700, 2, 8000, 30, "-c:v", "mjpeg", "-c:a", "pcm_s16le")
    film("mulaw.avi", 700, 1, 8000, 31, "-c:v", "mjpeg", "-c:a", "pcm_mulaw")
    film("layer3.avi", 2000, 1, 16000, 32, "-c:v", "mjpeg", "-c:a", "libmp3lame", "-b:a", "32k")
    film("layer2.mpg", 3000, 1, 32000, 33, "-c:v", "mpeg1video", "-c:a", "mp2", "-b:a", "48k")
    for name in ("pcm.avi", "mulaw.avi"):
        values(name)
    save("layer3.avi", np.frombuffer(ffmpeg("-i", path("layer3.avi"), "-map", "0:a", "-c:a", "pcm_f32le", "-f", "f32le", "-"), "<f4"))
    save("layer2.mpg", np.frombuffer(ffmpeg("-c:a", "mp2float", "-i", path("layer2.mpg"), "-map", "0:a", "-f", "f32le", "-"), "<f4"))
    ffmpeg("-f", "lavfi", "-i", "color=c=red:s=16x16:r=25:d=0.2", "-c:v", "mjpeg", "-fflags", "+bitexact", "-reserve_index_space", "64", path("silent.avi"))


def others():
    """What ffmpeg decodes here as well."""
    def encode(name, n, channels, rate, seed, *args):
        ffmpeg("-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "-", *args, "-fflags", "+bitexact", path(name), stdin=clicks(n, channels, rate, seed).astype("<f4").tobytes())
        values(name)

    encode("ffmpeg.m4a", 5000, 1, 16000, 40, "-c:a", "aac", "-b:a", "24k")
    encode("ffmpeg.opus", 3000, 1, 48000, 41, "-c:a", "libopus", "-b:a", "24k")
    encode("ffmpeg.mka", 400, 2, 8000, 42, "-c:a", "flac")
    encode("ffmpeg_adpcm.wav", 400, 1, 8000, 43, "-c:a", "adpcm_ms")
    encode("ffmpeg.aiff", 300, 2, 8000, 44, "-c:a", "pcm_s16be")


if __name__ == "__main__":
    wavs()
    flacs()
    mpeg()
    oggs()
    films()
    others()
