"""cases.py: small pictures of every kind that a folder may hold, into cases/; beside them what Pillow shows of each, and table.tsv, which
TestCases and docs/formats.md are made from: file, format, mode, what happens (the largest difference that is allowed, or the sentence of
what is refused), the picture that is shown.

    pip install pillow==13.0.0 tifffile==2026.3.3 imagecodecs==2026.3.6 pillow-heif==1.8.1 && python cases.py

What is COLLECTED is in cases/ and not made here: people's bug reports.
"""
import io
import os
import struct
import zlib

import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageFile, ImageOps

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases"))
pillow_heif.register_heif_opener()
rows, pictures = [], {}

COLLECTED = "bw.webp gif_offset.gif jpg_cmyk_noadobe.jpg jpg_trunc50.jpg png_16grey_12bit.png thin_1x60000.png tif_g4.tif webp_anim.webp".split()
for name in os.listdir():
    if name not in COLLECTED:
        os.remove(name)

BITS16 = "16 bits: the high byte; Pillow clips at 255"


def colours(w, h):
    im = Image.new("RGB", (w, h))
    im.putdata([((37 * x + 11 * y) % 256, (x * x + 90 * (y % 3)) % 256, (255 - 9 * x * y) % 256) for y in range(h) for x in range(w)])
    return im


def smooth(w, h):
    """what a JPEG is made for: without jumps, whose ringing would be clipped"""
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([128 + 90 * np.sin(x / 5) * np.cos(y / 7), 128 + 80 * np.cos(x / 9 + y / 4), 40 + 170 * (x + y) / (w + h)], -1)
    return Image.fromarray(a.astype(np.uint8))


def alpha(im):
    w, h = im.size
    a = Image.new("L", (w, h))
    a.putdata([(x * 20 + y * 7) % 256 for y in range(h) for x in range(w)])
    out = im.copy()
    out.putalpha(a)
    return out


def deep(w, h, channels, top=65535):
    y, x, c = np.mgrid[0:h, 0:w, 0:channels]
    return ((x * 7919 + y * 104729 + c * 15485) % (top + 1)).astype(np.uint16)


def shown(name, im=None, option=""):
    """remember what is shown, in a file of its own unless an equal one is there"""
    if im is None:
        im = ImageOps.exif_transpose(Image.open(name)).convert("RGB")
    im.info.clear()  # else a transparent colour is written too
    key = (im.size, im.tobytes())
    if key not in pictures:
        pictures[key] = name + "." * bool(option) + option.split("=")[0] + ".png"
        im.save(pictures[key], optimize=True)
    return pictures[key]


def case(name, format, mode, data=None, most=0, refused=None, show=None, option="", **options):
    """data: bytes, a picture that Pillow writes with the options, or None for a file that is there; option: of a folder that it is read with"""
    if isinstance(data, Image.Image):
        data.save(name, **options)
    elif data is not None:
        with open(name, "wb") as f:
            f.write(data)
    rows.append((name, format, mode, refused or str(int(most)), "" if refused else shown(name, show, option), option))


def bytes_of(im, format, **options):
    b = io.BytesIO()
    im.save(b, format, **options)
    return b.getvalue()


def high(a):
    """a 16-bit picture's high bytes"""
    return Image.fromarray((a >> 8).astype(np.uint8)).convert("RGB")


def turned(o):
    e = Image.Exif()
    e[0x112] = o
    return e


