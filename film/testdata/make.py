"""Makes the small films of this folder, and beside each its frames (NAME.frames, raw RGB [N H W 3]) and times (NAME.times, seconds) as other programs
read them: GIFs by Pillow, the rest by ffmpeg, the JPEGs in AVIs by Pillow.

    python make.py          needs numpy, Pillow and ffmpeg
"""

import io
import os
import struct
import subprocess

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


def moving(n, h, w, seed=0):
    """A square that moves over a gradient: n frames [H W 3]."""
    y, x = np.mgrid[0:h, 0:w]
    out = []
    for k in range(n):
        f = np.stack([40 + 150 * x / w, 60 + 120 * y / h, np.full((h, w), 90 + 10 * k)], -1)
        t, l = (2 * k + seed) % (h - 6), (3 * k) % (w - 6)
        f[t : t + 6, l : l + 6] = [230, 40, 20 + 20 * k]
        out.append(f.round().astype(np.uint8))
    return out


def save(name, frames, times):
    np.stack(frames).astype(np.uint8).tofile(path(name + ".frames"))
    with open(path(name + ".times"), "w") as f:
        f.writelines(f"{t:.6f}\n" for t in times)


# GIFs, block by block.

def lzw(index, bits):
    """Codes of a picture without compression: a clear code often enough that codes stay one bit longer than indexes."""
    size, clear = bits + 1, 1 << bits
    codes = []
    for i, v in enumerate(index):
        if i % ((1 << bits) - 2) == 0:
            codes.append(clear)
        codes.append(int(v))
    codes.append(clear + 1)
    acc = n = 0
    out = bytearray()
    for c in codes:
        acc |= c << n
        n += size
        while n >= 8:
            out.append(acc & 255)
            acc >>= 8
            n -= 8
    if n:
        out.append(acc & 255)
    blocks = b"".join(bytes([len(out[i : i + 255])]) + out[i : i + 255] for i in range(0, len(out), 255))
    return bytes([bits]) + blocks + b"\0"


def gif(name, h, w, frames, background=0, palette=None, version=b"GIF89a"):
    """frames: dicts of x, y, index [h w], delay, disposal, transparent, local, interlaced."""
    bits = 3
    palette = palette if palette is not None else np.array([[0, 0, 0], [250, 250, 250], [200, 30, 30], [30, 200, 30], [30, 30, 200], [200, 200, 30], [30, 200, 200], [200, 30, 200]])
    b = version + struct.pack("<HHBBB", w, h, 0x80 | 0x70 | bits - 1, background, 0) + palette.astype(np.uint8).tobytes()
    for f in frames:
        t = f.get("transparent", -1)
        if not f.get("no_control"):
            b += b"!\xf9\x04" + struct.pack("<BHBB", f.get("disposal", 0) << 2 | (t >= 0), f.get("delay", 5), max(t, 0), 0)
        ih, iw = f["index"].shape
        local = f.get("local")
        flags = (0x80 | bits - 1 if local is not None else 0) | (0x40 if f.get("interlaced") else 0)
        b += b"," + struct.pack("<HHHHB", f.get("x", 0), f.get("y", 0), iw, ih, flags)
        if local is not None:
            b += local.astype(np.uint8).tobytes()
        index = f["index"]
        if f.get("interlaced"):
            rows = [r for a, s in ((0, 8), (4, 8), (2, 4), (1, 2)) for r in range(a, ih, s)]
            index = index[rows]
        b += lzw(index.ravel(), bits)
    b += b";"
    with open(path(name), "wb") as out:
        out.write(b)


def read_gif(name):
    im = Image.open(path(name))
    frames, times, t = [], [], 0
    for k in range(im.n_frames):
        im.seek(k)
        frames.append(np.asarray(im.convert("RGB")))
        times.append(t / 1000)
        d = im.info.get("duration", 0)
        t += d if d >= 20 else 100
    save(name, frames, times)


