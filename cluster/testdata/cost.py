"""What a step costs on many nodes, on paper: the model of docs/cluster.md, "On paper". python cost.py"""
import math

GBIT = 0.955e9 / 8  # bytes that a gigabit network carries in a second, of 1e9/8, both ways at once (measured by two sockets)
COPY = 1.0e-9        # seconds of a core for a byte that is sent, received and added (measured at 10 Gbit/s, two and four ranks, Zen 5)


def moved(params, ranks, bytes_each=4):
    """Bytes that leave a rank, and reach it, for the sum of gradients."""
    return 2 * (ranks - 1) / ranks * bytes_each * params


def total(params, ranks, rate, cores=math.inf):
    """Seconds of a sum by itself; cores is how many all ranks of the test shared."""
    v = moved(params, ranks)
    return max(v / (rate * GBIT), ranks * v * COPY / cores)


def step(compute, params, norms, ranks, rate, latency, message):
    """Seconds of a step: compute, what of the sum its backward pass does not hide, and the meetings of batch norm (norms: channels of each)."""
    if ranks == 1:
        return compute
    pieces = math.ceil(params / 2**20)
    sums = moved(params, ranks) / (rate * GBIT) + 2 * pieces * (ranks - 1) * message
    hidden = 0.9 * compute * 2 / 3  # the backward pass is two thirds; the first bucket is whole after a tenth of it
    last = sums / pieces
    meet = sum(2 * (math.ceil(math.log2(ranks)) * latency + (ranks - 1) * 8 * (2 * c + 2) / (rate * GBIT)) for c in norms)
    return compute + max(last, sums - hidden) + meet


print("sums, ms: model")
for name, p in ("ResNet-18", 11_689_512), ("ResNet-50", 25_557_032):
    for ranks in 2, 4:
        print(f"  {name}, {ranks} ranks: 1 Gbit/s {1e3 * total(p, ranks, 1, 2):.0f}, 10 Gbit/s {1e3 * total(p, ranks, 10, 2):.0f}")

free, r18 = 0.986, 11_180_616  # a step of four ranks on two cores without a limit; ResNet-18's trunk with rotation's head
copies = total(r18, 4, 1e3, 2)
print(f"ResNet-18, 4 ranks, 1 Gbit/s, s: sums after the step {free - copies + total(r18, 4, 1, 2):.2f}, beside it {free + total(r18, 4, 1, 2) / 11:.2f}")

stem = [64] + [64, 64, 256] * 3 + [256] + [128, 128, 512] * 4 + [512] + [256, 256, 1024] * 6 + [1024] + [512, 512, 2048] * 3 + [2048]
node = 64 * 115e9 * 0.8  # 64 cores of Zen 4 at four fifths of what one reaches
for name, params, flop, norms in ("ResNet-50", 25.6e6, 24.6e9, stem), ("ViT-B", 86e6, 105e9, []):
    compute = 64 * flop / node
    for rate in 1, 10, 100:
        row = []
        for ranks in 1, 4, 16, 64, 256, 1024:
            s = step(compute, params, norms, ranks, rate, 50e-6, 10e-6)
            row.append(f"{compute / s:.2f}")
        days = 14.2e6 * 90 / (64 * 1024) * s / 86400
        print(f"{name}, 64 pictures a node, {rate} Gbit/s: of what nodes alone would do, 1 4 16 64 256 1024: {' '.join(row)}; 90 epochs of ImageNet-22k on 1024: {days:.1f} days")
