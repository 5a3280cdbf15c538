"""cases.py: small pictures of kinds that decoders differ about, into cases/, and beside each what Pillow shows, FILE.png.

Pillow 12 or later. Those that are in cases/ and not made here were collected from people's bug reports.
"""
import os
from PIL import Image, ImageOps

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases"))


def colours(w, h):
    im = Image.new("RGB", (w, h))
    im.putdata([((37 * x + 11 * y) % 256, (x * x + 90 * (y % 3)) % 256, (255 - 9 * x * y) % 256) for y in range(h) for x in range(w)])
    return im


def alpha(im):
    w, h = im.size
    a = Image.new("L", (w, h))
    a.putdata([(x * 20 + y * 7) % 256 for y in range(h) for x in range(w)])
    out = im.copy()
    out.putalpha(a)
    return out


def save(name, im, **options):
    im.save(name, **options)
    shown = ImageOps.exif_transpose(Image.open(name)).convert("RGB")
    shown.save(name + ".png")


save("odd.webp", colours(21, 13), quality=80)
save("even.webp", colours(16, 10), quality=80)
save("one.webp", colours(1, 1), quality=80)
save("line.webp", colours(2, 9), quality=80)
save("alpha.webp", alpha(colours(18, 12)), quality=80)
save("alpha.png", alpha(colours(9, 7)))
save("greyalpha.png", alpha(colours(9, 7)).convert("LA"))
save("palette_transparent.png", colours(9, 7).convert("P", palette=Image.ADAPTIVE, colors=16), transparency=3)
save("alpha.tif", alpha(colours(9, 7)))
bits = colours(33, 10).convert("L").point(lambda v: 255 * (v > 120)).convert("1")
save("g3.tif", bits, compression="group3")
save("g4.tif", bits, compression="group4")
save("bits.tif", bits)
save("grey.tif", colours(9, 7).convert("L"), compression="tiff_lzw")
save("cmyk.tif", colours(9, 7).convert("CMYK"))
save("transparent.gif", colours(9, 7).convert("P", palette=Image.ADAPTIVE, colors=16), transparency=2)