def gifs():
    rng = np.random.default_rng(1)
    full = lambda: rng.integers(1, 8, (14, 19))
    part = lambda h, w: rng.integers(1, 8, (h, w))
    gif("plain.gif", 14, 19, [dict(index=full(), delay=4 + k) for k in range(5)])
    gif("parts.gif", 14, 19, [dict(index=full())] + [dict(index=part(5, 7), x=k, y=2 * k, disposal=1, transparent=3) for k in range(4)])
    gif("background.gif", 14, 19, [dict(index=full(), disposal=2)] + [dict(index=part(6, 6), x=2 * k, y=k, disposal=2) for k in range(5)])
    gif("previous.gif", 14, 19, [dict(index=full(), disposal=1)] + [dict(index=part(6, 6), x=2 * k, y=k, disposal=3, transparent=2) for k in range(5)] + [dict(index=part(3, 3), x=1, y=9, disposal=1)])
    local = rng.integers(0, 256, (8, 3))
    gif("interlaced.gif", 14, 19, [dict(index=full(), interlaced=True), dict(index=full(), interlaced=True, local=local), dict(index=part(3, 11), x=8, y=11, interlaced=True)])
    gif("still.gif", 14, 19, [dict(index=full(), no_control=True)], version=b"GIF87a")
    gif("hurried.gif", 14, 19, [dict(index=full(), delay=d) for d in (0, 1, 2, 3)])
    for name in ("plain.gif", "parts.gif", "background.gif", "previous.gif", "interlaced.gif", "still.gif", "hurried.gif"):
        read_gif(name)


# AVIs

def chunk(name, b):
    return name + struct.pack("<I", len(b)) + b + b"\0" * (len(b) % 2)


def avi(name, h, w, jpegs, index=True, codec=b"MJPG", rec=False, fields=False):
    stream = chunk(b"strh", struct.pack("<4s4sIIIIIIIIiIHHHH", b"vids", codec, 0, 0, 0, 1001, 30000, 0, len(jpegs), 0, -1, 0, 0, 0, w, h))
    stream += chunk(b"strf", struct.pack("<IiiHH4sIiiII", 40, w, h, 1, 24, codec, 3 * h * w, 0, 0, 0, 0))
    head = chunk(b"avih", struct.pack("<14I", 33367, 0, 0, 0x10, len(jpegs), 0, 1, 0, w, h, 0, 0, 0, 0))
    hdrl = chunk(b"LIST", b"hdrl" + head + chunk(b"LIST", b"strl" + stream))
    movi, idx = b"movi", b""
    for j in jpegs:
        if rec:
            movi += b"LIST" + struct.pack("<I", 12 + len(j) + len(j) % 2) + b"rec "
        idx += b"00dc" + struct.pack("<III", 0x10, len(movi), len(j))
        movi += chunk(b"00dc", j)
    body = b"AVI " + hdrl + chunk(b"LIST", movi) + (chunk(b"idx1", idx) if index else b"")
    with open(path(name), "wb") as out:
        out.write(chunk(b"RIFF", body))


def jpeg(a, **o):
    b = io.BytesIO()
    Image.fromarray(a).save(b, "JPEG", **o)
    return b.getvalue()


def without_tables(j):
    """Leaves Huffman's tables out."""
    out, i = j[:2], 2
    while j[i + 1] != 0xDA:
        n = 2 + struct.unpack(">H", j[i + 2 : i + 4])[0]
        if j[i + 1] != 0xC4:
            out += j[i : i + n]
        i += n
    return out + j[i:]


def show(j):
    return np.asarray(Image.open(io.BytesIO(j)).convert("RGB"))


def avis():
    frames = moving(6, 18, 25)
    jpegs = [jpeg(f, quality=90, subsampling=2 if k % 2 else 0) for k, f in enumerate(frames)]
    times = [k * 1001 / 30000 for k in range(6)]
    for name, o in (("index.avi", {}), ("noindex.avi", dict(index=False)), ("rec.avi", dict(rec=True))):
        avi(name, 18, 25, jpegs, **o)
        save(name, [show(j) for j in jpegs], times)
    avi("tables.avi", 18, 25, [without_tables(j) for j in jpegs])
    save("tables.avi", [show(j) for j in jpegs], times)
    grey = [jpeg(f[:, :, 0], quality=90) for f in frames]
    avi("grey.avi", 18, 25, grey)
    save("grey.avi", [show(j) for j in grey], times)
    gap = [j if k not in (2, 3) else b"" for k, j in enumerate(jpegs)]
    avi("gap.avi", 18, 25, gap)
    save("gap.avi", [show(j) for j in gap if j], [t for t, j in zip(times, gap) if j])
    halves, woven = [], []
    for k, f in enumerate(frames):
        pair = [jpeg(f[i::2], quality=92) for i in (0, 1)]
        halves.append(b"".join(pair))
        both = np.empty((18, 25, 3), np.uint8)
        both[0::2], both[1::2] = show(pair[0]), show(pair[1])
        woven.append(both)
    avi("fields.avi", 18, 25, halves)
    save("fields.avi", woven, times)