def jpeg():
    im = smooth(37, 27)
    for what, sub in (("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)):
        case(f"jpeg_{what.replace(':', '')}.jpg", "JPEG", f"RGB, {what}", im, most=3, quality=90, subsampling=sub)
    a = np.asarray(im)
    for sub in ("440", "411"):
        case(f"jpeg_{sub}.jpg", "JPEG", f"RGB, {':'.join(sub)}", imagecodecs.jpeg8_encode(a, level=90, subsampling=sub), most=3)
    case("jpeg_l.jpg", "JPEG", "L", im.convert("L"), most=1, quality=90)
    case("jpeg_rgb.jpg", "JPEG", "RGB, kept as RGB", im, most=1, quality=90, keep_rgb=True)
    case("jpeg_cmyk.jpg", "JPEG", "CMYK", im.convert("CMYK"), most=1, quality=90)
    case("jpeg_ycck.jpg", "JPEG", "YCCK", imagecodecs.jpeg8_encode(255 - np.asarray(im.convert("CMYK")), level=90, colorspace="CMYK", outcolorspace="YCCK"), most=3)
    case("jpg_cmyk_noadobe.jpg", "JPEG", "CMYK without Adobe's segment", most=1)
    case("jpeg_progressive.jpg", "JPEG", "RGB, progressive", im, most=3, quality=90, progressive=True)
    case("jpeg_progressive_l.jpg", "JPEG", "L, progressive", im.convert("L"), most=1, quality=90, progressive=True)
    case("jpeg_restarts.jpg", "JPEG", "RGB, restart marks", im, most=3, quality=90, restart_marker_blocks=2)
    case("jpeg_optimized.jpg", "JPEG", "RGB, Huffman codes of its own", im, most=3, quality=90, optimize=True)
    case("jpeg_q1.jpg", "JPEG", "RGB, quality 1", im, most=3, quality=1)
    case("jpeg_q100.jpg", "JPEG", "RGB, quality 100", im, most=3, quality=100)
    case("jpeg_line.jpg", "JPEG", "RGB, 1 pixel wide", im.resize((1, 27)), most=3, quality=90)
    for o in range(2, 9):
        case(f"jpeg_turned{o}.jpg", "JPEG", f"EXIF orientation {o}", im.resize((18, 11)), most=3, quality=90, subsampling=0, exif=turned(o))
    case("jpeg_12.jpg", "JPEG", "12 bits", imagecodecs.jpeg_encode(deep(16, 16, 1, 4095)[..., 0], level=95, bitspersample=12), refused="a JPEG of 12 bits a sample")
    case("jpeg_lossless.jpg", "JPEG", "lossless", imagecodecs.ljpeg_encode(np.asarray(im.convert("L"))), refused="a lossless JPEG")
    b = bytes_of(im, "JPEG", quality=90)
    case("jpeg_scans.jpg", "JPEG", "RGB, a scan for each component", scans(b, ((0,), (1,), (2,))), most=3)
    case("jpeg_scans_restarts.jpg", "JPEG", "RGB, a scan for each component, with restart marks behind 1, 4 and no blocks", scans(b, ((0,), (1,), (2,)), (1, 4, 0)), most=3)
    case("jpeg_scans_order.jpg", "JPEG", "RGB, a scan for chroma, then one for luma, with restart marks", scans(b, ((1, 2), (0,)), (2, 5)), most=3)
    refused = "a progressive JPEG with restart marks and chroma of less than full size"
    case("jpeg_progressive_restarts.jpg", "JPEG", "RGB, 4:2:0, progressive, restart marks", im, quality=90, progressive=True, restart_marker_blocks=3, refused=refused)
    case("jpeg_progressive_restarts_444.jpg", "JPEG", "RGB, 4:4:4, progressive, restart marks", im, most=3, quality=90, subsampling=0, progressive=True, restart_marker_blocks=3)
    b = bytes_of(im, "JPEG")
    at = b.index(b"\xff\xc0") + 1
    case("jpeg_arithmetic.jpg", "JPEG", "arithmetic coding", b[:at] + b"\xc9" + b[at + 1:], refused="a JPEG with arithmetic coding")
    case("jpg_trunc50.jpg", "JPEG", "cut short", refused="cut short: 42 % of its rows are there")
    cut(im)


def segments(b):
    """of a JPEG of one scan: [marker, payload] up to the scan's, and its coded data"""
    out, at = [], 2
    while not out or out[-1][0] != 0xDA:
        n = struct.unpack(">H", b[at + 2 : at + 4])[0]
        out.append([b[at + 1], b[at + 4 : at + 2 + n]])
        at += 2 + n
    return out, b[at : b.rindex(b"\xff\xd9")]


def blocks_of(segs, data, side, wide, high):
    """by component, row and column of a block: its first coefficient, and (symbol, bits) of the others; and each component's tables from a code
    to its symbol (ITU T.81, F.2.2)"""
    codes, scan = {}, segs[-1][1]
    for p in (p for m, p in segs if m == 0xC4):
        while p:
            code, at, table = 0, 17, codes.setdefault(p[0], {})
            for n in range(1, 17):
                for _ in range(p[n]):
                    table[format(code, f"0{n}b")] = p[at]
                    code, at = code + 1, at + 1
                code *= 2
            p = p[at:]
    bits = iter("".join(format(v, "08b") for v in data.replace(b"\xff\0", b"\xff")))

    def take(n):
        return "".join(next(bits) for _ in range(n))

    def symbol(table):
        code = ""
        while code not in table:
            code += next(bits)
        return table[code]

    blocks, dc = {}, [0] * len(side)
    tables = [(codes[scan[2 + 2 * i] >> 4], codes[16 + (scan[2 + 2 * i] & 15)]) for i in range(len(side))]
    for unit in range(wide * high):
        for i, (sh, sv) in enumerate(side):
            for k in range(sh * sv):
                n = symbol(tables[i][0])
                v = take(n)
                dc[i] += 0 if n == 0 else int(v, 2) if v[0] == "1" else int(v, 2) - 2**n + 1
                rest, at = [], 1
                while at < 64:
                    s = symbol(tables[i][1])
                    rest.append((s, take(s & 15)))
                    at = 64 if s == 0 else at + (s >> 4) + 1
                blocks[i, unit // wide * sv + k // sh, unit % wide * sh + k % sh] = dc[i], rest
    return blocks, tables


def coded(units, blocks, tables):
    """the codes of some units of blocks, up to a whole byte (ITU T.81, F.1.2)"""
    back = [tuple({s: c for c, s in t.items()} for t in pair) for pair in tables]
    text, before = "", [0] * len(tables)
    for i, *place in (place for unit in units for place in unit):
        v, rest = blocks[i, *place]
        d, before[i] = v - before[i], v
        size = abs(d).bit_length()
        text += back[i][0][size] + (format(d if d > 0 else d + 2**size - 1, f"0{size}b") if size else "")
        text += "".join(back[i][1][s] + v for s, v in rest)
    text += "1" * (-len(text) % 8)
    return bytes(int(text[k : k + 8], 2) for k in range(0, len(text), 8)).replace(b"\xff", b"\xff\0")


def scans(b, groups, every=()):
    """the blocks that Pillow writes in one scan in a scan for each group of components, with a restart mark behind so many units of each"""
    segs, data = segments(b)
    frame, scan = next(p for m, p in segs if m == 0xC0), segs[-1][1]
    h, w = struct.unpack(">HH", frame[1:5])
    side = [(frame[7 + 3 * i] >> 4, frame[7 + 3 * i] & 15) for i in range(frame[5])]
    hmax, vmax = max(s[0] for s in side), max(s[1] for s in side)
    wide, high = -(-w // (8 * hmax)), -(-h // (8 * vmax))
    blocks, tables = blocks_of(segs, data, side, wide, high)
    out = b"\xff\xd8" + b"".join(struct.pack(">BBH", 255, m, len(p) + 2) + p for m, p in segs[:-1])
    for group, n in zip(groups, every or [0] * len(groups)):
        if every:
            out += b"\xff\xdd" + struct.pack(">HH", 4, n)
        head = bytes([len(group)]) + b"".join(scan[1 + 2 * i : 3 + 2 * i] for i in group) + bytes([0, 63, 0])
        out += b"\xff\xda" + struct.pack(">H", len(head) + 2) + head
        if len(group) > 1:
            units = [[(i, y * sv + k // sh, x * sh + k % sh) for i in group for sh, sv in [side[i]] for k in range(sh * sv)] for y in range(high) for x in range(wide)]
        else:  # a block is a unit, and none lies outside (A.2.2)
            sh, sv = side[group[0]]
            units = [[(group[0], y, x)] for y in range(-(-(-(-h * sv // vmax)) // 8)) for x in range(-(-(-(-w * sh // hmax)) // 8))]
        n = n or len(units)
        for k in range(0, len(units), n):
            out += bytes([255, 0xD0 + (k // n - 1) % 8]) * (k > 0) + coded(units[k : k + n], blocks, tables)
    return out + b"\xff\xd9"


def cut(im):
    """as Pillow shows them with LOAD_TRUNCATED_IMAGES"""
    def half(b):
        return b[: b.index(b"\xff\xda") + (len(b) - b.index(b"\xff\xda")) // 2]
    plain, low = bytes_of(im, "JPEG", quality=90), bytes_of(im, "JPEG", quality=90, progressive=True)
    scan = [i for i in range(len(low)) if low[i : i + 2] == b"\xff\xda"]
    apart = scans(plain, ((0,), (1,), (2,)), (3, 0, 2))
    starts = [i for i in range(len(apart)) if apart[i : i + 2] == b"\xff\xda"]
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    for name, mode, b in (("trunc50", "", None), ("cut_444", ", 4:4:4", half(bytes_of(im, "JPEG", quality=90, subsampling=0))), ("cut_420", ", 4:2:0", half(plain)), ("cut_l", ", L", half(bytes_of(im.convert("L"), "JPEG"))),
                          ("cut_restarts", ", restart marks", half(bytes_of(im, "JPEG", restart_marker_blocks=1))), ("cut_optimized", ", Huffman codes of its own", half(bytes_of(im, "JPEG", optimize=True))),
                          ("cut_scans_0", ", a scan for each component, in the first", apart[: starts[0] + 120]), ("cut_scans_1", ", a scan for each component, in the second", apart[: starts[1] + 40]),
                          ("cut_scans_2", ", a scan for each component, in the third", apart[: starts[2] + 30]),
                          ("cut_cmyk", ", CMYK", half(bytes_of(im.convert("CMYK"), "JPEG"))), ("cut_progressive", ", progressive, behind a scan (libjpeg smooths it)", low[: scan[4]])):
        case(f"jpg_{name}.jpg" if b is None else f"jpeg_{name}.jpg", "JPEG", f"cut short{mode}", b, most=8 if "progressive" in name else 3, option="truncated=accept")
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    case("jpeg_cut_first.jpg", "JPEG", "cut short, progressive, in its first scan", low[: scan[0] + 30], refused="not one of its scans is complete", option="truncated=accept")
    case("jpeg_cut_scan.jpg", "JPEG", "cut short, progressive", low[: scan[4] + 9], refused="3 scans of it are complete")
    case("jpeg_cut_header.jpg", "JPEG", "cut short before its pixels", plain[: plain.index(b"\xff\xda") + 14], refused="nothing but its header", option="truncated=accept")


def png():
    im = colours(13, 9)
    case("png_1.png", "PNG", "1", im.convert("1"))
    case("png_l.png", "PNG", "L", im.convert("L"))
    for bits in (1, 2, 4, 8):
        p = im.quantize(2**bits)
        case(f"png_p{bits}.png", "PNG", f"P, {bits} bits", p, bits=bits)
    for bits in (2, 4):
        g = np.asarray(im.convert("L")) >> (8 - bits)
        case(f"png_l{bits}.png", "PNG", f"L, {bits} bits", plain_png(g, bits, 0))
    case("palette_transparent.png", "PNG", "P with transparency", colours(9, 7).convert("P", palette=Image.ADAPTIVE, colors=16), transparency=3)
    case("greyalpha.png", "PNG", "LA", alpha(colours(9, 7)).convert("LA"))
    case("png_rgb.png", "PNG", "RGB", im)
    case("png_rgb_key.png", "PNG", "RGB with a transparent colour", im, transparency=im.getpixel((3, 2)))
    case("png_l_key.png", "PNG", "L with a transparent value", im.convert("L"), transparency=im.convert("L").getpixel((3, 2)))
    case("alpha.png", "PNG", "RGBA", alpha(colours(9, 7)))
    for name, colour, channels in (("l16", 0, 1), ("rgb16", 2, 3), ("la16", 4, 2), ("rgba16", 6, 4)):
        a = deep(13, 9, channels)
        if channels in (2, 4):
            a[2, :, -1], a[3, :, -1] = 0, 0x0102  # colours below what is transparent stay
        mode = {"l16": "I;16", "rgb16": "RGB, 16 bits", "la16": "LA, 16 bits", "rgba16": "RGBA, 16 bits"}[name]
        show = high(a[..., 0]) if channels < 3 else high(a[..., :3])
        case(f"png_{name}.png", "PNG", f"{mode} ({BITS16})" if channels == 1 else mode, plain_png(a.reshape(9, -1), 16, colour), show=show)
    a = np.asarray(Image.open("png_16grey_12bit.png"))
    case("png_16grey_12bit.png", "PNG", "I;16 with 12 bits in it (nearly black, which is said)", show=high(a))
    case("png_16grey_12bit.png", "PNG", "I;16 with 12 bits in it", show=Image.fromarray(np.round(a.astype(float) * 255 / 4095).astype(np.uint8)).convert("RGB"), option="stretch=yes")
    d = deep(13, 9, 4, 1023)
    case("png_rgba10.png", "PNG", "RGBA, 16 bits, with 10 bits in it", plain_png(d.reshape(9, -1), 16, 6), show=Image.fromarray(np.round(d[..., :3] * (255 / 1023)).astype(np.uint8)), option="stretch=yes")
    for name, b in (("rgb", im), ("p", im.quantize(16)), ("1", im.convert("1"))):
        case(f"png_interlaced_{name}.png", "PNG", f"{b.mode}, interlaced", interlaced(b))
    case("png_turned.png", "PNG", "RGB, EXIF orientation", im, exif=turned(6))
    case("png_animated.png", "PNG", "animated: the still picture", im, save_all=True, append_images=[im.transpose(0)])
    case("thin_1x60000.png", "PNG", "1 pixel wide, 60,000 high")


def png_file(w, h, bits, colour, interlace, raw, *extra):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunk(*e) for e in extra) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def packed(row, bits):
    if bits == 16:
        return row.astype(">u2").tobytes()
    if bits == 8:
        return row.astype(np.uint8).tobytes()
    return np.packbits(((row[:, None].astype(int) >> np.arange(bits)[::-1]) & 1).astype(np.uint8).ravel()).tobytes()


def plain_png(a, bits, colour):
    """a: [H, W times channels]"""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    return png_file(a.shape[1] // channels, a.shape[0], bits, colour, 0, b"".join(b"\0" + packed(row, bits) for row in a))


def interlaced(im):
    """Adam7, PNG specification, section 8"""
    a = np.asarray(im)
    bits, colour, extra = 8, 2, []
    if im.mode == "P":
        colour, extra = 3, [(b"PLTE", bytes(im.getpalette()[:48]))]
    if im.mode == "1":
        bits, colour = 1, 0
    raw = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = a[y0::dy, x0::dx]
        if part.shape[1]:
            raw += b"".join(b"\0" + packed(row.ravel(), bits) for row in part)
    return png_file(im.width, im.height, bits, colour, 1, raw, *extra)


def gif():
    im = colours(13, 9)
    for n in (2, 4, 16, 256):
        case(f"gif_{n}.gif", "GIF", f"P, {n} colours", im.quantize(n), interlace=0)
    case("gif_l.gif", "GIF", "L", im.convert("L"))
    case("gif_interlaced.gif", "GIF", "P, interlaced", im.quantize(32), interlace=1)
    case("transparent.gif", "GIF", "P with transparency", colours(9, 7).convert("P", palette=Image.ADAPTIVE, colors=16), transparency=2)
    case("gif_animated.gif", "GIF", "animated: the first picture", im.quantize(16), save_all=True, append_images=[im.transpose(0).quantize(16)], duration=50)
    case("gif_offset.gif", "GIF", "a first picture smaller than the canvas")


def bmp():
    im = colours(13, 9)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        b = alpha(im) if mode == "RGBA" else im.quantize(200) if mode == "P" else im.convert(mode)
        case(f"bmp_{mode.lower()}.bmp", "BMP", mode, b)
    p = im.quantize(16)
    index, palette = np.asarray(p), np.array(p.getpalette()[:48], np.uint8).reshape(16, 3)
    case("bmp_p4.bmp", "BMP", "P, 4 bits", bmp_file(13, 9, 4, 0, bmp_rows([packed(r, 4) for r in index]), palette))
    case("bmp_down.bmp", "BMP", "P, top row first", bmp_file(13, -9, 8, 0, bmp_rows([r.tobytes() for r in index[::-1]]), palette))
    case("bmp_rle8.bmp", "BMP", "P, run lengths", bmp_file(13, 9, 8, 1, rle8(index), palette))
    case("bmp_rle4.bmp", "BMP", "P, 4 bits, run lengths", bmp_file(13, 9, 4, 2, rle4(index), palette))
    skip = b"\x03\x01\x00\x02\x02\x00\x08\x02\x00\x00" + b"\x00\x02\x00\x01" + b"".join(bytes([13, k, 0, 0]) for k in range(3, 10)) + b"\x00\x01"
    case("bmp_rle8_skip.bmp", "BMP", "P, run lengths, pixels left out", bmp_file(13, 9, 8, 1, skip, palette))
    a = np.asarray(im).astype(int)
    for name, r, g, b in (("555", 5, 5, 5), ("565", 5, 6, 5)):
        v = (a[..., 0] >> (8 - r) << (g + b)) | (a[..., 1] >> (8 - g) << b) | (a[..., 2] >> (8 - b))
        raw = bmp_rows([row.astype("<u2").tobytes() for row in v])
        masks = b"".join(struct.pack("<I", m) for m in (((1 << r) - 1) << (g + b), ((1 << g) - 1) << b, (1 << b) - 1))
        case(f"bmp_{name}.bmp", "BMP", f"RGB, 16 bits, {':'.join(name)}", bmp_file(13, 9, 16, 3 if name == "565" else 0, raw, masks if name == "565" else None))
    raw = bmp_rows([np.concatenate([row[:, ::-1], np.full((13, 1), 9)], 1).astype(np.uint8).tobytes() for row in a])
    case("bmp_rgbx.bmp", "BMP", "RGB in 32 bits", bmp_file(13, 9, 32, 0, raw, None))
    few = im.quantize(5)
    index5, palette5 = np.asarray(few), np.array(few.getpalette()[:15], np.uint8).reshape(5, 3)
    case("bmp_few.bmp", "BMP", "P, a palette of five", bmp_file(13, 9, 8, 0, bmp_rows([r.tobytes() for r in index5]), palette5))
    masks = struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00)
    raw = bmp_rows([np.concatenate([np.full((13, 1), 9), row[:, ::-1]], 1).astype(np.uint8).tobytes() for row in a])
    case("bmp_masks.bmp", "BMP", "RGB in 32 bits, masks", bmp_file(13, 9, 32, 3, raw, masks))
    core = struct.pack("<IHHHH", 12, 13, 9, 1, 24)
    raw = bmp_rows([row[:, ::-1].astype(np.uint8).tobytes() for row in a])
    case("bmp_os2.bmp", "BMP", "RGB, header of OS/2", b"BM" + struct.pack("<IHHI", 26 + len(raw), 0, 0, 26) + core + raw)


def bmp_rows(rows):
    return b"".join(r + bytes(-len(r) % 4) for r in rows[::-1])


def bmp_file(w, h, bits, compression, raw, palette):
    table = b""
    if isinstance(palette, bytes):
        table = palette
    elif palette is not None:
        table = b"".join(bytes([b, g, r, 0]) for r, g, b in palette)
    off = 14 + 40 + len(table)
    colours = len(table) // 4 if bits <= 8 else 0
    head = struct.pack("<IiiHHIIiiII", 40, w, h, 1, bits, compression, len(raw), 2835, 2835, colours, 0)
    return b"BM" + struct.pack("<IHHI", off + len(raw), 0, 0, off) + head + table + raw


def rle8(index):
    out = b""
    for row in index[::-1]:
        out += b"\x00\x05" + row[:5].tobytes() + b"\0"  # five as they are, padded
        for v in row[5:]:
            out += bytes([1, v])
        out += b"\0\0"
    return out + b"\0\1"


def rle4(index):
    out = b""
    for row in index[::-1]:
        out += b"\x00\x06" + bytes([row[0] << 4 | row[1], row[2] << 4 | row[3], row[4] << 4 | row[5], 0])
        for v in row[6:]:
            out += bytes([1, v << 4])
        out += b"\0\0"
    return out + b"\0\1"


def tiff_modes(im):
    yield "1", im.convert("1")
    yield "L", im.convert("L")
    yield "P", im.quantize(64)
    yield "LA", alpha(im).convert("LA")
    yield "RGB", im
    yield "RGBA", alpha(im)
    yield "CMYK", im.convert("CMYK")
    yield "YCbCr", im.convert("YCbCr")
    yield "I;16", Image.fromarray(deep(13, 9, 1)[..., 0])
    yield "I", Image.fromarray(deep(13, 9, 1)[..., 0].astype(np.int32) % 300 - 20)
    yield "F", Image.fromarray(deep(13, 9, 1)[..., 0].astype(np.float32) / 200 - 20)


def tiff():
    im = colours(13, 9)
    names = {"raw": "plain", "tiff_lzw": "LZW", "tiff_adobe_deflate": "Deflate", "packbits": "PackBits"}
    for mode, p in tiff_modes(im):
        for compression, word in names.items():
            show = high(np.asarray(p)) if mode == "I;16" else None
            note = {"I;16": f" ({BITS16})", "I": " (clipped to 0 to 255)", "F": " (clipped to 0 to 255)"}.get(mode, "")
            case(f"tiff_{mode.lower().replace(';', '')}_{word.lower()}.tif", "TIFF", f"{mode}, {word}{note}", p, most=mode == "YCbCr", show=show, compression=compression)
    bits = colours(33, 10).convert("L").point(lambda v: 255 * (v > 120)).convert("1")
    case("g3.tif", "TIFF", "1, CCITT group 3", bits, compression="group3")
    case("tiff_g3_2d.tif", "TIFF", "1, CCITT group 3, two-dimensional", bits, compression="group3", tiffinfo={292: 1}, refused="CCITT group 3, two-dimensional")
    case("g4.tif", "TIFF", "1, CCITT group 4", bits, compression="group4")
    case("tiff_ccitt.tif", "TIFF", "1, CCITT run lengths", bits, compression="tiff_ccitt", refused="CCITT run lengths")
    case("tif_g4.tif", "TIFF", "1, CCITT group 4, white is zero")
    case("tiff_white.tif", "TIFF", "L, white is zero", tif(255 - np.asarray(im.convert("L")), photometric="miniswhite"))
    s = smooth(37, 27)
    case("tiff_jpeg.tif", "TIFF", "RGB, JPEG", s, most=3, compression="jpeg")
    case("tiff_jpeg_l.tif", "TIFF", "L, JPEG", s.convert("L"), most=1, compression="jpeg")
    case("tiff_jpeg_tiled.tif", "TIFF", "YCbCr, JPEG, tiled", tif(np.asarray(s), photometric="rgb", compression="jpeg", tile=(16, 16)), most=3)
    case("tiff_jpeg_rgb.tif", "TIFF", "RGB, JPEG that is kept as RGB, strips", tif(np.asarray(s), photometric="rgb", compression="jpeg", compressionargs={"outcolorspace": "rgb"}, rowsperstrip=16), most=1)
    case("tiff_jpeg_white.tif", "TIFF", "L, JPEG, white is zero", tif(255 - np.asarray(s.convert("L")), photometric="miniswhite", compression="jpeg"), most=1)
    tiff_layouts(im)


def tif(a, **options):
    b = io.BytesIO()
    with tifffile.TiffWriter(b, byteorder=options.pop("byteorder", "<"), bigtiff=options.pop("bigtiff", False)) as f:
        f.write(a, metadata=None, software=False, **options)
    return b.getvalue()


def tiff_layouts(im):
    a, grey = np.asarray(im), np.asarray(im.convert("L"))
    wide = np.asarray(colours(37, 21))
    for compression, word in ((None, "plain"), ("lzw", "LZW"), ("deflate", "Deflate")):
        case(f"tiff_tiled_{word.lower()}.tif", "TIFF", f"RGB, tiled, {word}", tif(wide, photometric="rgb", compression=compression, tile=(16, 16)))
        if compression:
            case(f"tiff_predictor_{word.lower()}.tif", "TIFF", f"RGB, {word} of differences", tif(a, photometric="rgb", compression=compression, predictor=2))
    d = deep(13, 9, 3)
    case("tiff_rgb16.tif", "TIFF", "RGB, 16 bits", tif(d, photometric="rgb"), show=high(d))
    case("tiff_rgb16_predictor.tif", "TIFF", "RGB, 16 bits, Deflate of differences", tif(d, photometric="rgb", compression="deflate", predictor=2), show=high(d))
    case("tiff_rgb16_big.tif", "TIFF", "RGB, 16 bits, big end first", tif(d, photometric="rgb", byteorder=">"), show=high(d))
    d = deep(13, 9, 4)
    case("tiff_rgba16.tif", "TIFF", "RGBA, 16 bits", tif(d, photometric="rgb", extrasamples=["unassalpha"]), show=high(d[..., :3]))
    x = np.asarray(alpha(im)).copy()
    x[..., :3] = np.minimum(x[..., :3], x[..., 3:])
    case("tiff_premultiplied.tif", "TIFF", "RGBA, colours multiplied with alpha", tif(x, photometric="rgb", extrasamples=["assocalpha"]))
    case("tiff_big.tif", "TIFF", "RGB, big end first", tif(a, photometric="rgb", byteorder=">"))
    case("tiff_l16_big.tif", "TIFF", f"I;16, big end first ({BITS16})", tif(deep(13, 9, 1)[..., 0], photometric="minisblack", byteorder=">"), show=high(deep(13, 9, 1)[..., 0]))
    case("tiff_planar.tif", "TIFF", "RGB, a plane each", tif(np.moveaxis(a, -1, 0), photometric="rgb", planarconfig="separate"))
    case("tiff_bigtiff.tif", "TIFF", "RGB, BigTIFF", tif(a, photometric="rgb", bigtiff=True))
    case("tiff_strips.tif", "TIFF", "L, strips of two rows", tif(grey, photometric="minisblack", rowsperstrip=2))
    f = (np.asarray(im.convert("L")).astype(np.float32)) * 1.1 - 5
    case("tiff_f_predictor.tif", "TIFF", "F, Deflate of differences (clipped to 0 to 255)", tif(f, photometric="minisblack", compression="deflate", predictor=3))
    case("tiff_f_unit.tif", "TIFF", "F from 0 to 1 (nearly black, which is said)", tif(f / 300, photometric="minisblack"))
    case("tiff_f_unit.tif", "TIFF", "F from 0 to 1", show=Image.fromarray(np.round(np.clip(f / 300, 0, 1) * 255).astype(np.uint8)).convert("RGB"), option="stretch=yes")
    case("tiff_f.tif", "TIFF", "F up to 250", tif(f / f.max() * 250, photometric="minisblack"), show=Image.fromarray(np.clip(np.round(f / f.max() * 250), 0, 255).astype(np.uint8)).convert("RGB"), option="stretch=yes")
    g = deep(13, 9, 1, 4095)[..., 0]
    case("tiff_l12_stretched.tif", "TIFF", "I;16 with 12 bits in it", tif(g, photometric="minisblack"), show=Image.fromarray(np.round(g / 4095 * 255).astype(np.uint8)).convert("RGB"), option="stretch=yes")
    case("tiff_l12.tif", "TIFF", "L, 12 bits", packed_tiff(g, 12), show=Image.fromarray((g >> 4).astype(np.uint8)).convert("RGB"))
    case("tiff_i16s.tif", "TIFF", "16 bits with a sign (clipped to 0 to 255)", tif(deep(13, 9, 1)[..., 0].astype(np.int32).__mod__(400).__sub__(50).astype(np.int16), photometric="minisblack"))
    case("tiff_f64.tif", "TIFF", "64 bits", tif(f.astype(np.float64), photometric="minisblack"), refused="a TIFF of 64 bits a sample")
    case("tiff_zstd.tif", "TIFF", "RGB, Zstandard", tif(a, photometric="rgb", compression="zstd"), refused="compression 50000")
    case("tiff_lab.tif", "TIFF", "LAB", lab(im), refused="photometric 8")
    case("alpha.tif", "TIFF", "RGBA, alpha not said to be of which kind", alpha(colours(9, 7)))
    case("tiff_pages.tif", "TIFF", "several pages: the first", im, save_all=True, append_images=[im.transpose(0)])
    case("tiff_turned.tif", "TIFF", "RGB, orientation", im, tiffinfo={274: 6})
    for bits in (2, 4):
        g = grey >> (8 - bits)
        case(f"tiff_l{bits}.tif", "TIFF", f"L, {bits} bits", packed_tiff(g, bits))
        case(f"tiff_white{bits}.tif", "TIFF", f"L, {bits} bits, white is zero", packed_tiff(g, bits, 0))
    p = im.quantize(16)
    case("tiff_p4.tif", "TIFF", "P, 4 bits", packed_tiff(np.asarray(p), 4, 3, np.array(p.getpalette()[:48]).reshape(16, 3).T.ravel() * 257))
    case("tiff_planar_strips.tif", "TIFF", "RGB, a plane each, strips of two rows", tif(np.moveaxis(a, -1, 0), photometric="rgb", planarconfig="separate", rowsperstrip=2))
    case("tiff_planar_tiled.tif", "TIFF", "RGB, a plane each, tiled", tif(np.moveaxis(wide, -1, 0), photometric="rgb", planarconfig="separate", tile=(16, 16)))
    i = deep(13, 9, 1)[..., 0].astype(np.int32) % 300 - 20
    case("tiff_i_predictor.tif", "TIFF", "I, Deflate of differences (clipped to 0 to 255)", tif(i, photometric="minisblack", compression="deflate", predictor=2))


def lab(im):
    from PIL import ImageCms
    out = ImageCms.profileToProfile(im, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    out.info.clear()  # the profile holds the time
    return out


def packed_tiff(a, bits, photometric=1, palette=()):
    raw = b"".join(packed(row, bits) for row in a)
    tags = [(256, 4, 1, a.shape[1]), (257, 4, 1, a.shape[0]), (258, 4, 1, bits), (259, 4, 1, 1), (262, 4, 1, photometric), (273, 4, 1, 8), (277, 4, 1, 1), (278, 4, 1, a.shape[0]), (279, 4, 1, len(raw))]
    raw += bytes(len(raw) % 2)
    if len(palette):
        tags.append((320, 3, len(palette), 8 + len(raw)))
        raw += struct.pack(f"<{len(palette)}H", *palette)
    head = struct.pack("<2sHI", b"II", 42, 8 + len(raw)) + raw + struct.pack("<H", len(tags))
    return head + b"".join(struct.pack("<HHII", *t) for t in tags) + bytes(4)


def webp():
    case("bw.webp", "WebP", "RGB, lossy, black and white")
    case("odd.webp", "WebP", "RGB, lossy, odd sides", colours(21, 13), quality=80)
    case("even.webp", "WebP", "RGB, lossy, even sides", colours(16, 10), quality=80)
    case("one.webp", "WebP", "RGB, lossy, one pixel", colours(1, 1), quality=80)
    case("line.webp", "WebP", "RGB, lossy, 2 pixels wide", colours(2, 9), quality=80)
    case("alpha.webp", "WebP", "RGBA, lossy", alpha(colours(18, 12)), quality=80)
    for q in (0, 100):
        case(f"webp_q{q}.webp", "WebP", f"RGB, lossy, quality {q}", smooth(37, 27), quality=q)
    case("webp_lossless.webp", "WebP", "RGB, lossless", colours(13, 9), lossless=True)
    case("webp_lossless_p.webp", "WebP", "RGB, lossless, few colours", colours(13, 9).quantize(4).convert("RGB"), lossless=True)
    case("webp_lossless_alpha.webp", "WebP", "RGBA, lossless", alpha(colours(13, 9)), lossless=True, exact=True)
    case("webp_turned.webp", "WebP", "RGB, EXIF orientation", colours(13, 9), lossless=True, exif=turned(6))
    case("webp_anim.webp", "WebP", "animated: the first picture")
    im = colours(13, 9)
    case("webp_anim_lossless.webp", "WebP", "RGBA, animated, lossless: the first picture", alpha(im), save_all=True, append_images=[im.transpose(0)], lossless=True)


def pnm():
    im = colours(13, 9)
    grey, bits = np.asarray(im.convert("L")), np.asarray(im.convert("1"))
    case("pnm_p6.ppm", "PNM", "RGB", im)
    case("pnm_p5.pgm", "PNM", "L", im.convert("L"))
    case("pnm_p4.pbm", "PNM", "1", im.convert("1"))
    case("pnm_p3.ppm", "PNM", "RGB as text", b"P3 # a comment\n13 9\n255\n" + " ".join(map(str, np.asarray(im).ravel())).encode())
    case("pnm_p2.pgm", "PNM", "L as text", b"P2\n13 9 255\n" + "\n".join(map(str, grey.ravel())).encode())
    case("pnm_p1.pbm", "PNM", "1 as text", b"P1\n13 9\n" + "".join("01"[not v] for v in bits.ravel()).encode())
    d = deep(13, 9, 3)
    case("pnm_rgb16.ppm", "PNM", "RGB, 16 bits", b"P6 13 9 65535\n" + d.astype(">u2").tobytes())
    case("pnm_max100.ppm", "PNM", "RGB, largest value 100", b"P6 13 9 100\n" + (np.asarray(im) % 101).tobytes())
    d = d[..., 0] % 4096
    case("pnm_l12.pgm", "PNM", "L, largest value 4095 (Pillow clips at 255)", b"P5 13 9 4095\n" + d.astype(">u2").tobytes(), show=Image.fromarray(np.round(d.astype(float) * 255 / 4095).astype(np.uint8)).convert("RGB"))
    case("pnm_pfm.pfm", "PNM", "F", im.convert("F"), refused="a PFM of floating-point values")
    case("pnm_p7.pam", "PNM", "PAM", b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\nabc", refused="a PAM picture")


def others():
    im = colours(13, 9)
    for ending, name, word in (("ico", "ICO", "an icon (ICO)"), ("jp2", "JPEG 2000", "a JPEG 2000 picture"), ("j2k", "JPEG 2000", "a JPEG 2000 picture"), ("avif", "AVIF", "an AVIF picture"),
                               ("heic", "HEIC", "a HEIC picture"), ("tga", "TGA", "not a JPEG, PNG, GIF, BMP, TIFF, WebP or PNM picture"), ("pcx", "PCX", "not a JPEG, PNG, GIF, BMP, TIFF, WebP or PNM picture"), ("sgi", "SGI", "not a JPEG, PNG, GIF, BMP, TIFF, WebP or PNM picture"), ("dds", "DDS", "a DirectDraw texture"),
                               ("qoi", "QOI", "a QOI picture"), ("eps", "EPS", "a PostScript document"), ("xbm", "XBM", "not a JPEG, PNG, GIF, BMP, TIFF, WebP or PNM picture"), ("im", "IM", "not a JPEG, PNG, GIF, BMP, TIFF, WebP or PNM picture"), ("msp", "MSP", "not a JPEG, PNG, GIF, BMP, TIFF, WebP or PNM picture")):
        p = im.convert("1") if ending in ("xbm", "msp") else im
        case(f"other.{ending}", name, p.mode, p, refused=word)
    for ending, name, word, b in (("jxl", "JPEG XL", "a JPEG XL picture", imagecodecs.jpegxl_encode(np.asarray(im))), ("jls", "JPEG-LS", "a JPEG-LS picture", imagecodecs.jpegls_encode(np.asarray(im))),
                                  ("jxr", "JPEG XR", "a JPEG XR picture", imagecodecs.jpegxr_encode(np.asarray(im)))):
        case(f"other.{ending}", name, "RGB", b, refused=word)
    case("other.pdf", "PDF", "document", b"%PDF-1.7\n", refused="a PDF document")
    case("other.icns", "ICNS", "icon", b"icns" + bytes(8), refused="an icon (ICNS)")
    case("other.psd", "Photoshop", "RGB", b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 13, 8, 3), refused="a Photoshop document")
    case("other.svg", "SVG", "drawing", b'<svg xmlns="http://www.w3.org/2000/svg" width="13" height="9"/>', refused="an SVG drawing")
    case("other.dcm", "DICOM", "scan", bytes(128) + b"DICM" + bytes(16), refused="a DICOM file")
    case("other.html", "HTML", "page", b"<!DOCTYPE html><html></html>", refused="a web page")
    case("other.lfs", "Git LFS", "pointer", b"version https://git-lfs.github.com/spec/v1\n", refused="a Git LFS pointer")
    case("other.empty", "nothing", "empty file", b"", refused="an empty file")


for make in (jpeg, png, gif, bmp, tiff, webp, pnm, others):
    make()
Image.new("RGB", (10000, 10000)).save("../black.webp", lossless=True)  # for TestDecodeBound
with open("table.tsv", "w") as f:
    for row in rows:
        f.write("\t".join(row) + "\n")