def times_of(name):
    t = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "V:0", "-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0", path(name)],
        check=True, stdout=subprocess.PIPE).stdout.decode().replace(",", " ").split()
    t = [float(v) if v != "N/A" else None for v in t]
    t = [v if v is not None else 2 * t[i - 1] - t[i - 2] for i, v in enumerate(t)]
    return [v - t[0] for v in t]


def pipe(name, fmt, *filters):
    return np.frombuffer(subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", path(name), "-map", "0:V:0", "-fps_mode", "passthrough", *filters, "-pix_fmt", fmt, "-f", "rawvideo", "-"],
        check=True, stdout=subprocess.PIPE).stdout, np.uint8)


def linear(plane, h, w, sx, sy, ox, oy):
    """Chroma at every pixel; sample 0 lies at luma's (oy, ox)."""
    ch, cw = plane.shape
    y, x = np.clip((np.arange(h) - oy) / sy, 0, ch - 1), np.clip((np.arange(w) - ox) / sx, 0, cw - 1)
    y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
    y1, x1 = np.minimum(y0 + 1, ch - 1), np.minimum(x0 + 1, cw - 1)
    fy, fx, p = (y - y0)[:, None], (x - x0)[None], plane.astype(float)
    return (p[y0][:, x0] * (1 - fx) + p[y0][:, x1] * fx) * (1 - fy) + (p[y1][:, x0] * (1 - fx) + p[y1][:, x1] * fx) * fy


def read_planes(name, h, w, fmt, sx, sy, ox, oy):
    """Planes as ffmpeg decodes them; chroma interpolated from where it lies, which swscale does at even sizes alone; BT.601, limited range."""
    ch, cw = -(-h // sy), -(-w // sx)
    frames = []
    for f in pipe(name, fmt).reshape(-1, h * w + 2 * ch * cw):
        y = (f[: h * w].reshape(h, w).astype(float) - 16) * 255 / 219
        cb, cr = [(linear(c.reshape(ch, cw), h, w, sx, sy, ox, oy) - 128) * 255 / 224 for c in (f[h * w : h * w + ch * cw], f[h * w + ch * cw :])]
        rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1)
        frames.append(np.clip(rgb.round(), 0, 255).astype(np.uint8))
    t = [k / 25 for k in range(len(frames))] if name.endswith(".m1v") else times_of(name)  # ffprobe guesses those of video alone
    assert len(t) == len(frames), (name, len(t), len(frames))
    save(name, frames, t)


def read_rgb(name, h, w, *filters):
    """Frames as ffmpeg shows them."""
    frames, t = pipe(name, "rgb24", *filters).reshape(-1, h, w, 3), times_of(name)
    assert len(t) == len(frames), (name, len(t), len(frames))
    save(name, list(frames), t)


def encode(name, frames, *args, rate="25"):
    h, w = frames[0].shape[:2]
    raw = b"".join(f.tobytes() for f in frames)
    subprocess.run(["ffmpeg", "-y", "-v", "error", "-nostdin", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{w}x{h}", "-r", rate, "-i", "-",
        "-fflags", "+bitexact", "-flags:v", "+bitexact", *args, path(name)], input=raw, check=True)


def y4ms():
    frames = moving(4, 17, 23)
    for name, fmt, at in (("420jpeg.y4m", "yuv420p", (2, 2, 0.5, 0.5)), ("420mpeg2.y4m", "yuv420p", (2, 2, 0, 0.5)), ("422.y4m", "yuv422p", (2, 1, 0, 0)), ("411.y4m", "yuv411p", (4, 1, 0, 0)),
        ("444.y4m", "yuv444p", None), ("mono.y4m", "gray", None)):
        encode(name, frames, "-pix_fmt", fmt, "-strict", "-1", rate="30000/1001")
        if name == "420mpeg2.y4m":
            b = open(path(name), "rb").read()
            open(path(name), "wb").write(b.replace(b"C420jpeg", b"C420mpeg2", 1))
        if at:
            read_planes(name, 17, 23, fmt, *at)
        else:
            read_rgb(name, 17, 23, "-sws_flags", "bilinear+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact")


def mpegs():
    frames = moving(14, 19, 22)
    for name, args in (("groups.mpg", ("-f", "mpeg")), ("groups.m1v", ("-f", "mpeg1video"))):
        encode(name, frames, "-c:v", "mpeg1video", "-g", "5", "-bf", "2", "-q:v", "3", *args)
        read_planes(name, 19, 22, "yuv420p", 2, 2, 0.5, 0.5)
    # An escape, long vectors, every kind of macroblock: noise that moves.
    rng = np.random.default_rng(3)
    big = rng.integers(0, 256, (80, 120, 3)).astype(np.uint8)
    big = np.asarray(Image.fromarray(big).resize((120, 80), Image.BILINEAR).resize((120, 80)))
    noise = [np.clip(big[3 * k : 3 * k + 38, 5 * k : 5 * k + 50].astype(int) + rng.integers(-9, 9, (38, 50, 3)), 0, 255).astype(np.uint8) for k in range(10)]
    encode("noise.m1v", noise, "-c:v", "mpeg1video", "-g", "9", "-bf", "2", "-q:v", "2", "-f", "mpeg1video")
    read_planes("noise.m1v", 38, 50, "yuv420p", 2, 2, 0.5, 0.5)


def others():
    """What ffmpeg decodes: B pictures between two keys and more, a film that is turned, times of changing rate, an odd size, XviD in an AVI."""
    bits = "-sws_flags", "bicubic"
    encode("bframes.mp4", moving(24, 20, 24), "-c:v", "libx264", "-g", "8", "-bf", "3", "-pix_fmt", "yuv420p", "-qp", "18", "-x264-params", "threads=1")
    read_rgb("bframes.mp4", 20, 24, *bits)
    encode("open.mkv", moving(24, 20, 24), "-c:v", "libx264", "-g", "8", "-bf", "3", "-pix_fmt", "yuv420p", "-qp", "18", "-x264-params", "threads=1:open-gop=1")
    read_rgb("open.mkv", 20, 24, *bits)
    encode("odd.webm", moving(6, 17, 23), "-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", "-b:v", "200k")
    read_rgb("odd.webm", 17, 23, *bits)
    encode("xvid.avi", moving(24, 20, 24), "-c:v", "mpeg4", "-vtag", "XVID", "-bf", "2", "-g", "9", "-q:v", "3")
    read_rgb("xvid.avi", 20, 24, *bits)
    encode("rates.mkv", moving(8, 20, 24), "-c:v", "libx264", "-bf", "2", "-qp", "18", "-vf", "setpts=N*N*0.01/TB", "-fps_mode", "vfr", "-pix_fmt", "yuv420p", "-x264-params", "threads=1")
    read_rgb("rates.mkv", 20, 24, *bits)
    encode("mpeg2.mpg", moving(9, 20, 24), "-c:v", "mpeg2video", "-g", "5", "-bf", "2", "-q:v", "3", "-f", "vob")
    read_rgb("mpeg2.mpg", 20, 24, *bits)
    run("-i", path("bframes.mp4"), "-c", "copy", "-metadata:s:v:0", "rotate=90", "-fflags", "+bitexact", path("turned.mp4"))
    read_rgb("turned.mp4", 24, 20, *bits)
    run("-f", "lavfi", "-i", "sine=d=0.2", "-c:a", "aac", "-fflags", "+bitexact", path("sound.mp4"))


def run(*args):
    subprocess.run(["ffmpeg", "-y", "-v", "error", "-nostdin", *args], check=True)


if __name__ == "__main__":
    gifs()
    avis()
    y4ms()
    mpegs()
    others()
